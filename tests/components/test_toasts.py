"""Toasts: short news that never crowd the page. The numbers are the invariants of components/toasts.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from nicegui.testing import User

from components.toasts import AT_ONCE, PACE_S, SECONDS, Toast, Toasts

Show = Callable[[Callable[[], object]], Awaitable[User]]


@dataclass
class Timer:
    at: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class HandClock:
    """An event loop's clock that is moved by hand."""

    now: float = 100.0
    timers: list[Timer] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        self.timers.append(Timer(self.now + delay, callback))
        return self.timers[-1]

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= end and not timer.cancelled]:
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            timer.callback()
        self.now = end


class Page:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.toasts = Toasts(self.clock)

    def texts(self) -> list[str]:
        """What the toasts say, from top to bottom."""
        return [label.text for card in self.toasts for label in card if "toast__text" in label.classes]  # type: ignore[attr-defined]


@pytest.fixture
async def page(show: Show) -> tuple[Page, User]:
    made: list[Page] = []
    user = await show(lambda: made.append(Page()))
    return made[0], user


async def test_1_and_2_news_come_one_a_second_and_three_at_once(page: tuple[Page, User]) -> None:
    on, _ = page
    for number in range(5):
        on.toasts.show(Toast(f"news {number}", seconds=None))
    assert on.texts() == ["news 0"]
    on.clock.advance(PACE_S)
    assert on.texts() == ["news 0", "news 1"]
    on.clock.advance(60)
    assert len(on.texts()) == AT_ONCE


async def test_1_what_waits_follows_when_there_is_room(page: tuple[Page, User]) -> None:
    on, _ = page
    for number in range(5):
        on.toasts.show(Toast(f"news {number}"))
    on.clock.advance(SECONDS + 0.1)
    assert on.texts() == ["news 1", "news 2", "news 3"]


async def test_1_an_answer_to_what_one_did_pushes_the_oldest_away(page: tuple[Page, User]) -> None:
    on, _ = page
    for number in range(4):
        on.toasts.show(Toast(f"done {number}", urgent=True))
    assert on.texts() == ["done 1", "done 2", "done 3"]


async def test_3_what_waits_is_merged_by_its_group(page: tuple[Page, User]) -> None:
    on, _ = page
    on.toasts.show("first")
    for _number in range(5):
        on.toasts.show(Toast("Grace made “salt flats”", group="made", many=lambda n: f"{n} new pictures"))
    on.clock.advance(PACE_S)
    assert on.texts() == ["first", "5 new pictures"]


async def test_4_time_stands_still_under_the_pointer(page: tuple[Page, User]) -> None:
    on, _ = page
    on.toasts.show("news")
    card = next(iter(on.toasts))
    fire(card, "mouseenter")
    on.clock.advance(SECONDS * 3)
    assert on.texts() == ["news"]
    fire(card, "mouseleave")
    on.clock.advance(SECONDS)
    assert on.texts() == []


async def test_an_action_is_done_once_and_closes_the_toast(page: tuple[Page, User]) -> None:
    on, user = page
    done: list[str] = []
    on.toasts.show(Toast("Deleted", action=("Undo", lambda: done.append("undone")), urgent=True))
    user.find("Undo").click()
    assert done == ["undone"]
    assert on.texts() == []


async def test_nothing_ticks_after_the_page_is_closed(page: tuple[Page, User]) -> None:
    on, user = page
    for number in range(5):
        on.toasts.show(f"news {number}")
    assert user.client is not None
    user.client.delete()
    assert all(timer.cancelled for timer in on.clock.timers)


def fire(element: object, event: str) -> None:
    """What the browser sends."""
    for listener in element._event_listeners.values():  # type: ignore[attr-defined]
        if listener.type == event:
            element._handle_event({"listener_id": listener.id, "args": {}})  # type: ignore[attr-defined]
