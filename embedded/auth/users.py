"""The rows of auth.users and auth.identities, and the user object that GoTrue makes of them.

Everything here runs as `supabase_auth_admin`, GoTrue's own role, so that a trigger on auth.users which would fail on a
hosted project for want of a right fails here as well.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from embedded.auth.errors import EMAIL_EXISTS, AuthError
from embedded.database import UNAVAILABLE, Connection, Database

AUDIENCE = "authenticated"
TIMES = ("email_confirmed_at", "confirmed_at", "phone_confirmed_at", "last_sign_in_at", "banned_until", "deleted_at")
LONGEST_EMAIL = 255  # auth.users.email
LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{LABEL}(?:\.{LABEL})*")

SELECT = """
select u.*, coalesce((
  select jsonb_agg(to_jsonb(i) order by i.created_at) from auth.identities i where i.user_id = u.id), '[]') as identities
from auth.users u
"""
INSERT = """
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data, raw_user_meta_data, is_anonymous,
  created_at, updated_at, confirmation_token, recovery_token, email_change_token_new, email_change)
values ('00000000-0000-0000-0000-000000000000', coalesce($1, gen_random_uuid()), $2, $3, $4, $5, $6, $7, $8, now(), now(), '', '', '', '')
returning id
"""
UPDATE = """
update auth.users set
  email              = coalesce($2, email),
  encrypted_password = coalesce($3, encrypted_password),
  role               = coalesce($4, role),
  raw_user_meta_data = (coalesce(raw_user_meta_data, '{}') || $5::jsonb) - array(select key from jsonb_each($5) where value = 'null'),
  raw_app_meta_data  = (coalesce(raw_app_meta_data, '{}') || $6::jsonb) - array(select key from jsonb_each($6) where value = 'null'),
  email_confirmed_at = case when $7 then coalesce(email_confirmed_at, now()) else email_confirmed_at end,
  banned_until       = case when $8::interval is null then banned_until when $8 > interval '0' then now() + $8 end,
  is_anonymous       = is_anonymous and not $7,
  updated_at         = now()
where id = $1
"""
PUT_EMAIL_IDENTITY = """
insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
values ($1::text, $1::uuid, $2, 'email', now(), now(), now())
on conflict (provider_id, provider) do update set
  identity_data = auth.identities.identity_data || excluded.identity_data, updated_at = now()
"""
FIND = "where $1 = '' or u.email like '%' || $1 || '%' or u.raw_user_meta_data ->> 'full_name' ilike '%' || $1 || '%'"
SOFT_DELETE = """
update auth.users set
  email = null, phone = null, encrypted_password = null, raw_user_meta_data = '{}', raw_app_meta_data = '{}',
  deleted_at = coalesce(deleted_at, now()), updated_at = now()
where id = $1
"""


@asynccontextmanager
async def transaction(
    database: Database, failing: str = "Database error", taken: tuple[int, str, str] = EMAIL_EXISTS
) -> AsyncIterator[Connection]:
    """One transaction as GoTrue's role.

    Raises AuthError for what Postgres refuses: `taken` when the address has an account already, else 500 with the
    message `failing`, which is GoTrue's answer to a trigger that raises.
    """
    try:
        async with database.admin.acquire() as connection, connection.transaction():
            await connection.execute("set local role supabase_auth_admin")
            yield connection
    except UNAVAILABLE:
        raise
    except asyncpg.PostgresError as error:
        if getattr(error, "constraint_name", None) == "users_email_partial_key":
            raise AuthError(*taken) from error
        raise AuthError(500, "unexpected_failure", failing) from error


def valid_email(email: str) -> str:
    """`email` in lower case. Raises AuthError (validation_failed)."""
    if not email:
        raise AuthError(400, "validation_failed", "An email address is required")
    email = email.lower()
    if len(email) > LONGEST_EMAIL or not EMAIL.fullmatch(email):
        raise AuthError(400, "validation_failed", "Unable to validate email address: invalid format")
    return email


async def by_id(connection: Connection, user_id: UUID) -> asyncpg.Record | None:
    """The account, with its identities."""
    return await connection.fetchrow(SELECT + "where u.id = $1", user_id)


async def by_email(connection: Connection, email: str) -> asyncpg.Record | None:
    """The account of this address, in lower case."""
    return await connection.fetchrow(SELECT + "where u.email = $1 and not u.is_sso_user", email)


async def page(connection: Connection, search: str, limit: int, offset: int) -> tuple[list[asyncpg.Record], int]:
    """Accounts from the newest on whose address or full name contains `search`, and how many there are in all."""
    escaped = re.sub(r"([\\%_])", r"\\\1", search)
    ordered = SELECT + FIND + " order by u.created_at desc, u.id limit $2 offset $3"
    found = await connection.fetch(ordered, escaped, limit, offset)
    total = await connection.fetchval("select count(*) from auth.users u " + FIND, escaped)
    return found, total


async def create(
    connection: Connection,
    *,
    email: str | None,
    password_hash: str | None,
    data: dict[str, Any],
    user_id: UUID | None = None,
    role: str = "authenticated",
) -> UUID:
    """A new account, anonymous when it has no address. As in GoTrue, app_metadata holds only the provider at first, so
    that is all an insert trigger sees. Raises asyncpg's UniqueViolationError for an address that is taken."""
    app_metadata = {"provider": "email", "providers": ["email"]} if email else {}
    return await connection.fetchval(
        INSERT, user_id, AUDIENCE, role, email, password_hash, _json(app_metadata), _json(data), email is None
    )  # fmt: skip


async def put_email_identity(connection: Connection, user_id: UUID, email: str, data: dict[str, Any]) -> None:
    """Lets the account sign in by `email`; `data` is what the person said on signing up."""
    claims = {"sub": str(user_id), "email": email, "email_verified": False, "phone_verified": False}
    await connection.execute(PUT_EMAIL_IDENTITY, str(user_id), _json({**data, **claims}))


async def update(
    connection: Connection,
    user_id: UUID,
    *,
    email: str | None = None,
    password_hash: str | None = None,
    role: str | None = None,
    user_metadata: dict[str, Any] | None = None,
    app_metadata: dict[str, Any] | None = None,
    confirm: bool = False,
    ban: timedelta | None = None,
) -> None:
    """Changes what is given. Metadata is merged key by key, a null removes the key; a ban of no length ends a ban;
    a confirmed address makes a permanent account of an anonymous one."""
    told = {**(user_metadata or {}), **({"email_verified": True} if confirm else {})}
    await connection.execute(
        UPDATE, user_id, email, password_hash, role, _json(told), _json(app_metadata or {}), confirm, ban
    )  # fmt: skip


async def delete(connection: Connection, user_id: UUID, *, soft: bool) -> None:
    """Removes the account with all that hangs on it; softly, an empty row stays that nobody can sign in to."""
    if not soft:
        await connection.execute("delete from auth.users where id = $1", user_id)
        return
    await connection.execute(SOFT_DELETE, user_id)
    await connection.execute("delete from auth.identities where user_id = $1", user_id)
    await connection.execute("delete from auth.sessions where user_id = $1", user_id)


def banned(user: asyncpg.Record) -> bool:
    """True while the account is locked out."""
    return user["banned_until"] is not None and user["banned_until"] > datetime.now(UTC)


def shown(user: asyncpg.Record) -> dict[str, Any]:
    """The user object of GoTrue's answers; times that are not set are left out."""
    times = {name: _time(user[name]) for name in TIMES if user[name] is not None}
    return {
        "id": str(user["id"]),
        "aud": user["aud"],
        "role": user["role"],
        "email": user["email"] or "",
        "phone": user["phone"] or "",
        **times,
        "app_metadata": orjson.loads(user["raw_app_meta_data"] or "{}"),
        "user_metadata": orjson.loads(user["raw_user_meta_data"] or "{}"),
        "identities": [_identity(identity) for identity in orjson.loads(user["identities"])],
        "created_at": _time(user["created_at"]),
        "updated_at": _time(user["updated_at"]),
        "is_anonymous": user["is_anonymous"],
    }


def _identity(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("user_id", "identity_data", "provider", "last_sign_in_at", "created_at", "updated_at", "email")
    return {"identity_id": row["id"], "id": row["provider_id"], **{name: row[name] for name in kept}}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
