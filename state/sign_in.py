"""Signing up, in and out, and the sessions of this process' browsers.

Each browser has a random session id in its cookie and, behind it, a token family of its own. Families lie encrypted in
the data folder (mode 600), so that a restart signs nobody out, and a copied cookie file opens nothing.

S1  A family is renewed by one request at a time, before it expires; everybody who asks meanwhile gets that answer.
S2  Only a refusal by the Auth server ends a session. No answer, or 429 (limits count per address, and the whole app is
    one), never does.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nicegui import Event
from supabase_auth import AsyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError, AuthUnknownError, AuthWeakPasswordError
from supabase_auth.types import Session as AuthSession

from state.api import Project
from state.errors import RateLimited, SessionEnded, SignInError, Unreachable

log = logging.getLogger("starling.sign_in")

FRESH_S = 30.0  # a token that ends sooner is not handed out any more
MAX_SESSIONS = 10_000  # the oldest are forgotten, as if they had signed out

SENTENCES: dict[str, tuple[str, str | None]] = {
    "invalid_credentials": ("That e-mail and password do not go together", "password"),
    "user_already_exists": ("There is an account with this e-mail already", "email"),
    "email_exists": ("There is an account with this e-mail already", "email"),
    "weak_password": ("This password is too weak: take at least eight characters", "password"),
    "email_address_invalid": ("This is no e-mail address", "email"),
    "validation_failed": ("Something here is not as it should be", "email"),
    "user_banned": ("This account is blocked", None),
    "email_not_confirmed": ("Confirm your e-mail address first: we have sent you a message", "email"),
    "same_password": ("This is the password you have already", "new"),
    "reauthentication_needed": ("Sign in again first: this sign-in is too old for a new password", None),
    "signup_disabled": ("Nobody can sign up here at the moment", None),
}


@dataclass(frozen=True)
class DemoAccount:
    """Somebody a guest can be with one click. Only the embedded stack has them."""

    name: str
    email: str
    password: str


DEMO_ACCOUNTS = (
    DemoAccount("Ada", "ada@starling.demo", "starling-demo"),
    DemoAccount("Grace", "grace@starling.demo", "starling-demo"),
)


@dataclass(eq=False)
class TokenFamily:
    """One sign-in: an access token and the refresh token that renews it. `renewed` carries each new access token."""

    id: str
    member_id: UUID
    access_token: str
    refresh_token: str
    expires_at: float  # unix seconds
    agent: str = ""  # what the browser says it is: Auth keeps it with the session
    ended: str | None = None  # the reason, once it is over
    renewed: Event[[str]] = field(default_factory=Event)
    renewals: int = 0  # two access tokens of one second are equal, so that they cannot tell
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def stored(self) -> dict[str, Any]:
        """What is written to disk."""
        return {
            "member_id": str(self.member_id), "access_token": self.access_token, "refresh_token": self.refresh_token,
            "expires_at": self.expires_at, "agent": self.agent,
        }  # fmt: skip


class Sessions:
    """All sign-ins of this process. `secret` encrypts the file they are kept in."""

    def __init__(self, project: Project, file: Path, secret: str, *, demo: bool) -> None:
        self.demo: tuple[DemoAccount, ...] = DEMO_ACCOUNTS if demo else ()
        self._project = project
        self._file = file
        key = HKDF(SHA256(), 32, salt=None, info=b"starling sessions").derive(secret.encode())
        self._cipher = Fernet(base64.urlsafe_b64encode(key))
        self._families: dict[str, TokenFamily] = self._load()

    def __len__(self) -> int:
        return len(self._families)

    # Signing in and out --------------------------------------------------------------------------------------------

    async def sign_in(self, email: str, password: str, *, agent: str = "") -> str:
        """`agent` is what the browser says it is. A new session's id. Raises SignInError, RateLimited or Unreachable."""
        if not email.strip():
            raise SignInError("Your e-mail address, please", "email")
        if not password:
            raise SignInError("Your password, please", "password")
        async with spoken():
            answer = await self._auth(agent).sign_in_with_password({"email": email.strip(), "password": password})
        return self._add(answer.session, agent)

    async def sign_up(self, email: str, password: str, username: str, display_name: str, *, agent: str = "") -> str:
        """Makes an account, and a session for it. Raises SignInError, RateLimited or Unreachable."""
        if not display_name.strip():
            raise SignInError("What others shall call you, please", "display_name")
        if "@" not in email:
            raise SignInError("This is no e-mail address" if email.strip() else "Your e-mail address, please", "email")
        if len(password) < 8:
            raise SignInError("At least eight characters, please", "password")
        async with spoken():
            answer = await self._auth(agent).sign_up(
                {
                    "email": email.strip(),
                    "password": password,
                    "options": {"data": {"username": username.strip(), "display_name": display_name.strip()}},
                }
            )
        if answer.session is None:
            raise SignInError("Confirm your e-mail address first: we have sent you a message", "email")
        return self._add(answer.session, agent)

    async def sign_out(self, session_id: str) -> None:
        """Ends a session here and, if it can be reached, at the Auth server."""
        family = self._families.pop(session_id, None)
        if family is None:
            return
        self._save()
        family.ended = "You have signed out"
        with contextlib.suppress(AuthError):
            await self._auth().admin.sign_out(family.access_token, "local")

    async def sign_out_others(self, family: TokenFamily) -> None:
        """Ends all sign-ins of this account but this one, wherever they are. Raises as `token` does, and SignInError."""
        token = await self.token(family)
        async with spoken():
            await self._auth(family.agent).admin.sign_out(token, "others")

    async def change_password(self, family: TokenFamily, current: str, new: str) -> None:
        """Auth ends all other sign-ins with it. Raises SignInError ("current", "new"), RateLimited or Unreachable."""
        if not current:
            raise SignInError("Your present password, please", "current")
        if len(new) < 8:
            raise SignInError("At least eight characters, please", "new")
        token = await self.token(family)
        client, proof = self._auth(family.agent), self._auth(family.agent)
        async with spoken():
            await client.set_session(token, family.refresh_token)
            found = await client.get_user()
        try:
            async with spoken():
                email = found.user.email if found and found.user else ""
                proved = await proof.sign_in_with_password({"email": email or "", "password": current})
        except SignInError as error:
            raise SignInError("This is not your present password", "current") from error
        try:
            async with spoken():
                await client.update_user({"password": new})
        except SignInError as error:
            raise SignInError(str(error), "new" if error.field == "password" else error.field) from error
        finally:
            if proved.session is not None:  # it has proved what it should; Auth may have ended it already
                with contextlib.suppress(AuthError):
                    await proof.admin.sign_out(proved.session.access_token, "local")

    def others(self, family: TokenFamily) -> list[TokenFamily]:
        """The other sign-ins of this account in this process."""
        return [one for one in self._families.values() if one.member_id == family.member_id and one is not family]

    def end(self, family: TokenFamily, reason: str) -> None:
        """Auth has ended it already: nobody asks with it any more."""
        family.ended = reason
        self._families.pop(family.id, None)
        self._save()

    def get(self, session_id: str | None) -> TokenFamily | None:
        """The family behind a cookie, if it is still good for anything."""
        return self._families.get(session_id or "")

    # Tokens --------------------------------------------------------------------------------------------------------

    async def token(self, family: TokenFamily, *, renew: bool = False) -> str:
        """An access token with some time to live. Raises SessionEnded, RateLimited or Unreachable."""
        renewals = family.renewals
        async with family._lock:  # S1
            if family.ended:
                raise SessionEnded(family.ended)
            if (not renew or family.renewals != renewals) and family.expires_at - time.time() > FRESH_S:
                return family.access_token
            try:
                async with spoken():
                    answer = await self._auth(family.agent).refresh_session(family.refresh_token)
            except SignInError as error:  # S2
                log.info("member %s: a session ended: %s", family.member_id, error)
                family.ended = "Your session has ended: please sign in again"
                self._families.pop(family.id, None)
                self._save()
                raise SessionEnded(family.ended) from error
            session = answer.session
            if session is None:
                raise Unreachable("Supabase gave an answer that makes no sense")
            family.access_token, family.refresh_token = session.access_token, session.refresh_token
            family.expires_at = time.time() + session.expires_in
            family.renewals += 1
            log.info("member %s: the token was renewed, for %d s", family.member_id, session.expires_in)
            self._save()
        family.renewed.emit(family.access_token)
        return family.access_token

    # Keeping -------------------------------------------------------------------------------------------------------

    def _auth(self, agent: str = "") -> AsyncGoTrueClient:
        return AsyncGoTrueClient(
            url=f"{self._project.url}/auth/v1",
            headers={"apikey": self._project.key, **({"User-Agent": plain} if (plain := _plain(agent)) else {})},
            auto_refresh_token=False,  # it stops silently after failures, and pins the client in memory
            persist_session=False,
            http_client=self._project.http,
        )

    def _add(self, session: AuthSession | None, agent: str = "") -> str:
        if session is None:
            raise Unreachable("Supabase gave an answer that makes no sense")
        family = TokenFamily(
            id=secrets.token_urlsafe(32),
            member_id=UUID(session.user.id),
            access_token=session.access_token,
            refresh_token=session.refresh_token,
            expires_at=time.time() + session.expires_in,
            agent=_plain(agent),
        )
        self._families[family.id] = family
        while len(self._families) > MAX_SESSIONS:
            self._families.pop(next(iter(self._families)))
        self._save()
        return family.id

    def _load(self) -> dict[str, TokenFamily]:
        try:
            stored = json.loads(self._cipher.decrypt(self._file.read_bytes()))
        except FileNotFoundError:
            return {}
        except (InvalidToken, ValueError):
            log.warning("%s cannot be read with this secret: everybody has to sign in again", self._file.name)
            return {}
        return {
            id: TokenFamily(id=id, **{**family, "member_id": UUID(family["member_id"])})
            for id, family in stored.items()
        }

    def _save(self) -> None:
        text = json.dumps({id: family.stored() for id, family in self._families.items()})
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(self._cipher.encrypt(text.encode()))
        new.replace(self._file)


def _plain(agent: str) -> str:
    """As it may stand in a header: a browser can say what it likes."""
    return "".join(letter for letter in agent if " " <= letter <= "~")[:300]


@asynccontextmanager
async def spoken() -> AsyncIterator[None]:
    """The Auth library's exceptions as sentences for people."""
    try:
        yield
    except AuthWeakPasswordError as error:
        raise SignInError(*SENTENCES["weak_password"]) from error
    except (AuthRetryableError, AuthUnknownError) as error:
        raise Unreachable("Supabase does not answer: please try again in a moment") from error
    except AuthApiError as error:
        if error.status == 429:
            raise RateLimited("Too many attempts at the moment: please wait a minute") from error
        if error.status >= 500:
            raise Unreachable("Supabase stumbled: please try again in a moment") from error
        raise SignInError(*SENTENCES.get(str(error.code), (error.message, None))) from error
    except AuthError as error:
        raise SignInError(error.message) from error
