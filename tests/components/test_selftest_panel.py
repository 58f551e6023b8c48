"""The self-test on a page: it fills row by row, for everybody who looks; only members may ask, and not too often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
from nicegui import ui
from nicegui.testing import User

from components.selftest_panel import INTRODUCTION, SelftestPanel
from state.api import Project
from state.selftest import Result
from state.selftest.desk import Desk
from state.selftest.runner import NAMES
from tests.state.support import until

Show = Callable[[Callable[[], object]], Awaitable[User]]
ADA = UUID(int=1)


class Scripted:
    """A self-test whose results come when the test says so."""

    def __init__(self, project: Project) -> None:
        self.now = 1000.0
        self.results: asyncio.Queue[Result | None] = asyncio.Queue()
        self.desk = Desk(project, test=self, clock=lambda: self.now)

    async def __call__(self, project: Project, *, on_result: Callable[[Result], None]) -> list[Result]:
        while (result := await self.results.get()) is not None:
            on_result(result)
        return []

    def says(self, *results: Result | None) -> None:
        for result in results:
            self.results.put_nowait(result)


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    project = Project.connect("http://127.0.0.1:1", "nobody asks it")
    made = Scripted(project)
    yield made
    await made.desk.close()
    await project.close()


def button(user: User) -> ui.button:
    (found,) = user.find(ui.button).elements
    return found  # type: ignore[return-value]


async def test_it_fills_row_by_row(show: Show, scripted: Scripted) -> None:
    user = await show(lambda: SelftestPanel(scripted.desk, ADA))
    await user.should_see(INTRODUCTION)
    user.find("Run the self-test").click()
    await user.should_see(f"Trying: {NAMES[0]}")
    assert not button(user).enabled
    scripted.says(Result(NAMES[0], "passed", 12, "REST answers"))
    await user.should_see("REST answers")
    await user.should_see(f"1 of {len(NAMES)}")
    await user.should_see(f"Trying: {NAMES[1]}")
    scripted.says(
        Result(NAMES[1], "failed", 7, "Nobody can sign up", ("a line", "another")), Result("x", "skipped", 0, "")
    )
    await user.should_see("Nobody can sign up")
    await user.should_see("another")
    scripted.says(None)
    await user.should_see("1 passed, 1 failed, 1 skipped in 0.0 s")


async def test_it_may_be_run_again_after_a_minute(show: Show, scripted: Scripted) -> None:  # D2
    user = await show(lambda: SelftestPanel(scripted.desk, ADA))
    user.find("Run the self-test").click()
    scripted.says(Result(NAMES[0], "passed", 12, "REST answers"), None)
    await user.should_see("Please wait 60 s before the next self-test.")
    assert not button(user).enabled
    scripted.now += 60
    await until(lambda: button(user).enabled, "it says so by itself")
    user.find("Run the self-test").click()
    await user.should_not_see("REST answers")


async def test_who_comes_later_sees_the_same_run(show: Show, scripted: Scripted) -> None:  # D1
    panels: list[SelftestPanel] = []
    scripted.desk.ask(ADA)
    scripted.says(Result(NAMES[0], "passed", 12, "REST answers"))
    await until(lambda: scripted.desk.results)
    user = await show(lambda: panels.append(SelftestPanel(scripted.desk, UUID(int=2))))
    await user.should_see("REST answers")
    assert not button(user).enabled
    assert user.client is not None
    user.client.delete()
    assert len(scripted.desk.changed) == 0, "a closed page listens no more"
    scripted.says(Result(NAMES[1], "passed", 1, "late"), None)
    await until(lambda: not scripted.desk.running, "and the run goes on without it")  # D3


async def test_a_guest_neither_runs_nor_reads_it(show: Show, scripted: Scripted) -> None:
    user = await show(lambda: SelftestPanel(scripted.desk, None))
    await user.should_see("Sign in to run it.")
    assert not button(user).enabled
    user.find("Run the self-test").click()
    assert not scripted.desk.running
    scripted.desk.ask(ADA)
    scripted.says(Result(NAMES[0], "passed", 12, "REST answers"), None)
    await until(lambda: not scripted.desk.running)
    await user.should_not_see("REST answers")
    await user.should_see("Sign in to run it.")
