"""One module per page: what is on the screen, nothing else. Importing this package registers their addresses."""

from pages import board, credits, diagnostics, home, sign_in, studio, team, trouble

__all__ = ["board", "credits", "diagnostics", "home", "sign_in", "studio", "team"]

trouble.install()
