"""Opening and closing pages leaves nothing behind: no task, no listener, no tab, no memory that grows."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from itertools import cycle, islice
from uuid import uuid4

import pytest
from nicegui import Client, binding
from nicegui.testing import User

from components.session import starling
from state.member import Member
from state.sync.query import Query, Where
from tests.pages.test_studio import LONG
from tests.state.support import resident, sockets_at_the_server

WARM_UP = 60
OPENINGS = {"guest": 700, "member": 120}
SETTLE_S, ATTEMPTS = 1.2, 25
GROWTH_BYTES = 25_000_000  # a page costs about 300 kB while it is open; a leak of a third of them would show
DEMO = "5d3c1e0a-7000-4000-8000-000000000002"  # the chat that demo members share
PATHS = {
    "guest": ("/", "/sign-in", "/sign-in?create=true", "/studio", "/market", "/diagnostics"),
    "member": ("/studio", "/market", "/board", "/diagnostics", f"/chat/{DEMO}"),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("who", ["guest", "member"])
async def test_a_thousand_pages_leave_nothing(user: User, who: str) -> None:
    await user.open("/sign-in")
    member: Member | None = None
    if who == "member":
        user.find("Sign in as Ada").click()
        await user.should_see("Gallery", retries=LONG)
        (member,) = starling().members
    paths = PATHS[who] if member is None else (*PATHS[who], await board_of(member))
    await open_and_close(user, paths, WARM_UP)
    await asyncio.sleep(SETTLE_S)
    before, memory = counted(member), resident()
    await open_and_close(user, paths, OPENINGS[who])
    more, grown = Counter[str](), 0
    for _ in range(ATTEMPTS):  # what was deleted a moment ago is still being ended
        await asyncio.sleep(SETTLE_S)
        more, grown = counted(member) - before, resident() - memory
        if not more and grown < GROWTH_BYTES:
            break
    assert not more, more
    assert grown < GROWTH_BYTES


async def board_of(member: Member) -> str:
    """The path of a project with a shot and some tasks."""
    rows = await member.api.select(Query("team_members", (Where("member_id", "eq", member.id),)), 1)
    team, project = rows[0]["team_id"], str(uuid4())
    await member.api.rpc("create_project", {"project_id": project, "team_id": team, "name": "Nest"})
    await member.api.rpc("create_shot", {"shot_id": str(uuid4()), "project_id": project, "name": "Dawn"})
    for title in ("Twigs", "Straw"):
        await member.api.rpc("create_task", {"task_id": str(uuid4()), "project_id": project, "title": title})
    return f"/board/{project}?team={team}"


async def open_and_close(user: User, paths: tuple[str, ...], times: int) -> None:
    for path in islice(cycle(paths), times):
        client = await user.open(path)
        await asyncio.sleep(0)
        client.delete()


def counted(member: Member | None) -> Counter[str]:
    """Everything that a page could leave running or listening."""
    root = starling()
    gc.collect()
    counts = Counter(task.get_name().rstrip("0123456789") for task in asyncio.all_tasks())
    counts["sockets"] = sockets_at_the_server()
    counts["clients"] = len(Client.instances)
    counts["links"] = len(binding.active_links)
    counts["bindings"] = len(binding.bindings)
    counts["members"] = len(root.members)
    counts["self-test listeners"] = len(root.selftest.changed)
    counts["who wants debug lines"] = root.diagnostics.log._wanted
    for owner in (root.world, *([member] if member else [])):
        name = "world" if owner is root.world else "member"
        counts[f"{name}: tabs"] = len(owner.audience)
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
