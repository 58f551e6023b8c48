"""A campaign to 500 contacts flows through its states before open pages: how late the app's event loop gets.

    python -m tests.bench.bench_mail [--contacts 500] [--seconds 40]

The whole of Starling runs as `make run` starts it; the worker plays the mail server and the readers. One member has the
page of all e-mail and that of the campaign open in a real browser. The loop is measured by the app (`LoopLag`) and read
off /metrics: first at rest with both pages open, then from the sending on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
from playwright.async_api import async_playwright

from tests.bench.bench_flood import QUIET_S, Watch
from tests.browser.conftest import run_starling, shorten
from tests.browser.people import sign_in

AIM_S = 0.05
CONTACTS = """
with made as (
  insert into public.contacts (team_id, name, email) select $1, format('Wren %s', n), format('wren%s@example.com', n)
  from generate_series(1, $2::int) n returning id)
select array_agg(id) from made
"""
SEND = "select (public.send_emails($1, $2, $3, 'Hello {{first_name}}', 'See https://example.com/a')).recipients"
ADA = """
select p.id, t.id as team from public.profiles p join public.teams t on t.personal_of = p.id where p.username = 'ada'
"""


async def main(contacts: int = 500, seconds: float = 40) -> None:
    """Starts Starling, measures, and ends it."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            run_starling(Path(folder), STARLING_MAIL_SECONDS="0.4", STARLING_RENDER_SECONDS="0") as running,
            async_playwright() as playwright,
            httpx.AsyncClient(base_url=running.address, timeout=60) as http,
        ):
            await shorten(running)
            database = await asyncpg.connect(json.loads((running.data / "secret.json").read_text())["db_url"])
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            ada = await database.fetchrow(ADA)
            assert ada is not None
            ids = await database.fetchval(CONTACTS, ada["team"], contacts)
            campaign = uuid4()
            all_ = await sign_in(browser, running.address, "Ada")
            one = await all_.context.new_page()
            await all_.goto(f"{running.address}/emails?team={ada['team']}")
            await one.goto(f"{running.address}/emails/{campaign}?team={ada['team']}")
            await one.get_by_role("region", name="Letters").wait_for()
            await asyncio.sleep(QUIET_S)
            quiet, busy = Watch(http, running.process), Watch(http, running.process)
            await quiet.look()
            watching = asyncio.create_task(busy.run(), name="watch")
            begun = time.monotonic()
            async with database.transaction():
                claims = json.dumps({"sub": str(ada["id"]), "role": "authenticated"})
                await database.execute("select set_config('request.jwt.claims', $1, true)", claims)
                await database.fetchval(SEND, campaign, ada["team"], ids)
            queued = time.monotonic() - begun
            await asyncio.sleep(seconds)
            watching.cancel()
            await busy.look()
            count = "select status, count(*) from public.sent_emails where campaign_id = $1 group by 1 order by 2 desc"
            rows = await database.fetch(count, campaign)
            changes = await database.fetchval(
                "select count(*) from public.email_clicks where team_id = $1", ada["team"]
            )
            shown = await one.get_by_role("region", name="Campaign").inner_text()
            await browser.close()
            await database.close()
    late, at_rest = max(busy.lags), quiet.lags[0]
    print(f"{contacts} letters queued in {queued * 1000:.0f} ms; {changes} openings and clicks in {seconds:.0f} s")
    print(", ".join(f"{row[1]} {row[0]}" for row in rows) + "; on the page: " + " ".join(shown.split()))
    print(
        f"the loop was late by {late * 1000:.0f} ms at most (aim: {AIM_S * 1000:.0f}), at rest by {at_rest * 1000:.0f};"
        f" ratio {late / at_rest:.1f}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=40)
    options = parser.parse_args()
    asyncio.run(main(options.contacts, options.seconds))
