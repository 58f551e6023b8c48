"""The board as members live in it: moves, counts, renders, and what others hold; with Realtime and without."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

import asyncpg
import pytest

from settings import Settings
from state.api import Project
from state.board import STATUSES, Board, Status, use_board
from state.discussion import use_discussion
from state.errors import Refused
from state.models import Task
from state.projects import Projects
from state.starling import Starling
from state.task_filter import TaskFilter
from tests.state.doorway import Doorway
from tests.state.support import AURORA, PASSWORD, Account, add_generations, hasten, until

if TYPE_CHECKING:
    from embedded.stack import Address

Join = Callable[..., Awaitable[Board]]
RENDER = {"kind": "image", "prompt": "a nest at dawn", "model_id": str(AURORA), "params": {"count": 1}}


@pytest.fixture
async def project(db: asyncpg.Connection) -> AsyncIterator[tuple[UUID, UUID]]:
    """A team that nobody is in, and a project of it."""
    team, project = uuid4(), uuid4()
    await db.execute("insert into public.teams (id, name) values ($1, 'Wrens')", team)
    await db.execute("insert into public.projects (id, team_id, name) values ($1, $2, 'Nest')", project, team)
    yield team, project
    await db.execute("delete from public.teams where id = $1", team)


async def join(
    starling: Starling, account: Account, db: asyncpg.Connection, project: tuple[UUID, UUID], role: str
) -> Board:
    team, id = project
    await db.execute(
        "insert into public.team_members (team_id, member_id, role) values ($1, $2, $3)", team, account.id, role
    )
    member = starling.members.of(await starling.sessions.sign_in(account.email, PASSWORD))
    assert member is not None
    member.audience.enter()
    await until(lambda: member.circles.get("team", team))
    board, _ = use_board(member, team, id)
    await until(lambda: all(table.phase == "ready" for table in board.tables))
    return board


@pytest.fixture
def joins(
    starling: Starling,
    account: Callable[[], Awaitable[Account]],
    db: asyncpg.Connection,
    project: tuple[UUID, UUID],
) -> Join:
    """`await joins("editor")`: the board of somebody who is in the team."""

    async def make(role: str = "editor") -> Board:
        board = await join(starling, await account(), db, project, role)
        await until(lambda: board.circle.live)
        return board

    return make


async def add(db: asyncpg.Connection, board: Board, n: int, status: str = "queued") -> list[UUID]:
    rows = await db.fetch(
        """
        insert into public.tasks (team_id, project_id, title, status, position)
        select $1, $2, format('task %s', n), $4, n from generate_series(1, $3::int) n returning id""",
        board.id, board.project_id, n, status,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def sent(board: Board) -> None:
    await until(lambda: not any(table.mutations.unconfirmed for table in board.tables), "all is sent")


def columns(board: Board) -> dict[str, list[UUID]]:
    return {status: [task.id for task in board.column(status)] for status in STATUSES}


async def in_database(db: asyncpg.Connection, board: Board) -> dict[str, list[UUID]]:
    rows = await db.fetch(
        "select id, status from public.tasks where project_id = $1 order by position, id", board.project_id
    )
    return {status: [row["id"] for row in rows if row["status"] == status] for status in STATUSES}


async def test_two_hundred_moves_by_five_members_end_in_the_same_order_everywhere(
    joins: Join, db: asyncpg.Connection
):  # B1, B3
    boards = [await joins("owner"), *[await joins() for _ in range(4)]]
    tasks = await add(db, boards[0], 12)
    await until(lambda: all(len(board.tasks.rows) == 12 for board in boards))
    dice = random.Random(8)

    async def shuffle(board: Board) -> int:
        moved = 0
        while moved < 40:
            status: Status = dice.choice(STATUSES)
            line = [task.id for task in board.column(status)]
            moved += board.move(dice.choice(tasks), status, dice.choice([*line, None]))
            await asyncio.sleep(dice.uniform(0, 0.02))
        return moved

    assert sum(await asyncio.gather(*(shuffle(board) for board in boards))) == 200
    for board in boards:
        await sent(board)
    expected = await in_database(db, boards[0])
    for board in boards:
        await until(lambda b=board: columns(b) == expected, "the same order")
    positions = {(row.status, row.position) for row in boards[0].tasks.rows}
    assert len(positions) == len(tasks)


async def test_shots_moved_by_two_members_end_in_the_same_order(joins: Join, db: asyncpg.Connection):  # B1, B3
    boards = [await joins("owner"), await joins()]
    shots = [boards[0].create_shot(f"Shot {n}") for n in range(5)]
    await until(lambda: all(len(board.shots.rows) == 5 for board in boards))
    dice = random.Random(8)

    async def shuffle(board: Board) -> None:
        moved = 0
        while moved < 20:
            moved += board.move_shot(dice.choice(shots), dice.choice([*shots, None]))
            await asyncio.sleep(dice.uniform(0, 0.02))

    await asyncio.gather(*(shuffle(board) for board in boards))
    for board in boards:
        await sent(board)
    rows = await db.fetch(
        "select id from public.shots where project_id = $1 order by position, id", boards[0].project_id
    )
    for board in boards:
        await until(lambda b=board: [row.id for row in b.shots.rows] == [row["id"] for row in rows], "the same order")


async def test_a_move_shows_at_once_and_is_taken_back_when_it_is_refused(
    joins: Join, db: asyncpg.Connection, project: tuple[UUID, UUID]
):  # B2
    board = await joins()
    a, b, c = await add(db, board, 3)
    await until(lambda: len(board.tasks.rows) == 3)
    assert board.step(c, by=-1)
    assert columns(board)["queued"] == [a, c, b]
    assert board.step(c, columns=1)
    assert (columns(board)["queued"], columns(board)["in_progress"]) == ([a, b], [c])
    assert not board.step(a, by=-1)
    await sent(board)
    refused: list[str] = []
    board.member.studio.failures.subscribe(refused.append)
    # Somebody takes the right away while the page does not know it yet.
    await db.execute("alter table public.team_members disable trigger circle_changed")
    await db.execute("update public.team_members set role = 'viewer' where team_id = $1", project[0])
    await db.execute("alter table public.team_members enable trigger circle_changed")
    assert board.move(a, "completed")
    assert columns(board)["completed"] == [a]
    await until(lambda: refused)
    assert refused == ["Viewers of a team only look"]
    as_it_is = await in_database(db, board)
    await until(lambda: columns(board) == as_it_is)


async def test_a_viewer_moves_and_runs_nothing(joins: Join, db: asyncpg.Connection):
    board = await joins("viewer")
    (task,) = await add(db, board, 1)
    await until(lambda: board.tasks.get(task))
    assert not board.move(task, "completed")
    for function, args in (("move_task", {"status": "completed"}), ("run_task", {"job_id": str(uuid4())})):
        with pytest.raises(Refused, match="Viewers of a team only look"):
            await board.member.api.rpc(function, {"task_id": str(task), **args})
    assert columns(board) == await in_database(db, board)


async def test_a_render_is_run_and_followed_and_cancelled_by_another(joins: Join, db: asyncpg.Connection):
    mine, theirs = await joins("owner"), await joins()
    shot = mine.create_shot("Dawn")
    await until(lambda: theirs.shots.get(shot))
    task = mine.create("A nest", render=RENDER, shot_id=shot)
    await until(lambda: theirs.tasks.get(task))
    theirs.run(task)
    running = cast("Task", theirs.task(task))
    assert theirs.running(running)
    assert not theirs.may_move(running, "completed")
    await until(lambda: (row := mine.tasks.get(task)) and row.job_id)
    job = cast("Task", mine.task(task)).job_id
    await db.execute(
        "update public.generation_jobs set status = 'active', progress = 40, stage = 'Drawing' where id = $1", job
    )
    await until(lambda: (row := mine.tasks.get(task)) and (row.status, row.progress) == ("in_progress", 40))
    mine.cancel(task)
    assert cast("Task", mine.task(task)).status == "cancelled"
    await until(lambda: (row := theirs.tasks.get(task)) and row.status == "cancelled")
    assert await db.fetchval("select status from public.generation_jobs where id = $1", job) == "cancelled"
    mine.run(task)
    await sent(mine)
    again = cast("Task", mine.task(task)).job_id
    assert again != job
    assert await db.fetchval("select owner_id from public.generation_jobs where id = $1", again) == mine.member.id


async def test_counts_follow_by_the_families_and_the_log_says_so(
    joins: Join, db: asyncpg.Connection, starling: Starling
):
    """Keys and families are those of reference 5."""
    board = await joins()
    enough = starling.diagnostics.log.verbose()
    shot = board.create_shot("Dawn")
    await sent(board)
    count = board.count
    queries = {
        "task-status-counts": count.status_counts(board.project_id), "project-video-counts": count.video_counts(board.project_id),
        "shots": count.shots(board.project_id), "unpositioned-count": count.unpositioned(shot),
        "tasks": count.tasks(board.project_id, 1, 2, "queued"), "unified-generations": count.results(board.project_id, 1),
    }  # fmt: skip
    of_shot = count.of_shot(shot)
    leave = [query.observe(lambda _: None) for query in (*queries.values(), of_shot)]
    await until(lambda: all(query.phase == "ready" for query in queries.values()))
    assert [query.family for query in queries.values()] == list(queries)

    tasks = [board.create(f"task {n}", shot_id=shot) for n in range(3)]
    (picture,) = await add_generations(db, board.member.id)
    await until(lambda: board.member.generations.get(picture))
    own = board.member.generations.get(picture)
    assert own is not None
    board.attach(own, shot)
    await until(lambda: queries["task-status-counts"].value == {"queued": 3})
    await until(lambda: queries["unpositioned-count"].value == 1 and len(of_shot.value or []) == 1)
    await until(lambda: [task.title for task in queries["tasks"].value or []] == ["task 0", "task 1"])
    await until(lambda: (c := (queries["shots"].value or {}).get(shot)) and (c.results, c.placed, c.tasks) == (1, 0, 3))
    await until(lambda: (c := queries["project-video-counts"].value) and (c.shots, c.images, c.unplaced) == (1, 1, 1))
    await until(lambda: [p.id for p in queries["unified-generations"].value or []] == [picture])
    assert board.put(picture, shot)
    await until(lambda: queries["unpositioned-count"].value == 0)
    one = count.task(tasks[0])
    leave.append(one.observe(lambda _: None))
    await until(lambda: one.value and one.value.title == "task 0")
    lines = [line.text for line in starling.diagnostics.log.since(0, board.member.id)]
    told = f"member {board.member.id}: tasks new: tasks, task-status-counts, unified-generations, shots, unpositioned-count, project-video-counts invalidated"
    assert told in lines
    enough()
    for stop in leave:
        stop()


async def test_projects_are_made_and_go(joins: Join, project: tuple[UUID, UUID]):
    board = await joins()
    member, (team, _) = board.member, project
    projects, _ = member.circles.use("projects", "team", team, lambda: Projects(member, team))
    await until(lambda: projects.projects.phase == "ready")
    made = projects.create("Second")
    await until(lambda: {row.name for row in projects.projects.rows} == {"Nest", "Second"})
    projects.edit(made, name="Other")
    projects.delete(board.project_id)
    await until(lambda: board.project is None and board.projects.phase == "ready")
    await until(lambda: not projects.projects.mutations.unconfirmed)
    await until(lambda: [row.name for row in projects.projects.rows] == ["Other"])


async def test_what_others_hold_is_seen_until_they_let_go(joins: Join, db: asyncpg.Connection):  # H1
    mine, theirs = await joins(), await joins()
    await until(lambda: {mine.member.id, theirs.member.id} <= mine.here.presence.people.keys())
    await until(lambda: {mine.member.id, theirs.member.id} <= theirs.here.presence.people.keys())
    thing, other = uuid4(), uuid4()
    theirs.holding.take(thing)
    await until(lambda: mine.holding.held == {thing: theirs.member.id})
    theirs.holding.take(other)
    await until(lambda: mine.holding.held == {other: theirs.member.id})
    theirs.holding.release(thing)  # which it held before
    theirs.holding.release(other)
    await until(lambda: mine.holding.held == {})
    assert theirs.holding.held == {}
    # H2: nobody speaks for who is not here.
    await theirs.here.send("hold", {"who": str(uuid4()), "what": str(thing)})
    await theirs.here.send("hold", {"who": str(theirs.member.id), "what": "nothing"})
    theirs.holding.take(thing)
    await until(lambda: mine.holding.held)
    assert mine.holding.held == {thing: theirs.member.id}


async def test_comments_arrive_and_are_taken_back(joins: Join, db: asyncpg.Connection):
    mine, theirs = await joins(), await joins()
    (task,) = await add(db, mine, 1)
    talk, _ = use_discussion(mine.member, mine.id, task)
    heard, _ = use_discussion(theirs.member, theirs.id, task)
    await until(lambda: talk.comments.phase == heard.comments.phase == "ready")
    said = talk.say("Soft twigs")
    await until(lambda: [row.body for row in heard.comments.rows] == ["Soft twigs"])
    await until(lambda: not talk.comments.pending(said))
    talk.take_back(said)
    await until(lambda: not heard.comments.rows)


async def test_without_realtime_a_board_lives_by_polling(
    supabase: Address, config: Settings, db: asyncpg.Connection, account: Callable[[], Awaitable[Account]],
    project: tuple[UUID, UUID], monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    hasten(monkeypatch, poll_s=0.1)
    async with Doorway(supabase.api_url) as door:
        door.shut()
        monkeypatch.setattr(Project, "realtime_url", f"{door.url}/realtime/v1")
        starling = Starling(config)
        starling.open()
        board = await join(starling, await account(), db, project, "editor")
        counts = board.count.status_counts(board.project_id)
        leave = counts.observe(lambda _: None)
        mine = board.create("Of my own")
        (theirs,) = await add(db, board, 1)
        await until(lambda: counts.value == {"queued": 2})
        await until(lambda: set(columns(board)["queued"]) == {mine, theirs})
        assert board.move(theirs, "completed")
        await db.execute("update public.tasks set title = 'Renamed' where id = $1", mine)
        await until(lambda: counts.value == {"queued": 1, "completed": 1})
        await until(lambda: (row := board.tasks.get(mine)) and row.title == "Renamed")
        assert board.view.freshness.mode == "polling"
        leave()
        await starling.close()


async def test_a_filter_is_the_same_in_columns_and_in_the_list(joins: Join, db: asyncpg.Connection):
    board = await joins()
    await db.execute(
        """
        insert into public.tasks (team_id, project_id, title, description, labels, assignee, status, due_date, position)
        select $1, $2, t.title, t.description, t.labels, t.assignee, t.status, (now() at time zone 'utc')::date + t.days, row_number() over ()
        from (values ('A nest of twigs', 'Soft', array['spring'], $3::uuid, 'queued', -1), ('Twigs', '', '{}', null, 'completed', -1),
                     ('100 % down', 'under_line', '{}', null, 'queued', 6), ('Straw', '', array['Ärger'], $3, 'failed', 7),
                     ('Feathers', '', '{}', null, 'queued', null)) as t (title, description, labels, assignee, status, days)""",
        board.id, board.project_id, board.member.id,
    )  # fmt: skip
    await until(lambda: len(board.tasks.rows) == 5)
    filters = {
        TaskFilter(): 5, TaskFilter(" TWIGS  nest "): 1, TaskFilter("spring"): 1, TaskFilter("ärger"): 1, TaskFilter("0 %"): 1,
        TaskFilter("t_igs"): 0, TaskFilter("under_"): 1, TaskFilter(assignee=board.member.id): 2, TaskFilter(assignee=uuid4()): 0,
        TaskFilter(label="spring"): 1, TaskFilter(label="winter"): 0, TaskFilter(due="late"): 1, TaskFilter(due="week"): 1,
        TaskFilter(due="none"): 1, TaskFilter("twigs", board.member.id, "spring", "late"): 1,
    }  # fmt: skip
    for filter, n in filters.items():
        shown = {row.id for row in board.tasks.rows if filter.shows(row)}
        project = {"project_id": str(board.project_id), **filter.asked}
        assert len(shown) == n, filter
        assert {UUID(row["id"]) for row in await board.member.api.rpc("tasks_page", project | {"page": 1})} == shown
        counts = await board.member.api.rpc("task_status_counts", project)
        assert sum(row["tasks"] for row in counts) == n
