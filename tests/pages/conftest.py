"""The pages as a person uses them, without a browser, on the real stack."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation

if TYPE_CHECKING:
    from embedded.stack import Address

MAIN = Path(__file__).parents[2] / "main.py"


@pytest.fixture
async def user(supabase: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    """Somebody with a fresh browser. The app finds the stack as it does at home: by the data folder."""
    public = {"api_url": supabase.api_url, "publishable_key": supabase.publishable_key}
    (tmp_path / "public.json").write_text(json.dumps(public))
    monkeypatch.setenv("STARLING_DATA", str(tmp_path))
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    async with user_simulation(main_file=MAIN) as somebody:
        yield somebody
