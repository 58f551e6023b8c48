"""Where one can go: one table for the rail, the bar on phones, the command palette and the shortcuts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A page that the navigation leads to. `keys` is its shortcut, as in components/shortcuts.py; `where` says of
    somebody that they are there; `thumb` has it in the bar on phones."""

    title: str
    path: str
    icon: str
    keys: str
    section: str = ""  # heading in the rail: "", "Work" or "System"
    for_members: bool = True
    for_guests: bool = True
    where: str = ""
    thumb: bool = False
    counts: str = ""  # what is counted beside it, for members: see components/unread.py


PLACES = (
    Place("Home", "/", "home", "g h", thumb=True, where="at their dashboard"),
    Place("Studio", "/studio", "palette", "g s", thumb=True, where="in the studio"),
    Place("Training", "/training", "model_training", "g t", for_guests=False, where="training a model"),
    Place("Feed", "/feed", "dynamic_feed", "g f", thumb=True, where="in the feed"),
    Place("Chat", "/chat", "forum", "g c", for_guests=False, thumb=True, where="in chat", counts="chat"),
    Place("Market", "/market", "candlestick_chart", "g m", thumb=True, where="at the market"),
    Place("Contacts", "/contacts", "contacts", "g o", section="Work", for_guests=False, where="looking at contacts"),
    Place("E-mail", "/emails", "mail", "g e", section="Work", for_guests=False, where="writing e-mail"),
    Place("Team", "/team", "groups", "g w", section="Work", for_guests=False, where="with their team"),
    Place("Board", "/board", "view_kanban", "g b", section="Work", for_guests=False, where="at the board"),
    Place("Credits", "/credits", "toll", "g r", section="System", for_guests=False, where="looking at their credits"),
    Place("Diagnostics", "/diagnostics", "monitor_heart", "g d", section="System", where="in diagnostics"),
)


def places(*, member: bool) -> list[Place]:
    """The places that a member, or a guest, can go to, in the order of the rail."""
    return [place for place in PLACES if (place.for_members if member else place.for_guests)]


def place_of(path: str) -> str:
    """The place that a page is, or is below; the page itself where there is none."""
    return next((p.path for p in PLACES if path == p.path or (p.path != "/" and path.startswith(f"{p.path}/"))), path)


def leads_somewhere(path: str) -> bool:
    """Whether there is such a page for members."""
    return any(place.path == path and place.for_members for place in PLACES)


def section_of(path: str) -> str:
    """The section of the rail that a page is in, or one below it."""
    return next((place.section for place in PLACES if path == place.path or path.startswith(f"{place.path}/")), "")


def whereabouts(path: object) -> str:
    """Where somebody is who says that they are on the page `path`; nothing when that is no place of ours."""
    return next((place.where for place in PLACES if isinstance(path, str) and place.path == place_of(path)), "")
