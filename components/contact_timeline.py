"""What happened with a contact, newest first, and what the team says of it. Whoever is named with an @ is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nicegui import ui

from components.avatar import Avatar
from components.email_words import StatusBadge, moment
from components.icon_button import IconButton
from components.island import Island
from components.line import Line, names
from components.live_list import LiveList
from components.region_state import RegionState
from components.tag import Tag
from components.theme import ICON
from components.time_zone import here
from components.viewer import when
from state.activity_words import words
from state.models import Activity, ContactComment, Profile, SentEmail

if TYPE_CHECKING:
    from state.contact_rows import ContactFile
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

MAX_COMMENT = 2_000
MENTION = re.compile(r"(?<![A-Za-z0-9_@])@([A-Za-z0-9_]{3,24})(?![A-Za-z0-9_])")
WRITING = re.compile(r"(?:^|\s)@([A-Za-z0-9_]{0,24})$")
SUGGESTIONS = 5


class Timeline(Island):
    """The region "Timeline" of one contact."""

    def __init__(self, file: ContactFile, people: Rows[Profile], members: Callable[[], list[Profile]]) -> None:
        super().__init__("section")
        self.classes("contact-timeline").props("aria-label=Timeline role=region")
        self._file, self._people, self._members = file, people, members
        with self:
            with ui.element("h3").classes("section-title"):
                Tag("span", "Timeline")
            if file.may_edit:
                self._draw_form()
            rows = ui.element("ol").classes("contact-timeline__rows")
            self._state = RegionState(file.timeline, skeleton=_skeleton, empty="Nothing has happened yet.")
            self._list: LiveList[Any, Any] = LiveList(file.timeline, self._row, rows, changed=self._changed)
        self._changed()

    def _draw_form(self) -> None:
        with ui.element("div").classes("contact-timeline__form"):
            self._body = ui.textarea(placeholder="Comment, @ to mention somebody", on_change=self._suggest)
            self._body.props(f"outlined autogrow dense maxlength={MAX_COMMENT} aria-label=Comment")
            with self._body, ui.menu().props("no-parent-event no-focus no-refocus fit") as self._menu:
                self._found = ui.element("div").classes("contact-mentions").props('role=listbox aria-label="People"')
            press = f"starling.names.press({self._body.id}, event, getHtmlElement({self._found.id}), emit)"
            self._body.on("keydown", self._menu.close, args=[], js_handler=f"(event) => {press}")
            self._suggested: list[Profile] = []
            self._send = ui.button("Comment", color=None).props("flat").classes("contact-timeline__send")
            sends = ("keydown.ctrl.enter.prevent.stop", "keydown.meta.enter.prevent.stop")
            Line(self._body, self.say, self._send, keys=sends)

    def say(self, body: str) -> None:
        """Send it."""
        if body:
            self._file.comment(body)
        self._menu.close()

    def _suggest(self) -> None:
        found = WRITING.search(str(self._body.value or ""))
        typed = found.group(1).lower() if found else None
        self._suggested = [
            profile
            for profile in self._members()
            if typed is not None
            and profile.id != self._file.member.id
            and (profile.username.startswith(typed) or profile.display_name.lower().startswith(typed))
        ][:SUGGESTIONS]
        self._draw_suggested()
        (self._menu.open if self._suggested else self._menu.close)()

    def _draw_suggested(self) -> None:
        self._found.clear()
        with self._found:
            for place, profile in enumerate(self._suggested):
                with ui.menu_item().props("role=option") as item:
                    item.props["aria-selected"] = str(place == 0).lower()
                    item.props["data-name"] = profile.username
                    names(self._body, item, profile.username)
                    Avatar(profile)
                    ui.label(profile.display_name).classes("truncate-1")
                    Tag("span", f"@{profile.username}", "meta person-menu__hint")

    def _row(self, row: Any, pending: Pending | None) -> Any:
        return DRAWN[type(row)](row, pending, self._file, self._people)

    def _changed(self) -> None:
        self._state.show(len(self._list.items))


class CommentRow:
    """What somebody said."""

    def __init__(
        self, comment: ContactComment, pending: Pending | None, file: ContactFile, people: Rows[Profile]
    ) -> None:
        self._people = people
        author = people.get(comment.author_id) if comment.author_id else None
        with Island("li").classes("contact-event") as self.element:
            Avatar(author)
            with ui.element("div").classes("contact-event__words"):
                with ui.element("div").classes("contact-event__head"):
                    Tag("span", author.display_name if author else "Somebody", "strong truncate-1")
                    self._meta = Tag("span", "", "meta")
                    if file.may_remove(comment):
                        IconButton(
                            "delete", "Delete the comment", lambda: file.remove(comment), "contact-event__remove"
                        )
                with ui.element("p").classes("contact-event__body"):
                    self._say(comment.body)
        self.update(comment, pending)

    def update(self, comment: ContactComment, pending: Pending | None) -> None:
        """As `Item` says."""
        failed = pending.failed if pending else None
        waits = bool(pending and pending.waiting)
        self._meta.text = failed or (
            "not sent yet" if waits else when(here(self.element.client, comment.created_at), datetime.now(UTC))
        )
        self._meta.classes(add="tone-fail tone-text" if failed else "", remove="" if failed else "tone-fail tone-text")

    def _say(self, body: str) -> None:
        """As text; whoever is named is marked."""
        at = 0
        known = {profile.username for profile in self._people.rows}
        for found in MENTION.finditer(body):
            if found.group(1).lower() in known:
                Tag("span", body[at : found.start()])
                Tag("b", found.group(), "contact-mention")
                at = found.end()
        Tag("span", body[at:])


class ActivityRow:
    """What somebody did to the contact."""

    def __init__(self, activity: Activity, pending: Pending | None, file: ContactFile, people: Rows[Profile]) -> None:
        who = people.get(activity.member_id)
        self._name = who.display_name if who else "Somebody"
        with Island("li").classes("contact-event contact-event--small") as self.element:
            self._icon = ui.icon("").props("aria-hidden=true")
            with ui.element("p").classes("contact-event__words"):
                self._did = Tag("span", "", "secondary")
                self._when = Tag("span", "", "meta")
        self.update(activity, pending)

    def update(self, activity: Activity, pending: Pending | None) -> None:
        """As `Item` says: what one does within minutes is one activity."""
        said = words(activity)
        self._icon.name = ICON + said.icon
        verb = said.verb.removesuffix(" of").removesuffix(" the contact")
        self._did.text = f"{self._name} {verb}" + (" this" if verb in ("added", "edited") else "")
        self._when.text = when(here(self.element.client, activity.created_at), datetime.now(UTC))


class EmailRow:
    """What was written to the contact, and how far it is."""

    def __init__(self, email: SentEmail, pending: Pending | None, file: ContactFile, people: Rows[Profile]) -> None:
        who = people.get(email.sender_id) if email.sender_id else None
        way = f"/emails/{email.campaign_id}?team={email.team_id}"
        with Island("li").classes("contact-event contact-event--small") as self.element:
            ui.icon(f"{ICON}mail").props("aria-hidden=true")
            with ui.element("p").classes("contact-event__words"):
                Tag("span", f"{who.display_name if who else 'Somebody'} wrote ", "secondary")
                ui.link(f"“{email.subject}”", way).classes("link")
                Tag("span", " ")
                self._badge = StatusBadge(email.status)
                self._when = Tag("span", "", "meta")
        self.update(email, pending)

    def update(self, email: SentEmail, pending: Pending | None) -> None:
        """As `Item` says."""
        self._badge.show(email.status)
        self._when.text = f" {when(here(self.element.client, moment(email)), datetime.now(UTC))}"


# How the rows of a contact's timeline read, by their type (state/contact_rows.py says where they come from).
DRAWN: dict[type, Callable[..., Any]] = {ContactComment: CommentRow, Activity: ActivityRow, SentEmail: EmailRow}


def _skeleton() -> None:
    for _ in range(2):
        with ui.element("div").classes("contact-event"):
            ui.element("div").classes("avatar skeleton")
            with ui.element("div").classes("contact-event__words"):
                ui.element("div").classes("skeleton skeleton--line")
                ui.element("div").classes("skeleton skeleton--short")
