"""Members of the tests' own, the database as its owner sees it, and a studio with something to hide."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from embedded.bootstrap import bootstrap, owner_dsn
from embedded.keys import Keys
from embedded.migrations import migrate
from embedded.postgres import Postgres
from embedded.stack import Address
from tests.supabase.people import Person, join, leave, person
from tests.supabase.queue import Queue
from tests.supabase.studio import Studio, clear_queue

PROJECT = Path(__file__).parents[2]

GENEROUS = """
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
"""


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


@pytest.fixture(scope="session")
async def older(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[asyncpg.Connection]:
    """The project's owner on Postgres 16, in a project of the kind that grants all of a new table to everybody."""
    keys = Keys.create()
    postgres = Postgres(tmp_path_factory.mktemp("older"), admin_password=keys.admin_password, version=16)
    await postgres.start()
    await bootstrap(postgres, keys)
    connection = await asyncpg.connect(owner_dsn(postgres, keys))
    await connection.execute(GENEROUS)
    await migrate(owner_dsn(postgres, keys), PROJECT / "supabase")
    yield connection
    await connection.close()
    await postgres.stop()


@pytest.fixture(scope="module")
async def studio(owner: Person, service: Person, sql: asyncpg.Connection) -> Studio:
    """What the owner has, once private and once public; made anew for every module."""
    return await Studio.furnish(owner, service, sql)


@pytest.fixture
async def queue(service: Person, sql: asyncpg.Connection) -> AsyncIterator[Queue]:
    """An empty queue."""
    await clear_queue(sql)
    yield Queue(service, sql)
    await clear_queue(sql)


@pytest.fixture
async def third(supabase: Address, service: Person) -> AsyncIterator[Person]:
    member = await join(supabase, "third")
    yield member
    await leave(member, service)
    await member.http.aclose()
