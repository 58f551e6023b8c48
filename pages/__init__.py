"""One module per page: what is on the screen, nothing else. Importing this package registers their addresses."""

from pages import (
    credits,
    diagnostics,
    feed,
    home,
    notifications,
    profile,
    settings,
    sign_in,
    studio,
    team,
    trouble,
)

__all__ = [
    "credits",
    "diagnostics",
    "feed",
    "home",
    "notifications",
    "profile",
    "settings",
    "sign_in",
    "studio",
    "team",
]
from pages import contacts

__all__ = ["contacts", "credits", "diagnostics", "home", "sign_in", "studio", "team"]

trouble.install()
