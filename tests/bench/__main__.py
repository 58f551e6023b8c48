"""`make bench`: all benchmarks, one after the other. Each prints a ratio against something measured in the same run."""

from __future__ import annotations

import asyncio

import uvloop

from tests.bench import bench_dom, bench_fan_out, bench_live_table, bench_realtime, bench_rest, bench_tabs

if __name__ == "__main__":
    print("From commit to a second browser's DOM, 10 changes a second", flush=True)
    asyncio.run(bench_dom.main())
    print("\nFrom commit to 200 open pages, and what one costs", flush=True)
    asyncio.run(bench_tabs.main())
    print("\nFrom commit to the sockets of a topic", flush=True)
    uvloop.run(bench_realtime.main(100, 100, 20))
    print("\nREST beside the real PostgREST", flush=True)
    uvloop.run(bench_rest.main())
    print("\nFrom a message to the listeners of a table", flush=True)
    uvloop.run(bench_fan_out.main())
    uvloop.run(bench_live_table.main())
