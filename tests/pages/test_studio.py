"""The studio, on the real stack. Nobody renders here: the tests play the worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from nicegui import ElementFilter, binding, ui
from nicegui.testing import User

from components.gallery import Gallery
from components.media_tile import MediaTile
from components.prompt_form import PromptForm
from components.queue import Queue

if TYPE_CHECKING:
    from embedded.stack import Address

LONG = 300  # retries of 0.1 s
PATIENCE_S = 30


class Worker:
    """Claims and ends jobs as `python -m worker` does, by hand."""

    def __init__(self, supabase: Address) -> None:
        headers = {"apikey": supabase.secret_key}
        self._http = httpx.AsyncClient(base_url=f"{supabase.api_url}/rest/v1/rpc", headers=headers)

    async def call(self, function: str, **arguments: Any) -> Any:
        response = await self._http.post(f"/{function}", json=arguments)
        response.raise_for_status()
        return response.json() if response.content else None

    async def claim(self, prompt: str) -> dict[str, Any]:
        """Takes what waits until the job with this prompt is among it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for job in await self.call("claim_generation_jobs", worker="hand", n=100, lease_s=60):
                    if job["prompt"] == prompt:
                        return job
                await asyncio.sleep(0.05)

    async def report(self, job: dict[str, Any], **progress: Any) -> None:
        report = {"id": job["id"], "attempt": job["attempt"], "preview_path": None, **progress}
        await self.call("report_progress", worker="hand", reports=[report])

    async def complete(self, job: dict[str, Any]) -> None:
        stem = f"{job['owner_id']}/{job['id']}/1/0"
        result = {
            "ordinal": 0, "seed": job["params"]["seed"], "media_path": f"{stem}.webp", "poster_path": f"{stem}-poster.webp",
            "media_type": "image/webp", "bytes": 9, "width": 1024, "height": 1024, "duration": None, "colour": "#203040",
        }  # fmt: skip
        assert await self.call(
            "complete_generation", worker="hand", job_id=job["id"], attempt=job["attempt"], results=[result]
        )

    async def fail(self, job: dict[str, Any], error: str) -> None:
        assert await self.call(
            "fail_generation", worker="hand", job_id=job["id"], attempt=job["attempt"], error=error, final=True
        )

    async def close(self) -> None:
        await self._http.aclose()


@pytest.fixture
async def worker(supabase: Address):
    hand = Worker(supabase)
    yield hand
    await hand.close()


@pytest.fixture
async def ada(user: User) -> User:
    """Ada, in the studio."""
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Here now", retries=LONG)
    await user.should_see("Basalt", retries=LONG)
    return user


def only(user: User, kind: type[Any]) -> Any:
    with user:
        return next(iter(ElementFilter(kind=kind)))


def write(user: User, prompt: str) -> None:
    with user:
        box = next(iter(ElementFilter(kind=ui.textarea)))
        box.set_value(prompt)


def generate(user: User) -> None:
    with user:
        only(user, PromptForm).submit()


def jobs(user: User) -> list[Any]:
    return list(only(user, Queue)._list.items)


def tiles(user: User) -> dict[str, MediaTile]:
    return {tile.picture.prompt: tile for tile in only(user, Gallery)._list.items.values()}


def click(user: User, name: str) -> None:
    """The button that screen readers call `name`."""
    with user:
        button = next(e for e in ElementFilter(kind=ui.element) if e.props.get("aria-label") == name and e.visible)
        for listener in button._event_listeners.values():
            if listener.type.startswith("click"):
                button._handle_event({"listener_id": listener.id, "args": {}})


def choose(user: User, title: str) -> None:
    """The item of an open menu."""
    with user:
        item = next(e for e in ElementFilter(kind=ui.menu_item) if any(getattr(c, "text", "") == title for c in e))
        for listener in list(item._event_listeners.values()):
            if listener.type == "click":
                item._handle_event({"listener_id": listener.id, "args": {}})


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  (nothing tells when a page has changed)
            await asyncio.sleep(0.02)


async def test_guests_may_look_and_are_invited(user: User) -> None:
    await user.open("/studio")
    await user.should_see("Sign in to generate")
    await user.should_see("Gallery")
    await user.should_not_see("Here now")


async def test_a_guest_who_generates_signs_in_and_finds_the_prompt_again(user: User) -> None:
    await user.open("/studio")
    await user.should_see("Basalt", retries=LONG)
    write(user, "a draft of a guest")
    generate(user)
    await user.should_see("Sign in as Ada", retries=LONG)
    user.find("Sign in as Ada").click()
    await user.should_see("Here now", retries=LONG)
    assert only(user, PromptForm).draft.prompt == "a draft of a guest"


async def test_a_prompt_waits_is_made_and_becomes_a_picture(ada: User, worker: Worker) -> None:
    write(ada, "salt flats at noon")
    generate(ada)
    await ada.should_see("salt flats at noon", retries=LONG)
    job = await worker.claim("salt flats at noon")
    await worker.report(job, progress=62, stage="Refining", eta_s=4)
    await ada.should_see("Refining · 62 %", retries=LONG)
    await worker.complete(job)
    await until(lambda: "salt flats at noon" in tiles(ada))
    await until(lambda: not jobs(ada))
    assert only(ada, PromptForm).draft.prompt == "salt flats at noon"


async def test_what_is_wrong_is_said_at_the_field(ada: User) -> None:
    write(ada, "")
    generate(ada)
    await ada.should_see("Describe what you would like to see")
    write(ada, "x" * 1001)
    generate(ada)
    await ada.should_see("At most 1,000 characters, please")
    await ada.should_see("1,001 / 1,000")
    assert not jobs(ada)


async def test_a_bad_size_is_said_at_the_size(ada: User) -> None:
    form = only(ada, PromptForm)
    write(ada, "two moons")
    form.draft.width = 1000
    generate(ada)
    await ada.should_see("From 256 to 1,536 pixels, in steps of 16")
    assert not jobs(ada)


async def test_a_waiting_job_can_be_cancelled(ada: User) -> None:
    write(ada, "never to be seen")
    generate(ada)
    await until(lambda: jobs(ada))
    click(ada, "Cancel")
    await until(lambda: not jobs(ada))


async def test_a_failed_job_says_why_and_can_be_tried_again(ada: User, worker: Worker) -> None:
    write(ada, "glass octopus")
    generate(ada)
    job = await worker.claim("glass octopus")
    await worker.fail(job, "Out of memory")
    await ada.should_see("Out of memory", retries=LONG)
    click(ada, "Retry")
    again = await worker.claim("glass octopus")
    assert again["retried_from"] == job["id"]
    await worker.complete(again)
    await until(lambda: "glass octopus" in tiles(ada))
    await until(lambda: not jobs(ada))


async def test_a_failed_job_can_be_dismissed(ada: User, worker: Worker) -> None:
    write(ada, "kites, overexposed")
    generate(ada)
    await worker.fail(await worker.claim("kites, overexposed"), "Out of memory")
    await ada.should_see("Out of memory", retries=LONG)
    click(ada, "Dismiss")
    await until(lambda: not jobs(ada))


async def test_a_picture_can_be_marked_hidden_and_deleted_with_undo(ada: User, worker: Worker) -> None:
    write(ada, "winter orchard")
    generate(ada)
    await worker.complete(await worker.claim("winter orchard"))
    await until(lambda: "winter orchard" in tiles(ada))
    gallery = only(ada, Gallery)
    with ada:
        gallery._host.favourite(tiles(ada)["winter orchard"].picture)
    await until(lambda: tiles(ada)["winter orchard"].picture.favourite)
    with ada:
        gallery.choose("Favourites")
    assert set(tiles(ada)) == {"winter orchard"}
    with ada:
        gallery._host.menu(tiles(ada)["winter orchard"].picture, tiles(ada)["winter orchard"].element)
    choose(ada, "Make private")
    await until(lambda: tiles(ada)["winter orchard"].picture.visibility == "private")
    choose(ada, "Delete")
    await until(lambda: not tiles(ada))
    ada.find("Undo").click()
    await until(lambda: "winter orchard" in tiles(ada))


async def test_a_link_to_a_picture_opens_it(ada: User, worker: Worker) -> None:
    write(ada, "harbour before rain")
    generate(ada)
    await worker.complete(await worker.claim("harbour before rain"))
    await until(lambda: "harbour before rain" in tiles(ada))
    id = tiles(ada)["harbour before rain"].picture.id
    await ada.open(f"/studio?picture={id}")
    await ada.should_see("Reuse prompt and seed", retries=LONG)
    await ada.open("/studio?picture=nonsense")
    await ada.should_see("That picture is gone, or it is private", retries=LONG)


async def test_progress_touches_its_own_row_and_nothing_else(
    ada: User, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        write(ada, f"harbour {number}")
        generate(ada)
    await until(lambda: [row._pending for row in only(ada, Queue)._list.items.values()] == [None] * 5)
    job = await worker.claim("harbour 2")
    await worker.report(job, progress=10, stage="Sketching", eta_s=9)
    await ada.should_see("Sketching · 10 %", retries=LONG)
    rows = only(ada, Queue)._list.items
    await until(lambda: all(row._job.status == "active" for row in rows.values()))
    row = next(row for row in rows.values() if row._job.prompt == "harbour 2")
    sent: set[int] = set()
    outbox = row.element.client.outbox
    enqueue = outbox.enqueue_update
    monkeypatch.setattr(outbox, "enqueue_update", lambda element: (sent.add(element.id), enqueue(element)))
    await worker.report(job, progress=40, stage="Painting", eta_s=8)
    await ada.should_see("Painting · 40 %", retries=LONG)
    regions = [*only(ada, Queue).descendants(), *only(ada, Gallery).descendants()]
    others = [other._text.id for other in rows.values() if other is not row]  # their seconds run down
    assert {element.id for element in regions} & sent - set(others) == {row._text.id, row._bar.id}


async def test_nothing_polls_and_nothing_stays_when_the_page_is_closed(ada: User) -> None:
    form = only(ada, PromptForm)
    studio = only(ada, Queue)._studio
    listening = len(studio.queue._listeners), len(studio.gallery._listeners), len(studio.news.callbacks)
    assert min(listening) > 0
    assert not binding.active_links
    form.client.delete()
    assert (len(studio.queue._listeners), len(studio.gallery._listeners), len(studio.news.callbacks)) == (0, 0, 0)
