"""Sessions: who is signed in where, by which refresh token, and what an access token says.

Invariants
1. Refresh tokens are kept as hashes. A token is an HMAC over the id of its row, so that the active one can be told again
   within the grace interval although it is not kept.
2. A refresh token works once. Used again within 10 s it answers with the active token (two tabs, a lost answer);
   later it revokes the whole session, because one of the two users of it is a thief. (GoTrue also forgives the
   token just before the active one at any age; here its time is up like everyone's.)
3. Signing out deletes the session and with it its refresh tokens; access tokens end at the latest when they expire.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from embedded.auth import users
from embedded.auth.errors import AuthError
from embedded.database import Connection, Database
from embedded.keys import Keys

ACCESS_TOKEN_S = 3600
SAID = ("aud", "role", "email", "phone", "app_metadata", "user_metadata", "is_anonymous")  # of the user, in its tokens
REUSE_INTERVAL_S = 10  # GoTrue's default, and hosted projects'

OPEN = """
insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
values ($1, $2, now(), now(), 'aal1', $3, $4)
"""
SIGNED_IN = "update auth.users set last_sign_in_at = now(), updated_at = now() where id = $1"
NEXT_TOKEN_ID = "select nextval(pg_get_serial_sequence('auth.refresh_tokens', 'id'))"
ADD_TOKEN = """
insert into auth.refresh_tokens (instance_id, id, token, user_id, revoked, parent, session_id, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000000', $1, $2, $3, false, $4, $5, now(), now())
"""
# A client that comes twice at the same moment waits here for its own first request.
LOCK_TOKEN = """
select t.id, t.token, t.revoked, t.session_id, s.user_id, s.created_at,
       t.updated_at > now() - make_interval(secs => $2) as recent
from auth.refresh_tokens t
join auth.sessions s on s.id = t.session_id
where t.token = $1
for update of t
"""
ACTIVE_TOKEN = "select max(id) from auth.refresh_tokens where session_id = $1 and not revoked"
REVOKE_TOKEN = "update auth.refresh_tokens set revoked = true, updated_at = now() where id = $1"
REVOKE_SESSION = """
update auth.refresh_tokens set revoked = true, updated_at = now() where session_id = $1 and not revoked
"""
FORGET_OLD = """
delete from auth.refresh_tokens where session_id = $1 and revoked and updated_at < now() - interval '24 hours'
"""
REFRESHED = """
update auth.sessions set refreshed_at = now() at time zone 'utc', updated_at = now(), user_agent = $2, ip = $3 where id = $1
"""
SIGN_OUT = {
    "global": "delete from auth.sessions where user_id = $1 or id = $2",
    "local": "delete from auth.sessions where user_id = $1 and id = $2",
    "others": "delete from auth.sessions where user_id = $1 and id <> $2",
}


class Sessions:
    """Opens, renews and ends sessions. `issuer` is what access tokens name as `iss`."""

    def __init__(self, keys: Keys, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._token_key = hmac.digest(keys.jwt_secret.encode(), b"refresh tokens", "sha256")

    async def open(self, connection: Connection, user_id: UUID, agent: str, address: str | None) -> dict[str, Any]:
        """Signs the account in: a new session and its first tokens."""
        session = uuid4()
        await connection.execute(OPEN, session, user_id, agent, address)
        await connection.execute(SIGNED_IN, user_id)
        token_id = await self._add_token(connection, user_id, session, None)
        user = await users.by_id(connection, user_id)
        if user is None:
            raise AuthError(500, "unexpected_failure", "Database error loading user")
        return self._granted(user, session, time.time(), token_id)

    async def renew(self, database: Database, token: str, agent: str, address: str | None) -> dict[str, Any]:
        """New tokens for a refresh token (invariant 2).

        Raises AuthError: refresh_token_not_found, refresh_token_already_used, user_banned.
        """
        async with users.transaction(database) as connection:
            used = await connection.fetchrow(LOCK_TOKEN, _hash(token), REUSE_INTERVAL_S)
            user = await users.by_id(connection, used["user_id"]) if used else None
            if used is None or user is None:
                raise AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
            if users.banned(user):
                raise AuthError(400, "user_banned", "Invalid Refresh Token: User Banned")
            session = used["session_id"]
            if not used["revoked"]:
                await connection.execute(REVOKE_TOKEN, used["id"])
                await connection.execute(FORGET_OLD, session)
                token_id = await self._add_token(connection, user["id"], session, used["token"])
            elif used["recent"]:
                token_id = await connection.fetchval(ACTIVE_TOKEN, session)
            else:
                await connection.execute(REVOKE_SESSION, session)
                token_id = None
            if token_id is not None:
                await connection.execute(REFRESHED, session, agent, address)
        # Raised outside: the revocation is to be kept.
        if token_id is None:
            raise AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
        return self._granted(user, session, used["created_at"].timestamp(), token_id)

    async def close(self, connection: Connection, user_id: UUID, session: UUID | None, scope: str) -> None:
        """Signs out: `global` everywhere, `local` here, `others` everywhere else. Raises AuthError for another scope."""
        if scope not in SIGN_OUT:
            raise AuthError(400, "validation_failed", f'Unsupported logout scope "{scope}"')
        await connection.execute(SIGN_OUT[scope if session else "global"], user_id, session)

    async def _add_token(self, connection: Connection, user_id: UUID, session: UUID, parent: str | None) -> int:
        token_id = await connection.fetchval(NEXT_TOKEN_ID)
        await connection.execute(ADD_TOKEN, token_id, _hash(self._token(token_id)), str(user_id), parent, session)
        return token_id

    def _token(self, token_id: int) -> str:
        proof = hmac.digest(self._token_key, str(token_id).encode(), "sha256")
        return base64.urlsafe_b64encode(proof).decode().rstrip("=")

    def _granted(self, user: asyncpg.Record, session: UUID, signed_in: float, token_id: int) -> dict[str, Any]:
        now = int(time.time())
        expires = now + ACCESS_TOKEN_S
        shown = users.shown(user)
        claims = {
            "iss": self._issuer,
            "sub": shown["id"],
            "exp": expires,
            "iat": now,
            **{name: shown[name] for name in SAID},
            "aal": "aal1",
            "amr": [{"method": "anonymous" if user["is_anonymous"] else "password", "timestamp": int(signed_in)}],
            "session_id": str(session),
        }
        return {
            "access_token": self._keys.sign(claims),
            "token_type": "bearer",
            "expires_in": ACCESS_TOKEN_S,
            "expires_at": expires,
            "refresh_token": self._token(token_id),
            "user": shown,
            "weak_password": None,
        }


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
