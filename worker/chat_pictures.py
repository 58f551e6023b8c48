"""Pictures that were asked for in chats: their cards follow the jobs, and what is done is copied to the chat's files.

Any number of workers may do the same: each copy is made under a lease, and under one path, so that twice is once.
"""

from __future__ import annotations

import logging

from worker.api import Api
from worker.errors import ApiError

log = logging.getLogger("worker.assistant")

PICTURES_EVERY_S = 1.0
BUCKET = "attachments"
_AT_ONCE = 4


class ChatPictures:
    """`follow` is called by the scheduler."""

    def __init__(self, api: Api, worker: str) -> None:
        self._api, self._worker = api, worker

    async def follow(self) -> None:
        """One round."""
        for due in await self._api.call("follow_pictures", worker=self._worker, n=_AT_ONCE):
            try:
                await self._api.copy(due["source"], BUCKET, due["path"])
                posted = await self._api.call(
                    "post_picture",
                    message_id=due["message"], worker=self._worker, path=due["path"], picture=due["picture"],
                    attachment=due["attachment"],
                )  # fmt: skip
            except ApiError as error:  # handed out again when the lease has run out
                log.warning("the picture of %s is not posted yet: %s", due["message"], error)
            else:
                log.info("the picture of %s is %s", due["message"], "posted" if posted else "not wanted any more")
