"""What can go wrong in the worker.

WorkerError
├── ApiError             what Supabase answered, or that it did not
│   ├── Unavailable      no connection, 5xx, 429: the same request may work later
│   └── Refused          4xx: it won't; carries the code and the message
│       └── NotAllowed   401 or 403: the key is wrong
├── JobFailed            an attempt at a job failed; its text is what the member reads
├── TalkFailed           the assistant has no answer; its text is what members read
└── RendererLost         a render process died, and so did the one that took over
"""

from __future__ import annotations


class WorkerError(Exception):
    """Whatever goes wrong in this package."""


class ApiError(WorkerError):
    """A request to Supabase failed."""


class Unavailable(ApiError):
    """Nobody answered, or not now: the same request may work later."""


class Refused(ApiError):
    """The request was understood and declined: repeating it is useless."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{message} ({status} {code})" if code else f"{message} ({status})")
        self.status = status
        self.code = code


class NotAllowed(Refused):
    """The key does not open this door."""


class JobFailed(WorkerError):
    """An attempt failed. `final`: another attempt would fail as well."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


class TalkFailed(WorkerError):
    """The assistant has no answer, or no more of it."""


class RendererLost(WorkerError):
    """A render process died, and so did the one that took over."""
