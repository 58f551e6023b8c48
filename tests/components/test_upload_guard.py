"""Uploads that are too large are refused before they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from components.upload_guard import UploadGuard

LARGEST = 1000
UPLOAD = "/_nicegui/client/5d3c1e0a-0001-4000-8000-000000000001/upload/12"


class Reading:
    """A page that reads what comes, and remembers how much it was."""

    def __init__(self) -> None:
        self.asked = self.read = 0
        routes = [Route(path, self.take, methods=["POST"]) for path in (UPLOAD, "/elsewhere")]
        guarded = Starlette(routes=routes, middleware=[Middleware(UploadGuard, largest=LARGEST)])
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://starling")

    async def take(self, request: Request) -> PlainTextResponse:
        self.asked += 1
        async for part in request.stream():
            self.read += len(part)
        return PlainTextResponse("taken")


@pytest.fixture
async def page() -> AsyncIterator[Reading]:
    page = Reading()
    yield page
    await page.http.aclose()


async def chunks(number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield bytes(100)


async def test_what_says_that_it_is_too_large_is_not_read(page: Reading) -> None:
    answer = await page.http.post(UPLOAD, content=bytes(LARGEST + 1))
    assert (answer.status_code, page.asked) == (413, 0)
    assert answer.headers["connection"] == "close"


async def test_what_does_not_say_how_large_it_is_is_read_so_far_and_no_further(page: Reading) -> None:
    answer = await page.http.post(UPLOAD, content=chunks(1000))
    assert answer.status_code == 413
    assert page.read <= LARGEST


async def test_what_is_small_enough_arrives(page: Reading) -> None:
    for content in (bytes(LARGEST), chunks(10)):
        answer = await page.http.post(UPLOAD, content=content)
        assert (answer.status_code, answer.text) == (200, "taken")
    assert page.read == 2 * LARGEST


async def test_other_addresses_have_limits_of_their_own(page: Reading) -> None:
    assert (await page.http.post("/elsewhere", content=bytes(2 * LARGEST))).status_code == 200
