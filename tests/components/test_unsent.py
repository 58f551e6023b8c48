"""Writes that wait for the connection say so beside what was written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from nicegui import ui
from nicegui.testing import User

from components.job_row import UNSENT, JobRow, Words, describe
from components.live_list import LiveList
from components.media_tile import CLOUD, MediaTile, TileHost
from state.api import Project
from state.generation import Studio
from state.member import Member
from state.models import Generation, Job, Profile
from state.sign_in import Sessions
from state.sync.mutation import Pending
from state.world import World
from tests.components.rows import ADA, HandRows, job, picture
from tests.state.support import until

Show = Callable[[Callable[[], object]], Awaitable[User]]


async def send() -> None:
    return None


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """Ada's, of an app that was never connected."""
    project = Project.connect("http://127.0.0.1:9", "a key")
    world = World(project)
    yield Member(project, world, Sessions(project, tmp_path / "sessions", "a secret", demo=False), ADA).studio
    await project.close()


def test_a_job_that_waits_for_the_connection_says_so_before_anything_else() -> None:
    pending = Pending("key", "insert", send, waiting=True)
    assert describe(job(), pending=pending) == Words("not sent yet", "wait", UNSENT)
    assert describe(job(status="active"), pending=Pending("key", "update", send, waiting=True)).text == UNSENT
    pending.failed = "A hundred jobs are waiting already"
    assert describe(job(), pending=pending).badge == "not sent"


async def test_a_job_can_be_discarded_while_it_waits_for_the_connection(show: Show, studio: Studio) -> None:
    row = job()
    rows: HandRows[Job] = HandRows([row])
    pending = rows.unconfirmed[row.id] = Pending(row.id, "insert", send)
    people: HandRows[Profile] = HandRows()
    lists: list[LiveList[Job, JobRow]] = []

    def build() -> None:
        with ui.element("ul") as container:
            pass
        lists.append(LiveList(rows, lambda r, p: JobRow(r, p, studio=studio, people=people), container))

    await show(build)
    item = lists[0].items[row.id]
    assert (item._badge.text, item._stop.props["aria-label"]) == ("sending", "Cancel")
    pending.waiting = True
    rows.put(rows.rows)
    await until(lambda: (item._badge.text, item._text.text) == ("not sent yet", UNSENT))
    assert item._stop.props["aria-label"] == "Discard"
    del rows.unconfirmed[row.id]
    rows.put(rows.rows)
    await until(lambda: (item._badge.text, item._stop.props["aria-label"]) == ("waiting", "Cancel"))


async def test_a_picture_whose_mark_is_not_sent_yet_shows_a_cloud_and_says_so(show: Show, studio: Studio) -> None:
    row = picture("two moons")
    rows: HandRows[Generation] = HandRows([row])
    host = TileHost(studio, lambda _: None, lambda _: None, lambda *_: None, lambda _: None)
    lists: list[LiveList[Generation, MediaTile]] = []

    def build() -> None:
        with ui.element("ul") as container:
            pass
        lists.append(LiveList(rows, lambda r, p: MediaTile(r, p, host=host, fresh=False), container))

    await show(build)
    tile = lists[0].items[row.id]
    assert (tile.marked(CLOUD), tile._open.props["aria-label"]) == (False, "Picture: two moons")
    pending = rows.unconfirmed[row.id] = Pending(row.id, "update", send)
    rows.put(rows.rows)
    assert not tile.marked(CLOUD), "what is merely on its way is no news"
    pending.waiting = True
    rows.put(rows.rows)
    await until(lambda: tile.marked(CLOUD))  # lists take turns, and a turn has its limit
    assert tile._open.props["aria-label"] == f"Picture: two moons, {UNSENT}"
    del rows.unconfirmed[row.id]
    rows.put(rows.rows)
    await until(lambda: not tile.marked(CLOUD))
    assert tile._open.props["aria-label"] == "Picture: two moons"
