"""/settings: oneself, what to be told of, how to sign in, and leaving."""

from __future__ import annotations

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import ui

from components import session
from components.settings_digest import DigestPart
from components.settings_notifications import NotificationsPart
from components.settings_profile import ProfilePart
from components.settings_security import LeavePart, PasswordPart, SignInsPart
from components.shell import shell, sign_in_path
from state.account import Account
from state.digest import use_digest
from state.errors import SessionEnded
from state.notifications import NotificationChoices

PATH = "/settings"
PARTS = {
    "profile": "Profile",
    "notifications": "Notifications",
    "digest": "Daily digest",
    "password": "Password",
    "sign-ins": "Sign-ins",
    "leave": "Delete account",
}


@ui.page(PATH)
async def page() -> Response | None:
    """For members."""
    visitor = await session.visitor()
    member, starling = visitor.member, visitor.starling
    if member is None:
        return RedirectResponse(sign_in_path(PATH))
    try:
        account = Account(starling.project, starling.sessions, starling.members, member, session.session_id())
    except SessionEnded:
        return RedirectResponse(sign_in_path(PATH))
    choices, leave = member.areas.use("notification choices", lambda: NotificationChoices(member))
    ui.context.client.on_delete(leave)
    digest, leave_digest = use_digest(member)
    ui.context.client.on_delete(leave_digest)
    demo = bool(member.profile and member.profile.is_demo)
    with shell("Settings", visitor) as around, ui.element("div").classes("settings"):
        with ui.element("nav").classes("settings__nav").props('aria-label="Settings"'):
            for id, title in PARTS.items():
                ui.link(title, f"#{id}").classes("settings__way")
        with ui.element("div").classes("settings__parts"):
            ProfilePart(member, account, around.toasts)
            NotificationsPart(choices)
            DigestPart(digest)
            PasswordPart(account, demo=demo)
            SignInsPart(account, around.toasts)
            LeavePart(member, account)
    return None
