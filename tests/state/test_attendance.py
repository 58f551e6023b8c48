"""Attendance: A1 to A4, between members of one process, of two, and with a database that does not answer."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from state import attendance as attendance_module
from state.api import Api, Project
from state.attendance import Attendance, Status, derive
from state.member import Member
from state.realtime.connection import Connection
from state.realtime.presence import METADATA_BYTES, Presence
from state.starling import Starling
from state.sync.audience import Audience
from tests.state.peer import Peer
from tests.state.support import PASSWORD, Account, Someone, settings_of, until
from tests.state.test_presence import ADA, told

if TYPE_CHECKING:
    from embedded.stack import Address

NewAccount = Callable[[], Awaitable[Account]]


async def enter(starling: Starling, account: Account) -> Member:
    """A browser of theirs, without a tab yet."""
    member = starling.members.of(await starling.sessions.sign_in(account.email, PASSWORD))
    assert member is not None
    return member


@pytest.fixture
async def second(supabase: Address, tmp_path: Path) -> AsyncIterator[Starling]:
    """Another process of the app, as far as the state is concerned."""
    folder = tmp_path / "second"
    folder.mkdir()
    root = Starling(settings_of(supabase, folder))
    root.open()
    yield root
    await root.close()


async def row(db: asyncpg.Connection, member: Member) -> dict[str, Any]:
    """What the database knows of them."""
    found = await db.fetchrow("select * from public.user_presence where id = $1", member.id)
    return dict(found) if found else {}


async def kept(db: asyncpg.Connection, member: Member, status: str) -> None:
    """Waits until the database knows it."""
    async with asyncio.timeout(25):
        while (await row(db, member)).get("status") != status:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("chosen", "tabs", "active", "status"),
    [
        (None, 1, True, "online"),
        (None, 1, False, "away"),
        (None, 0, False, "offline"),
        ("online", 1, False, "online"),
        ("away", 2, True, "away"),
        ("offline", 1, True, "offline"),
        ("online", 0, False, "offline"),
    ],
)
def test_what_was_chosen_counts_first_then_what_one_does(
    chosen: Status | None, tabs: int, active: bool, status: Status
):  # A1
    assert derive(chosen, tabs=tabs, active=active) == status


async def test_who_does_nothing_or_hides_all_tabs_is_away(starling: Starling, account: NewAccount):  # A1
    one, other = [await enter(starling, await account()) for _ in range(2)]
    first, second = one.audience.enter("/studio"), one.audience.enter("/studio")

    def seen_as(status: str) -> Callable[[], bool]:
        return lambda: (p := other.presence.people.get(one.id)) is not None and p.status == status

    await until(seen_as("online"))
    first.act(False)
    second.see(False)
    await until(seen_as("away"), "one tab is idle, the other one hidden")
    second.see(True)
    await until(seen_as("online"))
    for seat in (first, second):
        seat.leave()


async def test_who_appears_offline_sees_the_others(starling: Starling, account: NewAccount):  # A2
    one, other = [await enter(starling, await account()) for _ in range(2)]
    seats = [one.audience.enter(), other.audience.enter()]
    await until(lambda: one.id in other.presence.people and other.id in one.presence.people)
    one.set_status("offline")
    await until(lambda: one.id not in other.presence.people)
    assert (one.attendance.status, other.id in one.presence.people) == ("offline", True)
    one.set_status(None)
    await until(lambda: one.id in other.presence.people)
    for seat in seats:
        seat.leave()


async def test_what_was_chosen_outlives_the_process_and_nobody_is_shown_before(
    starling: Starling, second: Starling, account: NewAccount, db: asyncpg.Connection
):  # A3
    someone, witness = await account(), await enter(starling, await account())
    before = await enter(second, someone)
    before.audience.enter()
    before.set_status("offline")
    await until(lambda: before.attendance._known and before.attendance._saying is None)
    await second.members.close()
    came: list[bool] = []
    witness.presence.changed.subscribe(
        lambda: came.append(before.id in witness.presence.people), unsubscribe_on_delete=False
    )
    again = await enter(second, someone)
    assert again is not before
    again.audience.enter()
    await until(lambda: again.attendance.chosen == "offline")
    await until(lambda: again.connection.status.state == "live" and witness.connection.status.state == "live")
    await until(lambda: again.presence.confirmed)
    assert not any(came)
    assert (await row(db, again))["status"] == "offline"


async def test_what_is_chosen_in_one_process_counts_in_the_other(
    starling: Starling, second: Starling, account: NewAccount, monkeypatch: pytest.MonkeyPatch
):  # A3
    monkeypatch.setattr(attendance_module, "TOUCH_EVERY_S", 0.2)
    monkeypatch.setattr(attendance_module, "PACE_S", 0.05)
    someone = await account()
    here, there = await enter(starling, someone), await enter(second, someone)
    for member in (here, there):
        member.audience.enter()
    await until(lambda: here.attendance._known and there.attendance._known)
    here.set_status("away")
    await until(lambda: (there.attendance.chosen, there.attendance.status) == ("away", "away"))
    there.set_status(None)
    await until(lambda: (here.attendance.chosen, here.attendance.status) == (None, "online"))


async def test_the_database_knows_who_is_here_where_and_since_when_they_are_not(
    starling: Starling, account: NewAccount, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):  # A4
    monkeypatch.setattr(attendance_module, "PACE_S", 0.05)
    monkeypatch.setattr(attendance_module, "TOUCH_EVERY_S", 0.3)
    member = await enter(starling, await account())
    assert await row(db, member) == {}, "who has no tab is not here"
    seat = member.audience.enter("/studio")
    await kept(db, member, "online")
    first = await row(db, member)
    assert json.loads(first["metadata"]) == {"page": "/studio"}
    touches = member.attendance.touches
    await until(lambda: member.attendance.touches >= touches + 2, "again and again")
    seat.act(False)
    await kept(db, member, "away")
    seat.leave()
    await kept(db, member, "offline")
    last = await row(db, member)
    assert last["last_seen"] > first["last_seen"]
    touches = member.attendance.touches
    await asyncio.sleep(0.8)
    assert (member.attendance.touches, await row(db, member)) == (touches, last), "then there is nothing to say"


async def test_many_changes_are_few_calls(starling: Starling, account: NewAccount, db, monkeypatch):  # A4
    monkeypatch.setattr(attendance_module, "PACE_S", 0.5)
    member = await enter(starling, await account())
    seat = member.audience.enter()
    await kept(db, member, "online")
    touches, began = member.attendance.touches, asyncio.get_running_loop().time()
    for number in range(200):
        seat.act(number % 2 == 1)
        member.update_presence({"step": number})
        await asyncio.sleep(0.001)
    await until(lambda: member.attendance._told == ("online", {"step": 199}))
    took_s = asyncio.get_running_loop().time() - began
    assert member.attendance.touches - touches <= 2 + took_s / attendance_module.PACE_S
    seat.leave()


async def test_signing_out_and_closing_say_the_last_word(
    starling: Starling, account: NewAccount, db, monkeypatch
):  # A4
    monkeypatch.setattr(attendance_module, "LAST_WORD_S", 20.0)

    async def late(response: httpx.Response) -> None:
        if response.url.path.endswith("/touch_presence"):
            await asyncio.sleep(0.3)  # the database has done it, and here nobody knows yet

    monkeypatch.setattr(starling.project.http, "event_hooks", {"request": [], "response": [late]})
    someone = await account()
    id = await starling.sessions.sign_in(someone.email, PASSWORD)
    member = starling.members.of(id)
    assert member is not None
    member.audience.enter()
    await kept(db, member, "online")
    await starling.members.sign_out(id)
    assert (await row(db, member))["status"] == "offline"
    member.audience.enter()
    assert member.presence._meta is None, "a tab that is left open shows nobody any more"
    again = await enter(starling, someone)
    again.audience.enter()
    await kept(db, again, "online")
    await starling.members.close()
    assert (await row(db, again))["status"] == "offline"


async def test_metadata_is_merged_taken_back_and_bounded(starling: Starling, account: NewAccount):
    one, other = [await enter(starling, await account()) for _ in range(2)]
    seat = one.audience.enter("/studio")

    def said() -> Any:
        return (person := other.presence.people.get(one.id)) and dict(person.metadata)

    await until(lambda: said() == {"page": "/studio"})
    one.update_presence({"reading": "a book"})
    one.update_presence({"step": 1})
    await until(lambda: said() == {"page": "/studio", "reading": "a book", "step": 1})
    one.update_presence({"reading": None})
    with pytest.raises(ValueError, match="at most"):
        one.update_presence({"note": "x" * METADATA_BYTES})
    await until(lambda: said() == {"page": "/studio", "step": 1})
    seat.leave()


async def test_a_database_that_does_not_answer_harms_nobody(peer: Peer, monkeypatch: pytest.MonkeyPatch):  # A3, A4
    monkeypatch.setattr(attendance_module, "RETRY_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    project = Project.connect(address, "key")
    connection = Connection(peer.url, "key", Someone())
    audience, presence = Audience(), Presence(connection, "room:studio", ADA)
    attendance = Attendance(ADA, audience, presence, Api(project, Someone()))
    connection.open()
    presence.open()
    attendance.open()
    await until(lambda: connection.status.state == "live")
    audience.enter()
    await until(lambda: attendance.failures >= 3)
    assert told(peer) == [], "what they chose is not known yet"
    attendance.choose("away")
    await until(lambda: told(peer) == [1], "but now it is")
    await attendance.close()
    await presence.close()
    await connection.close()
    await project.close()


async def test_who_was_here_lately_is_told_by_the_databases_clock(
    starling: Starling, account: NewAccount, db: asyncpg.Connection
):
    me = await enter(starling, await account())
    me.audience.enter()
    wrong = timedelta(hours=3)
    me.attendance._now = lambda: datetime.now(UTC) - wrong
    others = [(await account()).id for _ in range(3)]
    for minutes, id in zip((5, 90, 1), others, strict=True):
        await db.execute(
            "insert into public.user_presence (id, status, last_seen) values ($1, 'offline', now() - make_interval(mins => $2))",
            id, minutes,
        )  # fmt: skip
    here = await enter(starling, await account())
    here.audience.enter()
    await until(lambda: here.id in me.presence.people and me.attendance._ahead > wrong / 2)
    await kept(db, here, "online")
    recent = await me.attendance.recently_here(1000)
    assert not {me.id, here.id} & {seen.id for seen in recent}
    ours = [seen for seen in recent if seen.id in others]
    assert [seen.id for seen in ours] == [others[2], others[0], others[1]]
    assert [round(seen.ago.total_seconds() / 60) for seen in ours] == [1, 5, 90]
    assert len(await me.attendance.recently_here(2)) == 2
