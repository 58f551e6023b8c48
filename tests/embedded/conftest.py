"""Fixtures of the tests of single services."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres
from tests.embedded.rest_support import Api, serve_rest


@pytest.fixture(scope="session")
async def api(postgres: Postgres, database: Database, keys: Keys) -> AsyncIterator[Api]:
    """REST over the tables of rest.sql."""
    async with serve_rest(postgres, database, keys) as served:
        yield served
