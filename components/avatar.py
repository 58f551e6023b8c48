"""A person as a small disc: their picture, or initials on their colour while there is none, or it does not load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from components import session
from state.avatars import BUCKET

if TYPE_CHECKING:
    from state.models import Profile

UNKNOWN_COLOUR = "#98a1b3"
DARK_INK, LIGHT_INK = "#0b0d12", "#ffffff"


def initials(name: str) -> str:
    """Two letters: of the first and last word, or the first two of a single word."""
    words = name.split()
    if not words:
        return "?"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper()


def ink(colour: str) -> str:
    """The ink that is read best on `colour` (#rrggbb), by WCAG's relative luminance."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return DARK_INK if luminance > 0.18 else LIGHT_INK


def picture_of(profile: Profile | None) -> str | None:
    """The address of somebody's picture, if they have one."""
    if profile is None or profile.avatar_path is None:
        return None
    return session.starling().project.public_url(BUCKET, profile.avatar_path)


class Avatar(ui.label):
    """The disc alone; the name belongs beside it, so it is hidden from screen readers.

    Pointed at, it opens the person's card (components/profile_card.py), unless it is made with `card=False`.
    """

    def __init__(self, profile: Profile | None = None, *, large: bool = False, card: bool = True) -> None:
        super().__init__("")
        self._card = card
        self._picture: ui.element | None = None
        self._address: str | None = None
        self.classes("avatar avatar--large" if large else "avatar").props("aria-hidden=true")
        self.show(profile)

    def show(self, profile: Profile | None, *, away: bool = False, hidden: bool = False) -> None:
        """`away` and `hidden` (appears offline) are marked at the edge."""
        colour = profile.colour if profile else UNKNOWN_COLOUR
        self.text = initials(profile.display_name) if profile else "?"
        self.style(f"background:{colour};color:{ink(colour)}")
        mark = "avatar--away" if away else "avatar--hidden" if hidden else ""
        self.classes(add=mark, remove=" ".join({"avatar--away", "avatar--hidden"} - {mark}))
        self._draw(picture_of(profile))
        if self._card and profile is not None:
            self.props["data-person"] = str(profile.id)

    def _draw(self, address: str | None) -> None:
        if address == self._address:
            return
        self._address = address
        if self._picture is not None:  # another element: what did not load is hidden for good
            self._picture.delete()
            self._picture = None
        if address is not None:
            with self:
                self._picture = (
                    ui.element("img").classes("avatar__picture").props('alt="" draggable=false decoding=async')
                )
            self._picture.props["src"] = address
            self._picture.on("error", js_handler="(event) => event.target.remove()")
