"""The settings of signing in: another password, where one is signed in, and leaving for good."""

from __future__ import annotations

from datetime import UTC, datetime

from nicegui import background_tasks, ui

from components import session
from components.field import Field
from components.people import ago
from components.settings_part import Part, SettingsForm
from components.tag import Tag
from components.theme import ICON
from components.toasts import Toast, Toasts
from state.account import LEFT, Account, SignIn
from state.errors import SignInError, StateError
from state.member import Member

EVERYBODYS = "This is a demo account: everybody may use it, so its password stays, and so does the account."


class PasswordPart(Part):
    """Asks for the present password."""

    def __init__(self, account: Account, *, demo: bool) -> None:
        super().__init__("password", "Password", EVERYBODYS if demo else "Your other sign-ins end with the old one.")
        self._account = account
        if demo:
            return
        with self, SettingsForm("Change password", self._send) as form:
            self._fields = {
                "current": Field(
                    "Present password", name="current-password", autocomplete="current-password", kind="password"
                ),
                "new": Field(
                    "New password", name="new-password", autocomplete="new-password", kind="password",
                    hint="At least eight characters",
                ),
            }  # fmt: skip
            form.finish()

    async def _send(self) -> str | None:
        values = {name: field.value or "" for name, field in self._fields.items()}
        try:
            await self._account.change_password(values["current"], values["new"])
        except SignInError as error:
            field = self._fields.get(error.field or "")
            if field is None:
                raise
            field.say(f"{error}.")
            return None
        for field in self._fields.values():
            field.value = ""
        return "Changed, and your other sign-ins have ended"


class SignInsPart(Part):
    """A list that is asked for when the page is opened, and after each change."""

    def __init__(self, account: Account, toasts: Toasts) -> None:
        super().__init__(
            "sign-ins", "Where you are signed in", "Each browser in which you have signed in, and not out."
        )
        self._account, self._toasts = account, toasts
        with self:
            self._list = ui.element("ul").classes("sign-ins divided").props('aria-label="Sign-ins"')
            with self._list:
                for _ in range(2):
                    ui.element("li").classes("skeleton skeleton--line")
            with ui.element("div").classes("part__foot"):
                self._end = ui.button("Sign out everywhere else", color=None, on_click=self._end_others).props("flat")
                self._end.set_visibility(False)
        background_tasks.create(self._load(), name="list the sign-ins")

    async def _load(self) -> None:
        found, sentence = None, ""
        try:
            found = await self._account.sign_ins()
        except StateError as error:
            sentence = f"{error}. Open this page again to see them."
        if self.is_deleted:
            return
        self._list.clear()
        with self._list:
            if found is None:
                Tag("li", sentence, "secondary")
                return
            for one in found:
                _draw(one)
        self._end.set_visibility(any(not one.this for one in found))

    async def _end_others(self) -> None:
        self._end.props("loading")
        try:
            await self._account.sign_out_others()
            self._toasts.show(Toast("Signed out everywhere else", icon=f"{ICON}logout", urgent=True))
        except StateError as error:
            self._toasts.failed(f"{error}")
        self._end.props(remove="loading")
        await self._load()


def _draw(one: SignIn) -> None:
    icon = "smartphone" if one.device.endswith(("iPhone", "Android")) else "computer"
    with ui.element("li").classes("sign-in"):
        ui.icon(ICON + icon).classes("muted").props("aria-hidden=true")
        with ui.element("div"):
            with ui.element("div").classes("person__name"):
                Tag("span", one.device)
                if one.this:
                    Tag("span", "this browser", "badge badge--live")
            seen = ago(datetime.now(UTC) - one.seen)
            Tag("div", f"Signed in on {one.since.day} {one.since:%B %Y}, last seen {seen}", "meta")


class LeavePart(Part):
    """Deleting the account: only who types their user name means it."""

    def __init__(self, member: Member, account: Account) -> None:
        super().__init__(
            "leave", "Delete your account",
            "Your pictures, models, posts and everything else of yours go with it, for good and for everybody.",
        )  # fmt: skip
        self._member, self._account = member, account
        self.classes("part--danger")
        profile = member.profile
        if profile is not None and profile.is_demo:
            with self:
                Tag("p", EVERYBODYS, "secondary")
            return
        with self, SettingsForm("Delete my account", self._send) as form:
            self._field = Field(
                f"Type your user name, {profile.username if profile else ''}, to confirm",
                name="confirm", autocomplete="off",
            )  # fmt: skip
            self._field.props("autocapitalize=none spellcheck=false")
            form.finish()
        form._button.classes("btn--danger-fill")

    async def _send(self) -> str | None:
        profile = self._member.profile
        if profile is None or (self._field.value or "").strip().removeprefix("@") != profile.username:
            self._field.say("This is not your user name.")
            return None
        await self._account.leave()
        await session.sign_out(LEFT)
        return "Your account is being deleted"
