"""A picture whose address nobody could give comes as soon as somebody can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest
from nicegui.testing import User

from components import signed_image
from components.session import starling
from components.signed_image import SignedImage
from state.api import Project
from tests.pages.conftest import app_with
from tests.pages.test_counts import demo
from tests.pages.test_studio import tiles
from tests.state.doorway import Doorway
from tests.state.support import add_generations, as_admin, until

if TYPE_CHECKING:
    from embedded.stack import Address


@pytest.fixture
async def door(supabase: Address) -> AsyncIterator[Doorway]:
    async with Doorway(supabase.api_url) as opened:
        yield opened


@pytest.fixture
async def user(
    supabase: Address, door: Doorway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[User]:
    """Somebody whose app's REST calls go through the door; its sockets do not."""
    monkeypatch.setattr(Project, "realtime_url", f"{supabase.api_url}/realtime/v1")
    monkeypatch.setattr(signed_image, "AGAIN_S", 0.1)
    async with app_with(door.url, supabase.publishable_key, tmp_path, monkeypatch) as somebody:
        yield somebody


async def test_a_picture_that_came_while_nobody_answered_is_shown_afterwards(
    user: User, door: Doorway, supabase: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = await asyncpg.connect(supabase.db_url)
    grace = await demo(db, "grace")
    await user.open("/studio")
    world = starling().world
    await until(lambda: world.connection.status.state == "live" and all(t.phase == "ready" for t in world.tables))
    asked: list[str] = []
    sign = world.api.sign

    async def count(bucket: str, paths: list[str], seconds: int) -> dict[str, str]:
        asked.extend(paths)
        return await sign(bucket, paths, seconds)

    monkeypatch.setattr(world.api, "sign", count)
    door.shut()
    (picture,) = await add_generations(db, grace, visibility="public", prompt="too early")
    poster = await db.fetchval("select poster_path from public.generations where id = $1", picture)
    async with httpx.AsyncClient() as http:
        url = f"{supabase.api_url}/storage/v1/object/media/{poster}"
        (
            await http.post(url, headers=as_admin(supabase) | {"content-type": "image/webp"}, content=b"a file")
        ).raise_for_status()
    await until(lambda: "too early" in tiles(user))
    (image,) = (one for one in tiles(user)["too early"].element.descendants() if isinstance(one, SignedImage))
    await until(lambda: len(asked) > 3)
    assert "src" not in image.props
    door.open()
    await until(lambda: "src" in image.props)
    await db.close()
