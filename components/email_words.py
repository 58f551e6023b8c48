"""How far a letter has come, in words, colours and symbols."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from components.tag import Tag
from state.days import time_zone
from state.emails import STATUSES, Tally
from state.models import EmailCampaign, SentEmail


@dataclass(frozen=True)
class Look:
    """`tone` is a name of the palette, and of a badge."""

    word: str
    icon: str
    tone: str


LOOKS: dict[str, Look] = {
    "queued": Look("Queued", "schedule_send", "wait"),
    "sent": Look("Sent", "send", ""),
    "delivered": Look("Delivered", "mark_email_unread", "info"),
    "opened": Look("Opened", "drafts", "live"),
    "clicked": Look("Clicked", "ads_click", "brand"),
    "bounced": Look("Bounced", "undo", "fail"),
    "failed": Look("Failed", "error", "fail"),
    "cancelled": Look("Cancelled", "block", ""),
}
REASONS = {"unsubscribed": "unsubscribed", "bounced": "bounced", "added": "added by your team"}
FAR = ("clicked", "opened", "delivered", "sent", "queued", "bounced", "failed", "cancelled")  # as a bar shows them


class StatusBadge(Tag):
    """A status as a word on its colour."""

    def __init__(self, status: str) -> None:
        super().__init__("span", "", "badge")
        self._status = ""
        self.show(status)

    def show(self, status: str) -> None:
        """It is this one now."""
        if status == self._status:
            return
        old, new = LOOKS.get(self._status), LOOKS[status]
        self._status = status
        self.text = new.word.lower()
        remove = f"badge--{old.tone}" if old and old.tone else ""
        self.classes(
            add=f"badge--{new.tone}" if new.tone else "", remove=remove if remove != f"badge--{new.tone}" else ""
        )


def moment(email: SentEmail) -> datetime:
    """When the last thing happened to it that its status says."""
    times = {
        "clicked": email.clicked_at,
        "opened": email.opened_at,
        "delivered": email.delivered_at,
        "sent": email.sent_at,
        "queued": email.scheduled_at,
    }
    return times.get(email.status) or email.ended_at or email.created_at


def percent(rate: float | None) -> str:
    """48 %, or a dash where there is nothing to say."""
    return "–" if rate is None else f"{rate:.0%}".replace("%", " %")


def progress(tally: Tally) -> str:
    """2 queued, 30 opened, 8 clicked"""
    return ", ".join(f"{tally.of(status):,} {status}" for status in STATUSES if tally.of(status)) or "nothing yet"


def due(campaign: EmailCampaign, now: datetime, zone: str) -> str:
    """When it goes, if that is still to come: today at 14:00, 3 Dec at 08:00."""
    if campaign.scheduled_at <= now:
        return ""
    here = campaign.scheduled_at.astimezone(time_zone(zone))
    today = now.astimezone(time_zone(zone)).date()
    day = (
        "today"
        if here.date() == today
        else f"{here.day} {here:%b}" + ("" if here.year == today.year else f" {here.year}")
    )
    return f"{day} at {here:%H:%M}"
