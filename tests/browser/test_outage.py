"""An outage with writes in it: afterwards all is right without anybody doing anything, and nothing flickered."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from PIL import Image
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import run_starling
from tests.browser.people import connection, gallery, generate, queue, sign_in_with
from tests.browser.steady import touched, watch
from tests.state.doorway import Doorway

if TYPE_CHECKING:
    from embedded.stack import Address

OUTAGE_S = 3.0  # beside the seconds in which a deletion can be undone
RETURN_MS = 60_000  # the longest backoff, twice

OWNERS = "owner_id in (select id from public.profiles where is_demo)"
CLEAR = f"delete from public.generation_jobs where {OWNERS}; delete from public.generations where {OWNERS}"
WRITTEN = "select count(*) from public.generation_jobs where prompt = 'written in the dark'"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@dataclass
class Studio:
    """An app whose every way to Supabase goes through one door; what others do goes straight into the database."""

    address: str
    door: Doorway
    supabase: Address
    db: asyncpg.Connection
    http: httpx.AsyncClient

    async def id(self, name: str) -> UUID:
        """Of a demo member."""
        return UUID(str(await self.db.fetchval("select id from public.profiles where username = $1", name)))

    async def picture(self, name: str, prompt: str, visibility: str = "public") -> UUID:
        """A finished one, with its file."""
        path = f"{uuid4()}/1.png"
        made = io.BytesIO()
        Image.new("RGB", (64, 64), "#4060a0").save(made, "PNG")
        headers = {"Authorization": f"Bearer {self.supabase.secret_key}", "apikey": self.supabase.secret_key}
        url = f"{self.supabase.api_url}/storage/v1/object/media/{path}"
        stored = await self.http.post(url, content=made.getvalue(), headers=headers | {"Content-Type": "image/png"})
        stored.raise_for_status()
        made_id = await self.db.fetchval(
            """insert into public.generations (owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes,
                                               width, height, colour, visibility)
               values ($1, 'image', $2, 1, $3, $3, 'image/png', 1, 64, 64, '#4060a0', $4) returning id""",
            await self.id(name), prompt, path, visibility,
        )  # fmt: skip
        return UUID(str(made_id))

    async def job(self, name: str, prompt: str, progress: int | None = None) -> UUID:
        """A public one; it waits, or is being made."""
        made_id = await self.db.fetchval(
            """insert into public.generation_jobs (owner_id, kind, prompt, params, visibility, status, stage, progress)
               values ($1, 'image', $2, '{"width": 512, "height": 512, "count": 1, "steps": 20, "seed": 1, "duration": 4}', 'public',
                       case when $3::int is null then 'waiting' else 'active' end, 'Refining', coalesce($3, 0))
               returning id""",
            await self.id(name), prompt, progress,
        )  # fmt: skip
        return UUID(str(made_id))


@pytest.fixture
async def studio(supabase: Address, tmp_path: Path) -> AsyncIterator[Studio]:
    async with Doorway(supabase.api_url) as door, httpx.AsyncClient(timeout=20) as http:
        names = {"SUPABASE_URL": door.url, "SUPABASE_PUBLISHABLE_KEY": supabase.publishable_key}
        db = await asyncpg.connect(supabase.db_url)
        await db.execute(CLEAR)
        async with run_starling(tmp_path, **names) as running:
            yield Studio(running.address, door, supabase, db, http)
        await db.execute(CLEAR)
        await db.close()


def tile(page: Page, prompt: str) -> Locator:
    """A picture in the gallery."""
    return gallery(page).get_by_role("listitem").filter(has_text=prompt)


def row(page: Page, prompt: str) -> Locator:
    """A job in the queue."""
    return queue(page).get_by_role("listitem").filter(has_text=prompt)


async def test_after_an_outage_all_is_right_and_nothing_flickered(chromium: Browser, studio: Studio):  # L2, L4, M4, M6
    for name, prompt in (("ada", "one that stays"), ("grace", "another that stays"), ("ada", "to be marked here")):
        await studio.picture(name, prompt)
    await studio.picture("ada", "to be deleted here", "private")
    marked = await studio.picture("ada", "marked elsewhere")
    withdrawn = await studio.picture("grace", "withdrawn")
    await studio.job("katherine", "a job that stays")
    moving = await studio.job("grace", "a job that moves", 10)
    ada = await sign_in_with(chromium, studio.address, "ada@starling.demo", "starling-demo")
    grace = await sign_in_with(chromium, studio.address, "grace@starling.demo", "starling-demo")
    pages = (ada, grace)
    for page in pages:
        await expect(tile(page, "withdrawn")).to_be_visible()
        await expect(row(page, "a job that moves")).to_contain_text("10 %")
        await watch(page)

    studio.door.shut()
    for page in pages:
        await expect(connection(page)).to_contain_text("offline", ignore_case=True)
    await studio.picture("grace", "made meanwhile")
    await studio.db.execute("update public.generations set favourite = true where id = $1", marked)
    await studio.db.execute("delete from public.generations where id = $1", withdrawn)
    await studio.db.execute("update public.generation_jobs set progress = 60 where id = $1", moving)
    await tile(ada, "to be marked here").hover()
    await tile(ada, "to be marked here").get_by_role("button", name="Add to favourites").click()
    await tile(ada, "to be deleted here").hover()
    await tile(ada, "to be deleted here").get_by_role("button", name="More").click()
    await ada.get_by_role("menu").get_by_text("Delete", exact=True).click()
    await generate(ada, "written in the dark")
    await expect(row(ada, "written in the dark")).to_contain_text("waits for the connection")
    await expect(gallery(ada).get_by_role("button", name="to be marked here, waits")).to_be_visible()
    await expect(tile(ada, "to be deleted here")).to_have_count(0)
    await expect(ada.get_by_role("button", name="Undo")).to_have_count(0)
    await asyncio.sleep(OUTAGE_S)
    assert await studio.db.fetchval(WRITTEN) == 0

    studio.door.open()
    for page in pages:
        await expect(connection(page)).to_contain_text("live", ignore_case=True, timeout=RETURN_MS)
        await expect(tile(page, "made meanwhile")).to_be_visible(timeout=RETURN_MS)
        await expect(tile(page, "made meanwhile").locator("img")).to_have_js_property("naturalWidth", 64)
        await expect(tile(page, "withdrawn")).to_have_count(0)
        await expect(tile(page, "to be deleted here")).to_have_count(0)
        await expect(row(page, "a job that moves")).to_contain_text("60 %")
        await expect(row(page, "written in the dark")).to_contain_text("in line", timeout=RETURN_MS)
    for prompt in ("marked elsewhere", "to be marked here"):
        await expect(tile(ada, prompt).get_by_role("button", name="Remove from favourites")).to_be_attached()
    await expect(gallery(ada).get_by_role("button", name="to be marked here, waits")).to_have_count(0)
    made = await studio.db.fetch(f"select prompt, favourite from public.generations where {OWNERS}")
    assert {row["prompt"]: row["favourite"] for row in made} == {
        "one that stays": False, "another that stays": False, "to be marked here": True, "marked elsewhere": True,
        "made meanwhile": False,
    }  # fmt: skip
    assert await studio.db.fetchval(WRITTEN) == 1

    seen_by_both = {"made meanwhile", "withdrawn", "a job that moves", "written in the dark"}
    own = {"to be marked here", "to be deleted here", "marked elsewhere"}
    assert set(await touched(ada)) == seen_by_both | own, await touched(ada)
    assert set(await touched(grace)) == seen_by_both, await touched(grace)
    for page in pages:
        assert (await touched(page))["made meanwhile"] >= {"added"}
        assert "removed" not in (await touched(page))["a job that moves"]
        await page.context.close()
