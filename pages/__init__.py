"""One module per page: what is on the screen, nothing else. Importing this package registers their addresses."""

from pages import diagnostics, home, market, sign_in, studio, trouble

__all__ = ["diagnostics", "home", "market", "sign_in", "studio"]

trouble.install()
