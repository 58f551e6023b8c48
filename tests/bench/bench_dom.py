"""From commit to a second browser's DOM: how long it takes until somebody else sees a change.

    python -m tests.bench.bench_dom [--changes 200] [--rate 10]

The whole of Starling runs as `make run` starts it, with two people in Chromium. A job of the first is moved in the
database, ten times a second; the second one's page notes when its text says so. Beside it, in the same run, a bare
websocket on the same topic notes when the message came: that is the Realtime server's share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import asyncpg
import websockets
from playwright.async_api import Page, async_playwright

from tests.bench.report import line
from tests.browser.conftest import run_starling
from tests.browser.people import queue, sign_in

WATCH = """
(prompt) => {
  window.seen = {};
  const look = () => {
    const row = [...document.querySelectorAll('[aria-label="Queue"] li')].find(row => row.textContent.includes(prompt));
    const percent = row?.textContent.match(/(\\d+) %/)?.[1];
    if (percent && !(percent in window.seen)) window.seen[percent] = performance.timeOrigin + performance.now();
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}
"""

INSERT = """
insert into public.generation_jobs (id, owner_id, kind, prompt, params, status, stage, visibility)
select $1, id, 'image', $2, '{"width": 512, "height": 512, "count": 1, "steps": 20, "seed": 1, "duration": 4}', 'active', 'Refining', 'public'
from public.profiles where username = 'ada'
"""
LEASE = "insert into private.job_leases values ($1, 'bench', 0, now() + interval '1 hour')"
MOVE = "update public.generation_jobs set progress = $2 where id = $1"


async def hear(url: str, key: str, job: str, heard: dict[int, float], ready: asyncio.Event) -> None:
    """Joins `world` over a bare socket and notes when each progress arrives."""
    async with websockets.connect(
        f"{url.replace('http', 'ws')}/realtime/v1/websocket?apikey={key}&vsn=1.0.0"
    ) as socket:
        config = {"private": True, "broadcast": {"replication_ready": True}}
        join = {
            "topic": "realtime:world",
            "event": "phx_join",
            "payload": {"config": config},
            "ref": "1",
            "join_ref": "1",
        }
        await socket.send(json.dumps(join))
        async for frame in socket:
            now = time.time()
            text = str(frame)
            if "Replication connection established" in text:
                ready.set()
            elif job in text and (found := re.search(r'"progress": ?(\d+)', text)):
                heard.setdefault(int(found[1]), now)


async def measure(page: Page, data: Path, changes: int, rate: float) -> tuple[list[float], list[float]]:
    """Seconds from commit to the bare socket, and to the DOM of `page`."""
    secret = json.loads((data / "secret.json").read_text())
    job, prompt = uuid4(), "a change that is being timed"
    heard: dict[int, float] = {}
    ready = asyncio.Event()
    to_socket: list[float] = []
    to_dom: list[float] = []
    hearing = asyncio.create_task(hear(secret["api_url"], secret["publishable_key"], str(job), heard, ready))
    database = await asyncpg.connect(secret["db_url"])
    try:
        await ready.wait()
        await database.execute(INSERT, job, prompt)
        await database.execute(LEASE, job)
        await queue(page).get_by_text(prompt).wait_for()
        left = changes
        while left > 0:  # a hundred percents, then anew
            turn = min(left, 99)
            left -= turn
            await database.execute(MOVE, job, 0)
            await asyncio.sleep(0.5)
            await page.evaluate(WATCH, prompt)
            heard.clear()
            committed: dict[int, float] = {}
            for percent in range(1, turn + 1):
                started = time.perf_counter()
                await database.execute(MOVE, job, percent)
                committed[percent] = time.time()
                await asyncio.sleep(max(0.0, 1 / rate - (time.perf_counter() - started)))
            await asyncio.sleep(1)
            seen = {int(percent): at / 1000 for percent, at in (await page.evaluate("window.seen")).items()}
            to_socket += [max(0.0, heard[percent] - at) for percent, at in committed.items() if percent in heard]
            to_dom += [max(0.0, seen[percent] - at) for percent, at in committed.items() if percent in seen]
    finally:
        hearing.cancel()
        await database.execute("delete from public.generation_jobs where id = $1", job)
        await database.close()
    return to_socket, to_dom


async def main(changes: int = 200, rate: float = 10) -> None:
    """Prints the two lines and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with run_starling(data, STARLING_RENDER_SECONDS="0") as running, async_playwright() as playwright:
            chromium = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-background-networking"]
            )
            await sign_in(chromium, running.address, "Ada")
            page = await sign_in(chromium, running.address, "Grace")
            await queue(page).get_by_text("Nothing is being made").wait_for(timeout=120_000)
            to_socket, to_dom = await measure(page, data, changes, rate)
            await chromium.close()
    print(line("commit → bare socket (Realtime)", to_socket, changes))
    print(line("commit → second browser's DOM", to_dom, changes))
    share = statistics.median(to_socket) / statistics.median(to_dom)
    print(f"ratio: the Realtime server's share of the median is {share:.0%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10)
    options = parser.parse_args()
    asyncio.run(main(options.changes, options.rate))
