"""`app.storage.user` belongs to whatever request the running task began in; parts of a page name the browser instead."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_nobody_else_asks_for_the_storage_of_a_browser_that_is_not_named() -> None:
    asks = [file for folder in ("components", "pages") for file in (PROJECT / folder).rglob("*.py")
            if "app.storage.user" in file.read_text()]  # fmt: skip
    assert [file.name for file in asks] == ["kept.py"]
