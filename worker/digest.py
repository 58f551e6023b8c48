"""Digest: once a day, from the hour they chose where they are, a member gets a summary by e-mail, if they want one.

D1  One digest a member and day, whatever happens (`unique (owner_id, day)`): claiming writes those that are due.
D2  One that a mail server may have taken is not sent again; tomorrow there is another.
D3  A day on which nothing happened is not written about.
D4  A mail server that is away costs time: what it did not take is tried again for two hours.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from worker.api import Api, persist
from worker.letter import Paper, Unwritable, note
from worker.post_office import Counter, Later, PostError, PostOffice

log = logging.getLogger("worker.digest")

DIGEST_EVERY_S = 30.0
AT_ONCE = 20


class Digest:
    """`office`: as for Mail; without one nothing leaves, and the digest is to be read in the settings."""

    def __init__(self, api: Api, worker: str, paper: Paper, office: PostOffice | None = None) -> None:
        self._api, self._worker, self._paper, self._office = api, worker, paper, office

    async def send(self) -> None:
        """Sends what is due."""
        if due := await self._api.call("claim_digests", worker=self._worker, n=AT_ONCE, lease_s=120):
            came = zip(due, await self._all(due), strict=True)
            reports = [{"id": digest["id"], "attempt": digest["attempt"], **said} for digest, said in came]
            await persist(partial(self._api.call, "report_digests", worker=self._worker, reports=reports), seconds=30)
            log.info("sent %s digests", sum(report["status"] == "sent" for report in reports))

    async def _all(self, due: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What became of each; one connection for all of them."""
        if self._office is None:
            return [{"status": "sent", "simulated": True}] * len(due)
        try:
            async with self._office.open() as counter:
                return [await self._deliver(counter, digest) for digest in due]
        except Later as error:
            return [_later(error)] * len(due)

    async def _deliver(self, counter: Counter, digest: dict[str, Any]) -> dict[str, Any]:
        async def now() -> bool:
            return True

        try:
            message = note(
                id=digest["id"], to_name=digest["name"], to_address=digest["address"],
                subject=f"Your day in Starling, {digest['day']}", body=text(digest, self._paper), paper=self._paper,
            )  # fmt: skip
            await counter.send(message, digest["address"], now)
        except Later as error:
            return _later(error)
        except (PostError, Unwritable) as error:
            return {"status": "failed", "error": str(error)[:300]}
        return {"status": "sent"}


def _later(error: Later) -> dict[str, Any]:
    return {"status": "retry", "error": str(error)[:300]}


LINES = (
    ("pictures", "{} new picture", "{} new pictures", "/studio"),
    ("failed_jobs", "{} job failed", "{} jobs failed", "/studio"),
    ("contacts", "{} new contact", "{} new contacts", "/contacts"),
    ("emails_sent", "{} e-mail written", "{} e-mails written", "/emails"),
    ("emails_opened", "{} e-mail opened", "{} e-mails opened", "/emails"),
    ("unread", "{} unread notification", "{} unread notifications", "/notifications"),
)


def text(digest: dict[str, Any], paper: Paper) -> str:
    """What it says: only what there is to say."""
    numbers = digest["numbers"]
    said = "\n".join(
        f"{(one if numbers[key] == 1 else many).format(numbers[key])}: {paper.public_url}{path}"
        for key, one, many, path in LINES
        if numbers.get(key)
    )
    return (
        f"Hello {digest['name']},\n\nthe last 24 hours in Starling:\n\n{said}\n\n"
        f"Credits: {numbers.get('credits') or 0}\n\n"
        f"You get this because you asked for it. To change that: {paper.public_url}/settings#notifications"
    )
