"""One module per page: what is on the screen, nothing else. Importing this package registers their addresses."""

from pages import diagnostics, home, sign_in, studio, training, trouble

__all__ = ["diagnostics", "home", "sign_in", "studio", "training"]

trouble.install()
