"""Beat: a number that everybody hears, so that whoever misses one knows that changes may be missing, too."""

from __future__ import annotations

from worker.api import Api

BEAT_EVERY_S = 5  # DESIGN: listeners call 12 s of silence a loss, which leaves room for one late beat


class Beat:
    """Called by the scheduler. Any number of workers may do the same: the database counts for all of them."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def send(self) -> None:
        """The next number, by the way that all changes go."""
        await self._api.call("beat")
