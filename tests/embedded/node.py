"""Node packages that tests run: each folder with a package.json that pins them has them installed once per checkout."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

INSTALL_S = 300


async def install(folder: Path) -> Path:
    """The packages of `folder`, installed if they are not: its node_modules. Skips without npm, but never in CI."""
    modules = folder / "node_modules"
    if modules.exists():
        return modules
    if (npm := shutil.which("npm")) is None:
        assert "CI" not in os.environ, "npm is missing"
        pytest.skip("needs npm")
    process = await asyncio.create_subprocess_exec(
        npm, "install", "--no-package-lock", "--no-audit", "--no-fund", cwd=folder
    )
    async with asyncio.timeout(INSTALL_S):
        assert await process.wait() == 0
    return modules
