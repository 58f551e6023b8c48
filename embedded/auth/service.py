"""GoTrue's endpoints: what a person with a password calls."""

from __future__ import annotations

import ipaddress
import re
from uuid import UUID

import asyncpg
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from embedded.answers import json_response, route
from embedded.auth import passwords, users
from embedded.auth.absent import absent_routes
from embedded.auth.admin import Admin
from embedded.auth.errors import USER_EXISTS, AuthError, field, json_body, mapping
from embedded.auth.limits import RateLimit
from embedded.auth.sessions import Sessions
from embedded.database import Connection, Database
from embedded.keys import Claims, InvalidToken, Keys

BEARER = re.compile(r"[Bb]earer (\S+)")
WRONG_TOKEN = {
    "expired": "token has invalid claims: token is expired",
    "signature": "token signature is invalid: signature is invalid",
    "malformed": "token is malformed",
    "claims": "token has invalid claims: token is missing required claim",
}
PROVIDERS = (
    "apple azure bitbucket discord facebook figma fly github gitlab google kakao keycloak linkedin linkedin_oidc notion"
    " slack slack_oidc snapchat spotify twitch twitter workos x zoom phone"
)


class Auth:
    """Sign-up, sign-in, refresh, sign-out and accounts, as GoTrue does them without e-mail: addresses count as confirmed.

    `sign_ins` and `refreshes` are requests per address in five minutes. Hosted projects allow 30 and 150; here it is
    ten times as much, because every member of a NiceGUI app, and every test, comes from one address. `issuer` is what
    tokens name as `iss`.
    """

    def __init__(
        self,
        database: Database,
        keys: Keys,
        *,
        issuer: str = "http://127.0.0.1:54321/auth/v1",
        anonymous_sign_ins: bool = False,
        sign_ins: int = 300,
        refreshes: int = 1500,
    ) -> None:
        self._database = database
        self._keys = keys
        self._sessions = Sessions(keys, issuer)
        self._anonymous_sign_ins = anonymous_sign_ins
        self._sign_ins = RateLimit(sign_ins)
        self._refreshes = RateLimit(refreshes)
        self.routes: list[BaseRoute] = [
            route("GET", "/health", self._health),
            route("GET", "/settings", self._settings),
            route("GET", "/.well-known/jwks.json", self._jwks),
            route("POST", "/signup", self._sign_up),
            route("POST", "/token", self._token),
            route("GET", "/user", self._get_user),
            route("PUT", "/user", self._update_user),
            route("POST", "/logout", self._sign_out),
            *Admin(database, self._claims).routes,
            *absent_routes(),
        ]

    async def _health(self, request: Request) -> Response:
        description = "GoTrue is a user registration and authentication API"
        return json_response({"version": "embedded", "name": "GoTrue", "description": description})

    async def _jwks(self, request: Request) -> Response:
        return json_response({"keys": []})  # HS256: the secret is no public key

    async def _settings(self, request: Request) -> Response:
        external = {"anonymous_users": self._anonymous_sign_ins, "email": True}
        return json_response(
            {
                "external": {**dict.fromkeys(PROVIDERS.split(), False), **external},
                "disable_signup": False,
                "mailer_autoconfirm": True,
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
            }
        )

    async def _sign_up(self, request: Request) -> Response:
        body = await json_body(request)
        data = mapping(body, "data") or {}
        if field(body, "phone"):
            raise AuthError(400, "phone_provider_disabled", "Phone signups are disabled")
        email, password = field(body, "email"), field(body, "password")
        if not email and not self._anonymous_sign_ins:
            raise AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        self._sign_ins.take(_address(request) or "")
        password_hash = None
        if email:
            if not password:
                raise AuthError(400, "validation_failed", "Signup requires a valid password")
            passwords.check_strength(password)
            email = users.valid_email(email)
            password_hash = await passwords.hashed(password)
        failing = "Database error saving new user" if email else "Database error creating anonymous user"
        async with users.transaction(self._database, failing, USER_EXISTS) as connection:
            if email and await users.by_email(connection, email):
                raise AuthError(*USER_EXISTS)
            user_id = await users.create(connection, email=email or None, password_hash=password_hash, data=data)
            if email:
                await users.put_email_identity(connection, user_id, email, data)
                claims = {"sub": str(user_id), "email": email, "phone_verified": False}
                await users.update(connection, user_id, user_metadata=claims, confirm=True)
            return json_response(await self._open(connection, user_id, request))

    async def _token(self, request: Request) -> Response:
        match request.query_params.get("grant_type"):
            case "password":
                return await self._password_grant(request)
            case "refresh_token":
                return await self._refresh_grant(request)
            case "pkce":
                raise AuthError(404, "flow_state_not_found", "invalid flow state, no valid flow state found")
            case "id_token" | "web3":
                raise AuthError(400, "provider_disabled", "Provider is not enabled")
            case _:
                raise AuthError(400, "invalid_credentials", "unsupported_grant_type")

    async def _password_grant(self, request: Request) -> Response:
        self._sign_ins.take(_address(request) or "")
        body = await json_body(request)
        if field(body, "phone"):
            raise AuthError(422, "phone_provider_disabled", "Phone logins are disabled")
        email, password = field(body, "email").lower(), field(body, "password")
        async with self._database.admin.acquire() as connection:
            user = await users.by_email(connection, email) if email else None
        # Hashing takes its time outside of any transaction, and for unknown addresses too.
        if not await passwords.matches(password, user["encrypted_password"] if user else None) or user is None:
            raise AuthError(400, "invalid_credentials", "Invalid login credentials")
        if users.banned(user):
            raise AuthError(400, "user_banned", "User is banned")
        if user["email_confirmed_at"] is None:
            raise AuthError(400, "email_not_confirmed", "Email not confirmed")
        async with users.transaction(self._database) as connection:
            return json_response(await self._open(connection, user["id"], request))

    async def _refresh_grant(self, request: Request) -> Response:
        self._refreshes.take(_address(request) or "")
        token = field(await json_body(request), "refresh_token")
        if not token:
            raise AuthError(400, "validation_failed", "refresh_token required")
        return json_response(await self._sessions.renew(self._database, token, _agent(request), _address(request)))

    async def _get_user(self, request: Request) -> Response:
        async with self._database.admin.acquire() as connection:
            user, _ = await self._signed_in(connection, request)
        return json_response(users.shown(user))

    async def _update_user(self, request: Request) -> Response:
        body = await json_body(request)
        async with self._database.admin.acquire() as connection:
            user, session = await self._signed_in(connection, request)
        if mapping(body, "app_metadata") is not None:
            raise AuthError(403, "not_admin", "Updating app_metadata requires admin privileges")
        if field(body, "phone"):
            raise AuthError(422, "phone_provider_disabled", "Phone numbers are disabled: this server sends no SMS")
        email, password = field(body, "email"), field(body, "password")
        email = users.valid_email(email) if email else None
        if body.get("password") is not None:
            passwords.check_strength(password)
            if user["is_anonymous"] and not email:
                message = "Updating password of an anonymous user without an email or phone is not allowed"
                raise AuthError(422, "validation_failed", message)
            if await passwords.matches(password, user["encrypted_password"]):
                raise AuthError(422, "same_password", "New password should be different from the old password.")
        password_hash = await passwords.hashed(password) if password else None
        new_email = email if email != user["email"] else None
        async with users.transaction(self._database, "Error updating user") as connection:
            if new_email:
                await users.put_email_identity(connection, user["id"], new_email, {})
            await users.update(
                connection, user["id"], email=new_email, password_hash=password_hash,
                user_metadata={**(mapping(body, "data") or {}), **({"email": new_email} if new_email else {})},
                app_metadata={"provider": "email", "providers": ["email"]} if new_email else None,
                confirm=new_email is not None,
            )  # fmt: skip
            if password_hash and session:
                await self._sessions.close(connection, user["id"], session, "others")
            changed = await users.by_id(connection, user["id"])
        if changed is None:
            raise AuthError(404, "user_not_found", "User not found")
        return json_response(users.shown(changed))

    async def _sign_out(self, request: Request) -> Response:
        async with users.transaction(self._database) as connection:
            user, session = await self._signed_in(connection, request)
            await self._sessions.close(connection, user["id"], session, request.query_params.get("scope") or "global")
        return Response(status_code=204)

    async def _open(self, connection: Connection, user_id: UUID, request: Request) -> dict[str, object]:
        return await self._sessions.open(connection, user_id, _agent(request), _address(request))

    def _claims(self, request: Request) -> Claims:
        """What the bearer token says. Raises AuthError: no_authorization, bad_jwt."""
        bearer = BEARER.fullmatch(request.headers.get("authorization", ""))
        if bearer is None:
            raise AuthError(401, "no_authorization", "This endpoint requires a Bearer token")
        try:
            return self._keys.verify(bearer[1])
        except InvalidToken as error:
            message = f"invalid JWT: unable to parse or verify signature, {WRONG_TOKEN[error.reason]}"
            raise AuthError(403, "bad_jwt", message) from error

    async def _signed_in(self, connection: Connection, request: Request) -> tuple[asyncpg.Record, UUID | None]:
        """The account and the session that the bearer token names.

        Raises AuthError: no_authorization, bad_jwt, user_not_found, session_not_found.
        """
        claims = self._claims(request)
        if not claims.get("sub"):
            raise AuthError(403, "bad_jwt", "invalid claim: missing sub claim")
        user = await users.by_id(connection, _claimed_uuid(claims, "sub"))
        if user is None:
            raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
        session = _claimed_uuid(claims, "session_id") if claims.get("session_id") else None
        if session and not await connection.fetchval("select true from auth.sessions where id = $1", session):
            raise AuthError(403, "session_not_found", "Session from session_id claim in JWT does not exist")
        return user, session


def _claimed_uuid(claims: Claims, name: str) -> UUID:
    try:
        return UUID(str(claims[name]))
    except ValueError:
        raise AuthError(403, "bad_jwt", f"invalid claim: {name} claim must be a UUID") from None


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "").replace("\x00", "")


def _address(request: Request) -> str | None:
    """The client's address as Postgres's inet reads it."""
    try:
        return str(ipaddress.ip_address(request.client.host)) if request.client else None
    except ValueError:
        return None
