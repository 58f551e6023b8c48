"""Requests that make sense, that nearly do, and that do not: none breaks REST or goes beyond its member's rights.

The first member (the token's) owns half of the rows of fuzz.sql; all others hold the word CANARY, which no request says.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote_plus

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from starlette.datastructures import Headers
from starlette.types import ASGIApp

from embedded.database import Database
from embedded.gateway import create_app
from embedded.keys import Keys
from embedded.postgres import Postgres
from embedded.rest import Rest
from embedded.rest.actions import Asked, read
from embedded.rest.errors import RestError
from embedded.rest.headers import Terms
from embedded.rest.parser import parse_query
from embedded.rest.payload import parse_arguments, parse_rows
from embedded.rest.schema import Column, Name, Schema, Table
from embedded.rest.sql import quote as quoted
from tests.embedded.asgi import Answer, ask

TABLES = Path(__file__).with_name("fuzz.sql")
T = TypeVar("T")

FIRST, SECOND = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
CANARY = b"CANARY"

# What Postgres says is PostgREST's 500, too: two rows of one upsert that are the same row; limits of Postgres itself.
ALLOWED_500 = {"21000", "54000", "54001", "54011", "54023"}

# Everything that is not the first member's, and what there is at all.
OTHERS = r'''
select md5(coalesce(string_agg(one, chr(10) order by one), '')) from (
  select t::text as one from fuzz.lists t where owner <> $1 union all
  select t::text from fuzz.notes t where owner <> $1 union all
  select t::text from fuzz.marks t where owner <> $1 union all
  select t::text from fuzz."Odd ""Name""" t where owner <> $1 union all
  select t::text from fuzz.ledger t union all
  select oid || relname from pg_class where relnamespace = 'fuzz'::regnamespace union all
  select oid || rolname from pg_roles
) as _
'''


@dataclass
class Fuzzed:
    """REST behind the real gateway, asked as the first member."""

    app: ASGIApp
    bearer: str
    watcher: asyncpg.Connection
    before: str

    async def ask(self, method: str, path: str, query: bytes, headers: list[tuple[str, str]], body: bytes) -> Answer:
        own = [("authorization", f"Bearer {self.bearer}")]
        return await ask(self.app, method, f"/rest/v1/{path}", query=query, headers=own + headers, body=body)

    async def others(self) -> str:
        return str(await self.watcher.fetchval(OTHERS, FIRST))


@pytest.fixture(scope="module")
async def fuzzed(postgres: Postgres, database: Database, keys: Keys) -> AsyncIterator[Fuzzed]:
    watcher = await asyncpg.connect(postgres.dsn())
    await watcher.execute(TABLES.read_text())
    rest = Rest(database, keys, schemas=("fuzz", "public"))
    await rest.start()
    token = keys.sign({"role": "authenticated", "sub": FIRST, "exp": 4_000_000_000})
    before = str(await watcher.fetchval(OTHERS, FIRST))
    fuzzed = Fuzzed(create_app(keys, {"/rest/v1": rest.routes}), token, watcher, before)
    assert b"mine" in (await fuzzed.ask("GET", "notes", b"", [], b"")).body  # nobody is fooled by nothing at all
    yield fuzzed
    await rest.stop()
    await watcher.execute("drop schema fuzz cascade")
    await watcher.close()


# -- the language --------------------------------------------------------------------------------------------------------

# By column, values that mean something there; what else there is to say is said beside it now and then.
NUMBERS = ["1", "2", "4", "-1", "1.5", "NaN", "99999999999999999999"]
TEXTS = ["mine2", "mine*", "%i_e4", "m.*e", "", "é", "mine2 or x"]
COLUMNS = {
    "id": NUMBERS, "owner": [FIRST, SECOND], "list_id": NUMBERS, "body": TEXTS, "title": TEXTS, "mark": TEXTS, "loud": TEXTS,
    "meta": ['{"a": [1]}', '{"mine2": 1}', "[]", "1"], "tags": ["{x}", "{mine2,x}", "{}"], "price": NUMBERS,
    "at": ["2026-01-01", "infinity", "now"], "span": ["[1,5)", "empty", "(,)"], "words": ["mine2:* & !x", "mine2"],
    "note_id": NUMBERS, '"the id"': NUMBERS, '"a,b.c"': TEXTS,
}  # fmt: skip
NOTES = ["id", "owner", "list_id", "body", "meta", "tags", "price", "at", "span", "words", "loud"]
COLUMNS_OF = {
    "notes": NOTES, "rpc/notes_from": NOTES, "lists": ["id", "owner", "title"], "titles": ["id", "owner", "title"],
    "marks": ["note_id", "list_id", "owner", "mark"], 'Odd "Name"': ['"the id"', "owner", '"a,b.c"'],
}  # fmt: skip
EMBEDS_OF = {
    "notes": ["lists", "marks", "titles", "list_id"], "lists": ["notes", "marks"], "titles": ["notes", "marks"],
    "marks": ["notes", "lists", "titles"], "rpc/notes_from": ["lists", "marks"],
}  # fmt: skip
ODD_NAMES = ["*", "nope", '"a\\"b"', "word", "ledger", "notes_list_id_fkey", '"Odd \\"Name\\""', "lists", "owner"]
TYPES = ["int", "text", "jsonb", "numeric", "timestamptz", "text[]", "regclass", "double precision", "nope", "xml"]
ODD_VALUES = ["null", "{a,b}", "((", "\\", '"', "'", "$1", "\0", "😀", "a.b", "(1,2)", " ", "true", *TEXTS, *NUMBERS]
UNARY = ["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "isdistinct", "cs", "cd", "ov"]
UNARY += ["sl", "sr", "nxr", "nxl", "adj", "fts", "plfts", "phfts", "wfts", "fts(english)", "wfts(nope)"]
UNARY += ["eq(any)", "like(all)", "gte(any)", "cs(any)", "nope"]

odd_values = st.sampled_from(ODD_VALUES) | st.text(max_size=6)


def often(usual: SearchStrategy[T], odd: SearchStrategy[T]) -> SearchStrategy[T]:
    """Mostly the one, now and then the other."""
    return st.sampled_from([usual] * 11 + [odd]).flatmap(lambda either: either)  # one_of would count equals once


def lists_of(items: SearchStrategy[str], form: str = "({})", least: int = 0) -> SearchStrategy[str]:
    return st.lists(items, min_size=least, max_size=3).map(lambda some: form.format(",".join(some)))


def fields_of(names: list[str]) -> SearchStrategy[str]:
    steps = st.sampled_from(["->a", "->>a", "->a->0", "->a->>1", "->-1", '->"x y"', "->>-99999999999", "->"])
    plain = often(st.sampled_from(names), st.sampled_from(ODD_NAMES))
    return st.one_of(plain, plain, st.builds("{}{}".format, st.just("meta") | plain, steps))


def operations_on(column: str) -> SearchStrategy[str]:
    values = often(st.sampled_from(COLUMNS.get(column.partition("->")[0], TEXTS)), odd_values)
    in_quotes = values.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
    plain = st.one_of(
        st.builds("{}.{}".format, st.sampled_from(["eq", "gt", "lte", "neq", "cs", "like"]), values),
        st.builds("{}.{}".format, st.sampled_from(UNARY), values),
        lists_of(values | in_quotes).map("in.".__add__),
        st.sampled_from(["null", "true", "not_null", "unknown", "x"]).map("is.".__add__),
        lists_of(values, "{{{}}}").map("eq(any).".__add__),
    )
    return plain | plain.map("not.".__add__)


def filters_of(fields: SearchStrategy[str]) -> SearchStrategy[tuple[str, str]]:
    return fields.flatmap(lambda field: st.tuples(st.just(field), operations_on(field)))


def parameters_of(table: str) -> SearchStrategy[tuple[str, str]]:
    """What a query string of this table may hold."""
    fields = fields_of(COLUMNS_OF.get(table, NOTES))
    embeds = often(st.sampled_from(EMBEDS_OF.get(table, ["lists"])), st.sampled_from(ODD_NAMES))
    others = fields_of(["id", "owner", "title", "body", "mark", "*", "list_id"])
    trees = st.recursive(
        filters_of(fields).map(".".join), lambda inner: st.builds(
            "{}{}".format, st.sampled_from(["and", "or", "not.or", "not.and"]), lists_of(inner, least=1)
        ), max_leaves=4,
    )  # fmt: skip
    alias = st.sampled_from(["", "", "x:", '"é y":', "id:"])
    cast = st.just("") | st.sampled_from(TYPES).map("::".__add__)
    own, inner = (lists_of(st.builds("{}{}{}".format, alias, some, cast), "{}", 1) for some in (fields, others))
    hints = st.sampled_from(["", "", "", "!inner", "!left", "!list_id", "!marks", "!nope", "!notes_list_id_fkey!inner"])
    embedded = st.builds(
        "{}{}{}{}({})".format, st.sampled_from(["", "", "..."]), st.sampled_from(["", "", "z:"]), embeds, hints,
        st.sampled_from(["*", "*,lists(*)", "id,notes(body)", "", "owner,marks(mark,notes(*))"]) | inner,
    )  # fmt: skip
    orders = lists_of(
        st.builds(
            "{}{}{}".format, st.one_of(fields, fields, st.builds("{}({})".format, embeds, others)),
            st.sampled_from(["", ".asc", ".desc", ".up"]), st.sampled_from(["", "", ".nullsfirst", ".nullslast"]),
        ), "{}", 1,
    )  # fmt: skip
    numbers = st.sampled_from(["0", "1", "5", "-1", "999999999999999999", "9223372036854775808", "x", ""])
    prefixes = st.sampled_from(["", "", "", "lists.", "marks.", "marks.lists.", "z."])
    of_embed = st.builds("{}{}".format, prefixes, others)
    return st.one_of(
        st.tuples(st.just("select"), st.one_of(own, embedded, st.builds("{},{}".format, own, embedded))),
        filters_of(fields),
        st.tuples(st.builds("{}{}".format, prefixes, st.sampled_from(["or", "and", "not.or"])), lists_of(trees)),
        st.tuples(st.builds("{}order".format, prefixes), orders),
        st.tuples(st.builds("{}{}".format, prefixes, st.sampled_from(["limit", "offset"])), numbers),
        filters_of(of_embed),
        st.tuples(st.sampled_from(["columns", "on_conflict"]), lists_of(fields, "{}")),
        st.tuples(st.sampled_from(["first", "j", "n", "t", "a", "v"]), odd_values),
    )  # fmt: skip


PATHS = [*COLUMNS_OF, "notes", "lists", "marks", "ledger", "rpc/echo", "rpc/sum", "rpc/whole"]
PARAMETERS = {path: parameters_of(path) for path in PATHS}
ODD_PATHS = ["", "rpc/", "rpc/nope", "a/b/c", "\0", "..", "pg_class", "notes;", "notes/", 'notes" as x']
SLIPS = ["", ",", "(", ")", ".", '"', "->", "::", "\0", "\udcff", ";", "--", "'", "!", "..."]


@st.composite
def addresses(draw: st.DrawFn) -> tuple[str, bytes]:
    """A path and a query string as clients write it, at times with a character lost or another put in."""
    path = draw(st.sampled_from(PATHS))
    pairs = draw(st.lists(PARAMETERS[path], max_size=3))
    if pairs and draw(st.integers(0, 4)) == 4:
        at = draw(st.integers(0, len(pairs) - 1))
        key, text = pairs[at]
        where = draw(st.integers(0, len(text)))
        pairs[at] = key, text[:where] + draw(st.sampled_from(SLIPS)) + text[where + draw(st.integers(0, 1)) :]
    query = "&".join(f"{quote_plus(key)}={quote_plus(text, errors='surrogateescape')}" for key, text in pairs)
    return draw(often(st.just(path), st.sampled_from(ODD_PATHS) | st.text(max_size=5))), query.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4) | st.sampled_from(ODD_VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
cells = st.sampled_from([name for name in COLUMNS if name != "owner"] + ["first", "j", "n", "t", "a", "v"]).flatmap(
    lambda name: st.tuples(st.just(name.strip('"')), often(st.sampled_from(COLUMNS.get(name, NUMBERS)), json_values))
)
keys_of_rows = st.sampled_from(
    [{}, {"owner": FIRST}, {"owner": SECOND}, {"id": 7}, {"note_id": 2, "list_id": 4}, {"the id": 8}]
)
rows = st.builds(lambda key, own: own | key, keys_of_rows, st.lists(cells, max_size=3).map(dict))
bodies = st.one_of(
    rows.map(orjson.dumps),
    st.lists(rows, max_size=3).map(orjson.dumps),
    st.builds(lambda row, n: orjson.dumps([row] * n), rows, st.integers(1, 3)),
    json_values.map(orjson.dumps),
    st.sampled_from([
        b"", b"null", b"[", b'{"id":1', b"\xff\xfe", b'{"id": 1e400}', b'{"id":1,"id":2}', b"id,body\n1,x\n2,NULL", b"id\n1,2", b'id\n"',
        b"id=1&body=x", b"[" * 2000, b'{"body":"\\ud800"}', b'{"body":"\\u0000"}', b'{"meta":' + b'{"a":' * 500 + b"1" + b"}" * 501,
    ]),
    st.binary(max_size=20),
)  # fmt: skip

PREFERENCES = [
    "return=representation", "return=minimal", "return=headers-only", "count=exact", "count=planned", "count=estimated",
    "resolution=merge-duplicates", "resolution=ignore-duplicates", "missing=default", "handling=strict", "max-affected=1",
    "max-affected=99999999999999999999", "timezone=Europe/Berlin", "timezone=nope", "tx=rollback", "nope", "=", "params=single-object",
]  # fmt: skip
ACCEPTS = [
    "application/json", "text/csv", "application/vnd.pgrst.object+json", "application/vnd.pgrst.array+json;nulls=stripped",
    "application/vnd.pgrst.object+json;nulls=stripped", "*/*", "application/octet-stream", "text/html;q=.,*/*;q=0.1", ",;q=...",
]  # fmt: skip
CONTENT_TYPES = [
    "application/json", "text/csv", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream", "text/xml", "\xff",
]  # fmt: skip
latin = st.text(st.characters(max_codepoint=255), max_size=12)
headers = st.lists(
    st.one_of(
        st.tuples(st.just("Prefer"), lists_of(st.sampled_from(PREFERENCES[:12]), "{}")),
        st.tuples(st.just("Accept"), st.sampled_from(ACCEPTS[:5])),
        st.tuples(st.just("Prefer"), st.lists(st.sampled_from(PREFERENCES), max_size=4).map(", ".join) | latin),
        st.tuples(st.just("Range"), st.sampled_from(["0-1", "5-", "3-2", "0-999999999999999999", "-1", "999999999999999999-"]) | latin),
        st.tuples(st.just("Accept"), st.sampled_from(ACCEPTS) | latin),
        st.tuples(st.sampled_from(["Accept-Profile", "Content-Profile"]), st.sampled_from(["fuzz", "public", "auth", 'fuzz"', ""]) | latin),
        st.tuples(st.just("Content-Type"), st.sampled_from(CONTENT_TYPES) | latin),
        st.tuples(st.just("X-Odd"), latin),
    ), max_size=3,
)  # fmt: skip
methods = often(
    st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "POST", "PATCH", "DELETE", "PUT"]),
    st.sampled_from(["OPTIONS", "LOCK"]),
)


def check_shape(answer: Answer) -> None:
    """An error is told in PostgREST's form, or the gateway's."""
    if answer.status < 400 or not answer.body:
        return
    body = orjson.loads(answer.body)
    assert body.keys() == {"code", "details", "hint", "message"} or body.keys() == {"message"}, body
    assert answer.headers["content-type"].startswith("application/json")
    if answer.status >= 500:
        assert body.get("code") in ALLOWED_500, body


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(method=methods, address=addresses(), sent=headers, body=bodies)
async def test_no_request_breaks_rest_or_leaves_its_members_rights(
    fuzzed: Fuzzed, method: str, address: tuple[str, bytes], sent: list[tuple[str, str]], body: bytes
):
    path, query = address
    answer = await fuzzed.ask(method, path, query, sent, body)
    if method == "HEAD" and answer.status >= 500:  # it has no body that says why
        answer = await fuzzed.ask("GET", path, query, sent, body)
    check_shape(answer)
    assert CANARY not in answer.everything.upper()
    assert await fuzzed.others() == fuzzed.before


# -- the parsers ---------------------------------------------------------------------------------------------------------

KEYS = [
    "select",
    "order",
    "or",
    "and",
    "not.and",
    "limit",
    "offset",
    "columns",
    "on_conflict",
    "id",
    "a.order",
    "a.b.or",
]
WORDS = [
    "id",
    "meta",
    "eq",
    "in",
    "is",
    "null",
    "not",
    "fts",
    "and",
    "or",
    "any",
    "asc",
    "nullslast",
    "int",
    "x y",
    "1",
    "-1",
]
WORDS += [
    ".",
    ".",
    ",",
    "(",
    ")",
    "->",
    "->>",
    "::",
    ":",
    "!",
    "...",
    "*",
    '"',
    "\\",
    "{",
    "}",
    "\0",
    "é",
    "(" * 99,
]
texts = st.lists(st.sampled_from(WORDS), max_size=12).map("".join) | st.text(max_size=12)
pairs = st.lists(st.tuples(st.sampled_from(KEYS) | texts, texts), max_size=3)
raw_bodies = bodies | st.binary() | texts.map(lambda text: text.encode(errors="replace"))


@settings(max_examples=300)
@given(pairs=pairs, call=st.booleans(), raw=raw_bodies, type_=st.sampled_from(CONTENT_TYPES) | latin, sent=headers)
@example(pairs=[("or", "(" + "and(" * 5000)], call=False, raw=b"[" * 5000, type_="application/json", sent=[])
@example(pairs=[("select", "a(" * 5000)], call=True, raw=b"", type_="text/csv", sent=[])
def test_every_parser_refuses_in_the_packages_own_words(
    pairs: list[tuple[str, str]], call: bool, raw: bytes, type_: str, sent: list[tuple[str, str]]
):
    of_request = Headers(raw=[(name.lower().encode(), value.encode("latin-1")) for name, value in sent])
    parsers: list[Callable[[], object]] = [
        lambda: parse_query(pairs, call=call),
        lambda: parse_rows(raw, type_, None),
        lambda: parse_rows(raw, type_, ("id",)),
        lambda: parse_arguments(raw, type_, None),
        lambda: Terms.read(of_request, "GET", ("fuzz",), tx_allowed=True),
        lambda: Terms.read(of_request, "POST", ("fuzz",), tx_allowed=False),
    ]
    for parse in parsers:
        refusal = None
        try:
            parse()
        except RestError as error:
            refusal = error
        if refusal:
            assert 400 <= refusal.status < 500
            assert orjson.loads(bytes(refusal.response().body))["code"].startswith("PGRST")


# -- the statement -------------------------------------------------------------------------------------------------------

IDENTIFIER = re.compile(r'"(?:[^"]|"")*"')
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8).map("Zq".__add__)


@st.composite
def statements(draw: st.DrawFn) -> tuple[Schema, Name, list[tuple[str, str]], set[str]]:
    """A schema of odd names, all beginning with Zq, and a query that says some of them."""
    schema, table = draw(names), draw(names)
    held = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    name = (schema, table)
    whole = Schema(tables={name: Table(name, {one: Column(one, "text") for one in held})})
    said = st.sampled_from(held)
    in_quotes = said.map(lambda one: '"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"')
    fields = st.builds("{}{}".format, in_quotes, st.just("") | st.builds("->{}".format, in_quotes))
    aliases = st.just("") | in_quotes.map("{}:".format)
    value = st.builds("eq.Zq{}".format, st.text(max_size=4))
    query = draw(
        st.tuples(
            st.tuples(st.just("select"), lists_of(st.builds("{}{}".format, aliases, fields), "{}", 1)),
            st.tuples(st.just("order"), lists_of(fields.map("{}.desc".format), "{}", 1)),
            st.tuples(st.just("or"), lists_of(st.builds("{}.in.({})".format, fields, in_quotes), least=1)),
            st.tuples(fields, value),
        )
    )
    return whole, name, list(query), set(held)


@given(said=statements())
def test_every_name_and_value_of_a_request_is_quoted_or_a_parameter(
    said: tuple[Schema, Name, list[tuple[str, str]], set[str]],
):
    # embedded.rest.sql, invariants 1 and 2
    schema, name, query, held = said
    terms = Terms.read(Headers({}), "GET", (name[0],), tx_allowed=False)
    action = read(Asked(schema, parse_query(query), terms, 1000), schema.tables[name])
    identifiers = {found[0][1:-1].replace('""', '"') for found in IDENTIFIER.finditer(action.sql)}
    assert {one for one in identifiers if one.startswith("Zq")} <= {*held, *name}
    assert "Zq" not in IDENTIFIER.sub("", action.sql)


@given(text=st.text(st.characters(exclude_characters="\0")))
async def test_postgres_reads_a_quoted_name_as_the_name(fuzzed: Fuzzed, text: str):
    if not 0 < len(text.encode(errors="surrogatepass")) < 64:  # Postgres cuts longer ones
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    row = await fuzzed.watcher.fetchrow(f"select 1 as {quoted(text)}")
    assert row is not None
    assert list(row.keys()) == [text]


def test_a_name_with_a_null_character_is_refused():
    with pytest.raises(RestError, match="0x00"):
        quoted("a\0b")
