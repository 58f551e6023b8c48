"""The letters, newest first: how far each has come, live; and one of them with what its reader did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from nicegui import background_tasks, ui

from components.ago import Ago
from components.counter import Counter
from components.email_letter import say
from components.email_words import LOOKS, StatusBadge, moment
from components.freshness_note import FreshnessNote
from components.gradual import Gradual
from components.icon_button import IconButton
from components.island import Island
from components.live_list import LiveList
from components.region_state import RegionState
from components.sentinel import MoreBelow
from components.tag import Tag
from components.theme import ICON
from state.email_rows import Outbox, Sieve, use_file
from state.emails import STATUSES, Emails, Numbers, Status, Tally
from state.errors import StateError
from state.signal import leave_all

if TYPE_CHECKING:
    from state.models import EmailClick, SentEmail
    from state.sync.cached_query import CachedQuery
    from state.sync.mutation import Pending

SKELETONS = 6


class EmailList(Island):
    """The region "Letters". `begin` is what to do where there are none; `campaign` narrows them to one."""

    def __init__(
        self, desk: Emails, sieve: Sieve, *, failed: Callable[[str], None], begin: Callable[[], None] | None
    ) -> None:
        super().__init__("section")
        self.props("aria-label=Letters role=region")
        self._desk = desk
        self._letter = LetterDialog(desk, failed)
        self.box = Outbox(desk, sieve)
        self.client.on_delete(self.box.close)
        numbers: CachedQuery[Numbers] | CachedQuery[Tally]
        numbers = desk.numbers_of(sieve.campaign) if sieve.campaign else desk.numbers
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Letters")
                FreshnessNote(lambda: self.box.view.freshness)
            with ui.element("div").classes("email-chips").props("role=group aria-label=Status"):
                self._chips = {status: self._chip(status) for status in (None, *STATUSES)}
                self._template = ui.button(
                    "", icon=f"{ICON}close", color=None, on_click=lambda: self.choose(template=None)
                )
                self._template.props('flat aria-pressed=true title="Of any template"')
            with ui.element("div").classes("card card--flush"):
                rows = ui.element("ul").classes("emails__rows divided")
                self._state = RegionState(
                    self.box, skeleton=_skeleton, empty="", action=("Write an e-mail", begin) if begin else None
                )
            self._gradual = Gradual(self.box, self.client)
            self.list: LiveList[SentEmail, EmailRow] = LiveList(self._gradual, self._row, rows, changed=self._changed)
            self.list.quiet = True  # what was there already is not news
            MoreBelow(self.list.load_more, failed)
        self.client.on_delete(numbers.observe(lambda query: self._count(query.value)))
        self._count(numbers.value)
        self._changed()

    def choose(self, **narrower: object) -> None:
        """Look at others: `status`, `template`."""
        sieve = replace(self.box.sieve, **narrower)  # pyright: ignore[reportArgumentType]
        if sieve != self.box.sieve:
            self.list.quiet = True  # what is shown next is not news
            self.box.choose(sieve)
            self._changed()

    def _chip(self, status: Status | None) -> tuple[ui.button, Counter]:
        with ui.button(color=None, on_click=lambda: self.choose(status=status)).props("flat") as button:
            Tag("span", LOOKS[status].word if status else "All")
            counter = Counter()
        return button, counter

    def _count(self, value: Numbers | Tally | None) -> None:
        tally = value.all if isinstance(value, Numbers) else value
        if tally is None:
            return
        for status, (button, counter) in self._chips.items():
            number = tally.of(status) if status else tally.total
            counter.set(number)
            button.set_visibility(bool(number) or status in (None, self.box.sieve.status))

    def _row(self, email: SentEmail, _: Pending | None) -> EmailRow:
        return EmailRow(email, open_=self._letter.show)

    def _changed(self) -> None:
        sieve = self.box.sieve
        if self.box.settled and self._gradual.settled:
            self.list.quiet = False
        for status, (button, _) in self._chips.items():
            button.props["aria-pressed"] = str(status == sieve.status).lower()
            button.update()
        template = self._desk.templates.get(sieve.template) if sieve.template else None
        self._template.set_visibility(sieve.template is not None)
        self._template.text = template.name if template else "A template"
        narrowed = bool(sieve.status or sieve.template)
        self._state.show(
            len(self.list.items),
            empty="No letter is like that."
            if narrowed
            else "Nothing has been written yet. Write to one contact, or to all of a stage.",
        )


class EmailRow:
    """One letter."""

    def __init__(self, email: SentEmail, *, open_: Callable[[SentEmail], None]) -> None:
        self._email = email
        with Island("li").classes("email") as self.element, ui.element("button").classes("email__open") as button:
            button.props("type=button").on("click", lambda: open_(self._email), args=[])
            self._icon = ui.icon("").props("aria-hidden=true")
            with ui.element("span").classes("email__who"):
                Tag("span", email.to_name or email.to_address, "strong truncate-1")
                Tag("span", email.to_address if email.to_name else "", "meta truncate-1")
            Tag("span", email.subject, "email__subject secondary truncate-1")
            self._badge = StatusBadge(email.status)
            self._when = ui.element("span").classes("email__when")
        self._shown: tuple[str, object] | None = None
        self.update(email, None)

    def update(self, email: SentEmail, pending: Pending | None) -> None:
        """As `Item` says."""
        self._email = email
        look, at = LOOKS[email.status], moment(email)
        if self._shown == (email.status, at):
            return
        self._shown = (email.status, at)
        self._badge.show(email.status)
        self._icon.props["name"] = ICON + look.icon
        self._icon.classes(replace=f"email__icon tone-{look.tone or 'none'} tone-text")
        self._when.clear()
        with self._when:
            Ago(at)


class LetterDialog(ui.dialog):
    """What one of them says, and what happened to it. Made once for a page."""

    def __init__(self, desk: Emails, failed: Callable[[str], None]) -> None:
        super().__init__()
        self._desk, self._failed = desk, failed
        self._leave: Callable[[], None] = lambda: None
        self.props("aria-label=Letter")
        with self, ui.card().classes("letter"):
            self._content = ui.element("div").classes("letter__content")
        self.on("hide", self._end, args=[])
        self.client.on_delete(self._end)

    def show(self, email: SentEmail) -> None:
        """Open it for one."""
        self._end()
        file, leave = use_file(self._desk, email.id)
        self._content.clear()
        with self._content:
            with ui.element("div").classes("compose__head"):
                Tag("h2", email.subject, "title letter__subject")
                IconButton("close", "Close", self.close, "compose__close")
            with ui.element("p").classes("secondary letter__to"):
                Tag("span", f"To {email.to_name} <{email.to_address}>" if email.to_name else f"To {email.to_address}")
                badge = StatusBadge(email.status)
            reason = Tag("p", "", "letter__error tone-fail tone-text")
            body = ui.element("div").classes("preview__paper preview__body")
            with body:
                ui.element("div").classes("skeleton skeleton--line")
            Tag("h3", "What happened", "section-title")
            events = ui.element("ul").classes("letter__events")
            simulated = Tag("p", "Simulated: no mail server is set up, so nothing left this studio.", "meta")
            with ui.element("div").classes("confirm__actions") as actions:
                ui.button("Cancel this e-mail", color=None, on_click=lambda: self._cancel(email)).props("flat").classes(
                    "btn--danger"
                )

        def follow() -> None:
            now = file.emails.get(email.id) or email
            badge.show(now.status)
            reason.text = now.error or ""
            reason.set_visibility(bool(now.error))
            simulated.set_visibility(now.simulated)
            actions.set_visibility(now.status == "queued" and self._desk.may_edit)
            events.clear()
            with events:
                for at, words, icon in history(now, list(file.clicks.rows)):
                    with ui.element("li").classes("letter__event"):
                        ui.icon(ICON + icon).props("aria-hidden=true")
                        Tag("span", words, "truncate-1").props["title"] = words
                        Ago(at)

        stops = [file.emails.subscribe(lambda _: follow()), file.clicks.subscribe(lambda _: follow()), leave]
        self._leave = lambda: leave_all(stops)
        follow()
        background_tasks.create(self._fetch(email, body), name="fetch a letter")
        self.open()

    async def _fetch(self, email: SentEmail, place: ui.element) -> None:
        try:
            text = await self._desk.letter(email.id)
        except StateError as error:
            text = f"What it says did not load: {error}"
        if not place.is_deleted:
            place.clear()
            with place:
                say(text or "It is no longer there.")

    async def _cancel(self, email: SentEmail) -> None:
        try:
            if not await self._desk.cancel_one(email):
                self._failed("It is on its way already")
        except StateError as error:
            self._failed(str(error))

    def _end(self) -> None:
        leave, self._leave = self._leave, lambda: None
        leave()


def history(email: SentEmail, clicks: list[EmailClick]) -> list[tuple]:
    """What happened to a letter, the last first, as time, words and symbol."""
    steps = [
        (email.created_at, "Written", "edit"),
        (email.scheduled_at if email.status == "queued" else None, "Goes", LOOKS["queued"].icon),
        (email.sent_at, "Sent", LOOKS["sent"].icon),
        (email.delivered_at, "Delivered", LOOKS["delivered"].icon),
        (email.ended_at, LOOKS[email.status].word, LOOKS[email.status].icon),
    ]
    for click in clicks:
        if click.kind == "open":
            words = "Fetched by a mail program, not read" if click.machine else "Opened"
        else:
            words = f"{'Followed by a scanner' if click.machine else 'Clicked'}: {click.url}"
        steps.append((click.created_at, words, "smart_toy" if click.machine else LOOKS[f"{click.kind}ed"].icon))
    return sorted(((at, words, icon) for at, words, icon in steps if at is not None), reverse=True)


def _skeleton() -> None:
    for _ in range(SKELETONS):
        with ui.element("div").classes("email"), ui.element("div").classes("email__open"):
            ui.element("div").classes("skeleton email__icon")
            with ui.element("span").classes("email__who"):
                ui.element("div").classes("skeleton skeleton--line")
            ui.element("div").classes("skeleton skeleton--line email__subject")
