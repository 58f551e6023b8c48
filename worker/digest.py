"""Digest: once a day, from the hour they chose where they are, a member gets a summary by e-mail, if they want one.

D1  One digest a member and day, whatever happens (`unique (owner_id, day)`): claiming writes those that are due.
D2  One that a mail server may have taken is not sent again; tomorrow there is another.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from worker.api import Api, persist
from worker.letter import Paper, Unwritable, note
from worker.post_office import Later, PostError, PostOffice

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
            reports = [await self._deliver(digest) for digest in due]
            await persist(partial(self._api.call, "report_digests", worker=self._worker, reports=reports), seconds=30)
            log.info("sent %s digests", len(due))

    async def _deliver(self, digest: dict[str, Any]) -> dict[str, Any]:
        told = {"id": digest["id"], "attempt": digest["attempt"], "simulated": self._office is None}
        if self._office is None:
            return {**told, "status": "sent"}

        async def now() -> bool:
            return True

        try:
            message = note(
                id=digest["id"], to_name=digest["name"], to_address=digest["address"],
                subject=f"Your day in Starling, {digest['day']}", body=text(digest, self._paper), paper=self._paper,
            )  # fmt: skip
            async with self._office.open() as counter:
                await counter.send(message, digest["address"], now)
        except Later as error:
            return {**told, "status": "retry", "error": str(error)[:300]}
        except (PostError, Unwritable) as error:
            return {**told, "status": "failed", "error": str(error)[:300]}
        return {**told, "status": "sent"}


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
    lines = [
        f"{(one if numbers[key] == 1 else many).format(numbers[key])}: {paper.public_url}{path}"
        for key, one, many, path in LINES
        if numbers.get(key)
    ]
    said = "\n".join(lines) if lines else "It was a quiet day: nothing new."
    return (
        f"Hello {digest['name']},\n\nthe last 24 hours in Starling:\n\n{said}\n\n"
        f"Credits: {numbers.get('credits') or 0}\n\n"
        f"You get this because you asked for it. To change that: {paper.public_url}/settings#notifications"
    )
