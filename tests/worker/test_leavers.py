"""Members who leave are forgotten whole (H1, H2 of worker/housekeeping.py), throw-away members in any case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from tests.worker.studio import Studio
from tests.worker.wire import wire
from worker.api import Api
from worker.errors import Unavailable
from worker.housekeeping import Housekeeping

PASSWORD = "a good password"
WEBP = {"content-type": "image/webp"}


@pytest.fixture
async def browser(studio: Studio) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with the publishable key."""
    await studio.database.execute("delete from private.leavers")
    headers = {"apikey": studio.address.publishable_key}
    async with httpx.AsyncClient(base_url=studio.address.api_url, headers=headers) as http:
        yield http


async def sign_up(browser: httpx.AsyncClient, email: str) -> tuple[str, dict[str, str]]:
    """Somebody new: their id, and the header that proves it."""
    answer = await browser.post("/auth/v1/signup", json={"email": email, "password": PASSWORD})
    answer.raise_for_status()
    session = answer.json()
    return session["user"]["id"], {"Authorization": f"Bearer {session['access_token']}"}


async def says_goodbye(browser: httpx.AsyncClient, member: str, proof: dict[str, str]) -> None:
    (await browser.post("/rest/v1/rpc/forget_me", json={"member_id": member}, headers=proof)).raise_for_status()


async def is_there(studio: Studio, member: str) -> bool:
    return bool(await studio.count("auth.users where id = $1::uuid", member))


async def test_nothing_is_left_of_a_member_who_leaves(studio: Studio, browser: httpx.AsyncClient) -> None:  # H1
    member, proof = await sign_up(browser, f"{uuid4().hex}@starling.test")
    avatar = f"/storage/v1/object/avatars/{member}/me.webp"
    (await browser.post(avatar, content=b"me", headers=proof | WEBP)).raise_for_status()
    preview = f"{member}/{uuid4()}/1/previews/25.webp"  # of an attempt that nobody finished: no row names it
    await studio.api.upload(preview, b"half", "image/webp")
    housekeeping = Housekeeping(studio.api)
    await housekeeping.forget()
    assert await is_there(studio, member), "who has not asked stays"

    await says_goodbye(browser, member, proof)
    await says_goodbye(browser, member, proof)
    await housekeeping.forget()
    assert not await is_there(studio, member)
    assert not await studio.count("public.profiles where id = $1::uuid", member)
    await studio.database.execute("update private.media_trash set due_at = now()")
    await housekeeping.empty_trash()
    assert await studio.count("storage.objects where name like $1 || '/%'", member) == 0
    assert await studio.count("private.leavers") == 0


async def test_the_worker_does_it_by_itself(studio: Studio, browser: httpx.AsyncClient) -> None:
    member, proof = await sign_up(browser, f"{uuid4().hex}@starling.test")
    await says_goodbye(browser, member, proof)
    async with studio.worker():

        async def gone() -> bool:
            return not await is_there(studio, member)

        await studio.until(gone)


async def test_a_throw_away_member_has_an_hour_whatever_becomes_of_who_made_it(
    studio: Studio, browser: httpx.AsyncClient
) -> None:
    throwaway, _ = await sign_up(browser, f"selftest-{uuid4().hex}@starling.invalid")
    alike = [
        (await sign_up(browser, f"{name}@{domain}"))[0]
        for name, domain in (
            (f"selftest-{uuid4().hex}", "starling.test"),
            (f"selftest-{uuid4().hex[:12]}", "starling.invalid"),
            (f"my-selftest-{uuid4().hex}", "starling.invalid"),
        )
    ]
    housekeeping = Housekeeping(studio.api)
    await housekeeping.forget()
    assert await is_there(studio, throwaway), "its hour is not over"
    await studio.database.execute("update private.leavers set due_at = due_at - interval '1 hour'")
    await housekeeping.forget()
    assert not await is_there(studio, throwaway)
    assert all([await is_there(studio, member) for member in alike])


async def test_half_done_is_done_later(studio: Studio, browser: httpx.AsyncClient) -> None:  # H1
    """The account is gone already, its avatar is not: a worker died in between, or somebody used the dashboard."""
    member, proof = await sign_up(browser, f"{uuid4().hex}@starling.test")
    avatar = f"/storage/v1/object/avatars/{member}/me.webp"
    (await browser.post(avatar, content=b"me", headers=proof | WEBP)).raise_for_status()
    await says_goodbye(browser, member, proof)
    await studio.api.remove_account(member)
    await Housekeeping(studio.api).forget()
    assert await studio.count("storage.objects where name like $1 || '/%'", member) == 0
    assert await studio.count("private.leavers") == 0


async def test_one_that_cannot_be_removed_holds_up_nobody(studio: Studio, browser: httpx.AsyncClient) -> None:  # H2
    stuck, stuck_proof = await sign_up(browser, f"{uuid4().hex}@starling.test")
    other, other_proof = await sign_up(browser, f"{uuid4().hex}@starling.test")
    for member, proof in ((stuck, stuck_proof), (other, other_proof)):
        await says_goodbye(browser, member, proof)
    await studio.database.execute("create table private.obstacle (id uuid references public.profiles (id))")
    try:
        await studio.database.execute("insert into private.obstacle values ($1::uuid)", stuck)
        housekeeping = Housekeeping(studio.api)
        await housekeeping.forget()
        assert await is_there(studio, stuck)
        assert not await is_there(studio, other)
        await housekeeping.forget()  # not handed out again at once
        assert await studio.count("private.leavers where due_at > now()") == 1
    finally:
        await studio.database.execute("drop table private.obstacle")
    await studio.database.execute("update private.leavers set due_at = now()")
    await housekeeping.forget()
    assert not await is_there(studio, stuck)


async def test_two_workers_share_the_work(studio: Studio, browser: httpx.AsyncClient) -> None:
    members = [await sign_up(browser, f"{uuid4().hex}@starling.test") for _ in range(4)]
    for member, proof in members:
        await says_goodbye(browser, member, proof)
    taken = await asyncio.gather(*(studio.api.call("take_leavers", n=3) for _ in range(2)))
    assert sorted(taken[0] + taken[1]) == sorted(member for member, _ in members)


async def test_a_lost_connection_only_makes_it_later(studio: Studio, browser: httpx.AsyncClient) -> None:  # H1
    member, proof = await sign_up(browser, f"{uuid4().hex}@starling.test")
    await says_goodbye(browser, member, proof)
    async with wire(studio.address.api_url) as line, Api.connect(line.url, studio.address.secret_key) as api:
        assert await api.call("take_leavers", n=1) == [member]
        await line.cut()
        with pytest.raises(Unavailable):
            await Housekeeping(api).forget()
    assert await is_there(studio, member)
    await studio.database.execute("update private.leavers set due_at = now()")
    await Housekeeping(studio.api).forget()
    assert not await is_there(studio, member)
