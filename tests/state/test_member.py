"""Member: shared by tabs and sign-ins, opened with the first and closed after the last, and what is left then."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from nicegui import binding

from state import member as member_module
from state.member import Member
from state.sign_in import TokenFamily
from state.starling import Starling
from tests.state.support import (
    PASSWORD,
    Account,
    add_generations,
    add_job,
    as_admin,
    leftovers,
    resident,
    sign,
    sockets_at_the_server,
    until,
)

if TYPE_CHECKING:
    from embedded.stack import Address

LIFE_S = 6  # of a token that is renewed at half of it: a busy machine needs the rest
PEOPLE, WAVES = 40, 5
GROWTH_BYTES = 12_000_000  # a member holds some 200 kB while there: a leak of them would be three times this

SignIn = Callable[[Account], Awaitable[tuple[str, Member]]]
NewAccount = Callable[[], Awaitable[Account]]


@pytest.fixture
async def someone(account: NewAccount) -> Account:
    return await account()


@pytest.fixture
def sign_in(starling: Starling) -> SignIn:
    """A browser's session id, and the member it stands for."""

    async def signed_in(account: Account) -> tuple[str, Member]:
        id = await starling.sessions.sign_in(account.email, PASSWORD)
        member = starling.members.of(id)
        assert member is not None
        return id, member

    return signed_in


async def live(*members: Member, within_s: float = 25) -> None:
    await until(
        lambda: all(m.connection.status.state == "live" and m.generations.phase == "ready" for m in members),
        "all are live",
        within_s,
    )


async def test_tabs_and_browsers_of_one_person_share_a_member(starling: Starling, someone: Account, sign_in: SignIn):
    first_id, first = await sign_in(someone)
    second_id, second = await sign_in(someone)
    assert first is second
    assert starling.members.of(first_id) is first
    assert first_id != second_id
    assert len(starling.members) == 1
    tabs = [first.audience.enter() for _ in range(3)]
    await live(first)
    assert len(first.audience) == 3
    assert first.connection.sockets == 1
    for tab in tabs:
        tab.leave()


async def test_two_people_are_two_members(starling: Starling, account: NewAccount, sign_in: SignIn):
    _, one = await sign_in(await account())
    _, other = await sign_in(await account())
    assert one is not other
    assert len(starling.members) == 2


def test_nobody_is_behind_a_cookie_that_is_made_up(starling: Starling):
    assert starling.members.of("made up") is None
    assert starling.members.of(None) is None


async def test_others_see_one_while_a_tab_is_open(starling: Starling, account: NewAccount, sign_in: SignIn):
    _, one = await sign_in(await account())
    _, other = await sign_in(await account())
    tab, second = one.audience.enter(), one.audience.enter()
    await until(lambda: (p := other.presence.people.get(one.id)) and (p.status, p.tabs) == ("online", 2))
    tab.see(False)
    second.see(False)
    await until(lambda: (p := other.presence.people.get(one.id)) and p.status == "away")
    tab.leave()
    second.leave()
    await until(lambda: one.id not in other.presence.people)
    assert one in list(starling.members), "but the member lingers"


async def test_a_member_lingers_after_the_last_tab_and_is_swept_away(
    starling: Starling, someone: Account, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(member_module, "LINGER_S", 0.2)
    id, member = await sign_in(someone)
    tab = member.audience.enter()
    await live(member)
    await asyncio.sleep(1.2)
    assert len(starling.members) == 1, "not while a tab is open"
    tab.leave()
    await until(lambda: len(starling.members) == 0)
    await until(lambda: member.connection.status.state == "closed")
    again = starling.members.of(id)
    assert again is not None
    assert again is not member


async def test_a_reload_finds_the_same_member(starling: Starling, someone: Account, sign_in: SignIn):
    id, member = await sign_in(someone)
    member.audience.enter().leave()
    assert starling.members.of(id) is member
    tab = member.audience.enter()
    assert member.idle_since is None
    tab.leave()


async def test_one_browser_signing_out_leaves_the_other(starling: Starling, someone: Account, sign_in: SignIn):
    first, member = await sign_in(someone)
    second, _ = await sign_in(someone)
    reasons: list[str] = []
    member.ended.subscribe(reasons.append, unsubscribe_on_delete=False)
    await starling.members.sign_out(first)
    assert (reasons, starling.members.of(first), starling.members.of(second)) == ([], None, member)
    assert await member.token()
    await starling.members.sign_out(second)
    assert reasons == ["You have signed out"]
    assert member.over


async def test_a_sign_in_after_the_end_makes_a_new_member(starling: Starling, someone: Account, sign_in: SignIn):
    first, ended = await sign_in(someone)
    await starling.members.sign_out(first)
    _, member = await sign_in(someone)
    assert member is not ended
    await live(member)
    await until(lambda: ended.connection.status.state == "closed")


async def test_a_session_that_is_refused_ends_the_member(starling, someone, sign_in, supabase: Address, http):  # S2
    id, member = await sign_in(someone)
    await live(member)
    reasons: list[str] = []
    member.ended.subscribe(reasons.append, unsubscribe_on_delete=False)
    await http.delete(f"{supabase.api_url}/auth/v1/admin/users/{someone.id}", headers=as_admin(supabase))
    starling.sessions.get(id).expires_at = time.time()
    await until(lambda: reasons)
    assert reasons == ["Your session has ended: please sign in again"]
    assert starling.members.of(id) is None
    member.connection.reconnect()
    await until(lambda: member.connection.status.state == "unauthorized")


async def test_a_token_is_renewed_before_it_expires_and_reaches_the_channels_without_a_gap(
    starling: Starling, someone: Account, supabase: Address, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):  # S1, R4, trap 4
    monkeypatch.setattr(member_module, "RENEW_SHARE", 0.5)
    id = await starling.sessions.sign_in(someone.email, PASSWORD)
    family = starling.sessions.get(id)
    assert family is not None
    family.access_token, family.expires_at = sign(supabase, someone.id, LIFE_S), time.time() + LIFE_S
    ends = family.expires_at
    monkeypatch.setattr("state.sign_in.FRESH_S", 1.0)
    short = family.access_token
    member = starling.members.of(id)
    assert member is not None
    await live(member)
    gaps: list[str] = []
    member.feed.on_live(lambda: gaps.append("live"))
    member.feed.on_lost(lambda: gaps.append("lost"))
    await until(lambda: family.access_token != short)
    await asyncio.sleep(ends + 0.3 - time.time())  # the short one has expired, and would have closed the channels
    assert gaps == []
    assert (member.connection.status.state, member.connection.sockets) == ("live", 1)
    (picture,) = await add_generations(db, someone.id)
    await until(lambda: member.generations.get(picture))


# Token life: what happens to a session, from being found on disk to being forgotten -----------------------------------


async def test_a_stored_session_that_is_over_makes_no_channel(config, someone: Account, supabase: Address, http):  # R4
    before = Starling(config)
    id = await before.sessions.sign_in(someone.email, PASSWORD)
    family = before.sessions.get(id)
    assert family is not None
    family.expires_at = time.time() - 60
    before.sessions._save()
    await before.close()
    await http.delete(f"{supabase.api_url}/auth/v1/admin/users/{someone.id}", headers=as_admin(supabase))

    after = Starling(config)
    after.open()
    member = after.members.of(id)
    assert member is not None
    reasons: list[str] = []
    member.ended.subscribe(reasons.append, unsubscribe_on_delete=False)
    await until(lambda: reasons)
    assert reasons == ["Your session has ended: please sign in again"]
    assert member.connection.sockets == 0
    assert after.members.of(id) is None
    await after.close()


async def test_a_stored_session_that_has_expired_is_renewed_before_a_channel_is_made(config, someone: Account):  # R4
    before = Starling(config)
    id = await before.sessions.sign_in(someone.email, PASSWORD)
    family = before.sessions.get(id)
    assert family is not None
    family.access_token, family.expires_at = "expired", time.time() - 60
    before.sessions._save()
    await before.close()

    after = Starling(config)
    after.open()
    member = after.members.of(id)
    assert member is not None
    await live(member)
    assert member.connection.sockets == 1
    await after.close()


async def test_a_refused_renewal_signs_that_browser_out_and_no_other(
    starling: Starling, someone: Account, sign_in: SignIn, db: asyncpg.Connection
):  # S2
    (picture,) = await add_generations(db, someone.id)
    first, member = await sign_in(someone)
    second, _ = await sign_in(someone)
    await until(lambda: member.generations.get(picture))
    await live(member)
    over: list[tuple[str, str]] = []
    member.released.subscribe(lambda id, reason: over.append((id, reason)), unsubscribe_on_delete=False)
    family = starling.sessions.get(first)
    assert family is not None
    family.refresh_token, family.expires_at = "made up", time.time()
    await until(lambda: over)
    assert over == [(first, "Your session has ended: please sign in again")]
    assert (starling.members.of(first), starling.members.of(second)) == (None, member)
    assert member.generations.get(picture)
    assert member.connection.status.state == "live"


async def test_signing_out_closes_the_connection_and_forgets_the_rows(
    starling: Starling, someone: Account, sign_in: SignIn, db: asyncpg.Connection
):  # L7
    (private,) = await add_generations(db, someone.id)
    (public,) = await add_generations(db, someone.id, visibility="public")
    job = await add_job(db, someone.id)
    id, member = await sign_in(someone)
    await until(lambda: member.generations.get(private) and member.jobs.get(job))
    await until(lambda: starling.world.generations.get(public))
    gone: list[object] = []
    member.studio.gallery.subscribe(lambda batch: gone.extend(row.id for row in batch.deleted))
    member.studio.queue.subscribe(lambda batch: gone.extend(row.id for row in batch.deleted))
    await starling.members.sign_out(id)
    assert [row for table in member.tables for row in table.rows] == []
    assert set(gone) == {private, job}, "what everybody may see stays"
    assert member.studio.gallery.get(public)
    await until(lambda: member.connection.status.state == "closed")
    await add_generations(db, someone.id)
    (seen,) = await add_generations(db, someone.id, visibility="public")
    await until(lambda: starling.world.generations.get(seen))
    assert [row for table in member.tables for row in table.rows] == []


async def test_answers_on_their_way_bring_nothing_back(
    starling: Starling, someone: Account, sign_in: SignIn, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):  # L7
    await add_generations(db, someone.id, 3)
    id, member = await sign_in(someone)
    await until(lambda: len(member.generations.rows) == 3)
    answered, held = member.api.select, asyncio.Event()

    answers: list[int] = []

    async def select(*args: Any, **more: Any) -> list[dict[str, Any]]:
        rows = await answered(*args, **more)
        answers.append(len(rows))
        await held.wait()
        return rows

    monkeypatch.setattr(member.api, "select", select)
    member.generations._window.complete = False
    more = asyncio.create_task(member.generations.load_more())
    member.generations.refresh()
    await until(lambda: len(answers) >= 2)
    await starling.members.sign_out(id)
    held.set()
    await more
    assert list(member.generations.rows) == []
    await until(lambda: member.connection.status.state == "closed")
    assert list(member.generations.rows) == []


async def test_a_sign_out_that_auth_does_not_answer_forgets_all_the_same(
    starling: Starling, someone: Account, sign_in: SignIn, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    (private,) = await add_generations(db, someone.id)
    id, member = await sign_in(someone)
    await until(lambda: member.generations.get(private))
    hangs = asyncio.Event()
    monkeypatch.setattr(starling.sessions, "_auth", lambda: Silent(hangs))
    signing_out = asyncio.create_task(starling.members.sign_out(id))
    await until(lambda: not member.generations.rows)
    assert starling.members.of(id) is None
    hangs.set()
    await signing_out


class Silent:
    """An Auth server that takes its time."""

    def __init__(self, hangs: asyncio.Event) -> None:
        self.admin = self
        self._hangs = hangs

    async def sign_out(self, *_: str) -> None:
        await self._hangs.wait()


async def test_the_profile_is_the_members_own(someone: Account, sign_in: SignIn):
    _, member = await sign_in(someone)
    await until(lambda: member.profile)
    assert member.profile is not None
    assert member.profile.id == someone.id


async def test_closing_sends_deletions_that_could_still_be_undone(starling, someone, sign_in, db):
    (picture,) = await add_generations(db, someone.id)
    _, member = await sign_in(someone)
    await until(lambda: member.generations.get(picture))
    member.studio.delete(picture)
    await starling.members.close()
    assert await db.fetchval("select count(*) from public.generations where id = $1", picture) == 0


async def test_signing_out_sends_deletions_that_could_still_be_undone(starling, someone, sign_in, db):
    (picture,) = await add_generations(db, someone.id)
    id, member = await sign_in(someone)
    await until(lambda: member.generations.get(picture))
    member.studio.delete(picture)
    await starling.members.sign_out(id)
    assert await db.fetchval("select count(*) from public.generations where id = $1", picture) == 0


@pytest.mark.timeout(300)
async def test_after_two_hundred_members_have_come_and_gone_nothing_is_left(starling: Starling, account: NewAccount):
    await until(lambda: starling.world.connection.status.state == "live")
    sockets = sockets_at_the_server()
    ids = [session_of(starling, await account()) for _ in range(PEOPLE)]
    once: list[weakref.ref[Member]] = []

    async def come_and_go(connected: bool) -> None:
        members = [member for id in ids if (member := starling.members.of(id))]
        once.extend(weakref.ref(member) for member in members)
        tabs = [member.audience.enter() for member in members]
        if connected:
            await live(*members, within_s=90)
        for tab in tabs:
            tab.leave()
        starling.members._members.clear()
        await asyncio.gather(*(member.close() for member in members))

    await come_and_go(connected=True)
    await until(lambda: sockets_at_the_server() == sockets, "the world's is left")
    before, holding, memory = leftovers(), held(starling), resident()
    once.clear()
    for wave in range(WAVES):
        await come_and_go(connected=wave % 2 == 0)  # else they are closed while they connect
    await until(lambda: leftovers() == before, "tasks are those of before")
    await until(lambda: sockets_at_the_server() == sockets, "the world's is left")
    assert len(once) == PEOPLE * WAVES == 200
    await until(lambda: gc.collect() >= 0 and all(ref() is None for ref in once), "nobody is held any more")
    assert held(starling) == holding
    assert resident() - memory < GROWTH_BYTES


def session_of(starling: Starling, account: Account) -> str:
    """As if they had signed in: servers count sign-ins."""
    family = TokenFamily(str(uuid4()), account.id, account.token, "never used", time.time() + 600)
    starling.sessions._families[family.id] = family
    return family.id


def held(starling: Starling) -> list[int]:
    """Whoever listens to what outlives the members."""
    world = starling.world
    rows: tuple[Any, ...] = (*world.tables, world.studio.queue, world.studio.gallery, world.studio.models)
    return [
        *(len(of._listeners) for of in rows),
        len(world.beats._followers),
        len(world.queries),
        len(world.audience),
        len(world.connection.changed.callbacks),
        len(world.connection.freshness._changed),
        *(len(signal) for signal in (*world.feed._changes.values(), *world.feed._events.values())),
        *(len(signal) for signal in (world.feed._any_change, world.feed._live, world.feed._lost)),
        len(binding.active_links),
    ]
