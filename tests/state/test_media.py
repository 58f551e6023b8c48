"""Media: asked for one by one, signed together, kept while good, and only for those who may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
import httpx
import pytest

from embedded.stack import Address
from state.api import Api, Project
from state.errors import StateError
from state.media import FRESH_S, MAX_BATCH, SIGNED_S, Media
from state.world import Anonymous
from tests.state.support import Account, add_generations

PICTURE = b"\x89PNG not really"


@dataclass
class Album:
    """Somebody's pictures, and how often the server was asked for addresses."""

    owner: Account
    project: Project
    db: asyncpg.Connection
    http: httpx.AsyncClient
    supabase: Address
    asked: list[httpx.Request]

    async def add(self, count: int = 1, visibility: str = "private", *, files: bool = True) -> list[str]:
        """Paths of new pictures, with their files."""
        made = await add_generations(self.db, self.owner.id, count, visibility=visibility)
        rows = await self.db.fetch("select media_path from public.generations where id = any($1)", made)
        paths = [row["media_path"] for row in rows]
        for path in paths if files else []:
            answer = await self.http.post(
                f"{self.supabase.api_url}/storage/v1/object/media/{path}",
                headers={
                    "apikey": self.supabase.secret_key,
                    "Authorization": f"Bearer {self.supabase.secret_key}",
                    "content-type": "image/png",
                },
                content=PICTURE,
            )
            answer.raise_for_status()
        return paths

    def media(self, account: Account | None = None, clock: Callable[[], float] = time.monotonic) -> Media:
        """What an identity (nobody's, if none is given) sees."""
        return Media(Api(self.project, account.identity if account else Anonymous(self.project.key)), clock=clock)


@pytest.fixture
async def album(
    project: Project,
    account: Callable[[], Awaitable[Account]],
    db: asyncpg.Connection,
    http: httpx.AsyncClient,
    supabase,
) -> Album:
    asked: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        if "/object/sign/" in request.url.path:
            asked.append(request)

    project.http.event_hooks["request"].append(note)
    return Album(await account(), project, db, http, supabase, asked)


async def test_an_address_opens_the_file_without_any_key(album: Album):
    (path,) = await album.add()
    url = await album.media(album.owner).url(path)
    assert url is not None
    assert (await album.http.get(url)).content == PICTURE


async def test_what_a_page_asks_for_one_by_one_is_signed_together(album: Album):
    paths = await album.add(5)
    media = album.media(album.owner)
    urls = await asyncio.gather(*(media.url(path) for path in [*paths, *paths]))
    assert None not in urls
    assert len(album.asked) == 1


async def test_a_long_list_is_signed_in_batches(album: Album):
    paths = await album.add(MAX_BATCH + 1, files=False)
    media = album.media(album.owner)
    await asyncio.gather(*(media.url(path) for path in paths))
    assert len(album.asked) == 2


async def test_an_address_is_kept_while_it_is_good_and_no_longer(album: Album):
    (path,) = await album.add()
    now = [0.0]
    media = album.media(album.owner, clock=lambda: now[0])
    assert media.peek(path) is None
    url = await media.url(path)
    now[0] = SIGNED_S - FRESH_S
    assert (await media.url(path), media.peek(path), len(album.asked)) == (url, url, 1)
    now[0] += 1
    assert media.peek(path) is None
    assert await media.url(path) is not None
    assert len(album.asked) == 2


async def test_an_address_that_did_not_work_is_asked_for_anew(album: Album):
    (path,) = await album.add()
    media = album.media(album.owner)
    await media.url(path)
    media.forget(path)
    assert media.peek(path) is None
    assert await media.url(path) is not None
    assert len(album.asked) == 2


async def test_nobody_gets_an_address_of_what_they_may_not_see(album: Album, account: Callable[[], Awaitable[Account]]):
    (private,), (public,) = await album.add(visibility="private"), await album.add(visibility="public")
    for other in (album.media(await account()), album.media()):
        assert await asyncio.gather(other.url(private), other.url(public), other.url("no/such/file")) == [
            None, other.peek(public), None,
        ]  # fmt: skip
        assert other.peek(public) is not None
        with pytest.raises(StateError):
            await other.download(private)


async def test_a_file_can_be_downloaded(album: Album):
    (path,) = await album.add()
    assert await album.media(album.owner).download(path) == PICTURE


async def test_no_answer_is_no_address_and_is_not_kept(album: Album):
    (path,) = await album.add()
    media = album.media(album.owner)
    api = media._api
    media._api = Api(Project("http://127.0.0.1:9", "key", album.project.http), Anonymous("key"))
    assert await media.url(path) is None
    media._api = api
    assert await media.url(path) is not None


async def test_whoever_waits_at_the_end_is_let_go(album: Album):
    media = album.media(album.owner)
    waiting = asyncio.create_task(media.url("a/path"))
    await asyncio.sleep(0)
    await media.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
