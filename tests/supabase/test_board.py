"""The board, tried as everybody: who may do what in which role, places in columns, and tasks and their jobs in step."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import AURORA, Person, join, leave, refused
from tests.supabase.queue import Queue
from tests.supabase.studio import put
from tests.supabase.teams import Team, make_team
from tests.supabase.test_plans import steps

RENDER = {"kind": "image", "prompt": "a nest at dawn", "model_id": AURORA, "params": {"count": 1}}
WAITED_FOR = "select exists (select from pg_stat_activity a where pg_backend_pid() = any (pg_blocking_pids(a.pid)))"


@dataclass
class Board:
    """A project of a team with one shot, and those who are in the team."""

    team: Team
    owner: Person
    editor: Person
    viewer: Person
    project: str
    shot: str

    async def add(self, title: str = "Twigs", by: Person | None = None, **wishes: Any) -> dict[str, Any]:
        """A new task."""
        return await (by or self.owner).call(
            "create_task", task_id=str(uuid4()), project_id=self.project, title=title, **wishes
        )

    async def move(self, task: dict[str, Any], status: str, before: str | None = None, by: Person | None = None):
        """Into a column, before another task or last."""
        return await (by or self.editor).call("move_task", task_id=task["id"], status=status, before=before)

    async def row(self, task: dict[str, Any]) -> dict[str, Any]:
        (row,) = await self.viewer.rows(f"tasks?id=eq.{task['id']}")
        return row

    async def column(self, status: str = "queued", who: Person | None = None) -> list[str]:
        """The titles in a column, in order."""
        path = f"tasks?project_id=eq.{self.project}&status=eq.{status}&order=position,id"
        return [row["title"] for row in await (who or self.viewer).rows(path)]


@pytest.fixture
async def board(
    owner: Person, stranger: Person, third: Person, sql: asyncpg.Connection, queue: Queue
) -> AsyncIterator[Board]:
    """Of the owner, with the stranger as an editor and a third as a viewer."""
    team = await make_team(owner, sql, editor=stranger, viewer=third)
    project = (await owner.call("create_project", project_id=str(uuid4()), team_id=team.id, name="Nest"))["id"]
    shot = (await owner.call("create_shot", shot_id=str(uuid4()), project_id=project, name="Dawn"))["id"]
    yield Board(team, owner, stranger, third, project, shot)
    await sql.execute("delete from public.teams where id = $1", team.id)
    for table in ("generations", "generation_jobs"):  # others count what is a stranger's
        await sql.execute(f"delete from public.{table} where owner_id = $1", stranger.id)


@pytest.fixture
async def outsider(supabase: Address, service: Person) -> AsyncIterator[Person]:
    member = await join(supabase, "outsider")
    yield member
    await leave(member, service)
    await member.http.aclose()


async def told(somebody: Person, task: dict[str, Any]) -> list[str]:
    return [row["kind"] for row in await somebody.rows(f"notifications?subject_id=eq.{task['id']}&order=kind")]


# Who may do what -----------------------------------------------------------------------------------------------------


def deeds(board: Board, task: str, picture: str) -> list[tuple[str, dict[str, Any]]]:
    """Everything that only editors do."""
    return [
        ("create_project", {"project_id": str(uuid4()), "team_id": board.team.id, "name": "Mine"}),
        ("delete_project", {"project_id": board.project}),
        ("create_shot", {"shot_id": str(uuid4()), "project_id": board.project, "name": "Mine"}),
        ("move_shot", {"shot_id": board.shot}),
        ("create_task", {"task_id": str(uuid4()), "project_id": board.project, "title": "Mine"}),
        ("move_task", {"task_id": task, "status": "completed"}),
        ("delete_task", {"task_id": task}),
        ("run_task", {"task_id": task, "job_id": str(uuid4())}),
        ("cancel_task", {"task_id": task}),
        ("place_generation", {"generation_id": picture, "shot_id": board.shot}),
        ("detach_generation", {"generation_id": picture}),
        ("comment_on_task", {"comment_id": str(uuid4()), "task_id": task, "body": "Mine"}),
    ]


async def add_picture(sql: asyncpg.Connection, owner: Person, visibility: str = "private") -> str:
    """A finished picture of somebody's."""
    name = uuid4().hex
    return str(
        await sql.fetchval(
            """
            insert into public.generations (owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes, width, height, colour, visibility)
            values ($1, 'image', 'a wren', 1, $2, $3, 'image/webp', 1, 64, 64, '#000000', $4) returning id""",
            owner.id, f"{name}.webp", f"{name}.poster.webp", visibility,
        )
    )  # fmt: skip


async def test_viewers_only_look_and_to_strangers_there_is_nothing(
    board: Board, outsider: Person, sql: asyncpg.Connection
):
    task = await board.add(render=RENDER)
    comment = await board.editor.call(
        "comment_on_task", comment_id=str(uuid4()), task_id=task["id"], body="Soft twigs, please"
    )
    picture, own = await add_picture(sql, board.editor), await add_picture(sql, board.viewer)
    await board.editor.call("place_generation", generation_id=picture, shot_id=board.shot)
    ran = await board.editor.call("run_task", task_id=task["id"], job_id=str(uuid4()))
    before = await board.row(task)
    things = {
        "projects": board.project, "shots": board.shot, "tasks": task["id"], "task_comments": comment["id"],
        "generations": picture,
    }  # fmt: skip
    for table, id in things.items():
        assert [len(await p.rows(f"{table}?id=eq.{id}")) for p in (board.viewer, board.owner, outsider)] == [1, 1, 0]
    for somebody, status, code in ((board.viewer, 403, "42501"), (outsider, 404, "PT404")):
        for function, arguments in deeds(board, task["id"], picture):
            refused(await somebody.ask(function, **arguments), status, code)
        mine = await board.viewer.ask("place_generation", generation_id=own, shot_id=board.shot)
        refused(mine, 403, "42501")
        refused(await somebody.ask("cancel_generation", job_id=ran["job_id"]), 404, "PT404")
        for table, id, change in (
            ("projects", board.project, {"name": "Mine"}),
            ("shots", board.shot, {"name": "Mine"}),
            (
                "tasks",
                task["id"],
                {"title": "Mine", "description": "Mine", "labels": ["mine"], "due_date": "2026-12-24"},
            ),
            ("tasks", task["id"], {"assignee": somebody.id}),
            ("tasks", task["id"], {"render": {**RENDER, "prompt": "mine"}, "shot_id": None}),
            ("generations", picture, {"favourite": True}),
        ):
            answer = await somebody.rest("PATCH", f"{table}?id=eq.{id}", change, prefer="return=representation")
            assert answer.json() == []
        for table, id in things.items():
            await somebody.rest("DELETE", f"{table}?id=eq.{id}")
        at = {"team_id": board.team.id, "project_id": board.project, "position": 0}
        for table, row in {
            "projects": {"team_id": board.team.id, "name": "Mine"}, "shots": {**at, "name": "Mine"}, "tasks": {**at, "title": "Mine"},
            "task_comments": {"team_id": board.team.id, "task_id": task["id"], "author_id": somebody.id, "body": "Mine"},
        }.items():  # fmt: skip
            refused(await somebody.rest("POST", table, row), 403, "42501")
    for counts in ("task_status_counts", "shot_counts"):
        assert await outsider.call(counts, project_id=board.project) == []
        assert await board.viewer.call(counts, project_id=board.project)
    assert await board.row(task) == before
    for table, id in things.items():
        assert len(await board.viewer.rows(f"{table}?id=eq.{id}")) == 1


async def test_editors_edit_but_not_past_the_functions(board: Board, outsider: Person):
    task = await board.add()
    edit = {
        "title": "Straw",
        "labels": ["soft"],
        "due_date": "2026-12-24",
        "assignee": board.viewer.id,
        "shot_id": board.shot,
    }
    answer = await board.editor.rest("PATCH", f"tasks?id=eq.{task['id']}", edit, prefer="return=representation")
    assert edit.items() <= answer.json()[0].items()
    for change in ({"status": "completed"}, {"position": 0}, {"progress": 50}, {"job_id": None}, {"team_id": None}):
        refused(await board.editor.rest("PATCH", f"tasks?id=eq.{task['id']}", change), 403, "42501")
    wrong = await board.editor.rest("PATCH", f"tasks?id=eq.{task['id']}", {"assignee": outsider.id})
    refused(wrong, 400, "22023")
    for change in ({"labels": ["x"] * 11}, {"labels": [""]}, {"title": " "}, {"title": "x" * 201}, {"render": RENDER}):
        refused(await board.editor.rest("PATCH", f"tasks?id=eq.{task['id']}", change), 400, "23514")
    assert (await board.row(task))["title"] == "Straw"
    # A task that no JSON reader gets past would take the whole board away from everybody.
    for odd in ([[[[[1]]]]], 1e13):
        wish = {
            "task_id": str(uuid4()),
            "project_id": board.project,
            "title": "Twigs",
            "render": {**RENDER, "odd": odd},
        }
        refused(await board.editor.ask("create_task", **wish), 400, "23514")


async def test_sent_twice_each_is_made_once(board: Board):
    ids = {"project_id": str(uuid4()), "team_id": board.team.id, "name": "Once"}
    assert await board.owner.call("create_project", **ids) == await board.owner.call("create_project", **ids)
    wishes = {"task_id": str(uuid4()), "project_id": board.project, "title": "Once"}
    assert await board.owner.call("create_task", **wishes) == await board.editor.call("create_task", **wishes)
    said = {"comment_id": str(uuid4()), "task_id": wishes["task_id"], "body": "Once"}
    assert await board.owner.call("comment_on_task", **said) == await board.owner.call("comment_on_task", **said)
    refused(await board.editor.ask("comment_on_task", **said), 409, "23505")


# Columns -------------------------------------------------------------------------------------------------------------


async def test_a_task_goes_before_another_or_to_the_end(board: Board):
    a, b, c = [await board.add(title) for title in "abc"]
    await board.move(c, "queued", before=a["id"])
    assert await board.column() == ["c", "a", "b"]
    await board.move(c, "queued")
    assert await board.column() == ["a", "b", "c"]
    done = await board.move(b, "completed")
    assert (done["status"], done["progress"]) == ("completed", 100)
    await board.move(a, "completed", before=b["id"])
    await board.move(c, "completed", before=str(uuid4()))  # what it was to be put before has gone
    assert (await board.column(), await board.column("completed")) == ([], ["a", "b", "c"])
    assert {row["status"]: row["tasks"] for row in await board.viewer.call("task_status_counts", project_id=board.project)} == {
        "completed": 3
    }  # fmt: skip


async def test_there_is_always_room_between_two(board: Board):
    a, b, c = [await board.add(title) for title in "abc"]
    for n in range(130):  # each halves the room: a double has 52 bits
        await board.move((a, b)[n % 2], "queued", before=((b, a)[n % 2])["id"])
        await board.move((a, b)[n % 2], "queued", before=c["id"])
        if n % 43 == 0:
            assert (await board.column())[-1] == "c"
    assert sorted(await board.column()) == ["a", "b", "c"]
    assert (await board.column())[-1] == "c"


async def test_moves_at_once_end_in_one_order(board: Board, sql: asyncpg.Connection):
    """Of two who put something before the same task both come before it, whoever was first."""
    tasks = [await board.add(f"{n}") for n in range(8)]
    dice = random.Random(7)

    async def shuffle(somebody: Person) -> None:
        for _ in range(20):
            task, before = dice.sample(tasks, 2)
            await board.move(task, dice.choice(("queued", "in_progress")), before["id"], by=somebody)

    await asyncio.gather(*(shuffle(p) for p in (board.owner, board.editor, board.owner, board.editor)))
    for status in ("queued", "in_progress"):
        seen = [await board.column(status, who) for who in (board.owner, board.editor, board.viewer)]
        assert seen[0] == seen[1] == seen[2]
    rows = await sql.fetch("select status, position from public.tasks where project_id = $1", board.project)
    assert len({tuple(row) for row in rows}) == len(tasks)


# Rendering -----------------------------------------------------------------------------------------------------------


async def balance(somebody: Person) -> int:
    (account,) = await somebody.rows("credit_accounts")
    return account["balance"]


async def test_a_task_and_its_job_go_in_step(board: Board, queue: Queue, service: Person):
    task = await board.add("Dawn", render=RENDER, shot_id=board.shot)
    before = await balance(board.editor)
    ran = await board.editor.call("run_task", task_id=task["id"], job_id=str(uuid4()))
    assert await balance(board.editor) < before
    refused(await board.owner.ask("run_task", task_id=task["id"], job_id=str(uuid4())), 409, "PT409")
    again = await board.editor.call("run_task", task_id=task["id"], job_id=ran["job_id"])
    assert again == ran
    (job,) = await queue.claim()
    assert (job["id"], job["owner_id"], job["visibility"]) == (ran["job_id"], board.editor.id, "private")
    assert (await board.row(task))["status"] == "in_progress"

    preview = f"{job['owner_id']}/{job['id']}/1/previews/25.webp"
    await put(service, "media", preview, b"preview")
    await queue.report(job, 25, preview_path=preview)
    row = await board.row(task)
    assert (row["progress"], row["stage"], row["preview_path"]) == (25, "Drawing", preview)
    assert (await board.viewer.http.get(f"/storage/v1/object/authenticated/media/{preview}")).content == b"preview"
    refused(await board.owner.ask("move_task", task_id=task["id"], status="completed"), 409, "PT409")

    assert await queue.complete(job)
    row = await board.row(task)
    assert (row["status"], row["progress"], row["preview_path"]) == ("completed", 100, None)
    (picture,) = await board.viewer.rows(f"generations?job_id=eq.{job['id']}")
    assert (picture["team_id"], picture["shot_id"], picture["position"]) == (board.team.id, board.shot, None)
    assert (await told(board.owner, task), await told(board.editor, task)) == (["task_finished"], [])
    (counts,) = await board.viewer.call("shot_counts", project_id=board.project)
    assert (counts["results"], counts["placed"]) == (1, 0)


async def test_it_fails_and_is_run_again_by_somebody_else(board: Board, queue: Queue):
    task = await board.add(render=RENDER)
    await board.editor.call("run_task", task_id=task["id"], job_id=str(uuid4()))
    (job,) = await queue.claim()
    await queue.fail(job, "Out of paint", final=True)
    row = await board.row(task)
    assert (row["status"], row["error"]) == ("failed", "Out of paint")
    assert await told(board.owner, task) == ["task_failed"]
    ran = await board.owner.call("run_task", task_id=task["id"], job_id=str(uuid4()))
    assert (ran["status"], ran["error"], ran["progress"]) == ("queued", None, 0)
    (job,) = await queue.claim()
    assert job["owner_id"] == board.owner.id


@pytest.mark.parametrize("how", ["cancel_task", "move_task", "cancel_generation", "delete_task"])
async def test_it_is_cancelled_from_either_side_and_paid_back(board: Board, queue: Queue, how: str):
    task = await board.add(render=RENDER)
    before = await balance(board.editor)
    ran = await board.editor.call("run_task", task_id=task["id"], job_id=str(uuid4()))
    if how == "cancel_generation":
        await board.editor.call(how, job_id=ran["job_id"])
    else:
        more = {"status": "cancelled"} if how == "move_task" else {}
        await board.owner.call(how, task_id=task["id"], **more)
    assert await balance(board.editor) == before
    (job,) = await board.editor.rows(f"generation_jobs?id=eq.{ran['job_id']}")
    assert job["status"] == "cancelled"
    assert await queue.claim() == []
    rows = await board.viewer.rows(f"tasks?id=eq.{task['id']}")
    assert [row["status"] for row in rows] == ([] if how == "delete_task" else ["cancelled"])


async def test_a_job_of_somebody_who_leaves_is_cancelled_with_them(
    board: Board, queue: Queue, outsider: Person, sql: asyncpg.Connection
):
    task = await board.add(render=RENDER)
    await board.team.add(outsider)
    await outsider.call("run_task", task_id=task["id"], job_id=str(uuid4()))
    await queue.claim()
    await sql.execute("delete from public.profiles where id = $1", outsider.id)
    row = await board.row(task)
    assert (row["status"], row["job_id"]) == ("cancelled", None)


# Results -------------------------------------------------------------------------------------------------------------


async def test_a_private_picture_is_seen_by_the_team_while_it_is_attached(
    board: Board, outsider: Person, sql: asyncpg.Connection, service: Person
):
    picture = await add_picture(sql, board.editor)
    (mine,) = await board.editor.rows(f"generations?id=eq.{picture}")
    await put(service, "media", mine["media_path"], b"picture")
    file = f"/storage/v1/object/authenticated/media/{mine['media_path']}"
    refused(await board.owner.ask("place_generation", generation_id=picture, shot_id=board.shot), 404, "PT404")
    assert (await board.viewer.http.get(file)).status_code >= 400
    await board.editor.call("place_generation", generation_id=picture, shot_id=board.shot)
    assert (await board.viewer.http.get(file)).content == b"picture"
    assert (await outsider.http.get(file)).status_code >= 400
    await board.owner.call("place_generation", generation_id=picture, shot_id=board.shot, placed=False)
    await board.owner.call("detach_generation", generation_id=picture)
    assert await board.viewer.rows(f"generations?id=eq.{picture}") == []
    assert (await board.viewer.http.get(file)).status_code >= 400


async def test_results_have_an_order_and_go_free_with_their_shot(board: Board, sql: asyncpg.Connection):
    pictures = [await add_picture(sql, board.editor) for _ in range(3)]
    for picture in pictures:
        await board.editor.call("place_generation", generation_id=picture, shot_id=board.shot)
    await board.editor.call("place_generation", generation_id=pictures[2], shot_id=board.shot, before=pictures[0])
    path = f"generations?shot_id=eq.{board.shot}&order=position,id"
    assert [row["id"] for row in await board.viewer.rows(path)] == [pictures[2], pictures[0], pictures[1]]
    await board.editor.rest("DELETE", f"shots?id=eq.{board.shot}")
    rows = await board.viewer.rows(f"generations?project_id=eq.{board.project}")
    assert {(row["shot_id"], row["position"]) for row in rows} == {(None, None)}
    assert len(rows) == 3
    await board.owner.call("delete_project", project_id=board.project)
    (row, *_) = await board.editor.rows(f"generations?id=eq.{pictures[0]}")
    assert (row["team_id"], row["project_id"]) == (None, None)


# Telling -------------------------------------------------------------------------------------------------------------


async def test_who_is_named_or_given_a_task_is_told(board: Board, outsider: Person, sql: asyncpg.Connection):
    name = await sql.fetchval("select username from public.profiles where id = $1", board.viewer.id)
    unknown = await sql.fetchval("select username from public.profiles where id = $1", outsider.id)
    task = await board.add(assignee=board.editor.id)
    assert await told(board.editor, task) == ["task_assigned"]
    say = {"task_id": task["id"], "body": f"Look, @{name} and @{unknown}; not me@{name}.example"}
    await board.editor.call("comment_on_task", comment_id=str(uuid4()), **say)
    assert (await told(board.viewer, task), await told(outsider, task)) == (["task_mention"], [])
    (told_of,) = await board.viewer.rows(f"notifications?subject_id=eq.{task['id']}")
    assert told_of["path"] == f"/board/{board.project}?team={board.team.id}&task={task['id']}"
    await board.move(task, "completed", by=board.editor)
    assert (await told(board.owner, task), await told(board.editor, task)) == (["task_finished"], ["task_assigned"])


async def test_what_is_done_at_a_board_is_an_activity_of_its_team(board: Board):
    task = await board.add()
    await board.move(task, "completed", by=board.editor)
    rows = await board.viewer.rows(f"member_activities?entity_id=eq.{task['id']}&order=created_at")
    assert [(row["kind"], row["member_id"]) for row in rows] == [
        ("task_added", board.owner.id),
        ("task_edited", board.editor.id),
    ]


# Plans ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "select * from public.tasks where project_id = '{project}' and status = 'queued' order by position, id limit 50",
        "select * from public.narrowed_tasks('{project}') t order by t.status desc, t.position, t.id limit 25",
        "select * from public.tasks where project_id = '{project}' order by status desc, position, id limit 300",
        "select * from public.task_comments where task_id = '{task}' order by created_at",
        "select * from public.generations where project_id = '{project}' order by created_at desc limit 60",
        "select name from storage.objects where bucket_id = 'media' and name = 'many/7.webp'",
    ],
)
async def test_a_large_board_is_read_by_its_indexes(supabase: Address, board: Board, query: str):
    task = await board.add()
    connection = await asyncpg.connect(supabase.db_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        """
        insert into public.tasks (team_id, project_id, title, position, status)
        select $1, $2, 'a twig', n, 'completed' from generate_series(1, 3000) n""",
        board.team.id, board.project,
    )  # fmt: skip
    await connection.execute(
        """
        insert into public.task_comments (team_id, task_id, body)
        select t.team_id, t.id, 'soft' from public.tasks t where t.project_id = $1 and t.id <> $2""",
        board.project, task["id"],
    )  # fmt: skip
    await connection.execute(
        """
        insert into public.generations (owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes, width, height, colour, visibility)
        select $1, 'image', 'a wren', 1, format('more/%s.webp', n), format('more/%s.poster.webp', n), 'image/webp', 1, 64, 64, '#000000', 'private'
        from generate_series(1, 3000) n""",
        board.owner.id,
    )  # fmt: skip
    await connection.execute("analyze public.tasks, public.task_comments, public.generations")
    asked = query.replace("{project}", board.project).replace("{task}", task["id"])
    through = [
        step["Relation Name"]
        for step in await steps(connection, board.viewer, asked)
        if step["Node Type"] == "Seq Scan" and step["Relation Name"] in ("tasks", "task_comments", "generations")
    ]
    await transaction.rollback()
    await connection.close()
    assert through == []


async def test_shots_are_put_in_another_order(board: Board):
    shots = {"Dawn": board.shot}
    for name in ("Noon", "Dusk"):
        made = await board.editor.call("create_shot", shot_id=str(uuid4()), project_id=board.project, name=name)
        shots[name] = made["id"]

    async def order() -> list[str]:
        path = f"shots?project_id=eq.{board.project}&order=position,id"
        return [row["name"] for row in await board.viewer.rows(path)]

    await board.editor.call("move_shot", shot_id=shots["Dusk"], before=shots["Dawn"])
    assert await order() == ["Dusk", "Dawn", "Noon"]
    await board.editor.call("move_shot", shot_id=shots["Dusk"])
    assert await order() == ["Dawn", "Noon", "Dusk"]
    for _ in range(60):  # until no number is left between the first two
        await board.editor.call("move_shot", shot_id=shots["Dusk"], before=shots["Noon"])
        await board.editor.call("move_shot", shot_id=shots["Noon"], before=shots["Dusk"])
    assert await order() == ["Dawn", "Noon", "Dusk"]


@pytest.mark.parametrize("what", ["rename", "assign", "delete the shot"])
async def test_who_edits_waits_for_a_removal_with_no_task_in_hand(board: Board, sql: asyncpg.Connection, what: str):
    """A removal takes the circle and then the tasks of whoever goes: in the other order the two would wait for each other."""
    task = await board.add(assignee=board.viewer.id, shot_id=board.shot)
    change = {"rename": {"title": "Straw"}, "assign": {"assignee": board.editor.id}}.get(what)
    path = f"tasks?id=eq.{task['id']}" if change else f"shots?id=eq.{board.shot}"
    async with asyncio.timeout(20), sql.transaction():
        await sql.execute("select private.lock_circle('team', $1)", board.team.id)
        editing = asyncio.create_task(board.editor.rest("PATCH" if change else "DELETE", path, change))
        while not await sql.fetchval(WAITED_FOR):  # noqa: ASYNC110 - Postgres tells nobody
            await asyncio.sleep(0.01)
        await sql.execute("select from public.tasks where id = $1 for update nowait", task["id"])
        await sql.execute(
            "delete from public.team_members where team_id = $1 and member_id = $2", board.team.id, board.viewer.id
        )
    assert (await editing).is_success
    (row,) = await board.owner.rows(f"tasks?id=eq.{task['id']}")
    seen = {"rename": row["title"] == "Straw", "assign": row["assignee"] == board.editor.id}
    assert seen.get(what, row["shot_id"] is None)
    assert row["assignee"] != board.viewer.id


async def test_who_is_given_a_task_may_close_their_account_meanwhile(
    board: Board, sql: asyncpg.Connection, supabase: Address, service: Person
):
    """Whoever assigns holds the circle and then asks whether the member is there: so a removal does not hold them before it."""
    leaver = await join(supabase, "leaver")
    await board.team.add(leaver)
    async with asyncio.timeout(20), sql.transaction():
        await sql.execute("select live.topic('team', $1)", board.team.id)
        leaving = asyncio.create_task(leave(leaver, service))
        while not await sql.fetchval(WAITED_FOR):  # noqa: ASYNC110 - Postgres tells nobody
            await asyncio.sleep(0.01)
        await sql.execute("select from public.profiles where id = $1 for key share nowait", leaver.id)
    await leaving
    await leaver.http.aclose()
    assert leaver.id not in await board.team.roles()


async def test_whoever_leaves_a_team_has_no_tasks_in_it(board: Board, sql: asyncpg.Connection):
    theirs, others = await board.add(assignee=board.editor.id), await board.add(assignee=board.owner.id)
    await board.editor.call("leave_team", team_id=board.team.id)
    assert (await board.row(theirs))["assignee"] is None
    assert (await board.row(others))["assignee"] == board.owner.id
    await sql.execute("delete from public.teams where id = $1", board.team.id)  # with those in it and their tasks
    assert await sql.fetchval("select count(*) from public.tasks where team_id = $1", board.team.id) == 0
