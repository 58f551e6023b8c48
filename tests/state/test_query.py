"""Query: what it asks of PostgREST, and that Python and Postgres mean the same by it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from embedded.stack import Address
from state.api import Api, Project
from state.errors import StateError
from state.sync.query import Order, Query, Where, literal
from state.world import Anonymous
from tests.state.support import Someone, sign

TABLE = "t_query_things"
NASTY = [
    "",
    " ",
    "a",
    "A",
    "b",
    "B",
    "é",
    "z",
    "ß",
    "𝒳",
    "日本",
    'say "hi"',
    "back\\slash",
    "a,b",
    "(c)",
    "null",
    "a.b",
    "*",
    "%",
    "'",
    "\n",
    "{}",
]
START = datetime(2026, 11, 1, 12, 30, 15, 123456, UTC)


class Thing(BaseModel):
    id: UUID
    number: int | None
    real: float | None
    text: str | None
    at: datetime | None
    flag: bool | None
    other: UUID | None


def things() -> list[Thing]:
    """Many equal values and nulls, so that every tie and every null matters."""
    draw = random.Random(1)

    def maybe(value: Any) -> Any:
        return value if draw.random() < 0.8 else None

    return [
        Thing(
            id=UUID(int=draw.getrandbits(128)),
            number=maybe(draw.randint(-3, 3)),
            real=maybe(draw.choice([-1.5, 0.0, 0.1, 1e10, 3.14159265358979])),
            text=maybe(draw.choice(NASTY)),
            at=maybe(START + timedelta(microseconds=draw.choice([-1, 0, 1, 10**6, -(10**12)]))),
            flag=maybe(draw.random() < 0.5),
            other=maybe(UUID(int=draw.choice([0, 1, 2**127, 2**128 - 1]))),
        )
        for _ in range(80)
    ]


THINGS = things()
COLUMNS = ["number", "real", "text", "at", "flag", "other"]


@pytest.fixture(scope="module")
async def api(supabase: Address, db: asyncpg.Connection) -> AsyncIterator[Api]:
    """REST over a table that holds THINGS, as anybody."""
    await db.execute(f"""
        create table public.{TABLE} (id uuid primary key, number integer, "real" double precision, text text collate "C",
                                     at timestamptz, flag boolean, other uuid);
        grant select on public.{TABLE} to anon;
        notify pgrst, 'reload schema';
    """)
    await db.copy_records_to_table(TABLE, records=[tuple(thing.model_dump().values()) for thing in THINGS])
    project = Project.connect(supabase.api_url, supabase.publishable_key)
    api = Api(project, Anonymous(project.key))
    found: list[bool] = []

    async def known() -> bool:
        try:
            return len(await api.select(Query(TABLE), 1)) == 1
        except StateError:
            return False

    while not found:
        if await known():
            found.append(True)
    yield api
    await project.close()
    await db.execute(f"drop table public.{TABLE}; notify pgrst, 'reload schema'")


orders = st.lists(
    st.builds(Order, st.sampled_from(COLUMNS), st.booleans(), st.sampled_from(["first", "last"])),
    max_size=3,
    unique_by=lambda order: order.column,
).map(tuple)


@st.composite
def wheres(draw: st.DrawFn) -> Where:
    """A comparison with a value that occurs in the column."""
    column = draw(st.sampled_from(COLUMNS))
    value = st.sampled_from([v for thing in THINGS if (v := getattr(thing, column)) is not None])
    match draw(st.sampled_from(["compare", "in", "null", "flag"])):
        case "compare":
            return Where(column, draw(st.sampled_from(["eq", "neq", "lt", "lte", "gt", "gte"])), draw(value))
        case "in":
            return Where(column, "in", tuple(draw(st.lists(value, min_size=1, max_size=4))))
        case "null":
            return Where(column, "is", None)
        case _:
            return Where("flag", "is", draw(st.booleans()))


queries = st.builds(Query, st.just(TABLE), st.lists(wheres(), max_size=2).map(tuple), orders)
async_given = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def test_its_parameters_are_those_of_postgrest():
    query = Query(
        "jobs",
        (Where("owner", "eq", UUID(int=5)), Where("status", "in", ("waiting", "active")), Where("error", "is", None)),
        (Order("created_at", descending=True), Order("rank", nulls="first")),
    )
    assert query.params() == {
        "select": "*",
        "order": "created_at.desc.nullslast,rank.asc.nullsfirst,id.asc.nullslast",
        "and": '(owner.eq.00000000-0000-0000-0000-000000000005,status.in.("waiting","active"),error.is.null)',
    }


def test_the_next_page_begins_strictly_behind_a_row():
    query = Query("things", (), (Order("rank", descending=True),))
    behind = "(or(rank.lt.4,rank.is.null,and(rank.eq.4,id.gt.00000000-0000-0000-0000-000000000009),and(rank.eq.4,id.is.null)))"

    class Row(BaseModel):
        id: UUID = UUID(int=9)
        rank: int = 4

    assert query.params(after=Row())["and"] == behind


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"), (True, "true"), (7, "7"), (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ('a "b" \\', '"a \\"b\\" \\\\"'), (START, '"2026-11-01T12:30:15.123456+00:00"'),
    ],
)  # fmt: skip
def test_values_are_quoted_where_a_comma_could_be_in_them(value: Any, written: str):
    assert literal(value) == written


@async_given
@given(query=queries)
async def test_python_filters_and_sorts_as_postgres_does(api: Api, query: Query):
    rows = [Thing.model_validate(record) for record in await api.select(query, 1000)]
    assert rows == sorted(filter(query.matches, THINGS), key=query.sort_key)


@settings(async_given, max_examples=15)
@given(query=queries, size=st.sampled_from([3, 7, 30]))
async def test_page_by_page_every_row_comes_once(api: Api, query: Query, size: int):
    paged: list[Thing] = []
    while page := await api.select(query, size, paged[-1] if paged else None):
        assert len(page) <= size
        paged += [Thing.model_validate(record) for record in page]
    assert paged == sorted(filter(query.matches, THINGS), key=query.sort_key)


async def test_a_count_is_of_all_rows_or_of_those_behind_one(api: Api):
    query = Query(TABLE, (Where("number", "gte", 0),), (Order("text", descending=True, nulls="first"),))
    rows = [Thing.model_validate(record) for record in await api.select(query, 1000)]
    assert await api.count(query) == len(rows) > 2
    assert [await api.count(query, row) for row in rows[:3]] == [len(rows) - place for place in (1, 2, 3)]
    assert await api.count(query, rows[-1]) == 0
    with pytest.raises(StateError) as caught:
        await api.count(Query("t_no_such_table"))
    assert not caught.value.retry


async def test_a_count_renews_a_token_that_has_expired(supabase: Address, project: Project, account):
    someone = await account()
    identity = Someone("someone", [sign(supabase, someone.id, -60), someone.token])
    assert await Api(project, identity).count(Query("profiles", (Where("id", "eq", someone.id),))) == 1
    assert identity.renewals == 1
