"""Mail: claims letters that are due and delivers them: to a mail server where one is set up, else to nobody, playing its part
and the readers'.

E1  A letter is delivered only under a lease, by who holds it; what is reported of one that was lost is refused.
E2  A letter that a mail server may have taken is never sent again. It is handed over (`hand_over_email`) when the server
    has said yes to the recipient and before it gets the text: who dies before that leaves a letter that another worker
    sends; who dies behind it, one that has failed and says that it may have arrived. Simulated ones are sent by being reported.
E3  A mail server that is away costs nothing but time: what it did not take waits longer each time, five times at most.
E4  What is said of letters is said in batches: one message for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from worker.api import Api, persist
from worker.errors import ApiError
from worker.letter import Paper, Unwritable, write
from worker.post_office import Bounced, Counter, Doubtful, Later, PostOffice, Turned
from worker.readers import PROGRAM, PROXY, Fate

log = logging.getLogger("worker.mail")

DELIVER_EVERY_S = 0.5
READ_EVERY_S = 1.0
MAIL_RESCUE_EVERY_S = 10.0
MAIL_PRUNE_EVERY_S = 3600.0
AT_ONCE = 100  # simulated letters of one round
SERVED = 40  # letters of one connection
TOLD = 10  # letters that are reported together
READERS = 8  # at a time
MOST_READ = 60  # events of one round
FIRST_RETRY_S = 30
REMEMBERED = 20_000
_END_S = 1.0


class Mail:
    """`office`: the mail server; None simulates one. `pace` multiplies simulated time, as Fate says."""

    def __init__(
        self,
        api: Api,
        worker: str,
        paper: Paper,
        *,
        office: PostOffice | None = None,
        lease_s: int = 60,
        pace: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._worker, self._paper, self._office = api, worker, paper, office
        self._lease_s, self._pace, self._clock = lease_s, pace, clock
        self._delivering = asyncio.Lock()
        self._closed = False
        self._away = 0
        self._ask_again = 0.0
        self._done: set[tuple[str, str]] = set()  # what readers did
        self._in_order: deque[tuple[str, str]] = deque()

    async def deliver(self) -> None:
        """Takes what is due, and delivers it."""
        async with self._delivering:
            if self._office is None:
                letters = await self._claim(AT_ONCE)
                await self._report([_told(letter, "sent", simulated=True) for letter in letters])
            elif self._clock() >= self._ask_again:
                while not self._closed and (letters := await self._claim(SERVED)):
                    if not await self._serve(self._office, letters):
                        break

    async def read(self) -> None:
        """What becomes of simulated letters: they arrive, and some are read."""
        letters = await self._api.call("simulated_emails", n=500, seconds=int(180 * max(self._pace, 1)))
        arrived: list[dict[str, Any]] = []
        acts: list[tuple[str, str, str]] = []
        for letter in letters:
            fate, age = Fate.of(letter["id"], self._pace), letter["age_s"]
            due = partial(_due, age)
            if letter["status"] == "sent":
                if due(fate.bounced):
                    arrived.append({"id": letter["id"], "status": "bounced", "error": "550 no such mailbox"})
                elif due(fate.delivered):
                    arrived.append({"id": letter["id"], "status": "delivered"})
                continue
            acts += [("fetch", letter["id"], letter["token"])] * due(fate.prefetched)
            acts += [("open", letter["id"], letter["token"])] * (due(fate.opened) and letter["status"] == "delivered")
            acts += [("click", letter["id"], link) for link in letter["links"][:1] if due(fate.clicked)]
        if arrived:
            await self._api.call("settle_emails", reports=arrived)
        gate = asyncio.Semaphore(READERS)
        new = [act for act in acts if act[:2] not in self._done][:MOST_READ]
        await asyncio.gather(*(self._act(gate, *act) for act in new))

    async def rescue(self) -> None:
        """Letters of workers that stopped answering are sent by others, where that is safe. E2"""
        letters = await self._api.call("rescue_emails")
        if letters:
            log.info("took %s letters from workers that stopped answering", letters)

    async def prune(self) -> None:
        """Campaigns of more than a year ago."""
        await self._api.call("prune_mail")

    async def close(self) -> None:
        """Says what was sent, and gives back what was not handed over. Does not raise."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_S), self._delivering:
                pass
        with contextlib.suppress(ApiError):
            await persist(partial(self._api.call, "release_emails", worker=self._worker), seconds=_END_S)

    # By a mail server ----------------------------------------------------------------------------------------------

    async def _serve(self, office: PostOffice, letters: list[dict[str, Any]]) -> bool:
        """One connection for all of them; False: there is none to be had now."""
        waiting = deque(letters)
        reports: list[dict[str, Any]] = []
        try:
            async with office.open() as counter:
                self._away = 0
                while waiting and counter.open and not self._closed:
                    if report := await self._send(counter, waiting.popleft()):
                        reports.append(report)
                    if len(reports) >= TOLD:
                        await self._report(reports)
                        reports = []
        except Later as error:
            # Not one letter's fault: they all wait without having been tried.
            self._away += 1
            self._ask_again = self._clock() + min(5.0 * 2 ** min(self._away - 1, 10), 300.0)
            log.warning("%s", error)
            await self._api.call("release_emails", worker=self._worker)
            return False
        finally:
            await self._report(reports)
        if waiting:  # the server hung up between two letters
            await self._api.call("release_emails", worker=self._worker)
        return True

    async def _send(self, counter: Counter, letter: dict[str, Any]) -> dict[str, Any] | None:
        hand_over = partial(
            self._api.call, "hand_over_email", worker=self._worker, email_id=letter["id"], attempt=letter["attempt"]
        )
        try:
            message = write(letter, self._paper)
            sent = await counter.send(message, letter["to_address"], hand_over)
        except Bounced as error:
            return _told(letter, "bounced", error=str(error), gone=error.gone)
        except Later as error:
            return _told(letter, "retry", error=str(error), retry_s=FIRST_RETRY_S * 2 ** (letter["attempt"] - 1))
        except (Turned, Doubtful, Unwritable) as error:
            return _told(letter, "failed", error=str(error)[:300])
        return _told(letter, "sent") if sent else None

    # By nobody -----------------------------------------------------------------------------------------------------

    async def _act(self, gate: asyncio.Semaphore, act: str, id: str, token: str) -> None:
        async with gate:
            if act == "click":
                await self._api.call("track_click", token=token, agent=PROGRAM)
            else:
                machine = act == "fetch"
                await self._api.call("track_open", token=token, machine=machine, agent=PROXY if machine else PROGRAM)
        self._done.add((act, id))
        self._in_order.append((act, id))
        if len(self._in_order) > REMEMBERED:
            self._done.discard(self._in_order.popleft())

    # What the database is told -------------------------------------------------------------------------------------

    async def _claim(self, n: int) -> list[dict[str, Any]]:
        return await self._api.call("claim_emails", worker=self._worker, n=n, lease_s=self._lease_s)

    async def _report(self, reports: list[dict[str, Any]]) -> None:
        if reports:  # what was sent was sent: it is said again until it is heard, or the lease has run out
            said = partial(self._api.call, "report_emails", worker=self._worker, reports=reports)
            await persist(said, seconds=self._lease_s / 2)


def _told(letter: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
    return {"id": letter["id"], "attempt": letter["attempt"], "status": status, **more}


def _due(age: float, at: float | None) -> bool:
    return at is not None and age >= at
