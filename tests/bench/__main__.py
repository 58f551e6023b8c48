"""`make bench`: all benchmarks, one after the other. Each prints a ratio against something measured in the same run."""

from __future__ import annotations

import asyncio

import uvloop

from tests.bench import (
    bench_changes,
    bench_chat,
    bench_dom,
    bench_fan_out,
    bench_flood,
    bench_live_table,
    bench_mail,
    bench_market,
    bench_realtime,
    bench_rest,
    bench_sockets,
    bench_tabs,
)

if __name__ == "__main__":
    print("From commit to a second browser's DOM, 10 changes a second", flush=True)
    asyncio.run(bench_dom.main())
    print("\nChat from screen to screen, and a flood of ten members", flush=True)
    asyncio.run(bench_chat.main())
    print("\nFrom commit to 200 open pages, and what one costs", flush=True)
    asyncio.run(bench_tabs.main())
    print(
        "\nFrom commit to the one socket of a topic (aims: median 2 ms, p95 5 ms; official: 0.53 and 0.90)", flush=True
    )
    uvloop.run(bench_realtime.main(1, 200, 20))
    print("\nFrom commit to the sockets of a topic", flush=True)
    uvloop.run(bench_realtime.main(100, 100, 20))
    print("\nFrom INSERT to those who subscribed to Postgres Changes", flush=True)
    uvloop.run(bench_changes.main())
    print("\nFrom client to client, idle sockets, second start", flush=True)
    uvloop.run(bench_sockets.main())
    print("\nREST beside the real PostgREST", flush=True)
    uvloop.run(bench_rest.main())
    print("\nFrom a message to the listeners of a table", flush=True)
    uvloop.run(bench_fan_out.main())
    uvloop.run(bench_live_table.main())
    print("\nA flood of changes before twenty open pages", flush=True)
    asyncio.run(bench_flood.main())
    print("\nA campaign to 500 contacts before open pages (aim: the loop never late by 50 ms)", flush=True)
    asyncio.run(bench_mail.main())
    print("\nFifty symbols at a tick a second before twenty open pages and a browser", flush=True)
    asyncio.run(bench_market.main())
