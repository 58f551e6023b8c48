"""Members of the tests' own, the database as its owner sees it, and a studio with something to hide."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from embedded.stack import Address
from tests.supabase.people import Person, join, leave, person
from tests.supabase.studio import Studio


@pytest.fixture(scope="session")
async def people(supabase: Address) -> AsyncIterator[dict[str, Person]]:
    """anon, owner, stranger and service, as a browser, two members and the worker come to the database."""
    everybody = {
        "anon": person(supabase, "anon", supabase.publishable_key),
        "owner": await join(supabase, "owner"),
        "stranger": await join(supabase, "stranger"),
        "service": person(supabase, "service", supabase.secret_key),
    }
    yield everybody
    for somebody in everybody.values():
        if somebody.id:
            await leave(somebody, everybody["service"])
        await somebody.http.aclose()


@pytest.fixture(scope="session")
def anon(people: dict[str, Person]) -> Person:
    return people["anon"]


@pytest.fixture(scope="session")
def owner(people: dict[str, Person]) -> Person:
    return people["owner"]


@pytest.fixture(scope="session")
def stranger(people: dict[str, Person]) -> Person:
    return people["stranger"]


@pytest.fixture(scope="session")
def service(people: dict[str, Person]) -> Person:
    return people["service"]


@pytest.fixture(scope="session")
async def sql(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    """The database as the project's owner: not a superuser, but above row level security."""
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def studio(owner: Person, service: Person, sql: asyncpg.Connection) -> Studio:
    """What the owner has, once private and once public; made anew for every module."""
    return await Studio.furnish(owner, service, sql)
