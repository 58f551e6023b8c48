"""Housekeeping: jobs of dead workers go back into the queue, files nobody refers to are removed, and members whom no app
speaks for any longer are offline."""

from __future__ import annotations

import logging

from worker.api import Api

log = logging.getLogger("worker.housekeeping")

LEASES_EVERY_S = 5
TRASH_EVERY_S = 10
PRESENCE_EVERY_S = 30  # reference 1: inactive users are cleaned up after 30 seconds
_AT_ONCE = 100


class Housekeeping:
    """Each method is one round, called by the scheduler. Any number of workers may do the same at the same time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def rescue(self) -> None:
        """Jobs whose lease ran out wait again, or have failed for the third time."""
        jobs = await self._api.call("release_expired_leases")
        if jobs:
            log.info("took %s jobs from workers that stopped answering", jobs)

    async def expire_presence(self) -> None:
        """Members whose app ended without a word: it repeats every minute that they are here."""
        members = await self._api.call("expire_presence")
        if members:
            log.info("%s members are no longer here", members)

    async def empty_trash(self) -> None:
        """Removes what is due through the Storage API: rows of storage.objects are not to be deleted by SQL."""
        due: list[str] = await self._api.call("due_media_trash", n=_AT_ONCE)
        if not due:
            return
        files = [path for path in due if not path.endswith("/")]
        for folder in due:
            if folder.endswith("/"):
                files += await self._api.files_below(folder.rstrip("/"))
        if files:
            await self._api.remove(files)
        await self._api.call("clear_media_trash", paths=due)
        log.info("removed %s files", len(files))
