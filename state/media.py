"""Media: signed addresses of files, asked for in batches and kept while they are good."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from state.api import Api
from state.errors import StateError
from state.tasks import Tasks

BUCKET = "media"
SIGNED_S = 600
FRESH_S = 60  # an address that ends sooner is not handed out any more
GATHER_S = 0.01  # a page asks for its tiles one by one; they are signed together
MAX_BATCH = 100
MAX_CACHE = 5_000  # addresses; the longest unused go first


class Media:
    """What one identity may see of a bucket."""

    def __init__(self, api: Api, bucket: str = BUCKET, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._bucket = bucket
        self._clock = clock
        self._cache: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._unanswered: set[str] = set()
        self._wanted: dict[str, asyncio.Future[str | None]] = {}
        self._tasks = Tasks("media")

    def __len__(self) -> int:
        """Addresses that are kept."""
        return len(self._cache)

    def peek(self, path: str) -> str | None:
        """The address, if one is known that is still good."""
        known = self._cache.get(path)
        if known is None or known[1] < self._clock():
            return None
        self._cache.move_to_end(path)
        return known[0]

    async def url(self, path: str) -> str | None:
        """An address good for nine minutes at least; None when it may not be read, or nobody answers."""
        if known := self.peek(path):
            return known
        future = self._wanted.get(path)
        if future is None:
            if not self._wanted:
                self._tasks.start(self._sign(), "sign")
            future = self._wanted[path] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)

    def answered(self, path: str) -> bool:
        """False: nobody answered when it was asked for last, so that asking again makes sense."""
        return path not in self._unanswered

    def forget(self, path: str) -> None:
        """The address did not work: the next `url` asks anew."""
        self._cache.pop(path, None)

    async def download(self, path: str) -> bytes:
        """The file itself. Raises StateError."""
        return await self._api.download(self._bucket, path)

    async def close(self) -> None:
        """Nobody waits for an address any more."""
        await self._tasks.close()
        for future in self._wanted.values():
            future.cancel()

    async def _sign(self) -> None:
        await asyncio.sleep(GATHER_S)
        wanted, self._wanted = self._wanted, {}
        paths = list(wanted)
        for start in range(0, len(paths), MAX_BATCH):
            batch = paths[start : start + MAX_BATCH]
            try:
                signed = await self._api.sign(self._bucket, batch, SIGNED_S)
                self._unanswered.difference_update(batch)
            except StateError as error:
                signed = {}
                (self._unanswered.update if error.retry else self._unanswered.difference_update)(batch)
            good_until = self._clock() + SIGNED_S - FRESH_S
            for path in batch:
                url = signed.get(path)
                if url is not None:
                    self._cache[path] = (url, good_until)
                if not wanted[path].done():
                    wanted[path].set_result(url)
        while len(self._cache) > MAX_CACHE:
            self._cache.popitem(last=False)
        if len(self._unanswered) > MAX_CACHE:
            self._unanswered.clear()
