"""Housekeeping: jobs of dead workers go back into the queue, files nobody refers to are removed, and so are members who
asked for it; members whom no app speaks for any longer are offline; old notifications and activities are pruned.

H1  A member who leaves is forgotten whole: account, rows, files. Their entry stays until all of it is gone, so a worker
    that dies half-way, or a service that does not answer, only makes it later.
H2  One account that cannot be removed holds up none of the others.
"""

from __future__ import annotations

import logging

from worker.api import BUCKET, Api
from worker.errors import ApiError

log = logging.getLogger("worker.housekeeping")

LEASES_EVERY_S = 5
TRASH_EVERY_S = 10
LEAVERS_EVERY_S = 10
NOTIFICATIONS_EVERY_S = 3600
ACTIVITIES_EVERY_S = 600
PRESENCE_EVERY_S = 30  # reference 1: inactive users are cleaned up after 30 seconds
CHATS_EVERY_S = 60
_AT_ONCE = 100
_LEAVERS_AT_ONCE = 20
_AVATARS = "avatars"
_BUCKETS = (BUCKET, "datasets", "attachments")  # whose files the database throws away as their rows go


class Housekeeping:
    """Each method is one round, called by the scheduler. Any number of workers may do the same at the same time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def rescue(self) -> None:
        """Jobs whose lease ran out wait again, or have failed for the third time."""
        jobs = await self._api.call("release_expired_leases")
        jobs += await self._api.call("release_expired_trainings")
        if jobs:
            log.info("took %s jobs from workers that stopped answering", jobs)

    async def expire_presence(self) -> None:
        """Members whose app ended without a word: it repeats every minute that they are here."""
        members = await self._api.call("expire_presence")
        if members:
            log.info("%s members are no longer here", members)

    async def prune_activities(self) -> None:
        """Activities are a history of bounded length."""
        if pruned := await self._api.call("prune_activities"):
            log.info("pruned %s activities", pruned)

    async def rest_chats(self) -> None:
        """Chats in which nobody has said anything for a day are inactive."""
        chats = await self._api.call("rest_chats")
        if chats:
            log.info("%s chats came to rest", chats)

    async def prune_notifications(self) -> None:
        """Those that were read a month ago, and all but the newest five hundred of each member."""
        pruned = await self._api.call("prune_notifications")
        if pruned:
            log.info("pruned %s notifications", pruned)

    async def empty_trash(self) -> None:
        """Removes what is due through the Storage API: rows of storage.objects are not to be deleted by SQL."""
        for bucket in _BUCKETS:
            await self._empty(bucket)

    async def _empty(self, bucket: str) -> None:
        due: list[str] = await self._api.call("due_media_trash", n=_AT_ONCE, bucket=bucket)
        if not due:
            return
        files = [path for path in due if not path.endswith("/")]
        for folder in due:
            if folder.endswith("/"):
                files += await self._api.files_below(folder.rstrip("/"), bucket)
        if files:
            await self._api.remove(files, bucket)
        await self._api.call("clear_media_trash", paths=due, bucket=bucket)
        log.info("removed %s files", len(files))

    async def forget(self) -> None:
        """Removes the accounts of members who leave, throw-away members whose hour is over among them."""
        leavers: list[str] = await self._api.call("take_leavers", n=_LEAVERS_AT_ONCE)
        gone: list[str] = []
        for member in leavers:
            try:
                await self._api.remove_account(member)
                # Pictures are thrown away by the database as their rows go; avatars have no row.
                if avatars := await self._api.files_below(member, _AVATARS):
                    await self._api.remove(avatars, _AVATARS)
            except ApiError as error:  # H2: it is handed out again in a minute
                log.warning("the account %s could not be removed yet: %s", member, error)
            else:
                gone.append(member)
        if gone:
            await self._api.call("clear_leavers", members=gone)
            log.info("forgot %s members", len(gone))
