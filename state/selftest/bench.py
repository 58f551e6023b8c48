"""Bench: what the checks of one run share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

from state.api import Api, Project
from state.selftest.people import Admin, People, Tester
from state.sign_in import Sessions
from state.sync.change import Change
from state.world import Anonymous

LOOK_S = 0.005  # between two looks at what only can be asked


class Bench:
    """`waiting_for` is what a check waits for at the moment, for the case that its time runs out."""

    def __init__(self, project: Project, secret_key: str | None, folder: Path) -> None:
        self.project = project
        self.admin = Admin(project, secret_key) if secret_key else None
        self.people = People(project, Sessions(project, folder / "sessions", token_hex(), demo=False), self.admin)
        self.anybody = Api(project, Anonymous(project.key))
        self.waiting_for: Callable[[], str] = str

    @property
    def pair(self) -> tuple[Tester, Tester]:
        """The one and the other."""
        one, other = self.people.testers
        return one, other

    async def until(self, true: Callable[[], Any], what: str, why: Callable[[], str | None] = lambda: None) -> None:
        """Waits; the check's time limit ends it. `why` may know what stands in the way."""
        self.waiting_for = lambda: f"{what}: {reason}" if (reason := why()) else what
        while not true():  # noqa: ASYNC110 - the whole layer is tested, and no part of it knows of all that is waited for
            await asyncio.sleep(LOOK_S)

    async def travels(self, writer: Tester, reader: Tester) -> float:
        """The writer changes their profile; milliseconds from sending that to the reader hearing of it on `world`."""
        mark = f"Self-test {token_hex(6)}"
        arrived: list[float] = []

        def look(change: Change) -> None:
            if any(record.get("id") == str(writer.id) and record.get("bio") == mark for record in change.records):
                arrived.append(time.perf_counter())

        stop = reader.world.on_change("profiles", look)
        try:
            sent = time.perf_counter()
            await writer.api.update("profiles", writer.id, {"bio": mark})
            await self.until(
                lambda: arrived, "a change of a profile to arrive on world", lambda: reader.connection.status.error
            )
            return (arrived[0] - sent) * 1000
        finally:
            stop()
            await writer.api.update("profiles", writer.id, {"bio": ""})
