"""A summary of the day by e-mail, in the morning: whether one wants it, and from when."""

from __future__ import annotations

from nicegui import app, ui
from nicegui.events import ValueChangeEventArguments

from components.settings_part import Part
from components.tag import Tag
from components.time_zone import STORED, browser_zone
from state.days import known_zone
from state.digest import DigestChoice
from state.models import Digest

HOURS = {hour: f"{hour:02}:00" for hour in range(24)}
LINES = (
    ("pictures", "picture", "pictures"),
    ("failed_jobs", "failed job", "failed jobs"),
    ("contacts", "new contact", "new contacts"),
    ("emails_sent", "e-mail written", "e-mails written"),
    ("emails_opened", "e-mail opened", "e-mails opened"),
    ("unread", "unread notification", "unread notifications"),
)


class DigestPart(Part):
    """Follows what is chosen in other tabs, and says what the last one said."""

    def __init__(self, choice: DigestChoice) -> None:
        super().__init__(
            "digest", "Daily digest", "The last 24 hours in one e-mail, from the hour you choose. None on a quiet day."
        )
        self._choice = choice
        self._showing = False
        browser_zone(lambda _: self._show())
        with self, ui.element("div").classes("digest"):
            self._wanted = ui.switch("Send me a digest", on_change=self._changed).props("dense")
            self._hour = ui.select(HOURS, value=choice.hour, on_change=self._changed).props(
                "outlined dense options-dense"
            )
            self._hour.props["aria-label"] = "From which hour"
            self._zone = Tag("span", "", "meta")
            self._move = Tag("button", "", "link").props("type=button")
            self._move.on("click", lambda: self._choose(_here()), args=[])
            self._last = Tag("p", "", "meta digest__last")
        for table in choice.tables:
            self.client.on_delete(table.subscribe(lambda _: self._show()))
        self._show()

    def _changed(self, _: ValueChangeEventArguments) -> None:
        if not self._showing:
            self._choose(self._choice.zone if self._choice.wanted else _here())

    def _choose(self, zone: str) -> None:
        self._choice.choose(wanted=bool(self._wanted.value), hour=int(self._hour.value), zone=zone)

    def _show(self) -> None:
        if self.is_deleted:
            return
        self._showing = True
        self._wanted.value, self._hour.value = self._choice.wanted, self._choice.hour
        self._hour.set_enabled(self._choice.wanted)
        self._showing = False
        here = _here()
        zone = self._choice.zone if self._choice.wanted else here
        self._zone.text, self._move.text = f"in {_named(zone)}", f"Use {_named(here)}"
        self._move.set_visibility(zone != here)  # one has moved, or uses a browser elsewhere
        last = self._choice.last
        self._last.text = told(last) if last else ""


def told(digest: Digest) -> str:
    """The last one (26 Nov, simulated): 3 pictures, 1 unread notification."""
    if digest.status == "quiet":
        return f"{digest.day.day} {digest.day:%b} was a quiet day: nothing was sent."
    numbers = digest.numbers if isinstance(digest.numbers, dict) else {}
    parts = [f"{numbers[key]:,} {one if numbers[key] == 1 else many}" for key, one, many in LINES if numbers.get(key)]
    how = ", simulated: no mail server is set up" if digest.simulated else ""
    state = "" if digest.status == "sent" else f", {'on its way' if digest.status != 'failed' else 'failed'}"
    return f"The last one ({digest.day.day} {digest.day:%b}{how}{state}): {', '.join(parts) or 'a quiet day'}."


def _named(zone: str) -> str:
    return zone.replace("_", " ")


def _here() -> str:
    return known_zone(app.storage.user.get(STORED))
