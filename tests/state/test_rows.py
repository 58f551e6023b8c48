"""state/rows.py is what the official CLI makes of the migrations."""

from __future__ import annotations

import os

import pytest

from tests.state.generate_rows import ROWS, generate


@pytest.mark.node
async def test_the_row_types_are_those_of_the_database():
    try:
        generated = await generate()
    except LookupError:
        if "CI" in os.environ:
            raise
        pytest.skip("needs npm")
    assert ROWS.read_text() == generated, "behind the migrations: make types"
