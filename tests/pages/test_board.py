"""The board on the real stack: what an editor does, what a viewer cannot, and that one page follows another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui.events import GenericEventArguments
from nicegui.testing import User

from components.board_columns import BoardColumns, Column
from components.board_head import BoardFilters
from components.board_shots import BoardShots
from components.project_list import ProjectList
from components.render_form import RenderForm
from components.result_list import ResultList
from components.session import starling
from components.tag import Tag
from components.task_comments import TaskComments
from components.task_list import TaskList
from components.task_panel import TaskPanel
from state.board import Board
from state.member import Member
from state.task_filter import TaskFilter
from tests.pages.test_studio import LONG, only, until

if TYPE_CHECKING:
    from embedded.stack import Address

ME = "select id from public.profiles where username = 'ada'"


@pytest.fixture
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.execute("delete from public.projects; update public.circle_members set turned_at = null")
    await connection.close()


@pytest.fixture
async def ada(user: User) -> User:
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Queue", retries=LONG)
    return user


def me() -> Member:
    (member,) = starling().members
    return member


async def project_of(db: asyncpg.Connection, role: str = "owner") -> tuple[UUID, UUID]:
    """A project called Nest, of a team in which Ada is."""
    team, project = uuid4(), uuid4()
    await db.execute("insert into public.teams (id, name) values ($1, 'Wrens')", team)
    await db.execute(
        "insert into public.team_members (team_id, member_id, role) values ($1, $2, $3)",
        team,
        await db.fetchval(ME),
        role,
    )
    await db.execute("insert into public.projects (id, team_id, name) values ($1, $2, 'Nest')", project, team)
    await until(lambda: me().circles.get("team", team))  # else a page falls back to another team of hers
    return team, project


async def add(db: asyncpg.Connection, project: UUID, *titles: str, status: str = "queued") -> list[UUID]:
    rows = await db.fetch(
        """
        insert into public.tasks (team_id, project_id, title, status, position)
        select p.team_id, p.id, t.title, $3, t.n from public.projects p, unnest($2::text[]) with ordinality as t (title, n)
        where p.id = $1 returning id""",
        project, list(titles), status,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def board_of(user: User, project: UUID, query: str = "") -> Board:
    await user.open(f"/board/{project}{query}")
    await user.should_see("Nest", retries=LONG)
    board: Board = only(user, BoardColumns)._board
    await until(lambda: board.tasks.phase == "ready")
    return board


def column(user: User, status: str) -> Column:
    return only(user, BoardColumns).columns[status]


def titles(user: User, status: str) -> list[str]:
    return [card.task.title for card in column(user, status).cards]


def said(user: User, kind: type[Any], **words: Any) -> None:
    """What the browser says of a drag or of keys."""
    element = only(user, kind)
    with user:
        for listener in element._event_listeners.values():
            if listener.type == "pointerdown":
                element._handle_event({"listener_id": listener.id, "args": words})


async def test_a_project_is_made_and_counted(ada: User, db: asyncpg.Connection) -> None:
    team, project = await project_of(db)
    await add(db, project, "Twigs", "Straw")
    await add(db, project, "Feathers", status="completed")
    await ada.open(f"/board?team={team}")
    await ada.should_see("Nest", retries=LONG)
    projects = only(ada, ProjectList)
    await until(lambda: projects.cards and projects.cards[0].words.startswith("2 queued · 1 completed"))
    await add(db, project, "Down")
    await until(lambda: projects.cards[0].words.startswith("3 queued"))
    with ada:
        await projects.line.send("Second")
    await until(lambda: {card._project.name for card in projects.cards} == {"Nest", "Second"})


async def test_tasks_are_made_moved_and_narrowed(ada: User, db: asyncpg.Connection) -> None:
    _, project = await project_of(db)
    a, b = await add(db, project, "Twigs", "Straw")
    board = await board_of(ada, project)
    await until(lambda: titles(ada, "queued") == ["Twigs", "Straw"])
    with ada:
        line = column(ada, "queued")._new
        event = GenericEventArguments(sender=line, client=line.client, args={"number": 1, "text": " Feathers "})
        await column(ada, "queued").new._hear(event)
    await until(lambda: titles(ada, "queued") == ["Twigs", "Straw", "Feathers"])
    said(ada, BoardColumns, does="take", item=str(a))
    said(ada, BoardColumns, does="release", item=str(a))
    said(ada, BoardColumns, does="drop", item=str(a), zone="completed", before=None)
    await until(lambda: titles(ada, "completed") == ["Twigs"])
    said(ada, BoardColumns, does="step", item=str(b), x=0, y=1)
    await until(lambda: titles(ada, "queued") == ["Feathers", "Straw"])
    assert only(ada, BoardColumns)._said.text == "Queued, 2 of 2"
    said(ada, BoardColumns, does="drop", item="nonsense", zone="nowhere", before=7)
    await until(lambda: not board.tasks.mutations.unconfirmed)
    rows = await db.fetch(
        "select title from public.tasks where project_id = $1 and status = 'queued' order by position", project
    )
    assert [row["title"] for row in rows] == ["Feathers", "Straw"]

    with ada:
        only(ada, BoardFilters)._words.value = "straw"
    await until(lambda: (titles(ada, "queued"), titles(ada, "completed")) == (["Straw"], []))
    assert only(ada, BoardColumns).filter == TaskFilter("straw")
    assert column(ada, "queued")._count.text == "1 of 2"


async def test_a_task_in_full_is_edited_and_talked_about(ada: User, db: asyncpg.Connection) -> None:
    team, project = await project_of(db)
    (task,) = await add(db, project, "Twigs")
    board = await board_of(ada, project, f"?team={team}&task={task}")
    panel: TaskPanel = only(ada, TaskPanel)
    await until(lambda: panel.value and str(me().id) in panel._assignee.options)
    with ada:
        panel._title.value = "Soft twigs"
        panel._save("title")
        panel._assignee.value = str(me().id)
        panel._due.value = "2026-12-24"
        panel._labels.value = ["spring"]
        panel._status.value = "in_progress"
    await until(lambda: not board.tasks.mutations.unconfirmed)
    row = await db.fetchrow(
        "select title, assignee, due_date::text, labels, status from public.tasks where id = $1", task
    )
    assert row is not None
    assert tuple(row) == ("Soft twigs", me().id, "2026-12-24", ["spring"], "in_progress")
    await db.execute("update public.tasks set title = 'Softer twigs' where id = $1", task)
    await until(lambda: panel._title.value == "Softer twigs")
    talk: TaskComments = only(ada, TaskComments)
    with ada:
        talk._box.value = "Look, @ad"
        assert "@ada" in [tag.text for tag in talk._names.descendants() if isinstance(tag, Tag)]
        await talk.say.send("Look, @ada")
    await ada.should_see("Look, @ada", retries=LONG)
    await db.execute("delete from public.tasks where id = $1", task)
    await until(lambda: not panel.value)


async def test_a_render_is_added_run_followed_and_cancelled(ada: User, db: asyncpg.Connection) -> None:
    _, project = await project_of(db)
    board = await board_of(ada, project)
    form: RenderForm = only(ada, RenderForm)
    await until(lambda: me().world.models.phase == "ready")
    with ada:
        form.show()
        form._add_and_run()
        assert form._prompt.error == "Describe what you would like to see"
        form._prompt.value = "a nest at dawn"
        form._add_and_run()
    await until(lambda: titles(ada, "queued") == ["a nest at dawn"])
    await until(lambda: not board.tasks.mutations.unconfirmed)
    (card,) = column(ada, "queued").cards
    await until(lambda: card._badge.text == "waiting" and card._stop.visible and not card._run.visible)
    await db.execute("update public.generation_jobs set status = 'active', progress = 62, stage = 'Refining'")
    await until(lambda: titles(ada, "in_progress") == ["a nest at dawn"])
    (card,) = column(ada, "in_progress").cards
    assert card._text.text == "Refining · 62 %"
    said(ada, BoardColumns, does="drop", item=str(card.task.id), zone="completed", before=None)
    await ada.should_see("It is being rendered: cancel it first", retries=LONG)
    card._on_stop()
    await until(lambda: titles(ada, "cancelled") == ["a nest at dawn"])
    await until(lambda: not board.tasks.mutations.unconfirmed)
    assert await db.fetchval("select status from public.generation_jobs") == "cancelled"


async def test_results_are_put_in_their_place(ada: User, db: asyncpg.Connection) -> None:
    team, project = await project_of(db)
    board = await board_of(ada, project)
    with ada:
        shots: BoardShots = only(ada, BoardShots)
        await shots.new.send("Dawn")
    await until(lambda: len(shots.cards) == 1 and not board.shots.mutations.unconfirmed)
    shot = shots.cards[0]._shot.id
    await db.execute(
        """
        insert into public.generations (owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes, width, height, colour,
                                        visibility, team_id, project_id, shot_id)
        select $1, 'image', format('nest %s', n), n, format('b%s', n), format('b%s.webp', n), 'image/png', 1, 64, 64, '#102030', 'private', $2, $3, $4
        from generate_series(1, 2) n""",
        me().id, team, project, shot,
    )  # fmt: skip
    (card,) = shots.cards
    await until(lambda: card.unplaced == 2 and len(card._free.items) == 2)
    first, second = card._free.items
    said(ada, BoardShots, does="drop", item=str(second), zone=f"placed:{shot}", before=None)
    said(ada, BoardShots, does="drop", item=str(first), zone=f"placed:{shot}", before=str(second))
    await until(lambda: list(card._placed.items) == [first, second] and not card._free.items)
    await until(lambda: card.unplaced == 0)
    said(ada, BoardShots, does="drop", item=str(first), zone=f"tray:{shot}", before=None)
    await until(lambda: card.unplaced == 1)


async def test_the_list_turns_its_pages(ada: User, db: asyncpg.Connection) -> None:
    _, project = await project_of(db)
    await add(db, project, *(f"task {n:02}" for n in range(30)))
    await add(db, project, "done", status="completed")
    await board_of(ada, project)
    list_: TaskList = only(ada, TaskList)
    with ada:
        list_.watch()
        await until(lambda: len(list_.titles) == 25)
        assert list_.titles[0] == "task 00"
        list_._turn(1)
        await until(lambda: list_.titles == [*(f"task {n}" for n in range(25, 30)), "done"])
        await until(lambda: list_._words.text == "31 tasks · page 2 of 2")
        list_._choice.value = "completed"
        await until(lambda: list_.titles == ["done"])
        list_._choice.value = ""
        only(ada, BoardFilters)._words.value = "task 1"  # which counts in both
        await until(lambda: list_.titles == [f"task {n:02}" for n in range(30) if "1" in str(n)])
        await until(lambda: list_._words.text == "12 tasks")
        assert titles(ada, "queued") == list_.titles


async def test_a_viewer_looks_and_moves_nothing(ada: User, db: asyncpg.Connection) -> None:
    _, project = await project_of(db, "viewer")
    (task,) = await add(db, project, "Twigs")
    await board_of(ada, project)
    await until(lambda: titles(ada, "queued") == ["Twigs"])
    (card,) = column(ada, "queued").cards
    assert "data-movable" not in card.element.props
    assert not any(part.visible for part in (card._more, card._run, card._stop, column(ada, "queued")._new))
    said(ada, BoardColumns, does="drop", item=str(task), zone="completed", before=None)
    said(ada, BoardColumns, does="step", item=str(task), x=1, y=0)
    panel: TaskPanel = only(ada, TaskPanel)
    with ada:
        panel.show(card.task)
    assert not panel._title.enabled
    assert not panel._status.enabled
    assert titles(ada, "queued") == ["Twigs"]
    assert await db.fetchval("select status from public.tasks where id = $1", task) == "queued"


async def test_a_project_that_is_not_there_says_so(ada: User, db: asyncpg.Connection) -> None:
    await ada.open(f"/board/{uuid4()}")
    await ada.should_see("There is no such project here", retries=LONG)
    _, project = await project_of(db)
    board = await board_of(ada, project)
    await db.execute("delete from public.projects where id = $1", project)
    await until(lambda: board.project is None)
    await ada.should_see("There is no such project here", retries=LONG)


async def test_a_page_that_is_left_asks_for_nothing_more(ada: User, db: asyncpg.Connection) -> None:
    team, project = await project_of(db)
    (task,) = await add(db, project, "Twigs")
    board = await board_of(ada, project, f"?team={team}&task={task}")
    await until(lambda: only(ada, TaskPanel).value)
    counts = board.count.status_counts(project)
    assert counts.observed
    assert ada.client is not None
    ada.client.delete()
    await until(
        lambda: not any(query.observed for query in me().queries if query.family in ("tasks", "task-status-counts"))
    )
    await until(lambda: board.results.listeners == board.shots.listeners == 0)


async def test_a_task_behind_those_that_are_loaded_opens_too(
    ada: User, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.board.LOADED", 2)
    team, project = await project_of(db)
    await add(db, project, "Twigs", "Straw")
    (far,) = await add(db, project, "Long done", status="cancelled")
    board = await board_of(ada, project, f"?team={team}&task={far}")
    panel: TaskPanel = only(ada, TaskPanel)
    await until(lambda: panel.value and panel._title.value == "Long done")
    assert board.tasks.get(far) is None
    with ada:
        panel._title.value = "Long gone"
        panel._save("title")
    await until(lambda: panel.task is not None and panel.task.title == "Long gone")
    await until(lambda: not board.tasks.mutations.unconfirmed)
    assert await db.fetchval("select title from public.tasks where id = $1", far) == "Long gone"
    await db.execute("delete from public.tasks where id = $1", far)
    await until(lambda: not panel.value)
    await ada.open(f"/board/{project}?team={team}&task={far}")
    await ada.should_see("This task is not there any more", retries=LONG)


async def test_a_project_and_its_shots_are_renamed_and_put_in_order(ada: User, db: asyncpg.Connection) -> None:
    _, project = await project_of(db)
    board = await board_of(ada, project)
    dawn, noon = board.create_shot("Dawn"), board.create_shot("Noon")
    shots: BoardShots = only(ada, BoardShots)
    await until(lambda: len(shots.cards) == 2 and not board.shots.mutations.unconfirmed)
    said(ada, BoardShots, does="drop", item=str(noon), zone="shots", before=str(dawn))
    await until(lambda: [card._shot.id for card in shots.cards] == [noon, dawn])
    said(ada, BoardShots, does="step", item=str(noon), x=1, y=0)
    await until(lambda: [card._shot.id for card in shots.cards] == [dawn, noon])
    said(ada, BoardShots, does="step", item=str(noon), x=1, y=0)  # as far as it goes
    await until(lambda: not board.shots.mutations.unconfirmed)
    rows = await db.fetch("select name from public.shots where project_id = $1 order by position", project)
    assert [row["name"] for row in rows] == ["Dawn", "Noon"]
    board.rename("Second nest")
    await ada.should_see("Second nest", retries=LONG)
    await until(lambda: not board.projects.mutations.unconfirmed)
    assert await db.fetchval("select name from public.projects where id = $1", project) == "Second nest"


async def test_who_becomes_a_viewer_moves_nothing_from_then_on(ada: User, db: asyncpg.Connection) -> None:
    team, project = await project_of(db, "editor")
    (task,) = await add(db, project, "Twigs")
    board = await board_of(ada, project)
    shot = board.create_shot("Dawn")
    panel: TaskPanel = only(ada, TaskPanel)
    await until(lambda: board.task(task) is not None and not board.shots.mutations.unconfirmed)
    with ada:
        panel.show_one(task)
    talk: TaskComments = only(ada, TaskComments)
    (card,), (shot_card,) = column(ada, "queued").cards, only(ada, BoardShots).cards
    assert panel._title.enabled
    assert talk._form.visible
    await db.execute("update public.team_members set role = 'viewer' where team_id = $1", team)
    await until(lambda: not board.may_edit)
    await until(lambda: not panel._title.enabled and not talk._form.visible and talk._looks.visible)
    for item in (card, shot_card):
        assert "data-movable" not in item.element.props
    assert not any(part.visible for part in (card._more, shot_card._add, shot_card._remove, only(ada, BoardShots)._new))
    said(ada, BoardShots, does="step", item=str(shot), x=1, y=0)
    said(ada, BoardColumns, does="drop", item=str(task), zone="completed", before=None)
    assert titles(ada, "queued") == ["Twigs"]


async def test_results_are_turned_over(ada: User, db: asyncpg.Connection) -> None:
    team, project = await project_of(db)
    board = await board_of(ada, project)
    shot = board.create_shot("Dawn")
    await until(lambda: len(board.shots.rows) == 1 and not board.shots.mutations.unconfirmed)
    await db.execute(
        """
        insert into public.generations (owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes, width, height, colour,
                                        visibility, team_id, project_id, shot_id, created_at)
        select $1, 'image', format('nest %s', n), n, format('p%s', n), format('p%s.webp', n), 'image/png', 1, 64, 64, '#102030', 'private',
               $2, $3, case when n <= 2 then $4::uuid end, now() + n * interval '1 second'
        from generate_series(1, 30) n""",
        me().id, team, project, shot,
    )  # fmt: skip
    results: ResultList = only(ada, ResultList)
    with ada:
        results.watch()
    await until(lambda: len(results.prompts) == 25 and results._words.text == "30 results · page 1 of 2")
    assert results.prompts[0] == "nest 30"
    with ada:
        results._turn(1)
        await until(lambda: results.prompts[-1:] == ["nest 1"])
        results._choice.value = str(shot)
        await until(lambda: sorted(results.prompts) == ["nest 1", "nest 2"])
