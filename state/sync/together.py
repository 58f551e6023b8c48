"""Together: one request for the writes to several rows, whichever of them is sent first.

G1  Those that are sent while it is on its way share its answer, a refusal too.
G2  What was answered is not asked for again; what was not, is, and no more than that.
G3  What is not `wanted` any more (its write was taken back) is left out of what is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from state.errors import Unreachable

Records: TypeAlias = dict[UUID, dict[str, Any]]


class Together:
    """`ask(keys)` sends for them all, and gives the rows as they are then. `send(key)` is what `Mutations` calls."""

    def __init__(
        self,
        keys: Sequence[UUID],
        ask: Callable[[list[UUID]], Awaitable[list[dict[str, Any]]]],
        *,
        wanted: Callable[[UUID], bool],
    ) -> None:
        self._keys, self._ask, self._wanted = list(keys), ask, wanted
        self._records: Records = {}
        self._asked: set[UUID] = set()
        self._on_its_way: asyncio.Future[None] | None = None

    async def send(self, key: UUID) -> dict[str, Any] | None:
        """The row as the database has it now; None: it said nothing of it."""
        if key not in self._asked:
            if self._on_its_way is None:
                await self._send()
            else:
                await asyncio.shield(self._on_its_way)  # G1
        return self._records.get(key)

    async def _send(self) -> None:
        answer = self._on_its_way = asyncio.get_running_loop().create_future()
        keys = [key for key in self._keys if key not in self._asked and self._wanted(key)]
        try:
            records = await self._ask(keys)
        except BaseException as error:
            given_up = error if isinstance(error, Exception) else Unreachable("It was not sent")
            answer.set_exception(given_up)
            answer.exception()  # perhaps nobody else waits for it
            raise
        else:
            self._records |= {UUID(str(record["id"])): record for record in records}
            self._asked |= set(keys)
            answer.set_result(None)
        finally:
            self._on_its_way = None
