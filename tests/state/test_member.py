"""Member: shared by tabs and sign-ins, opened with the first and closed after the last, and what is left then."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg
import pytest
from nicegui import binding

from state import member as member_module
from state.member import Member
from state.starling import Starling
from tests.state.support import PASSWORD, Account, add_generations, as_admin, leftovers, sign, until

if TYPE_CHECKING:
    from embedded.stack import Address

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


async def live(*members: Member) -> None:
    await until(lambda: all(m.connection.status.state == "live" and m.generations.phase == "ready" for m in members))


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
    await until(lambda: other.presence.people[one.id].status == "away")
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
    monkeypatch.setattr(member_module, "RENEW_SHARE", 0.9)
    id = await starling.sessions.sign_in(someone.email, PASSWORD)
    family = starling.sessions.get(id)
    assert family is not None
    family.access_token, family.expires_at = sign(supabase, someone.id, 3), time.time() + 3
    monkeypatch.setattr("state.sign_in.FRESH_S", 1.0)
    short = family.access_token
    member = starling.members.of(id)
    assert member is not None
    await live(member)
    gaps: list[str] = []
    member.feed.on_live(lambda: gaps.append("live"))
    member.feed.on_lost(lambda: gaps.append("lost"))
    await until(lambda: family.access_token != short)
    await asyncio.sleep(3.2)  # the short one has expired, and would have closed the channels
    assert gaps == []
    assert (member.connection.status.state, member.connection.sockets) == ("live", 1)
    (picture,) = await add_generations(db, someone.id)
    await until(lambda: member.generations.get(picture))


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


async def test_after_many_members_have_come_and_gone_nothing_is_left(starling: Starling, account: NewAccount, sign_in):
    await until(lambda: starling.world.connection.status.state == "live")
    before, links = leftovers(), len(binding.active_links)
    ids = [await starling.sessions.sign_in((await account()).email, PASSWORD) for _ in range(5)]
    once: list[weakref.ref[Member]] = []

    async def come_and_go(connected: bool) -> None:
        members = [member for id in ids if (member := starling.members.of(id))]
        once.extend(weakref.ref(member) for member in members)
        tabs = [member.audience.enter() for member in members]
        if connected:
            await live(*members)
        for tab in tabs:
            tab.leave()
        starling.members._members.clear()
        await asyncio.gather(*(member.close() for member in members))

    for turn in range(10):
        await come_and_go(connected=turn == 0)  # else they are closed while they connect
    await until(lambda: leftovers() == before, "tasks and sockets are those of before")
    gc.collect()
    assert len(once) == 50
    assert [ref for ref in once if ref() is not None] == []
    assert len(binding.active_links) == links
