"""What a market of fifty symbols costs at a tick a second: the app per open page, and a real browser.

    python -m tests.bench.bench_market [--tabs 20] [--seconds 20]

The whole of Starling runs twice, as `make run` starts it: once with a market that stands still (`PRICE_FEED=off`) and once
with one that moves. What is said is the difference per page, as a share of one core, of the app's process and of the
browser's renderer (drawn by software here: with a graphics card it is less), and the browser's own accounts beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.async_api import Browser, async_playwright

from tests.bench.bench_tabs import Tab, open_tabs
from tests.browser.conftest import run_starling

SETTLE_S = 5.0
AIM = 5.0  # percent of a core per browser
ACCOUNTS = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")


@dataclass(frozen=True)
class Cost:
    """In percent of a core. `app`: of all pages; `accounts`: script, style and layout, as the browser counts."""

    app: float
    renderer: float
    accounts: dict[str, float]


def used(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    times = process.cpu_times()
    return times.user + times.system


async def measure(tabs: int, seconds: float, feed: str) -> tuple[Cost, int]:
    """What `tabs` pages and one browser cost while nobody touches them; and the bytes that a page got in that time."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # Postgres has a user of its own
        async with (
            run_starling(Path(folder), PRICE_FEED=feed, STARLING_RENDER_SECONDS="1000") as running,
            async_playwright() as playwright,
        ):
            program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            cost, received = await _measure(running.address, running.process, browser, tabs, seconds)
            await browser.close()
    return cost, received


async def _measure(address: str, app: psutil.Process, browser: Browser, tabs: int, seconds: float) -> tuple[Cost, int]:
    before = {process.pid for process in renderers()}
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    await page.goto(f"{address}/market")
    await page.locator(".price").nth(40).wait_for(state="attached")
    protocol = await page.context.new_cdp_session(page)
    await protocol.send("Performance.enable")

    async def accounts() -> dict[str, float]:
        found = (await protocol.send("Performance.getMetrics"))["metrics"]
        return {entry["name"]: entry["value"] for entry in found if entry["name"] in ACCOUNTS}

    opened = [Tab(address, lambda _: None, path="/market") for _ in range(tabs)]
    async with AsyncExitStack() as stack:
        await open_tabs(stack, opened)
        await asyncio.sleep(SETTLE_S)
        drawn_by = max((p for p in renderers() if p.pid not in before), key=used)
        counted, drawn, served = await accounts(), used(drawn_by), used(app)
        bytes_before = sum(tab.received for tab in opened)
        await asyncio.sleep(seconds)
        share = 100 / seconds
        after = await accounts()
        cost = Cost(
            (used(app) - served) * share,
            (used(drawn_by) - drawn) * share,
            {name: (after[name] - counted[name]) * share for name in ACCOUNTS},
        )
        received = (sum(tab.received for tab in opened) - bytes_before) // max(tabs, 1)
    return cost, received


def renderers() -> list[psutil.Process]:
    """The processes in which pages of browsers are drawn."""
    return [p for p in psutil.process_iter(["cmdline"]) if "--type=renderer" in (p.info["cmdline"] or ())]


async def main(tabs: int = 20, seconds: float = 20) -> None:
    """Measures both, and prints the difference."""
    still, _ = await measure(tabs, seconds, "off")
    moving, received = await measure(tabs, seconds, "simulated")
    app = (moving.app - still.app) / (tabs + 1)
    own = sum(moving.accounts.values()) - sum(still.accounts.values())
    renderer = moving.renderer - still.renderer
    print(f"the app, per open page          {app:5.2f} % of a core (aim: under {AIM:.0f}; {tabs} pages and a browser)")
    print(f"a browser's script, style, layout {own:5.2f} % of a core (aim: under {AIM:.0f})")
    print(f"a browser's renderer, with painting {renderer:5.2f} % of a core, drawn by software")
    print(f"a page gets {received / seconds / 1000:.1f} kB a second")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tabs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.tabs, arguments.seconds))
