"""Who asks: the member behind a bearer token, and how often they may.

C1  A token is good while Auth says so, which is asked at most once a minute for each; RLS decides about everything after that.
C2  What is remembered of tokens is bounded, and is their hash.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from api.problems import ApiProblem
from state.api import Api, Project
from state.errors import Refused

PER_MINUTE = 120  # requests of one member
STRANGERS_PER_MINUTE = 30  # bad tokens from one address
REMEMBER_S = 60.0
MOST_TOKENS = 2_000
LONGEST_TOKEN = 8_192

NO_TOKEN = "Send an access token of yours as bearer token"


class Bearer:
    """An identity that is one token, which nobody here can renew."""

    name = "caller"

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self, *, renew: bool = False) -> str:
        """As `Identity` says."""
        return self._token


@dataclass(frozen=True)
class Caller:
    """A member, and REST as them."""

    id: UUID
    api: Api


class Callers:
    """Everybody who asked lately. `per_minute` is for tests, which need not ask so often."""

    def __init__(self, project: Project, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = PER_MINUTE
        self._project = project
        self._clock = clock
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._known: OrderedDict[bytes, tuple[UUID, float]] = OrderedDict()

    async def who(self, token: str, address: str) -> Caller:
        """Raises ApiProblem (401, 429) and Unreachable."""
        api = Api(self._project, Bearer(token))
        member = await self._member(api, token, address)
        await self._count(RateLimitItemPerMinute(self.per_minute), "member", str(member))
        return Caller(member, api)

    async def _member(self, api: Api, token: str, address: str) -> UUID:
        hashed, now = hashlib.sha256(token.encode()).digest(), self._clock()
        if (known := self._known.get(hashed)) is not None and now - known[1] < REMEMBER_S:
            return known[0]
        strangers = RateLimitItemPerMinute(STRANGERS_PER_MINUTE)
        if not await self._limiter.test(strangers, "stranger", address):
            await self._refuse(strangers, "stranger", address)
        try:
            member = await api.who()
        except Refused as error:
            self._known.pop(hashed, None)
            await self._limiter.hit(strangers, "stranger", address)
            raise ApiProblem(401, "This token is not good, or not any more", WWW_Authenticate="Bearer") from error
        self._known[hashed] = (member, now)
        self._known.move_to_end(hashed)
        while len(self._known) > MOST_TOKENS:
            self._known.popitem(last=False)
        return member

    async def _count(self, most: RateLimitItem, *whose: str) -> None:
        if not await self._limiter.hit(most, *whose):
            await self._refuse(most, *whose)

    async def _refuse(self, most: RateLimitItem, *whose: str) -> None:
        free_at = (await self._limiter.get_window_stats(most, *whose)).reset_time
        seconds = max(1, round(free_at - time.time() + 0.5))
        raise ApiProblem(429, f"At most {most.amount} requests a minute", Retry_After=str(seconds))


bearer = HTTPBearer(auto_error=False, description="A Supabase access token of the member's")


async def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None
) -> Caller:
    """For endpoints."""
    callers: Callers = request.app.state.callers
    token = credentials.credentials if credentials else ""
    if not token or len(token) > LONGEST_TOKEN or not token.isascii():
        raise ApiProblem(401, NO_TOKEN, WWW_Authenticate="Bearer")
    return await callers.who(token, request.client.host if request.client else "")


As = Annotated[Caller, Depends(caller)]
