"""One module per page: what is on the screen, nothing else. Importing this package registers their addresses."""

from pages import (
    board,
    chat,
    contacts,
    credits,
    diagnostics,
    emails,
    feed,
    home,
    market,
    notifications,
    profile,
    settings,
    sign_in,
    studio,
    team,
    training,
    trouble,
)

__all__ = [
    "board",
    "chat",
    "contacts",
    "credits",
    "diagnostics",
    "emails",
    "feed",
    "home",
    "market",
    "notifications",
    "profile",
    "settings",
    "sign_in",
    "studio",
    "team",
    "training",
]

trouble.install()
