"""`--demo`: the very first studio is not empty.

Pictures and a clip of the demo members wait in the queue and are drawn like everybody's, dated over the last days; their
team has contacts, letters and a project, their chat a conversation, and they watch prices. What the demo members do from
then on is the crowd's (`crowd.py`).
"""

from __future__ import annotations

import logging

from worker.api import Api

log = logging.getLogger("worker.demo")


class Demo:
    """`fill` is called by the scheduler until it says that it is done. `floor`: their team and chat are furnished, too;
    `letters`: no mail server would be asked to send them."""

    def __init__(self, api: Api, *, floor: bool, letters: bool) -> None:
        self._api = api
        self._floor = floor
        self._letters = letters

    async def fill(self) -> bool:
        """Queues the first pictures and furnishes the team; False while there is no demo member yet."""
        furnished: bool | None = False
        if self._floor:
            furnished = await self._api.call("seed_demo_floor", letters=self._letters)
        if furnished:
            log.info("put contacts and a conversation into the demo members' team")
        jobs: int | None = await self._api.call("seed_demo_generations")
        if jobs:
            log.info("queued %s pictures of the demo members", jobs)
        return jobs is not None and furnished is not None
