"""How many pictures there are in all: what is held plus what the database counts behind it, right at every moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from state import generation
from state.gallery import GalleryCount
from state.generation import Studio
from state.member import Member
from state.signal import Unsubscribe
from state.starling import Starling
from state.sync import freshness, window
from state.sync.audience import Seat
from state.sync.live_table import LiveTable
from tests.state.support import PASSWORD, Account, add_generations, until

PAGE = 5  # rows that each table holds


class Watched:
    """A count that a page looks at; `said` are the numbers it was told, in order."""

    def __init__(self, count: GalleryCount) -> None:
        self.count = count
        self.said: list[int | None] = []
        self.leave: Unsubscribe = count.observe(lambda: self.said.append(count.number))

    @property
    def number(self) -> int | None:
        return self.count.number


class Desk:
    """A member and a guest who look, and the database behind them."""

    def __init__(self, starling: Starling, mine: Member, other: UUID, db: asyncpg.Connection) -> None:
        self.starling, self.mine, self.other, self.db = starling, mine, other, db
        self.seats: list[Seat] = [mine.audience.enter(), starling.world.audience.enter()]

    @property
    def studio(self) -> Studio:
        return self.mine.studio

    async def add(self, count: int, owner: UUID | None = None, visibility: str = "public") -> list[UUID]:
        return await add_generations(self.db, owner or self.mine.id, count, visibility=visibility)

    async def truth(self, filter: str) -> int:
        """What the database says that the member may see."""
        of = {"All": "true", "Mine": "owner_id = $1", "Favourites": "owner_id = $1 and favourite"}[filter]
        sql = f"select count(*) from public.generations where (visibility = 'public' or owner_id = $1) and {of}"
        return int(await self.db.fetchval(sql, self.mine.id) or 0)

    async def right(self, watched: Watched, filter: str = "All") -> int:
        """Waits until the number is the database's; that number."""
        truth = await self.truth(filter)
        await until(lambda: watched.number == truth, f"{filter}: {watched.number} is {truth}")
        return truth


@pytest.fixture
async def desk(
    starling: Starling,
    account: Callable[[], Awaitable[Account]],
    db: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    me, other = await account(), await account()
    await add_generations(db, other.id, 12, visibility="public")
    await add_generations(db, me.id, 8, visibility="public")
    await add_generations(db, me.id, 7, visibility="private")
    monkeypatch.setattr(window, "SLACK", 2)
    world = starling.world
    await until(lambda: world.generations.phase == "ready")
    member = starling.members.of(await starling.sessions.sign_in(me.email, PASSWORD))
    assert member is not None
    for table in (world.generations, member.generations):
        await shorten(table)
    connections = [world.connection, member.connection]
    await until(lambda: member.generations.phase == "ready" and all(c.status.state == "live" for c in connections))
    return Desk(starling, member, other.id, db)


async def shorten(table: LiveTable[Any]) -> None:
    """As if the table had been made with a short window."""
    table._window.limit = table._page = PAGE
    fetches = table.fetches
    table.refresh()
    await until(lambda: table.fetches > fetches and len(table.rows) == PAGE)


async def test_the_number_is_the_databases_whatever_is_loaded(desk: Desk):  # N1
    await desk.db.execute(
        "update public.generations set favourite = true where owner_id = $1 and visibility = 'private'", desk.mine.id
    )
    for name in ("All", "Mine", "Favourites"):
        watched = Watched(desk.studio.count(name))
        assert await desk.right(watched, name) > len(desk.mine.generations.rows)
        watched.leave()
    assert not desk.mine.generations.complete


async def test_what_others_do_far_behind_changes_it(desk: Desk):  # N2, Q9
    watched = Watched(desk.studio.count("All"))
    await desk.right(watched)
    oldest = "select id from public.generations where owner_id = $1 order by created_at limit 3"
    await desk.db.execute(f"delete from public.generations where id in ({oldest})", desk.other)
    await desk.right(watched)
    await desk.add(2, desk.other)
    await desk.right(watched)


async def test_a_deletion_counts_at_once_and_never_comes_back(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # N1
    monkeypatch.setattr(generation, "UNDO_S", 0.3)
    watched, mine = Watched(desk.studio.count("All")), Watched(desk.studio.count("Mine"))
    (id,) = await desk.add(1)
    await until(lambda: desk.studio.gallery.get(id))
    before, own = await desk.right(watched), await desk.right(mine, "Mine")
    await settled(desk)
    said = len(watched.said)
    deletion = desk.studio.delete(id)
    desk.mine.generations.flush()
    deletion.undo()
    desk.mine.generations.flush()
    assert watched.number == before
    desk.studio.delete(id)
    desk.mine.generations.flush()
    assert (watched.number, mine.number) == (before - 1, own - 1), "before the database knows"
    await until(lambda: not desk.mine.generations.mutations.keys())
    await until(lambda: id not in [row.id for row in desk.starling.world.generations.rows])
    await desk.right(mine, "Mine")
    await settled(desk)
    assert watched.said[said:] == [before - 1, before, before - 1], "there, undone, and there for good"


async def test_what_is_deleted_stays_away_though_the_world_cannot_hear_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):  # N1
    monkeypatch.setattr(generation, "UNDO_S", 0.05)
    watched = Watched(desk.studio.count("All"))
    (id,) = await desk.add(1)
    await until(lambda: desk.studio.gallery.get(id))
    before = await desk.right(watched)
    desk.starling.world.connection.pause()
    await until(lambda: not desk.starling.world.feed.live)
    desk.studio.delete(id)
    await until(lambda: not desk.mine.generations.mutations.keys())
    desk.mine.generations.flush()
    assert desk.starling.world.generations.get(id), "it has not heard"
    assert (desk.studio.gallery.get(id), watched.number) == (None, before - 1)


async def test_loading_more_is_no_news(desk: Desk):  # N2
    watched = Watched(desk.studio.count("All"))
    await desk.right(watched)
    await settled(desk)
    said = list(watched.said)
    for _ in range(3):
        await desk.studio.gallery.load_more()
        await settled(desk)
    assert watched.said == said


async def test_it_only_grows_while_pictures_are_made(desk: Desk):  # N2: windows are cut on the way
    watched = Watched(desk.studio.count("All"))
    await desk.right(watched)
    for number in range(12):
        (id,) = await desk.add(1, desk.other if number % 2 else desk.mine.id)
        await until(lambda id=id: desk.studio.gallery.get(id))
    await desk.right(watched)
    assert all(before < after for before, after in pairwise(watched.said) if before is not None and after is not None)


async def test_what_is_public_is_counted_once_for_everybody(desk: Desk):  # N3
    mine, guests = Watched(desk.studio.count("All")), Watched(desk.starling.world.studio.count("All"))
    await desk.right(mine)
    await until(lambda: guests.number is not None)
    assert [query.key[2:] for query in desk.starling.world.queries] == [("public", "All")]
    assert [query.key[2:] for query in desk.mine.queries] == [("private", "All")]
    mine.leave()
    guests.leave()
    assert not any(query.observed for query in desk.starling.world.queries)


async def test_what_the_rows_know_is_not_asked_for(desk: Desk):  # N2
    for table in (desk.starling.world.generations, desk.mine.generations):
        while not table.complete:
            await table.load_more()
    watched = Watched(desk.studio.count("All"))
    assert watched.number == await desk.truth("All")
    assert len(desk.starling.world.queries) + len(desk.mine.queries) == 0


# Without Realtime ----------------------------------------------------------------------------------------------------


async def switch_off(desk: Desk) -> None:
    for owner in (desk.starling.world, desk.mine):
        owner.connection.pause()
    await until(lambda: all(o.connection.status.state == "offline" for o in (desk.starling.world, desk.mine)))


async def lose_some(desk: Desk) -> None:
    """Rows that nobody has loaded."""
    oldest = "select id from public.generations where owner_id = $1 order by created_at limit 2"
    await desk.db.execute(f"delete from public.generations where id in ({oldest})", desk.other)


async def settled(desk: Desk) -> None:
    """Waits until nothing is in flight, and everything is as the changes so far left it."""
    for cache in (desk.starling.world.queries, desk.mine.queries):
        await until(lambda cache=cache: not any(query.fetching or query.stale for query in cache if query.observed))


async def test_with_realtime_switched_off_it_is_polled(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # Q8
    monkeypatch.setattr(freshness, "POLL_S", 0.2)
    watched = Watched(desk.studio.count("All"))
    await desk.right(watched)
    await switch_off(desk)
    await lose_some(desk)
    await desk.right(watched)


async def test_nobody_asks_for_a_hidden_page_and_a_look_finds_what_it_missed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):  # Q4, Q10
    monkeypatch.setattr(freshness, "POLL_S", 0.2)
    watched = Watched(desk.studio.count("All"))
    shown = await desk.right(watched)
    for seat in desk.seats:
        seat.see(False)
    await switch_off(desk)
    await settled(desk)
    (query,) = desk.starling.world.queries
    fetches = query.fetches
    await lose_some(desk)
    await until(lambda: (query.age_s or 0) > 1)
    assert (query.fetches, watched.number) == (fetches, shown)
    for seat in desk.seats:
        seat.see(True)
    await desk.right(watched)


async def test_a_reconnect_fetches_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # Q10
    monkeypatch.setattr(freshness, "POLL_S", 3600)
    watched = Watched(desk.studio.count("All"))
    await desk.right(watched)
    await switch_off(desk)
    await lose_some(desk)
    for owner in (desk.starling.world, desk.mine):
        owner.connection.reconnect()
    await desk.right(watched)
