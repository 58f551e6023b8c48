"""A NiceGUI app for one component at a time, without a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation


@pytest.fixture
async def show() -> AsyncIterator[Callable]:
    """`user = await show(build)`: a page that `build` fills, opened."""
    built: list[Callable[[], object]] = []

    def root() -> None:
        built[-1]()

    async with user_simulation(root=root) as user:

        async def open_page(build: Callable[[], object]) -> User:
            built.append(build)
            await user.open("/")
            return user

        yield open_page
