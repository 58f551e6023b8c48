"""Opening and closing pages leaves nothing behind: no task, no listener, no tab, no memory that grows."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from itertools import cycle, islice

import psutil
from nicegui import Client, binding
from nicegui.testing import User

from components.session import starling
from state.member import Member
from tests.pages.test_studio import LONG, until

WARM_UP = 60
OPENINGS = 500  # by guests, and as many by a member
GROWTH_BYTES = 25_000_000  # a page costs about 300 kB while it is open; a leak of pages would be six times this
GUESTS = ("/", "/sign-in", "/sign-in?create=true", "/studio", "/diagnostics")
MEMBERS = ("/studio", "/diagnostics")


async def test_five_hundred_pages_of_guests_leave_nothing(user: User) -> None:
    await user.open("/")
    await nothing_is_left(user, GUESTS, None)


async def test_five_hundred_pages_of_a_member_leave_nothing(user: User) -> None:
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Gallery", retries=LONG)
    (member,) = starling().members
    await nothing_is_left(user, MEMBERS, member)


async def nothing_is_left(user: User, paths: tuple[str, ...], member: Member | None) -> None:
    """After `OPENINGS` more, everything is as it was."""
    await open_and_close(user, paths, WARM_UP)
    before, memory = await counted(member), resident()
    await open_and_close(user, paths, OPENINGS)
    after = await counted(member)
    assert not after - before, after - before
    assert resident() - memory < GROWTH_BYTES


async def open_and_close(user: User, paths: tuple[str, ...], times: int) -> None:
    for path in islice(cycle(paths), times):
        client = await user.open(path)
        await asyncio.sleep(0)
        client.delete()


async def counted(member: Member | None) -> Counter[str]:
    """Everything that a page could leave running or listening."""
    root = starling()
    await until(lambda: all(one.connection.status.state == "live" for one in (root.world, *root.members)))
    await asyncio.sleep(1.2)  # what was deleted a moment ago is still being ended
    gc.collect()
    counts = Counter(task.get_name().rstrip("0123456789") for task in asyncio.all_tasks())
    counts["clients"] = len(Client.instances)
    counts["links"] = len(binding.active_links)
    counts["bindings"] = len(binding.bindings)
    counts["members"] = len(root.members)
    counts["self-test listeners"] = len(root.selftest.changed)
    counts["who wants debug lines"] = root.diagnostics.log._wanted
    for owner in (root.world, *([member] if member else [])):
        name = "world" if owner is root.world else "member"
        counts[f"{name}: tabs"] = len(owner.audience)
        counts[f"{name}: sockets"] = owner.connection.sockets
        counts[f"{name}: connection listeners"] = len(owner.connection.changed.callbacks)
        counts[f"{name}: queries"] = sum(len(query.changed) for query in owner.queries)
        for table in owner.tables:
            counts[f"{name}: {table.query.table} listeners"] = table.listeners
        for rows in ("queue", "gallery", "models"):
            counts[f"{name}: {rows} listeners"] = len(getattr(owner.studio, rows)._listeners)
        counts[f"{name}: news listeners"] = len(owner.studio.news.callbacks)
        counts[f"{name}: failure listeners"] = len(owner.studio.failures.callbacks)
    if member:
        counts["attendance listeners"] = len(member.attendance._changed)
        counts["typing listeners"] = len(member.typing._changed)
        counts["presence listeners"] = len(member.presence.changed.callbacks)
        counts["ended listeners"] = len(member.ended.callbacks)
    return counts


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return psutil.Process().memory_info().rss
