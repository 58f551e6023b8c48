"""Account: what a member says of themselves, how they sign in, and how they leave."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, ValidationError, field_validator

from state.api import Api, Project
from state.avatars import BUCKET, MEDIA_TYPE, square
from state.errors import Refused, SessionEnded, StateError
from state.models import Profile

if TYPE_CHECKING:
    from state.member import Member, Members
    from state.sign_in import Sessions, TokenFamily

MAX_NAME = 60
MAX_BIO = 500
COLOURS = ("#9bdcff", "#c3f0ca", "#ffd6a5", "#ffb4a2", "#d0c4ff", "#ffc8dd", "#a8e6cf", "#f6e58d")  # the database's

ELSEWHERE = "This account was signed out from another browser"
LEFT = "This account is being deleted"
SENTENCES = {
    "display_name": f"A name, please: at most {MAX_NAME} characters",
    "username": "Three to 24 of a to z, 0 to 9 and _",
    "bio": f"At most {MAX_BIO} characters, please",
    "colour": "Choose one of the colours",
}


class ProfileDraft(BaseModel):
    """A profile as it is saved. The limits are those of the database."""

    display_name: str = Field(min_length=1, max_length=MAX_NAME)
    username: str = Field(pattern=r"^[a-z0-9_]{3,24}$")
    bio: str = Field(default="", max_length=MAX_BIO)
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")

    @field_validator("display_name", "username", "bio", mode="before")
    @classmethod
    def strip(cls, text: Any) -> Any:
        """White space around it says nothing."""
        return text.strip() if isinstance(text, str) else text

    @classmethod
    def check(cls, **values: Any) -> ProfileDraft | dict[str, str]:
        """A draft, or a sentence for each field that is wrong."""
        try:
            return cls(**values)
        except ValidationError as error:
            return {field: SENTENCES[field] for field in {str(problem["loc"][0]) for problem in error.errors()}}


@dataclass(frozen=True)
class SignIn:
    """One session of the account. `device` is what is known of where it is; `this`: the browser that asks."""

    id: UUID
    since: datetime
    seen: datetime
    device: str
    this: bool


class Browser:
    """The identity of one browser's sign-in: where it matters which of a member's sessions asks."""

    def __init__(self, sessions: Sessions, family: TokenFamily) -> None:
        self.name = f"a browser of member {family.member_id}"
        self._sessions, self._family = sessions, family

    async def token(self, *, renew: bool = False) -> str:
        """As `Identity` says."""
        return await self._sessions.token(self._family, renew=renew)


class Account:
    """That of `member`, as the browser with this session sees it. Raises SessionEnded when that is over."""

    def __init__(
        self, project: Project, sessions: Sessions, members: Members, member: Member, session_id: str | None
    ) -> None:
        family = sessions.get(session_id)
        if family is None:
            raise SessionEnded("Your session has ended: please sign in again")
        self._sessions, self._members, self._member, self._family = sessions, members, member, family
        self._api = Api(project, Browser(sessions, family))

    # The profile ---------------------------------------------------------------------------------------------------

    async def save(self, draft: ProfileDraft) -> dict[str, str]:
        """Changes what is different; sentences for the fields that the database refused. Raises StateError."""
        profile = self._member.profile
        changes = {name: value for name, value in draft.model_dump().items() if getattr(profile, name, None) != value}
        if not changes:
            return {}
        try:
            await self._change(changes)
        except Refused as error:
            if error.code == "23505":
                return {"username": "Somebody else has this name"}
            if error.code == "23514":
                return {name: SENTENCES[name] for name in changes if name in str(error)} or {"display_name": str(error)}
            raise
        return {}

    async def set_picture(self, content: bytes) -> None:
        """Shows everybody the middle of this picture. Raises StateError; Refused says what is wrong with it."""
        path = f"{self._member.id}/{uuid4()}.webp"  # a new address: browsers keep the old one
        await self._member.api.upload(BUCKET, path, await square(content), MEDIA_TYPE)
        await self._show_picture(path)

    async def remove_picture(self) -> None:
        """Back to initials. Raises StateError."""
        await self._show_picture(None)

    async def _show_picture(self, path: str | None) -> None:
        former = self._member.profile.avatar_path if self._member.profile else None
        try:
            await self._change({"avatar_path": path})
        except StateError:
            if path is not None:
                await self._remove(path)
            raise
        if former is not None and former != path:
            await self._remove(former)

    async def _remove(self, path: str) -> None:
        with contextlib.suppress(StateError):  # what is left goes with the account
            await self._member.api.remove(BUCKET, [path])

    async def _change(self, changes: dict[str, Any]) -> None:
        row = await self._member.api.update("profiles", self._member.id, changes)
        self._member.learn(Profile.model_validate(row))

    # Signing in ----------------------------------------------------------------------------------------------------

    async def sign_ins(self) -> list[SignIn]:
        """All sessions of the account, the last used first. Raises StateError."""
        return [
            SignIn(
                UUID(row["id"]),
                datetime.fromisoformat(row["signed_in_at"]),
                datetime.fromisoformat(row["seen_at"]),
                device(row["agent"]),
                row["this"],
            )
            for row in await self._api.rpc("my_sign_ins", {})
        ]

    async def sign_out_others(self) -> None:
        """Everywhere but here. What another process of the app holds ends with its token, within the hour."""
        await self._sessions.sign_out_others(self._family)
        self._members.end_others(self._family.id, ELSEWHERE)

    async def change_password(self, current: str, new: str) -> None:
        """Signs out everywhere else, too. Raises SignInError with the field "current" or "new"."""
        await self._sessions.change_password(self._family, current, new)
        self._members.end_others(self._family.id, "The password of this account was changed")

    async def leave(self) -> None:
        """Removes the account with all that is theirs, within some seconds and for good. Raises StateError."""
        await self._api.rpc("forget_me", {"member_id": str(self._member.id)})
        self._members.end_others(self._family.id, LEFT)


BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """Firefox on Linux; what a program calls itself; or that nothing is known."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    program = re.match(r"[\w.-]{1,40}", agent)
    return program[0] if program else "An unknown device"
