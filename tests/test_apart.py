"""Pages are registered when the app starts. A test that imported them itself would take them from all that come after."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
IMPORTS = re.compile(r"^(?:from|import) pages\b", re.MULTILINE)


def test_no_test_imports_pages_when_it_is_collected() -> None:
    assert [file.name for file in TESTS.rglob("*.py") if IMPORTS.search(file.read_text())] == []
