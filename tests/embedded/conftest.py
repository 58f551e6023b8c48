"""Fixtures of the tests of single services."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from tests.embedded.changes_support import serve_changes
from tests.embedded.rest_support import Api, serve_rest


@pytest.fixture(scope="session")
async def api(postgres: Postgres, database: Database, keys: Keys) -> AsyncIterator[Api]:
    """REST over the tables of rest.sql."""
    async with serve_rest(postgres, database, keys) as served:
        yield served


@pytest.fixture(scope="module")
async def changes_url(database: Database, keys: Keys, postgres: Postgres) -> AsyncIterator[str]:
    """Realtime with Postgres Changes over the tables of changes.sql."""
    async with serve_changes(database, keys, postgres) as url:
        yield url
