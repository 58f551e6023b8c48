"""One module per page: what is on the screen, nothing else. Importing this package registers their addresses."""

from pages import contacts, credits, diagnostics, home, sign_in, studio, team, trouble

__all__ = ["contacts", "credits", "diagnostics", "home", "sign_in", "studio", "team"]

trouble.install()
