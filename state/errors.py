"""What can go wrong between this process and Supabase.

    StateError
    ├── Unreachable          no answer, or none that makes sense: trying again makes sense
    │   └── RateLimited      too many requests from this address: try again after `retry_after_s`
    ├── Refused              the database said no, and will say so again; `code` is a SQLSTATE or PGRST code
    ├── SessionEnded         this sign-in is over: signing in again is the only way on
    └── SignInError          signing in or up did not work; `field` is the input it belongs to, if any

`str(error)` is a sentence for people.
"""

from __future__ import annotations


class StateError(Exception):
    """The root: everything that `state` raises on purpose."""

    retry = False


class Unreachable(StateError):
    """Supabase did not answer, or with a 5xx."""

    retry = True


class RateLimited(Unreachable):
    """429. Auth counts per address, and the whole app is one address: this never signs anybody out."""

    def __init__(self, message: str, retry_after_s: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Refused(StateError):
    """A 4xx: a rule of the database."""

    def __init__(self, message: str, code: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class SessionEnded(StateError):
    """The refresh token was refused, or the session signed out elsewhere."""


class SignInError(StateError):
    """`field`: "email", "password", "username", "display_name", or None."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
