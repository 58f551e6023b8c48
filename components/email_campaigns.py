"""Campaigns: what was written to whom, how far its letters are, live; and one of them by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.confirm import confirm
from components.counter import Counter
from components.email_words import FAR, LOOKS, due, percent, progress
from components.freshness_note import FreshnessNote
from components.gradual import Gradual
from components.island import Island
from components.live_list import LiveList
from components.region_state import RegionState
from components.tag import Tag
from components.theme import ICON
from components.time_zone import here, zone_of
from components.viewer import when
from state.email_rows import use_campaign
from state.emails import STATUSES, Emails, Numbers, Tally
from state.errors import StateError
from state.sync.view import View

if TYPE_CHECKING:
    from state.models import EmailCampaign, Profile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

PATH = "/emails"
MOST_COUNTED = 100  # the newest campaigns, as public.email_numbers has them


class FarBar(Island):
    """How far the letters of a campaign are, as one bar; the words beside it say the same."""

    def __init__(self) -> None:
        super().__init__("div")
        self.classes("far").props("role=img")
        self._shown: Tally | None = None
        with self:
            self._parts = {status: ui.element("i").classes(f"far__part far__part--{status}") for status in FAR}

    def show(self, tally: Tally) -> None:
        """It is like that now."""
        if tally == self._shown:
            return
        self._shown = tally
        self.props["aria-label"] = progress(tally)
        for status, part in self._parts.items():
            part.style(f"flex-grow:{tally.of(status)}")
        self.update()


class Campaigns(Island):
    """The region "Campaigns"."""

    def __init__(self, desk: Emails) -> None:
        super().__init__("section")
        self.props("aria-label=Campaigns role=region")
        self._desk = desk
        view = View((desk.campaigns, desk.member.connection.freshness))
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Campaigns")
                FreshnessNote(lambda: view.freshness)
            with ui.element("div").classes("card card--flush"):
                rows = ui.element("ul").classes("divided campaigns")
                self._state = RegionState(
                    desk.campaigns, skeleton=_skeleton, empty="What you send is here, with what became of it."
                )
                self._more = (
                    ui.button("Older ones", color=None, on_click=self._older).props("flat").classes("campaigns__more")
                )
            self._list: LiveList[EmailCampaign, CampaignRow] = LiveList(
                Gradual(desk.campaigns, self.client), self._row, rows, changed=self._changed
            )
        self.client.on_delete(desk.numbers.observe(lambda query: self._count(query.value)))
        self._changed()

    def _row(self, campaign: EmailCampaign, pending: Pending | None) -> CampaignRow:
        return CampaignRow(campaign, pending, self._desk)

    def _count(self, numbers: Numbers | None) -> None:
        for row in self._list.items.values():
            row.count(numbers)

    def _changed(self) -> None:
        self._count(self._desk.numbers.value)
        self._more.set_visibility(not self._desk.campaigns.complete)
        self._state.show(len(self._list.items))

    async def _older(self) -> None:
        await self._list.load_more()


class CampaignRow:
    """One of them. What was refused is said, and can be sent again or given up."""

    def __init__(self, campaign: EmailCampaign, pending: Pending | None, desk: Emails) -> None:
        self._campaign, self._desk = campaign, desk
        with Island("li").classes("campaign") as self.element:
            with ui.link(target=f"{PATH}/{campaign.id}?team={campaign.team_id}").classes("campaign__way"):
                with ui.element("span").classes("campaign__head"):
                    self._name = Tag("span", campaign.name, "strong truncate-1")
                    self._size = Tag("span", "", "meta num")
                self._bar = FarBar()
                self._words = Tag("span", "", "meta truncate-1")
            with ui.element("div").classes("campaign__failed") as self._failed:
                self._reason = Tag("p", "", "tone-fail tone-text secondary")
                ui.button("Try again", color=None, on_click=self._retry).props("flat")
                ui.button("Discard", color=None, on_click=self._discard).props("flat")
        self.update(campaign, pending)

    def update(self, campaign: EmailCampaign, pending: Pending | None) -> None:
        """As `Item` says."""
        self._campaign, self._pending = campaign, pending
        failed = pending.failed if pending else None
        self._failed.set_visibility(failed is not None)
        self._reason.text = f"Not sent: {failed}." if failed else ""
        self._size.text = f"{campaign.recipients:,}"
        self.count(self._desk.numbers.value)

    def count(self, numbers: Numbers | None) -> None:
        """Say how far it is."""
        tally = numbers.campaigns.get(self._campaign.id) if numbers else None
        uncounted = numbers is not None and tally is None and len(numbers.campaigns) >= MOST_COUNTED
        waits = {"queued": self._campaign.recipients} if self._campaign.recipients and not uncounted else {}
        shown = tally or Tally(waits)
        self._bar.show(shown)
        later = due(self._campaign, datetime.now(UTC), zone_of(self.element.client)) if shown.open else ""
        said = (
            f"Goes {later}"
            if later
            else f"{percent(tally.rate('opened'))} opened · {percent(tally.rate('clicked'))} clicked"
            if tally and not tally.open
            else when(here(self.element.client, self._campaign.created_at), datetime.now(UTC))
            if uncounted
            else progress(shown)
        )
        if self._pending is not None and not self._pending.failed:
            said = "Waits for the connection" if self._pending.waiting else "Writing the letters"
        self._words.text = said

    def _retry(self) -> None:
        if self._pending is not None:
            self._pending.retry()

    def _discard(self) -> None:
        if self._pending is not None:
            self._pending.discard()


class CampaignHead(Island):
    """One campaign by itself: what it is, its letters by how far they are, and what can still be done."""

    def __init__(self, desk: Emails, campaign: UUID, people: Rows[Profile], failed: Callable[[str], None]) -> None:
        super().__init__("section")
        self.classes("card campaign-head").props("aria-label=Campaign role=region")
        self._desk, self._id, self._people, self._failed = desk, campaign, people, failed
        self._tally = desk.numbers_of(campaign)
        self._file, leave = use_campaign(desk, campaign)
        with self:
            with ui.element("div").classes("campaign-head__top"):
                with ui.element("div").classes("campaign-head__words"):
                    self._name = Tag("h2", "", "campaign-head__name")
                    self._meta = Tag("p", "", "secondary")
                self._now = ui.button("Send now", icon=f"{ICON}send", color=None, on_click=self._send_now).props("flat")
                self._cancel = ui.button("Cancel what is queued", color=None, on_click=self._ask).props("flat")
                self._cancel.classes("btn--danger")
            self._bar = FarBar()
            with ui.element("dl").classes("campaign-head__counts"):
                self._counts = {status: self._number(status) for status in STATUSES}
        self.client.on_delete(leave)
        self.client.on_delete(self._tally.observe(lambda _: self._show()))
        for table in (desk.campaigns, self._file.campaigns):
            self.client.on_delete(table.subscribe(lambda _: self._show()))
        self.client.on_delete(people.subscribe(lambda _: self._show()))
        self._show()

    def _number(self, status: str) -> tuple[ui.element, Counter]:
        with ui.element("div").classes(f"far-count far-count--{status}") as around:
            with ui.element("dt").classes("meta"):
                ui.element("i").classes(f"far__part--{status} far-count__key")
                Tag("span", LOOKS[status].word)
            with ui.element("dd"):
                counter = Counter()
        return around, counter

    def _show(self) -> None:
        campaign = self._campaign
        tally = self._tally.value
        if campaign is not None:
            who = self._people.get(campaign.sender_id) if campaign.sender_id else None
            later = due(campaign, datetime.now(UTC), zone_of(self.client)) if tally and tally.open else ""
            parts = [
                who.display_name if who else "Somebody",
                when(here(self.client, campaign.created_at), datetime.now(UTC)),
            ]
            parts += [f"goes {later}"] if later else []
            parts += [f"{campaign.skipped:,} left out: no address, twice, or unsubscribed"] if campaign.skipped else []
            self._name.text, self._meta.text = campaign.name, " · ".join(parts)
            self._now.set_visibility(bool(later) and self._desk.may_edit)
        else:
            missing = self._file.campaigns.phase == "ready"
            self._name.text = "This campaign is not there any more" if missing else "Campaign"
            self._now.set_visibility(False)
        self._cancel.set_visibility(bool(tally and tally.open) and self._desk.may_edit)
        if tally is None:
            return
        self._bar.show(tally)
        for status, (around, counter) in self._counts.items():
            counter.set(tally.of(status))
            around.set_visibility(bool(tally.of(status)) or status in ("queued", "delivered", "opened", "clicked"))

    @property
    def _campaign(self) -> EmailCampaign | None:
        return self._desk.campaigns.get(self._id) or self._file.campaigns.get(self._id)  # first what is not sent yet

    def _send_now(self) -> None:
        if (campaign := self._campaign) is not None:
            self._desk.reschedule(campaign, None)

    async def _ask(self) -> None:
        tally = self._tally.value or Tally()
        if await confirm(
            f"Cancel {tally.open:,} {'e-mail' if tally.open == 1 else 'e-mails'}?",
            "What is on its way already goes on.",
            "Do not send",
        ):
            try:
                await self._desk.cancel(self._id)
            except StateError as error:
                self._failed(str(error))


def back(desk: Emails) -> None:
    """The way from one campaign to all of its team."""
    with ui.link(target=f"{PATH}?team={desk.id}").classes("link emails__back"):
        ui.icon(f"{ICON}arrow_back").props("aria-hidden=true")
        Tag("span", "All e-mail")


def _skeleton() -> None:
    for _ in range(3):
        with ui.element("div").classes("campaign"):
            ui.element("div").classes("skeleton skeleton--line")
            ui.element("div").classes("skeleton skeleton--short")
