"""The command palette and the shortcuts: what one side adds, the browser is told; what it asks for, is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from nicegui.testing import User

from components.command_palette import Command, CommandPalette
from components.shortcuts import Shortcut, Shortcuts

Show = Callable[[Callable[[], object]], Awaitable[User]]


class Page:
    def __init__(self) -> None:
        self.shortcuts = Shortcuts()
        self.palette = CommandPalette(self.shortcuts)

    @property
    def titles(self) -> list[str]:
        return [row["title"] for row in self.palette.props["commands"]]

    @property
    def keys(self) -> list[str]:
        return [row["keys"] for row in self.shortcuts.props["shortcuts"]]

    def run(self, part: CommandPalette | Shortcuts, title: str) -> None:
        """What the browser sends when somebody chooses `title`."""
        rows = part.props["commands" if isinstance(part, CommandPalette) else "shortcuts"]
        chosen = next(row["id"] for row in rows if row["title"] == title)
        listener = next(iter(part._event_listeners.values()))
        part._handle_event({"listener_id": listener.id, "args": chosen})


@pytest.fixture
async def page(show: Show) -> Page:
    made: list[Page] = []
    await show(lambda: made.append(Page()))
    return made[0]


async def test_a_command_can_be_found_and_pressed_until_it_is_taken_away(page: Page) -> None:
    remove = page.palette.add(Command("Vary", keys="v", action=lambda: None))
    assert page.titles == ["Vary"]
    assert page.keys == ["v", "?", "Mod+K"]
    remove()
    assert page.titles == []
    assert page.keys == ["?", "Mod+K"]


async def test_both_ways_do_the_same(page: Page) -> None:
    done: list[str] = []
    page.palette.add(Command("Vary", keys="v", action=lambda: done.append("varied")))
    page.run(page.palette, "Vary")
    page.run(page.shortcuts, "Vary")
    assert done == ["varied", "varied"]


async def test_an_action_may_take_its_time(page: Page) -> None:
    done = asyncio.Event()

    async def act() -> None:
        done.set()

    page.palette.add(Command("Sign out", action=act))
    page.run(page.palette, "Sign out")
    await asyncio.wait_for(done.wait(), 30)


async def test_what_was_taken_away_meanwhile_does_nothing(page: Page) -> None:
    done: list[str] = []
    remove = page.shortcuts.add(Shortcut("x", "Delete", action=lambda: done.append("deleted")))
    gone = page.shortcuts.props["shortcuts"][0]["id"]
    remove()
    listener = next(iter(page.shortcuts._event_listeners.values()))
    page.shortcuts._handle_event({"listener_id": listener.id, "args": gone})
    assert done == []


async def test_only_what_acts_is_listened_for(page: Page) -> None:
    page.shortcuts.add(Shortcut("←", "Previous picture"))
    assert {row["keys"]: row["acts"] for row in page.shortcuts.props["shortcuts"]} == {
        "←": False,
        "?": True,
        "Mod+K": False,
    }
