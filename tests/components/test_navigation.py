"""Who can go where, and by which keys."""

from __future__ import annotations

from components.navigation import PLACES, places


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


def test_each_place_has_its_own_keys() -> None:
    assert len({place.keys for place in PLACES}) == len(PLACES)
    assert all(place.keys.startswith("g ") for place in PLACES)
