"""/notifications: all that one was told of, newest first."""

from __future__ import annotations

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import ui

from components import session
from components.notification_list import NotificationList
from components.shell import shell, sign_in_path

PATH = "/notifications"


@ui.page(PATH)
async def page() -> Response | None:
    """For members."""
    visitor = await session.visitor()
    if visitor.member is None:
        return RedirectResponse(sign_in_path(PATH))
    with shell("Notifications", visitor) as around:
        NotificationList(visitor.member, failed=around.toasts.failed)
    return None
