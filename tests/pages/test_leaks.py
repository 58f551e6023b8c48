"""Opening and closing pages leaves nothing behind: no task, no listener, no tab, no memory that grows."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

import psutil
from nicegui import Client, binding
from nicegui.testing import User

from components.session import starling
from state.member import Member
from tests.pages.test_studio import LONG

WARM_UP = 40
OPENINGS = 200
GROWTH_BYTES = 12_000_000  # a page costs about 300 kB while it is open; a leak of pages would be five times this


async def test_two_hundred_pages_leave_nothing(user: User) -> None:
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Gallery", retries=LONG)
    (member,) = starling().members

    await open_and_close(user, WARM_UP)
    before, memory = await counted(member), resident()
    await open_and_close(user, OPENINGS)
    after = await counted(member)
    assert not after - before, after - before
    assert resident() - memory < GROWTH_BYTES


async def open_and_close(user: User, times: int) -> None:
    for _ in range(times):
        client = await user.open("/studio")
        await asyncio.sleep(0)
        client.delete()


async def counted(member: Member) -> Counter[str]:
    """Everything that a page could leave running or listening."""
    for _ in range(50):  # what was deleted a moment ago is still being ended
        await asyncio.sleep(0.02)
    gc.collect()
    counts = Counter(task.get_name().rstrip("0123456789") for task in asyncio.all_tasks())
    studio = member.studio
    counts["clients"] = len(Client.instances)
    counts["tabs"] = len(member.audience)
    counts["links"] = len(binding.active_links)
    counts["bindings"] = len(binding.bindings)
    for name, rows in (
        ("queue", studio.queue),
        ("gallery", studio.gallery),
        ("models", studio.models),
        ("people", member.world.people),
    ):
        counts[f"{name} listeners"] = len(rows._listeners)  # type: ignore[attr-defined]
    counts["attendance listeners"] = len(member.attendance._changed)
    counts["typing listeners"] = len(member.typing._changed)
    for name, event in (
        ("news", studio.news),
        ("failures", studio.failures),
        ("connection", member.connection.changed),
    ):
        counts[f"{name} listeners"] = len(event.callbacks)
    return counts


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return psutil.Process().memory_info().rss
