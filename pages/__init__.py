"""One module per page: what is on the screen, nothing else. Importing this package registers their addresses."""

from pages import home, sign_in, studio, trouble

__all__ = ["home", "sign_in", "studio"]

trouble.install()
