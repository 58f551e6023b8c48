"""What the headers say: how many there are in all, right for everybody at any moment, and how fresh that is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest
from nicegui.testing import User

from components import freshness_note
from components.counter import Counter
from components.gallery import Gallery
from components.queue import Queue
from components.session import starling
from state.sync import freshness
from tests.pages.test_studio import LONG, only, until
from tests.state.support import add_generations, add_job

if TYPE_CHECKING:
    from embedded.stack import Address

PICTURES = 230  # more than a page loads


@pytest.fixture
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.close()


async def demo(db: asyncpg.Connection, username: str) -> UUID:
    return UUID(str(await db.fetchval("select id from public.profiles where username = $1", username)))


def number(user: User, region: type) -> str:
    """What stands beside the title of a region."""
    with user:
        return next(counter.text for counter in only(user, region).descendants() if isinstance(counter, Counter))


async def says(user: User, region: type, text: str) -> None:
    try:
        await until(lambda: number(user, region) == text)
    except TimeoutError:
        pytest.fail(f"{region.__name__} says {number(user, region)}, not {text}")


async def test_the_gallery_says_how_many_there_are_though_it_has_not_loaded_them(
    user: User, db: asyncpg.Connection
) -> None:
    ada, grace = await demo(db, "ada"), await demo(db, "grace")
    await add_generations(db, grace, PICTURES, visibility="public")
    mine = await add_generations(db, ada, 3, visibility="private", prompt="mine alone")
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Here now", retries=LONG)
    await says(user, Gallery, "233")
    oldest = "select id from public.generations where owner_id = $1 order by created_at limit 10"
    await db.execute(f"delete from public.generations where id in ({oldest})", grace)
    await says(user, Gallery, "223")
    (member,) = starling().members
    member.studio.delete(mine[0])
    member.generations.flush()
    assert number(user, Gallery) == "222", "before the database knows"
    with user:
        only(user, Gallery).choose("Mine")
    await says(user, Gallery, "2")
    with user:
        only(user, Gallery).choose("Videos")
    await says(user, Gallery, "0")
    await user.should_see("2 pictures")


async def test_a_guest_sees_the_number_of_public_ones(user: User, db: asyncpg.Connection) -> None:
    grace = await demo(db, "grace")
    await add_generations(db, grace, PICTURES, visibility="public")
    await add_generations(db, grace, 5, visibility="private")
    await user.open("/")
    await user.should_see("230", retries=LONG)
    await user.open("/studio")
    await says(user, Gallery, "230")


async def test_without_realtime_the_page_says_how_often_it_asks_and_stays_right(
    user: User, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "POLL_S", 0.4)
    monkeypatch.setattr(freshness_note, "QUIET_S", 0.1)
    monkeypatch.setattr(freshness_note, "TICK_S", 0.1)
    grace = await demo(db, "grace")
    await add_generations(db, grace, PICTURES, visibility="public")
    await user.open("/studio")
    await says(user, Gallery, "230")
    world = starling().world
    world.connection.pause()
    await user.should_see("until live again", retries=LONG)
    oldest = "select id from public.generations where owner_id = $1 order by created_at limit 10"
    await db.execute(f"delete from public.generations where id in ({oldest})", grace)
    await says(user, Gallery, "220")
    world.connection.reconnect()
    await until(lambda: world.connection.status.state == "live")
    world.connection.freshness.beat()
    await user.should_not_see("until live again", retries=LONG)


async def test_a_queue_that_is_not_loaded_whole_says_so(user: User, db: asyncpg.Connection) -> None:
    grace = await demo(db, "grace")
    for _ in range(5):
        await add_job(db, grace, visibility="public")
    await user.open("/studio")
    await says(user, Queue, "5")
    world = starling().world
    world.jobs._window.limit = 3  # as if two hundred had been loaded of more
    world.jobs.refresh()
    await says(user, Queue, "3+")
