"""The query language: what is written, and the tree it means."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.rest.errors import QueryError, RestError
from embedded.rest.parser import parse_query
from embedded.rest.syntax import (
    Field,
    Filter,
    JsonStep,
    Logic,
    Operation,
    OrderTerm,
    Query,
    SelectEmbed,
    SelectField,
    SelectItem,
)


def select(text: str) -> tuple[SelectItem, ...]:
    return parse_query([("select", text)]).select


def condition(key: str, value: str) -> Filter | Logic:
    [(_, found)] = parse_query([(key, value)]).conditions
    return found


def test_nothing_asks_for_everything():
    assert parse_query([]) == Query(select=(SelectField(Field("*")),))
    assert parse_query([("select", "")]) == parse_query([])


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("id", SelectField(Field("id"))),
        ("*", SelectField(Field("*"))),
        ("first name", SelectField(Field("first name"))),
        ("with-dash", SelectField(Field("with-dash"))),
        ('"a,b.c:d"', SelectField(Field("a,b.c:d"))),
        (r'"say \"it\""', SelectField(Field('say "it"'))),
        ("total:price", SelectField(Field("price"), alias="total")),
        ("price::text", SelectField(Field("price"), cast="text")),
        ("due::timestamp with time zone", SelectField(Field("due"), cast="timestamp with time zone")),
        ("t:price::text", SelectField(Field("price"), alias="t", cast="text")),
        ("meta->a->>b", SelectField(Field("meta", (JsonStep("a", False), JsonStep("b", True))))),
        ("meta->0->-1", SelectField(Field("meta", (JsonStep(0, False), JsonStep(-1, False))))),
        ("meta->2x", SelectField(Field("meta", (JsonStep("2x", False),)))),
    ],
)
def test_columns(text: str, item: SelectItem):
    assert select(text) == (item,)


@pytest.mark.parametrize(
    ("text", "embed"),
    [
        ("clients()", SelectEmbed("clients", ())),
        ("c:clients(id)", SelectEmbed("clients", (SelectField(Field("id")),), alias="c")),
        ("clients!fk(id)", SelectEmbed("clients", (SelectField(Field("id")),), hint="fk")),
        ("clients!inner(id)", SelectEmbed("clients", (SelectField(Field("id")),), inner=True)),
        ("clients!fk!inner(id)", SelectEmbed("clients", (SelectField(Field("id")),), hint="fk", inner=True)),
        ("clients!inner!fk(id)", SelectEmbed("clients", (SelectField(Field("id")),), hint="fk", inner=True)),
        ("clients!left(id)", SelectEmbed("clients", (SelectField(Field("id")),))),
        ("...clients(id)", SelectEmbed("clients", (SelectField(Field("id")),), spread=True)),
        ("a(b(c))", SelectEmbed("a", (SelectEmbed("b", (SelectField(Field("c")),)),))),
    ],
)
def test_embeds(text: str, embed: SelectEmbed):
    assert select(text) == (embed,)


@pytest.mark.parametrize(
    ("value", "negated", "operation"),
    [
        ("eq.1", False, Operation("eq", "1")),
        ("eq.", False, Operation("eq", "")),
        ("eq.a.b,c(d)", False, Operation("eq", "a.b,c(d)")),
        ("not.gt.2", True, Operation("gt", "2")),
        ("is.NULL", False, Operation("is", "null")),
        ("is.not_null", False, Operation("is", "not_null")),
        ("in.(1,2)", False, Operation("in", ("1", "2"))),
        ('in.("a,b","c\\"d",e)', False, Operation("in", ("a,b", 'c"d', "e"))),
        ('in.("a"b,c)', False, Operation("in", ('"a"b', "c"))),
        ("in.()", False, Operation("in", ())),
        ("like(any).{a*,b*}", False, Operation("like", "{a*,b*}", quantifier="any")),
        ("eq(all).{1}", False, Operation("eq", "{1}", quantifier="all")),
        ("fts(english).fox", False, Operation("fts", "fox", language="english")),
        ("not.wfts.a or b", True, Operation("wfts", "a or b")),
        ("isdistinct.1", False, Operation("isdistinct", "1")),
    ],
)
def test_filters(value: str, negated: bool, operation: Operation):
    assert condition("col", value) == Filter(Field("col"), operation, negated)


def test_logic_trees():
    tree = condition("or", '(a.eq.1,not.and(b.in.(1,2),c.cs.{x,y}),d.eq."x,y)")')
    assert tree == Logic(
        "or",
        (
            Filter(Field("a"), Operation("eq", "1")),
            Logic(
                "and",
                (Filter(Field("b"), Operation("in", ("1", "2"))), Filter(Field("c"), Operation("cs", "{x,y}"))),
                negated=True,
            ),
            Filter(Field("d"), Operation("eq", "x,y)")),
        ),
    )


def test_a_column_whose_name_begins_like_an_operator_is_a_column():
    assert condition("and", "(order_id.eq.1,android.eq.2)") == Logic(
        "and", (Filter(Field("order_id"), Operation("eq", "1")), Filter(Field("android"), Operation("eq", "2")))
    )


def test_parameters_of_embeds_carry_their_path():
    query = parse_query(
        [("a.b.id", "eq.1"), ("a.not.or", "(x.eq.1,y.eq.2)"), ("a.order", "id"), ("a.limit", "3"), ("a.b.offset", "4")]
    )
    assert [path for path, _ in query.conditions] == [("a", "b"), ("a",)]
    assert query.conditions[1][1].negated
    assert query.orders == [(("a",), (OrderTerm(Field("id")),))]
    assert query.limits == {("a",): 3}
    assert query.offsets == {("a", "b"): 4}


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("id", OrderTerm(Field("id"))),
        ("id.desc", OrderTerm(Field("id"), "desc")),
        ("id.nullsfirst", OrderTerm(Field("id"), None, "first")),
        ("id.asc.nullslast", OrderTerm(Field("id"), "asc", "last")),
        ("meta->>a.desc", OrderTerm(Field("meta", (JsonStep("a", True),)), "desc")),
        ("clients(name).desc", OrderTerm(Field("name"), "desc", None, "clients")),
    ],
)
def test_orders(text: str, term: OrderTerm):
    assert parse_query([("order", text)]).orders == [((), (term,))]


def test_a_call_takes_what_is_no_filter_as_arguments():
    query = parse_query([("a", "1"), ("b", "eq.2"), ("c", "is.odd"), ("select", "id")], call=True)
    assert query.arguments == [("a", "1"), ("c", "is.odd")]
    assert query.conditions == [((), Filter(Field("b"), Operation("eq", "2")))]


@pytest.mark.parametrize(
    ("key", "value", "message", "details"),
    [
        ("id", "nope.1", '"failed to parse filter (nope.1)" (line 1, column 1)', None),
        ("id", "1", '"failed to parse filter (1)" (line 1, column 1)', None),
        (
            "id",
            "eq",
            '"failed to parse filter (eq)" (line 1, column 3)',
            "unexpected end of input expecting delimiter (.)",
        ),
        ("select", "id,,b", '"failed to parse select parameter (id,,b)" (line 1, column 4)', None),
        ("select", "a(b", '"failed to parse select parameter (a(b)" (line 1, column 4)', None),
        ("order", "id.up", '"failed to parse order (id.up)" (line 1, column 4)', None),
        ("or", "(id.eq.1", '"failed to parse logic tree ((id.eq.1)" (line 1, column 11)', None),
        ("or", "()", '"failed to parse logic tree (())" (line 1, column 4)', None),
    ],
)
def test_what_does_not_parse_says_where(key: str, value: str, message: str, details: str | None):
    with pytest.raises(QueryError) as caught:
        parse_query([(key, value)])
    assert (caught.value.status, caught.value.code, caught.value.message) == (400, "PGRST100", message)
    assert details is None or caught.value.details == details


@pytest.mark.parametrize("text", ["count()", "id.sum()", "*.count()", "total:price.avg()"])
def test_aggregates_are_refused(text: str):
    with pytest.raises(RestError) as caught:
        select(text)
    assert caught.value.code == "PGRST123"


def test_nesting_has_a_limit():
    for key, value in (
        ("or", "(and" * 5000),
        ("select", "a(" * 5000),
        ("or", "(or" + "(or" * 4000 + "(a.eq.1" + ")" * 4002),
    ):
        with pytest.raises(QueryError):
            parse_query([(key, value)])


TOKENS = [
    "select",
    "order",
    "limit",
    "and",
    "or",
    "not",
    "in",
    "is",
    "eq",
    "fts",
    "any",
    "asc",
    "nullsfirst",
    "id",
    "*",
]
TOKENS += [
    "...",
    ".",
    ",",
    "(",
    ")",
    "!",
    "->",
    "->>",
    "::",
    ":",
    '"',
    "\\",
    "{",
    "}",
    "-",
    "1",
    " ",
    "\0",
    "é",
    "null",
]
TEXTS = st.lists(st.sampled_from(TOKENS), max_size=14).map("".join) | st.text(max_size=20)
KEYS = st.sampled_from(["select", "order", "limit", "or", "and", "not.or", "id", "a.order", "columns", "on_conflict"])


@given(st.lists(st.tuples(KEYS | TEXTS, TEXTS), max_size=4), st.booleans())
def test_anything_parses_or_is_refused(pairs: list[tuple[str, str]], call: bool):
    with contextlib.suppress(RestError):
        parse_query(pairs, call=call)
