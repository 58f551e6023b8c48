"""Who is here, who was, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from nicegui import ui
from nicegui.testing import User

from components.here_now import doing
from components.navigation import PLACES, whereabouts
from components.people import PeopleHere, ago
from state.attendance import LastSeen
from state.errors import Unreachable
from state.models import Profile
from state.realtime.connection import Connection
from state.realtime.presence import Person, Presence
from tests.components.rows import ADA, GRACE, MOMENT, HandRows
from tests.state.support import Someone

ALAN = UUID(int=3)


def profile(id: UUID, name: str) -> Profile:
    """What everybody may know of somebody."""
    values: dict[str, Any] = {
        "id": id, "username": name.split()[0].lower(), "display_name": name, "avatar_path": None, "colour": "#9bdcff", "bio": "",
        "is_demo": True, "created_at": MOMENT, "updated_at": MOMENT, "version": 1,
    }  # fmt: skip
    return Profile.model_validate(values)


PEOPLE = [profile(ADA, "Ada Lovelace"), profile(GRACE, "Grace Hopper"), profile(ALAN, "Alan Turing")]


class Room:
    """Somebody's page in front of a room in which the test puts people."""

    def __init__(self, recent: list[LastSeen] | None = None) -> None:
        self.recent = recent
        self.presence = Presence(Connection("http://127.0.0.1:1", "key", Someone()), "room:studio", ADA)

    def build(self) -> None:
        self.here = PeopleHere(self.presence, HandRows(PEOPLE), ADA, self.recently)

    async def recently(self) -> list[LastSeen]:
        if self.recent is None:
            raise Unreachable("Supabase does not answer")
        return self.recent

    def put(self, *people: Person) -> None:
        self.presence._set({person.id: person for person in people}, confirmed=True)


async def opened(room: Room, show: Callable) -> User:
    user: User = await show(room.build)
    room.put(Person(ADA, "online", 1, MOMENT), Person(GRACE, "away", 1, MOMENT, {"page": "/studio"}))
    user.find(kind=ui.menu).trigger("beforeShow")
    return user


async def test_the_menu_says_who_is_here_and_where_and_who_was(show: Callable) -> None:
    room = Room([LastSeen(ALAN, timedelta(minutes=5)), LastSeen(UUID(int=9), timedelta(0))])
    user = await opened(room, show)
    await user.should_see("2 here")
    await user.should_see("in the studio")
    await user.should_see("away")
    await user.should_see("Recently here")
    await user.should_see("Alan Turing")
    await user.should_see("last seen 5 min ago")


async def test_who_is_here_again_is_no_longer_among_those_who_were(show: Callable) -> None:
    room = Room([LastSeen(ALAN, timedelta(minutes=5))])
    user = await opened(room, show)
    await user.should_see("last seen 5 min ago")
    room.here._menu.value = True
    room.put(Person(ALAN, "online", 1, MOMENT))
    await user.should_see("1 here")
    await user.should_not_see("Recently here")


async def test_who_is_here_is_shown_even_when_nobody_says_who_was(show: Callable) -> None:
    user = await opened(Room(None), show)
    await user.should_see("2 here")
    await user.should_not_see("Recently here")


async def test_who_appears_offline_and_is_alone_can_still_look(show: Callable) -> None:
    room = Room([LastSeen(ALAN, timedelta(hours=2))])
    user: User = await show(room.build)
    await user.should_not_see("0")
    room.put()
    await user.should_see("0")
    user.find(kind=ui.menu).trigger("beforeShow")
    await user.should_see("Nobody here")
    await user.should_see("last seen 2 h ago")


async def test_a_place_that_somebody_makes_up_is_not_shown(show: Callable) -> None:  # P3
    room = Room([])
    user: User = await show(room.build)
    room.put(Person(GRACE, "online", 1, MOMENT, {"page": "/<b>nowhere</b>", "name": "Mallory"}))
    user.find(kind=ui.menu).trigger("beforeShow")
    await user.should_see("Grace Hopper")
    await user.should_not_see("nowhere")
    await user.should_not_see("Mallory")


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(minutes=60), "1 h ago"),
        (timedelta(hours=47), "1 d ago"),
    ],
)
def test_times_read_naturally(time: timedelta, words: str) -> None:
    assert ago(time) == words


def test_every_place_of_members_has_a_name_for_being_there() -> None:
    assert all(whereabouts(place.path) for place in PLACES if place.for_members)
    assert [whereabouts(path) for path in ("/nowhere", None, ["/studio"], {})] == [""] * 4


def test_who_writes_is_said_to_write() -> None:
    assert doing(Person(GRACE, "online", 1, MOMENT), None, writing=True) == "is writing a prompt"
