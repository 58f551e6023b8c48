"""One module per page: what is on the screen, nothing else. Importing this package registers their addresses."""

from pages import credits, diagnostics, home, notifications, profile, settings, sign_in, studio, training, trouble

__all__ = ["credits", "diagnostics", "home", "notifications", "profile", "settings", "sign_in", "studio", "training"]

trouble.install()
