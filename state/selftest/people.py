"""The two throw-away members: where they come from, and how they go."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from storage3 import AsyncStorageClient
from supabase_auth import AsyncGoTrueClient

from state.api import Api, Project, translated
from state.errors import SignInError, StateError, Unreachable
from state.realtime.channel import Channel
from state.realtime.connection import Connection
from state.selftest.result import Failed
from state.sign_in import Sessions, TokenFamily, spoken
from state.signal import Unsubscribe

DOMAIN = "starling.invalid"  # never exists (RFC 2606); the database gives whoever signs up under it an hour
DISPLAY_NAME = "Self-test"
NOT_POSSIBLE = "Not possible here ({reason}): run python -m state.selftest with SUPABASE_SECRET_KEY set"


class Admin:
    """The Admin API and Storage with the secret key, which the app never has."""

    def __init__(self, project: Project, secret_key: str) -> None:
        headers = {"apikey": secret_key, "Authorization": f"Bearer {secret_key}"}
        self._auth = AsyncGoTrueClient(
            url=f"{project.url}/auth/v1", headers=headers, auto_refresh_token=False, persist_session=False,
            http_client=project.http,
        )  # fmt: skip
        self._storage = AsyncStorageClient(f"{project.url}/storage/v1/", headers, http_client=project.http)

    async def add(self, email: str, password: str, username: str) -> UUID:
        """Makes an account whose address counts as confirmed. Raises Failed or Unreachable."""
        try:
            async with spoken():
                answer = await self._auth.admin.create_user(
                    {
                        "email": email, "password": password, "email_confirm": True,
                        "user_metadata": {"username": username, "display_name": DISPLAY_NAME},
                    }
                )  # fmt: skip
        except SignInError as error:
            raise Failed(f"The Admin API refuses SUPABASE_SECRET_KEY: {error}") from error
        return UUID(answer.user.id)

    async def remove(self, member: UUID) -> None:
        """Removes an account with all that is theirs. Raises StateError."""
        async with spoken():
            await self._auth.admin.delete_user(str(member))

    async def put(self, bucket: str, path: str, content: bytes, media_type: str) -> None:
        """Writes a file. Raises StateError."""
        async with translated():
            await self._storage.from_(bucket).upload(path, content, {"content-type": media_type, "upsert": "true"})

    async def take_away(self, bucket: str, path: str) -> None:
        """Removes a file. Raises StateError."""
        async with translated():
            await self._storage.from_(bucket).remove([path])


class Tester:
    """A throw-away member who is signed in, with what a page would have for them. An `Identity`."""

    def __init__(self, project: Project, sessions: Sessions, session_id: str, family: TokenFamily) -> None:
        self.id = family.member_id
        self.name = f"self-test {self.id}"
        self.session_id = session_id
        self.api = Api(project, self)
        self.connection = Connection(project.realtime_url, project.key, self, pace=project.pace)
        self.rows: dict[str, str] = {}  # one private row each: table → id
        self.media_path = ""
        self.uninvited: deque[Any] = deque(maxlen=1)  # broadcasts on `world` that were not the database's
        self._sessions = sessions
        self._family = family
        self._kept: list[Unsubscribe] = []

    async def token(self, *, renew: bool = False) -> str:
        """As `Identity` says."""
        return await self._sessions.token(self._family, renew=renew)

    @property
    def world(self) -> Channel:
        """What everybody hears."""
        return self.connection.channel("world")

    @property
    def feed(self) -> Channel:
        """What only they hear."""
        return self.connection.channel(f"member:{self.id}")

    def follow(self) -> None:
        """Connects, and stays in both feeds until `close`."""
        self.connection.open()
        self._kept += [
            self.world.on_broadcast("selftest", self.uninvited.append),
            self.feed.on_broadcast("selftest", ignore),
        ]

    async def close(self) -> None:
        """Ends the connection."""
        while self._kept:
            self._kept.pop()()
        await self.connection.close()


@dataclass
class People:
    """Makes the members and sees them off."""

    project: Project
    sessions: Sessions
    admin: Admin | None
    testers: list[Tester] = field(default_factory=list)
    accounts: list[UUID] = field(default_factory=list)  # those the Admin API made

    async def add(self) -> None:
        """One more. Raises Failed or StateError."""
        hexes = uuid4().hex
        email, password, username = f"selftest-{hexes}@{DOMAIN}", secrets.token_urlsafe(24), f"selftest_{hexes[:12]}"
        if self.admin is not None:
            self.accounts.append(await self.admin.add(email, password, username))
            session_id = await self.sessions.sign_in(email, password)
        else:
            try:
                session_id = await self.sessions.sign_up(email, password, username, DISPLAY_NAME)
            except SignInError as error:
                raise Failed(NOT_POSSIBLE.format(reason=str(error).partition(":")[0])) from error
        family = self.sessions.get(session_id)
        if family is None:
            raise Unreachable("The new session is gone already")
        self.testers.append(Tester(self.project, self.sessions, session_id, family))

    async def remove(self) -> str:
        """Sees them off; what became of them. Raises the last StateError, when all has been tried."""
        if not self.testers and not self.accounts:
            return "There was nobody to remove"
        if self.admin is not None:
            trouble = await _each(self.accounts, self.admin.remove)
            said = f"Removed {len(self.accounts)} members"
        else:
            trouble = await _each(
                self.testers, lambda tester: tester.api.rpc("forget_me", {"member_id": str(tester.id)})
            )
            for tester in self.testers:
                with suppress(StateError):
                    await self.sessions.sign_out(tester.session_id)
            said = f"Left the removal of {len(self.testers)} members to the worker: it takes some seconds"
        if trouble is not None:
            raise trouble
        return said


async def _each(everyone: list[Any], part: Callable[[Any], Any]) -> StateError | None:
    trouble: StateError | None = None
    for one in everyone:
        try:
            await part(one)
        except StateError as error:
            trouble = error
    return trouble


def ignore(_: Any) -> None:
    """Listens, to be in the topic."""
