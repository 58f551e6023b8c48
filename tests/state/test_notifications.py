"""Notifications: counted rightly, told once, read at once. Invariants N1 to N3 of `state.notifications`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from embedded.stack import Address
from state.member import Member
from state.notifications import Arrival, NotificationChoices, Notifications
from state.starling import Starling
from state.sync import window
from tests.state.support import PASSWORD, make_account, remove_account, settings_of, until

NOTIFY = "select private.notify($1, $2, $3, $4, $5, $6)"


@dataclass
class Desk:
    """A member who is told, another who does things, and the database behind them."""

    starling: Starling
    db: asyncpg.Connection
    member: Member
    other: UUID
    arrivals: list[Arrival] = field(default_factory=list)

    @property
    def notifications(self) -> Notifications:
        return self.member.notifications

    async def tell(self, title: str = "a wren", kind: str = "like", **said: Any) -> None:
        actor = said.get("actor", self.other)
        await self.db.execute(NOTIFY, self.member.id, kind, title, "/feed", actor, said.get("subject"))

    async def unread(self, number: int) -> None:
        await until(lambda: self.notifications.unread == number, f"{self.notifications.unread} is {number}")

    async def truth(self) -> int:
        unread = "select count(*) from public.notifications where owner_id = $1 and read_at is null"
        return int(await self.db.fetchval(unread, self.member.id) or 0)


@pytest.fixture
async def desk(
    supabase: Address,
    db: asyncpg.Connection,
    http: httpx.AsyncClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Desk]:
    starling = Starling(settings_of(supabase, tmp_path_factory.mktemp("told")))
    starling.open()
    accounts = [await make_account(supabase, http) for _ in range(2)]
    member = starling.members.of(await starling.sessions.sign_in(accounts[0].email, PASSWORD))
    assert member is not None
    table = member.notifications.table
    await until(lambda: table.phase == "ready" and member.connection.status.state == "live")
    made = Desk(starling, db, member, accounts[1].id)
    member.notifications.arrived.subscribe(made.arrivals.append)
    yield made
    await starling.close()
    for account in accounts:
        await remove_account(supabase, http, account)


async def test_what_happens_is_told_once_and_what_joins_it_again(desk: Desk):  # N3
    subject = uuid4()
    await desk.tell(subject=subject)
    await desk.unread(1)
    await desk.tell(subject=subject)
    await until(lambda: len(desk.arrivals) == 2)
    assert [(a.notification.times, a.more) for a in desk.arrivals] == [(1, 1), (2, 1)]
    assert desk.notifications.unread == 1
    desk.notifications.read(desk.arrivals[0].notification.id)
    await until(lambda: not desk.notifications.table.mutations.unconfirmed)
    assert len(desk.arrivals) == 2


async def test_reading_counts_before_the_database_has_answered(desk: Desk):  # N1
    for n in range(3):
        await desk.tell(f"wren {n}")
    await desk.unread(3)
    heard: list[int] = []
    desk.notifications.changed.subscribe(lambda _: heard.append(desk.notifications.unread))
    desk.notifications.read(desk.notifications.table.rows[1].id)
    assert desk.notifications.unread == 2
    assert await desk.truth() == 3
    await until(lambda: not desk.notifications.table.mutations.unconfirmed)
    assert await desk.truth() == 2
    desk.notifications.read_all()
    assert desk.notifications.unread == 0
    await until(lambda: not desk.notifications.table.mutations.unconfirmed)
    assert await desk.truth() == 0
    assert all(b <= a for a, b in pairwise(heard)), "it never counts back"


async def test_the_number_is_the_databases_beyond_what_is_held(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # N1, N3
    monkeypatch.setattr(window, "SLACK", 2)
    table = desk.notifications.table
    table._window.limit = table._page = 5
    desk.member.audience.enter("/feed")
    for n in range(12):
        await desk.tell(f"wren {n}")
        await until(lambda: len(desk.arrivals) == n + 1)  # noqa: B023 - called before n is another
    await until(lambda: len(table.rows) <= 7 and not table.complete, "the window is full")
    await desk.unread(12)
    await desk.db.execute(
        "update public.notifications set read_at = now() where id in "
        "(select id from public.notifications where owner_id = $1 order by happened_at limit 2)",
        desk.member.id,
    )
    await desk.unread(10)
    await table.load_more()
    await desk.unread(10)
    assert len(desk.arrivals) == 12
    desk.notifications.read_all()
    await desk.unread(0)
    await until(lambda: not table.mutations.unconfirmed)
    assert await desk.truth() == 0


async def test_what_one_is_looking_at_is_read_as_it_arrives(desk: Desk):  # N2
    seat = desk.member.audience.enter("/studio")
    heard: list[int] = []
    desk.notifications.changed.subscribe(lambda _: heard.append(desk.notifications.unread))
    await desk.tell(kind="generation_finished", actor=None, subject=uuid4())
    await until(lambda: desk.notifications.table.rows and desk.notifications.table.rows[0].read_at)
    assert (desk.arrivals, set(heard)) == ([], {0})
    await until(lambda: not desk.notifications.table.mutations.unconfirmed)
    assert await desk.truth() == 0
    seat.see(False)
    await desk.tell(kind="generation_finished", actor=None, subject=uuid4())
    await desk.unread(1)
    seat.see(True)
    seat.connected = False  # they have gone on to another page
    await desk.tell(kind="generation_finished", actor=None, subject=uuid4())
    await desk.unread(2)
    assert len(desk.arrivals) == 2


async def test_one_chooses_what_to_be_told_of(desk: Desk):
    choices, leave = desk.member.areas.use("choices", lambda: NotificationChoices(desk.member))
    await until(lambda: all(table.phase == "ready" for table in choices.tables))
    assert [kind.kind for kind in choices.kinds.rows][:2] == ["generation_finished", "generation_failed"]
    assert choices.of("like") == (True, True)
    choices.choose("like", in_app=True, browser=False)
    choices.choose("like", in_app=False, browser=False)  # before there is an answer
    assert choices.of("like") == (False, False)
    await until(lambda: not choices.preferences.mutations.unconfirmed)
    assert len(choices.preferences.rows) == 1
    await desk.tell()
    choices.choose("like", in_app=True, browser=False)
    await until(lambda: not choices.preferences.mutations.unconfirmed)
    await desk.tell("another wren")
    await desk.unread(1)
    assert [(row.title, row.browser) for row in desk.notifications.table.rows] == [("another wren", False)]
    leave()
