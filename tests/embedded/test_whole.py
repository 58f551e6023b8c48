"""All services together behind the gateway, used as an app uses a hosted project: by supabase-py."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

from embedded import demo
from supabase import AsyncClient, acreate_client

if TYPE_CHECKING:
    from embedded.stack import Address


async def signed_in(supabase: Address, person: demo.Person) -> AsyncClient:
    client = await acreate_client(supabase.api_url, supabase.publishable_key)
    await client.auth.sign_in_with_password({"email": person.email, "password": demo.PASSWORD})
    return client


async def test_a_member_edits_their_profile_and_everybody_hears_of_it(supabase: Address) -> None:
    ada, grace = [await signed_in(supabase, person) for person in demo.PEOPLE[:2]]
    heard: asyncio.Queue[Any] = asyncio.Queue()
    live = asyncio.Event()
    await grace.realtime.set_auth((await grace.auth.get_session()).access_token)  # type: ignore[union-attr]
    options: Any = {"config": {"private": True, "broadcast": {"replication_ready": True}}}
    channel = grace.channel("world", options)
    channel.on_broadcast("change", heard.put_nowait)
    channel.on_system(lambda message: live.set() if message.status == "ok" else None)
    await channel.subscribe()
    async with asyncio.timeout(30):
        await live.wait()

        user = (await ada.auth.get_user()).user  # type: ignore[union-attr]
        await ada.table("profiles").update({"bio": "Poetical science"}).eq("id", user.id).execute()
        change = (await heard.get())["payload"]
    assert (change["table"], change["operation"]) == ("profiles", "UPDATE")
    assert change["records"][0]["bio"] == "Poetical science"

    refused = await grace.table("profiles").update({"bio": "Not mine"}).eq("id", user.id).execute()
    assert refused.data == []
    await grace.remove_all_channels()


async def test_an_uploaded_avatar_is_public(supabase: Address) -> None:
    ada = await signed_in(supabase, demo.PEOPLE[0])
    user = (await ada.auth.get_user()).user  # type: ignore[union-attr]
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    bucket = ada.storage.from_("avatars")
    await bucket.upload(f"{user.id}/me.png", picture, {"content-type": "image/png", "upsert": "true"})
    async with httpx.AsyncClient() as anybody:
        answer = await anybody.get((await bucket.get_public_url(f"{user.id}/me.png")).rstrip("?"))
    assert (answer.content, answer.headers["content-type"]) == (picture, "image/png")
