"""python -m state.selftest [--json] [--without-secret]: exit status 0 when nothing failed, 1 when something did, 2 when there
is no project to test."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys

from settings import SettingsError, WorkerSettings, load
from state.api import Project
from state.selftest.result import Result, all_passed, as_json, row, summary
from state.selftest.runner import NAMES, run

WIDTH = max(len(name) for name in NAMES)


def main() -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m state.selftest", description="Tests what Starling counts on.")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--without-secret", action="store_true", help="do without the secret key, as the app does: two members sign up"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)  # a refusal that was wanted is not worth a warning
    try:
        settings = load(WorkerSettings)
        url, key = settings.project
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        _, secret = settings.secret_project
    except SettingsError:
        secret = None
    if not arguments.json:
        print(f"{url}\n")
    results = asyncio.run(_run(url, key, None if arguments.without_secret else secret, quiet=arguments.json))
    print(as_json(results) if arguments.json else f"\n{summary(results)}")
    return 0 if all_passed(results) else 1


async def _run(url: str, key: str, secret: str | None, *, quiet: bool) -> list[Result]:
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def show(result: Result) -> None:
        if not quiet:
            print(row(result, WIDTH, colour=colour), flush=True)

    project = Project.connect(url, key)
    try:
        return await run(project, admin=secret, on_result=show)
    finally:
        await project.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
