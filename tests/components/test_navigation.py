"""Who can go where, and by which keys."""

from __future__ import annotations

from components.navigation import PLACES, places
from components.shell import TABS


def test_guests_have_a_home_and_members_go_to_work() -> None:
    assert [place.path for place in places(member=False)] == ["/", "/studio", "/feed", "/market", "/diagnostics"]
    assert [place.path for place in places(member=True)] == [
        "/",
        "/studio",
        "/training",
        "/feed",
        "/chat",
        "/market",
        "/contacts",
        "/emails",
        "/team",
        "/board",
        "/credits",
        "/diagnostics",
    ]


def test_thumbs_reach_what_one_opens_most() -> None:
    assert [place.title for place in places(member=True) if place.thumb][:TABS] == ["Home", "Studio", "Feed", "Chat"]
    assert [place.title for place in places(member=False) if place.thumb] == ["Home", "Studio", "Feed", "Market"]


def test_each_place_has_its_own_keys() -> None:
    assert len({place.keys for place in PLACES}) == len(PLACES)
    assert all(place.keys.startswith("g ") for place in PLACES)
