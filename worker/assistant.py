"""The assistant: takes what members ask in chats, tells the answer as it comes, stores it, and does what commands say.

A1  An answer is worked on only under a lease; whatever is not ours any more (taken over, deleted) is dropped at once, and
    what is still written about it is refused by the database (the attempt is the fence).
A2  Words are told in batches, every `BATCH_S` at most, and whole every `WHOLE_S`: so whoever comes later, or missed
    some, has them all within that time. An answer has at most `MOST` characters.
A3  Every answer that was taken ends in exactly one of: stored, stored as an error with what came so far, given back, lost.
A4  Somebody who wants it to stop is heard within a batch, or a round of `keep` when there are no words.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from worker.api import Api, persist
from worker.commands import COMMANDS, Reply, command_of, obey
from worker.errors import ApiError, TalkFailed, Unavailable
from worker.talk import Asked, Talker

log = logging.getLogger("worker.assistant")

CLAIM_EVERY_S = 0.4
KEEP_EVERY_S = 1.0
LEASE_S = 15
PLACES = 8
BATCH_S = 0.12
WHOLE_S = 2.0
MOST = 8_000
_END_S = 1.0

LIMITED = "That is more than I can answer at once: twenty questions a minute, five at a time. Ask me again in a moment."
CONFUSED = "Something went wrong while I answered."
UNHEARD = "I could not reach what I need for this."


@dataclass
class _Answer:
    """One that is being worked on."""

    asked: Asked
    member: str
    text: str = ""
    told: int = 0  # characters
    whole_at: float = 0.0
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def key(self) -> dict[str, Any]:
        return {"id": self.asked.id, "attempt": self.asked.attempt}


class Assistant:
    """`claim` and `keep` are called by the scheduler. `freed` is called whenever a place becomes free."""

    def __init__(
        self, api: Api, talker: Talker, worker: str, *, places: int = PLACES, lease_s: int = LEASE_S,
        freed: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._api, self._talker, self._worker = api, talker, worker
        self._places, self._lease_s, self._freed, self._clock = places, lease_s, freed, clock
        self._answers: dict[str, _Answer] = {}
        self._closed = False

    async def claim(self) -> None:
        """Takes what waits, as far as there are places."""
        free = self._places - len(self._answers)
        if free <= 0 or self._closed:
            return
        rows = await self._api.call(
            "claim_answers", worker=self._worker, n=free, lease_s=self._lease_s, simulated=self._talker.simulated
        )
        for row in rows:
            if self._closed:
                return  # `close` gives it back
            if ours := self._answers.get(row["id"]):
                self._drop(ours, "its lease ran out unnoticed")
            answer = self._answers[row["id"]] = _Answer(Asked.parse(row), row["member"], whole_at=self._clock())
            answer.task = asyncio.create_task(self._run(answer), name=f"answer {row['id']}")

    async def keep(self) -> None:
        """Renews the leases; hears what shall stop, and what is not ours any more. A1, A4"""
        answers = list(self._answers.values())
        if not answers:
            return
        keys = [answer.key for answer in answers]
        held = await self._api.call("keep_answers", worker=self._worker, answers=keys, lease_s=self._lease_s)
        for answer in answers:
            if answer.asked.id not in held:
                if self._answers.get(answer.asked.id) is answer and answer.task and not answer.task.done():
                    self._drop(answer, "it was taken over or deleted")
            elif held[answer.asked.id]:
                answer.stop.set()

    async def close(self) -> None:
        """Stops everything and gives the answers back. Does not raise."""
        self._closed = True
        tasks = [answer.task for answer in self._answers.values() if answer.task]
        for answer in list(self._answers.values()):
            self._drop(answer, "the worker stops")
        if tasks:
            await asyncio.wait(tasks, timeout=_END_S)
        with suppress(ApiError):  # the leases run out
            await persist(partial(self._api.call, "release_answers", worker=self._worker), seconds=_END_S)

    def _drop(self, answer: _Answer, why: str) -> None:
        log.info("answer %s attempt %s dropped: %s", answer.asked.id, answer.asked.attempt, why)
        self._answers.pop(answer.asked.id, None)
        if answer.task:
            answer.task.cancel()

    async def _run(self, answer: _Answer) -> None:
        try:
            reply = await self._reply(answer)
            if reply is not None:
                await self._finish(answer, reply)
        except asyncio.CancelledError:
            pass  # dropped; nobody waits for this task
        except ApiError as error:
            log.warning("answer %s: %s", answer.asked.id, error)
            await self._fail(answer, UNHEARD)
        except Exception:
            log.exception("answer %s attempt %s", answer.asked.id, answer.asked.attempt)
            await self._fail(answer, CONFUSED)
        finally:
            if self._answers.get(answer.asked.id) is answer:
                del self._answers[answer.asked.id]
            if not self._closed:
                self._freed()

    async def _reply(self, answer: _Answer) -> Reply | None:
        """None: there is nothing more to store."""
        asked = answer.asked
        if asked.limited:
            return _error("", LIMITED)
        if (command := command_of(asked.question)) is None:
            return await self._talk(answer)
        name, rest = command
        if name == "imagine":
            return await self._imagine(answer, rest)
        return await obey(self._api, name, rest, answer.member)

    async def _imagine(self, answer: _Answer, prompt: str) -> Reply | None:
        if not prompt:
            return Reply(f"Tell me what to draw: {COMMANDS['imagine'][0]}")
        call = partial(
            self._api.call, "imagine_answer",
            message_id=answer.asked.id, worker=self._worker, attempt=answer.asked.attempt, prompt=prompt,
        )  # fmt: skip
        made = await persist(call, seconds=self._lease_s)
        if made and (why := made.get("refused")):
            return Reply(why, {"name": "imagine", "status": "refused", "prompt": prompt[:1000], "stage": why})
        return None  # the card is there; or the lease is lost

    async def _talk(self, answer: _Answer) -> Reply | None:
        """A2, A4"""
        reading = asyncio.create_task(self._read(answer), name=f"read {answer.asked.id}")
        stopped = asyncio.create_task(answer.stop.wait(), name=f"stop {answer.asked.id}")
        try:
            while not reading.done() and not stopped.done():
                await asyncio.wait({reading, stopped}, timeout=BATCH_S, return_when=asyncio.FIRST_COMPLETED)
                match await self._tell(answer):
                    case "stop":
                        break
                    case "lost":
                        return None
            if reading.done():
                await reading
                return Reply(answer.text)
            return Reply(answer.text, metadata={"stopped": True})
        except TalkFailed as error:
            return _error(answer.text, str(error))
        finally:
            for task in (reading, stopped):
                task.cancel()
            await asyncio.gather(reading, stopped, return_exceptions=True)

    async def _read(self, answer: _Answer) -> None:
        async with aclosing(self._talker.answer(answer.asked)) as words:
            async for word in words:
                answer.text = (answer.text + word)[:MOST]
                if len(answer.text) == MOST:
                    return

    async def _tell(self, answer: _Answer) -> str:
        """Says what is new, or all of it now and then."""
        text, now = answer.text, self._clock()
        if len(text) == answer.told:
            return "go"
        at = answer.told
        if now - answer.whole_at >= WHOLE_S:
            at, answer.whole_at = 0, now
        try:
            said = await self._api.call(
                "stream_answer",
                message_id=answer.asked.id, worker=self._worker, attempt=answer.asked.attempt, at=at, words=text[at:],
            )  # fmt: skip
        except Unavailable:
            answer.whole_at = 0.0  # whole, when it answers again
            return "go"
        answer.told = len(text)
        return said

    async def _fail(self, answer: _Answer, why: str) -> None:
        with suppress(ApiError):  # its lease runs out
            await self._finish(answer, _error(answer.text, why))

    async def _finish(self, answer: _Answer, reply: Reply) -> None:
        call = partial(
            self._api.call, "finish_answer",
            message_id=answer.asked.id, worker=self._worker, attempt=answer.asked.attempt, **reply.stored,
        )  # fmt: skip
        kept = await persist(call, seconds=self._lease_s)
        log.info("answer %s attempt %s %s", answer.asked.id, answer.asked.attempt, "stored" if kept else "was lost")


def _error(text: str, why: str) -> Reply:
    return Reply(text, status="error", metadata={"error": why})
