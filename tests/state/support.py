"""What these tests share: people with tokens, rows written behind the app's back, and waiting without sleeping."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import jwt
import psutil
import pytest

from embedded.realtime.server import Server
from settings import Settings
from state.errors import SessionEnded
from state.sync import freshness

if TYPE_CHECKING:
    from embedded.stack import Address

PASSWORD = "a good password"
AURORA = UUID("5d3c1e0a-0001-4000-8000-000000000001")  # a model of seed.sql
OWN = (
    "connection of",
    "socket of",
    "table ",
    "mutations:",
    "presence in",
    "media:",
    "members:",
    "member ",
    "self-test:",
    "queries",
    "beats:",
    "clock:",
    "typing in",
    "room ",
    "areas of",
    "chat ",
    "impatience",
    "feed of",
)
LIBRARY = ("AsyncRealtimeClient.", "AsyncPush.", "AsyncTimer.", "AsyncRealtimeChannel.")


async def until(true: Callable[[], Any], what: str = "", within_s: float = 25.0) -> None:
    """Waits for what can only be asked, not heard of; the limit is for a machine that others keep busy."""
    try:
        async with asyncio.timeout(within_s):
            while not true():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"It did not come about within {within_s:.0f} s: {what or 'see the line above'}") from None


def hasten(monkeypatch: pytest.MonkeyPatch, *, relaxed_s: float = 30.0, poll_s: float = 5.0) -> None:
    """Lets whoever polls ask sooner: while the connection is live, and while it is not."""
    monkeypatch.setattr(freshness, "RELAXED_S", relaxed_s)
    monkeypatch.setattr(freshness, "AGEING_S", (relaxed_s, relaxed_s))
    monkeypatch.setattr(freshness, "POLL_S", poll_s)


def leftovers() -> Counter[str]:
    """Tasks of `state` and of the Realtime library that still run."""
    names: Counter[str] = Counter()
    for task in asyncio.all_tasks():
        made_of = getattr(task.get_coro(), "__qualname__", "")
        if task.get_name().startswith(OWN):
            names[task.get_name()] += 1
        elif made_of.startswith(LIBRARY):
            names[made_of] += 1
    return names


def sockets_at_the_server() -> int:
    """Realtime sockets that the stack, which runs in this process, holds open."""
    servers = [server for server in gc.get_objects() if isinstance(server, Server)]
    assert servers, "none was there when the tests settled"
    return sum(len(server.clients) for server in servers)


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return psutil.Process().memory_info().rss


@dataclass
class Someone:
    """An identity with a token of its own, that may be taken away."""

    name: str = "someone"
    tokens: list[str] = field(default_factory=lambda: ["a token"])
    asked: int = 0
    renewals: int = 0
    ended: bool = False
    before: Callable[[], Awaitable[None]] | None = None

    async def token(self, *, renew: bool = False) -> str:
        """As `Identity` says."""
        self.asked += 1
        self.renewals += renew
        if self.before is not None:
            await self.before()
        if self.ended:
            raise SessionEnded("Your session has ended: please sign in again")
        if renew and len(self.tokens) > 1:
            del self.tokens[0]
        return self.tokens[0]


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    id: UUID
    email: str
    token: str

    @property
    def identity(self) -> Someone:
        """For an Api or a Connection."""
        return Someone(f"account {self.id}", [self.token])


def sign(supabase: Address, id: UUID, seconds: float = 600) -> str:
    """An access token as Auth would give it."""
    claims = {"sub": str(id), "role": "authenticated", "aud": "authenticated", "exp": int(time.time() + seconds)}
    return jwt.encode(claims, supabase.jwt_secret, algorithm="HS256")


def settings_of(supabase: Address, data: Path) -> Settings:
    """Those of an app beside the embedded stack."""
    public = {"api_url": supabase.api_url, "publishable_key": supabase.publishable_key}
    (data / "public.json").write_text(json.dumps(public))
    return Settings(data=data, _env_file=None)  # type: ignore[call-arg]


def as_admin(supabase: Address) -> dict[str, str]:
    """The headers that open the Admin API."""
    return {"apikey": supabase.secret_key, "Authorization": f"Bearer {supabase.secret_key}"}


async def make_account(supabase: Address, http: httpx.AsyncClient) -> Account:
    """Somebody nobody else knows, so that no test meets another's rows."""
    name = f"t{uuid4().hex[:12]}"
    answer = await http.post(
        f"{supabase.api_url}/auth/v1/admin/users",
        headers=as_admin(supabase),
        json={
            "email": f"{name}@example.com", "password": PASSWORD, "email_confirm": True,
            "user_metadata": {"username": name, "display_name": f"Tess {name}"},
        },
    )  # fmt: skip
    answer.raise_for_status()
    id = UUID(answer.json()["id"])
    return Account(id, f"{name}@example.com", sign(supabase, id))


async def remove_account(supabase: Address, http: httpx.AsyncClient, account: Account) -> None:
    """With all that is theirs."""
    await http.delete(f"{supabase.api_url}/auth/v1/admin/users/{account.id}", headers=as_admin(supabase))


async def add_generations(
    db: asyncpg.Connection | asyncpg.Pool,
    owner: UUID,
    count: int = 1,
    *,
    visibility: str = "private",
    prompt: str = "a prompt",
) -> list[UUID]:
    """Finished pictures, written as the worker's function would, in one statement."""
    rows = await db.fetch(
        """
        insert into public.generations (owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes,
                                        width, height, colour, visibility)
        select $1, 'image', $4, n, p || n, p || n || '.webp', 'image/png', 1, 64, 64, '#102030', $3
        from (select gen_random_uuid()::text || '/' as p) x, generate_series(1, $2) n
        returning id
        """,
        owner, count, visibility, prompt,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def add_job(
    db: asyncpg.Connection, owner: UUID, *, visibility: str = "private", status: str = "waiting", prompt: str = "a job"
) -> UUID:
    """A job in the queue."""
    rows = await db.fetch(
        """
        insert into public.generation_jobs (owner_id, kind, prompt, model_id, params, visibility, status, started_at)
        values ($1, 'image', $4, (select id from public.models where slug = 'aurora'), '{"width": 512, "height": 512, "count": 1, "steps": 20, "seed": 1, "duration": 4}',
                $2, $3, case when $3 = 'active' then now() end)
        returning id
        """,
        owner, visibility, status, prompt,
    )  # fmt: skip
    return rows[0]["id"]
