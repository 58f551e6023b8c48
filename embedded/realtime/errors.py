"""What can go wrong in Realtime, and how it is told to a client.

RealtimeError
├── JoinRefused          the join is answered with `status: error`; the socket lives on
├── ChannelShutDown      the channel is told why (`system`) and closed; socket and other channels live on
├── ChannelCrash         the channel ends with `phx_error`: the client sent something that makes no sense
├── SubscriptionRefused  row changes that cannot be subscribed to: told in a `system` message, the channel lives on
└── DatabaseAway         Postgres could not be asked; trying again makes sense

The texts are the real server's, because clients match on them (`realtime-js` and `realtime-py` both look for
`…RateLimitReached`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from embedded.database import CUT_OFF
from embedded.keys import InvalidToken

ASKING_S = 10.0


class RealtimeError(Exception):
    """Base of every error of this package."""


class JoinRefused(RealtimeError):
    """A join that is not accepted; the text is the reply's `response.reason`."""


class ChannelShutDown(RealtimeError):
    """The channel must end; the text is the message of the `system` event before `phx_close`."""


class ChannelCrash(RealtimeError):
    """What crashes a channel process of the real server."""


class SubscriptionRefused(RealtimeError):
    """Row changes that a client asked for and cannot have; the text is the message of the `system` event."""


class DatabaseAway(RealtimeError):
    """Postgres did not answer."""


@asynccontextmanager
async def asking(within_s: float = ASKING_S) -> AsyncIterator[None]:
    """Around a question to Postgres. Raises DatabaseAway when there is no answer."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except (*CUT_OFF, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseAway(str(error)) from error


def token_message(error: InvalidToken) -> str:
    """What the real server says of a bad token, without its error code."""
    return {
        "expired": f"Token has expired {error.expired_for_s} seconds ago",
        "malformed": "The token provided is not a valid JWT",
        "signature": "Failed to validate JWT signature",
        "claims": "Fields `role` and `exp` are required in JWT",
    }[error.reason]


def token_refusal(error: InvalidToken) -> JoinRefused:
    """The refusal of a join with a bad token."""
    code = {"malformed": "MalformedJWT", "signature": "JwtSignatureError"}.get(error.reason, "InvalidJWTToken")
    return JoinRefused(f"{code}: {token_message(error)}")


def token_shutdown(error: InvalidToken) -> ChannelShutDown:
    """The end of a channel that was sent a bad token; a wrong signature is named as the real server names it."""
    return ChannelShutDown(":signature_error" if error.reason == "signature" else token_message(error))
