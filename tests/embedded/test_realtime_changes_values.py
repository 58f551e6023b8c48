"""What is in a change, to the digit; which rows filters let through; and what cannot be subscribed to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from embedded.database import Database
from embedded.keys import Keys
from embedded.realtime.changes.filters import Filter, parse_filters
from tests.embedded.changes_support import binding, change, record, refusal, subscribe
from tests.embedded.realtime_support import Socket, open_socket

NOT_SO = "Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: "


@pytest.fixture
async def socket(changes_url: str, keys: Keys, database: Database) -> AsyncIterator[Socket]:
    await database.admin.execute("truncate rc_items, rc_types restart identity")
    async with open_socket(changes_url, keys.anon_key) as socket:
        yield socket


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("big", "9007199254740993", b"9007199254740993"),
        ("exact", "1.50", b"1.50"),
        ("exact", "'123456789012345678901234567890.123456789'", b"123456789012345678901234567890.123456789"),
        ("exact", "'NaN'", b'"NaN"'),
        ("real8", "0.1", b"0.1"),
        ("real8", "'-Infinity'", b'"-Infinity"'),
        ("flag", "false", b"false"),
        ("at", "'2024-02-29 10:14:15.123456+02'", b'"2024-02-29T08:14:15.123456+00:00"'),
        ("at", "'2024-02-29 10:14:15.120000+00'", b'"2024-02-29T10:14:15.12+00:00"'),
        ("plain", "'2024-02-29 10:14:15'", b'"2024-02-29T10:14:15"'),
        ("day", "'2024-02-29'", b'"2024-02-29"'),
        ("span", "'1 day 02:03:04'", b'"1 day 02:03:04"'),
        ("doc", """'{"b": [1, 2.50, null], "a": {"x": "y"}}'""", b'{"a": {"x": "y"}, "b": [1, 2.50, null]}'),
        ("docb", """'"text"'""", b'"text"'),
        ("docb", "'null'", b"null"),
        ("list", "'{1,null,3}'", b"[1, null, 3]"),
        ("words", """'{"a, b","c\\"d"}'""", b'["a, b", "c\\"d"]'),
        ("mood", "'sad'", b'"sad"'),
        ("name", "'91AC53D8-0000-4000-8000-000000000000'", b'"91ac53d8-0000-4000-8000-000000000000"'),
        ("addr", "'10.0.0.1/8'", b'"10.0.0.1/8"'),
        ("bytes", "'\\xdeadbeef'", b'"deadbeef"'),
        ("fixed", "'abc'", b'"a"'),  # the real server's fault, and its clients'
        ("short", "'héllo \\'", '"héllo \\\\"'.encode()),
        ("nums", "'[1,5)'", b'"[1,5)"'),
        ("short", "null", b"null"),
    ],
)
async def test_values_are_those_of_to_jsonb(socket: Socket, database: Database, column: str, value: str, told: bytes):
    await subscribe(socket, binding("rc_types", event="INSERT"))
    await database.admin.execute(f"insert into rc_types (id, {column}) values (1, {value})")
    frame = await socket.raw.recv()
    frame = frame.encode() if isinstance(frame, str) else frame
    assert b'"%s":%s' % (column.encode(), told) in frame
    types = {one["name"]: one["type"] for one in orjson.loads(frame)[4]["data"]["columns"]}
    assert (types["big"], types["fixed"], types["list"], types["mood"]) == ("int8", "bpchar", "_int4", "rc_mood")


async def test_the_time_zone_of_a_project_changes_nothing(socket: Socket, database: Database):
    await subscribe(socket, binding())
    await database.admin.execute(
        "set timezone = 'Asia/Tokyo'; set datestyle = 'German'; insert into rc_items (at) values ('2024-01-02 03:04:05+00')"
    )
    assert (await record(socket))["at"] == "2024-01-02T03:04:05+00:00"


async def test_a_toasted_value_that_is_left_alone(socket: Socket, database: Database):
    # Without full identity it is absent, and filters on it are not true.
    await subscribe(socket, binding("rc_large", filter="body=like.x%"), topic="filtered")
    await subscribe(socket, binding("rc_large"), binding("rc_large_full"), topic="all")
    for table in ("rc_large", "rc_large_full"):
        await database.admin.execute(f"insert into {table} values (1, 1, repeat('x', 100000), 'y')")
        await database.admin.execute(f"update {table} set n = 2")
    told = [await socket.receive() for _ in range(5)]
    assert [(frame[2], frame[4]["data"]["type"]) for frame in told[:3] if frame[2] == "realtime:filtered"] == [
        ("realtime:filtered", "INSERT")
    ]
    updates = [frame[4]["data"] for frame in told if frame[4]["data"]["type"] == "UPDATE"]
    assert updates[0]["record"] == {"id": 1, "n": 2, "other": "y"}
    assert updates[1]["record"] == {"id": 1, "n": 2, "body": "x" * 100000, "other": "y"}
    assert updates[1]["old_record"] == {"id": 1, "n": 1, "body": "x" * 100000, "other": "y"}
    await database.admin.execute("truncate rc_large, rc_large_full")


async def test_a_row_that_is_too_large_is_told_without_its_long_values(socket: Socket, database: Database):
    await subscribe(socket, binding("rc_large"))
    await database.admin.execute("insert into rc_large values (1, null, repeat('x', 1100000), repeat('y', 60))")
    data = await change(socket)
    assert data["errors"] == ["Error 413: Payload Too Large"]
    assert data["record"] == {"id": 1, "other": "y" * 60}
    assert len(data["columns"]) == 4
    assert data["commit_timestamp"]
    await database.admin.execute("truncate rc_large")


async def test_what_stands_in_a_rows_place(socket: Socket, database: Database):
    await subscribe(socket, binding("rc_no_key", filter="n=eq.7"), topic="no key")
    await database.admin.execute("insert into rc_no_key values (1)")
    assert await change(socket) == {
        "table": "rc_no_key", "type": "INSERT", "record": {}, "columns": [], "schema": "public",
        "errors": ["Error 400: Bad Request, no primary key"], "commit_timestamp": None,
    }  # fmt: skip
    await database.admin.execute("update rc_no_key set n = 7")
    assert (await change(socket))["old_record"] == {}
    await database.admin.execute("delete from rc_no_key")
    deletion = await change(socket)
    assert (deletion["old_record"], deletion["errors"], len(deletion["columns"])) == ({"n": 7}, None, 1)
    await subscribe(socket, binding("rc_hidden_key"), topic="hidden key")
    await database.admin.execute("insert into rc_hidden_key values (1, 'a')")
    data = await change(socket)
    assert (data["record"], data["columns"], data["errors"]) == ({}, [], ["Error 401: Unauthorized"])
    await database.admin.execute("delete from rc_hidden_key")
    assert (await change(socket))["old_record"] == {}


ROWS = [  # k, n, score, flag
    ("apple", 1, "1.5", True),
    ("Banana", 2, "10", False),
    ("a, b", 3, "9", None),
    (None, None, None, None),
]


@pytest.mark.parametrize(
    ("filter_", "ids"),
    [
        ("k=eq.apple", [1]), ("k=neq.apple", [2, 3]), ("k=not.eq.apple", [2, 3]), ('k=eq."a, b"', [3]),
        ("score=lt.10", [1, 3]), ("score=lte.10.0", [1, 2, 3]), ("score=gt.9", [2]), ("score=gte.9", [2, 3]),
        ("k=in.(apple,\"a, b\")", [1, 3]), ("n=not.in.(1,2)", [3]), ("n=in.()", []),
        ("k=like.%an%", [2]), ("k=not.like.a%", [2]), ("k=ilike.b%", [2]), ("k=match.^a.*e$", [1]),
        ("k=imatch.^B", [2]), ("k=not.imatch.^b", [1, 3]),
        ("n=is.null", [4]), ("n=not.is.null", [1, 2, 3]), ("flag=is.true", [1]), ("flag=is.false", [2]),
        ("flag=is.unknown", [3, 4]), ("flag=not.is.true", [2, 3, 4]), ("flag=eq.true", [1]),
        ("n=isdistinct.3", [1, 2, 4]), ("n=not.isdistinct.3", [3]),
        ("n=gt.1,score=gt.9", [2]), ("n=gt.1,n=lt.1", []), ("at=gt.2024-01-02", [1, 2, 3, 4]), ("", [1, 2, 3, 4]),
    ],
)  # fmt: skip
async def test_filters(socket: Socket, database: Database, filter_: str, ids: list[int]):
    await subscribe(socket, binding(filter=filter_), topic="some")
    await subscribe(socket, binding(event="DELETE", filter="id=eq.4"), topic="end")
    for id_, (k, n, score, flag) in enumerate(ROWS, 1):
        await database.admin.execute(
            "insert into rc_items values ($1, $2, $3, $4::text::numeric, $5, '2024-06-01')", id_, k, n, score, flag
        )
    await database.admin.execute("delete from rc_items where id = 4")
    told: list[Any] = []
    while (frame := await socket.receive())[2] != "realtime:end":
        told.append(frame[4]["data"])
    assert [data["record"]["id"] for data in told if data["type"] == "INSERT"] == ids


async def test_a_deletion_is_filtered_by_what_is_known_of_it(socket: Socket, database: Database):
    # With the default identity that is the key alone.
    await database.admin.execute("insert into rc_items (id, k) values (1, 'a'), (2, 'a')")
    filters = ("k=eq.a", "k=is.null", "id=eq.2")
    await subscribe(socket, *(binding(event="DELETE", filter=one) for one in filters))
    await database.admin.execute("delete from rc_items")
    assert (await change(socket))["old_record"] == {"id": 2}
    assert await socket.quiet()
    await subscribe(socket, binding("rc_full", filter="owner=eq.a"), topic="full")
    await database.admin.execute(
        "insert into rc_full values (1, 'a', 'b'); update rc_full set owner = 'c'; delete from rc_full"
    )
    assert [(await change(socket))["type"]] == ["INSERT"]
    assert await socket.quiet()


def test_filters_are_read_as_the_real_server_reads_them():
    assert parse_filters(" ") == ()
    assert parse_filters('a=eq.1, b=not.in.(1,"2,3"),c=eq."x,\\"y"') == (
        Filter("a", "eq", "1", False), Filter("b", "in", '{1,"2,3"}', True), Filter("c", "eq", 'x,"y', False),
    )  # fmt: skip
    assert parse_filters('a=eq."unfinished') == (Filter("a", "eq", '"unfinished', False),)
    assert parse_filters("a=eq.b=c.d") == (Filter("a", "eq", "b=c.d", False),)


def shown(filters: str, select: str = "nil") -> str:
    return f"[event: *, schema: public, table: rc_items, filters: [{filters}], select: {select}]"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            binding("nope"),
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect"
            " parameters: [event: *, schema: public, table: nope, filters: [], select: nil]",
        ),
        (
            {"event": "insert", "schema": "nope"},
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect"
            " parameters: [event: INSERT, schema: nope, table: *, filters: [], select: nil]",
        ),
        (
            binding("rc_unpublished"),
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect"
            " parameters: [event: *, schema: public, table: rc_unpublished, filters: [], select: nil]",
        ),
        (
            binding(filter="nocol=eq.1"),
            NOT_SO + shown('{"nocol", "eq", "1", false}')
            + ". Exception: ERROR P0001 (raise_exception) invalid column for filter nocol",
        ),
        (
            binding(filter="n=eq.abc"),
            NOT_SO + shown('{"n", "eq", "abc", false}')
            + '. Exception: ERROR 22P02 (invalid_text_representation) invalid input syntax for type integer: "abc"',
        ),
        (
            binding(filter="n=not.like.1%"),
            NOT_SO + shown('{"n", "like", "1%", true}')
            + ". Exception: ERROR P0001 (raise_exception) operator like requires a text-compatible column type, got integer",
        ),
        (
            binding(filter="n=is.true"),
            NOT_SO + shown('{"n", "is", "true", false}')
            + ". Exception: ERROR P0001 (raise_exception) is true filter requires a boolean column, got integer",
        ),
        (
            binding(filter="n=is.nothing"),
            NOT_SO + shown('{"n", "is", "nothing", false}') + ". Exception: ERROR P0001 (raise_exception) "
            "invalid value for is filter: must be null, true, false, or unknown",
        ),
        (
            binding(filter="k=match.("),
            NOT_SO + shown('{"k", "match", "(", false}') + ". Exception: ERROR P0001 (raise_exception) "
            "invalid regular expression for match filter: invalid regular expression: parentheses () not balanced",
        ),
        (
            binding(filter=f"n=in.({','.join(map(str, range(101)))})"),
            NOT_SO + shown(f'{{"n", "in", "{{{",".join(map(str, range(101)))}}}", false}}')
            + ". Exception: ERROR P0001 (raise_exception) too many values for `in` filter. Maximum 100",
        ),
        (
            binding(select=["n", "zz"]),
            NOT_SO + shown("", '["n", "zz"]') + ". Exception: ERROR P0001 (raise_exception) invalid column for select zz",
        ),
        (binding(filter="n=zz.1"), 'Error parsing `filter` params: ["zz", "1"]'),
        (binding(filter="garbage"), 'Error parsing `filter` params: ["garbage"]'),
        (binding(filter="n=eq"), 'Error parsing `filter` params: ["eq"]'),
        (
            binding(filter="n=in.1,2"),
            "Error parsing `filter` params: `in` filter value must be wrapped by parentheses",
        ),
        (
            binding(filter="n=eq.1,"),
            "Error parsing `filter` params: filter must not contain empty segments (check for extra commas)",
        ),
        (
            {},
            "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: %{}",
        ),
        (
            {"event": "*", "schema": "public", "filter": "n=eq.1"},
            "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: "
            '%{"event" => "*", "filter" => "n=eq.1", "schema" => "public"}',
        ),
        (
            binding("*", select=["n"]),
            "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.",
        ),
        (
            binding(select="n"),
            'Error parsing `select` params: expected a list of column name strings, e.g. select: ["col1", "col2"]',
        ),
    ],
)  # fmt: skip
async def test_refusals_in_the_real_servers_words(socket: Socket, asked: dict[str, Any], message: str):
    assert await refusal(socket, asked) == message


async def test_what_postgres_cannot_compare_is_refused(socket: Socket):
    assert "(undefined_function) operator does not exist: json = json" in await refusal(
        socket, binding("rc_types", filter="doc=eq.{}")
    )
    assert "(character_not_in_repertoire)" in await refusal(socket, binding(filter="k=eq.\0"))


async def test_all_or_none(socket: Socket, database: Database):
    # N1: and the channel itself lives on.
    await refusal(socket, binding(), binding("nope"))
    await database.admin.execute("insert into rc_items (k) values ('x')")
    await database.admin.execute("select realtime.send('{}', 'e', 'no', false)")
    assert isinstance(await socket.receive(), bytes)
    assert await socket.quiet()
