"""The pages as a person uses them, without a browser, on the real stack."""

from __future__ import annotations

import gc
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from nicegui import app
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation

from embedded.keys import Keys
from tests.conftest import settle, start

if TYPE_CHECKING:
    from embedded.stack import Address

# What is to be seen comes by sockets and tasks, and a busy machine needs longer for it than NiceGUI waits of itself. In 0.1 s.
for seeing in (User.should_see, User.should_not_see):
    defaults = seeing.__kwdefaults__
    assert defaults is not None
    assert "retries" in defaults
    defaults["retries"] = 300

PROJECT = Path(__file__).parents[2]
MAIN = PROJECT / "main.py"


@pytest.fixture(scope="session")
async def supabase(tmp_path_factory: pytest.TempPathFactory, cheap_passwords: None) -> AsyncIterator[Address]:
    """A stack of the pages' own: what they show is counted, so nobody else may leave anything in it."""
    from components import session  # noqa: F401  (and with it most of what pages are made of)
    from embedded import demo  # noqa: F401
    from embedded.stack import Stack

    settle()
    stack = Stack(tmp_path_factory.mktemp("supabase"), migrations=PROJECT / "supabase", with_demo=True)
    yield await start(stack)
    await stack.stop()


@pytest.fixture
async def user(supabase: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    """Somebody with a fresh browser, and a studio in which nothing has been made yet."""
    database = await asyncpg.connect(supabase.db_url)
    await database.execute(
        "delete from public.generation_jobs; delete from public.generations; delete from public.notifications"
    )
    await database.close()
    async with app_with(supabase.api_url, supabase.publishable_key, tmp_path, monkeypatch) as somebody:
        yield somebody


@pytest.fixture
async def user_cut_off(keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    """Somebody whose app cannot reach Supabase."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    async with app_with(f"http://127.0.0.1:{port}", keys.publishable_key, tmp_path, monkeypatch) as somebody:
        yield somebody


@asynccontextmanager
async def app_with(url: str, key: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    """The app finds the stack as it does at home: by the data folder."""
    (data / "public.json").write_text(json.dumps({"api_url": url, "publishable_key": key}))
    if not gc.get_freeze_count():
        settle()
    monkeypatch.setenv("STARLING_DATA", str(data))
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    handlers = dict(app.exception_handlers)  # NiceGUI's own reset between tests leaves main.py's 404 page in place
    async with user_simulation(main_file=MAIN) as somebody:
        yield somebody
    app.exception_handlers = handlers
