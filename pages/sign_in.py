"""Signing in, or making an account; what is wrong is said at its field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import ui

from components import session
from components.demo_members import demo_members
from components.field import Field
from components.shell import bare
from components.showcase import Showcase
from components.tag import Tag
from state.errors import SignInError, StateError

HOME = "/studio"
PICTURES = 4


@ui.page("/sign-in")
async def page(next: str = "", create: bool = False) -> Response | None:
    """`next` is where to go afterwards; `create` shows the form for a new account."""
    to = session.internal(next)
    visitor = await session.visitor()
    if visitor.member:
        return RedirectResponse(to)
    heading = "Create your account" if create else "Sign in"
    with bare(heading, visitor.world.connection) as around, ui.element("div").classes("entry"):
        with ui.element("div").classes("entry__form"):
            if create:
                sign_up_form(to)
            else:
                sign_in_form(to)
            _other_form(to, create)
            if demo := visitor.starling.sessions.demo:
                Tag("p", "or try it as somebody", "entry__or meta")
                with ui.element("div").classes("entry__demo"):
                    demo_members(demo, around.toasts, to=to, prominent=False)
        Showcase(visitor.world.generations, visitor.world.people, visitor.studio.media, most=PICTURES)
    return None


def _other_form(to: str, create: bool) -> None:
    """The way from one form to the other: a link, so that Back leads back."""
    query = ({} if create else {"create": "true"}) | ({"next": to} if to != HOME else {})
    with ui.element("p").classes("secondary entry__other"):
        Tag("span", "Have an account already?" if create else "New here?")
        ui.link("Sign in" if create else "Create an account", "/sign-in?" + urlencode(query)).classes("link")


class CredentialsForm(ui.element):
    """A real form: Enter sends it, and password managers know it. One attempt at a time.

    `fields` makes the fields, by the names that SignInError uses; `send` does it and goes on to the next page.
    """

    def __init__(
        self,
        heading: str,
        submit: str,
        fields: Callable[[], dict[str, Field]],
        send: Callable[[dict[str, str]], Awaitable[None]],
    ) -> None:
        super().__init__("form")
        self.classes("form").props("novalidate method=post")
        self.on("submit.prevent", self._submit, args=[])
        self._send = send
        self._busy = False
        with self:
            Tag("h1", heading, "form__heading")
            self._fields = fields()
            self._trouble = Tag("p", "", "form__trouble").props("role=alert")
            self._trouble.set_visibility(False)
            self._button = ui.button(submit, color=None).classes("btn--primary btn--large btn--wide")
            self._button.props("flat type=submit")

    async def _submit(self) -> None:
        if self._busy:
            return
        self._busy = True
        self._button.props("loading")
        self._trouble.set_visibility(False)
        try:
            await self._send({name: field.value or "" for name, field in self._fields.items()})
        except StateError as error:
            self._say(error)
        finally:
            self._busy = False
            self._button.props(remove="loading")

    def _say(self, error: StateError) -> None:
        field = self._fields.get(error.field or "") if isinstance(error, SignInError) else None
        if field:
            field.say(f"{error}.")
        else:
            self._trouble.text = f"{error}. What you typed is still here."
            self._trouble.set_visibility(True)


def sign_in_form(to: str) -> CredentialsForm:
    """For those who have an account."""

    def fields() -> dict[str, Field]:
        return {
            "email": Field("E-mail", name="email", autocomplete="username", kind="email"),
            "password": Field("Password", name="password", autocomplete="current-password", kind="password"),
        }

    async def send(values: dict[str, str]) -> None:
        await session.sign_in(values["email"], values["password"], to=to)

    return CredentialsForm("Sign in", "Sign in", fields, send)


def sign_up_form(to: str) -> CredentialsForm:
    """For those who want one."""

    def fields() -> dict[str, Field]:
        hint = "At least eight characters"
        return {
            "display_name": Field("Name", name="name", autocomplete="name", hint="What others call you"),
            "email": Field("E-mail", name="email", autocomplete="username", kind="email"),
            "password": Field("Password", name="password", autocomplete="new-password", kind="password", hint=hint),
        }

    async def send(values: dict[str, str]) -> None:
        name = values["display_name"]  # the database makes a free user name of it
        await session.sign_up(values["email"], values["password"], name, name, to=to)

    return CredentialsForm("Create your account", "Create account", fields, send)
