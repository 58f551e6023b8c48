"""The query string of PostgREST's dialect → `Query`. Pure; raises QueryError (PGRST100)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

from embedded.rest.errors import QueryError, RestError
from embedded.rest.scanner import Scanner
from embedded.rest.syntax import (
    Condition,
    EmbedPath,
    Field,
    Filter,
    Logic,
    Operation,
    OrderTerm,
    Quantifier,
    Query,
    SelectEmbed,
    SelectField,
    SelectItem,
)

T = TypeVar("T")

QUANTIFIABLE = frozenset({"eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"})
COMPARISONS = QUANTIFIABLE | {"neq", "isdistinct", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj"}
FULL_TEXT = frozenset({"fts", "plfts", "phfts", "wfts"})
OPERATORS = COMPARISONS | FULL_TEXT | {"in", "is"}
IS_VALUES = ("not_null", "null", "unknown", "true", "false")
IS_VALUE = re.compile("|".join(IS_VALUES), re.IGNORECASE)
OPERATOR = re.compile(r"[a-z]+")
INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
WHAT_OPERATOR = "operator (eq, gt, ...)"

AGGREGATES = frozenset({"count", "sum", "avg", "max", "min"})

IGNORED = frozenset({"apikey"})  # the gateway's key may come as a parameter
SINGLE = frozenset({"select", "columns", "on_conflict"})  # the first counts


def parse_query(pairs: Iterable[tuple[str, str]], *, call: bool = False) -> Query:
    """Reads decoded query parameters. In a `call` (RPC by GET) what is no filter is an argument of the function."""
    query, ignored = Query(), set(IGNORED)
    for key, text in pairs:
        last = key.rpartition(".")[2]
        if key in ignored:
            continue
        if key in SINGLE:
            ignored.add(key)
        if key == "select":
            query.select = _whole(text, "select parameter", _select) or query.select
        elif key == "columns":
            query.columns = _whole(text, "columns parameter", _names)
        elif key == "on_conflict":
            query.on_conflict = _whole(text, "on_conflict parameter", _names)
        elif last == "order":
            query.orders.append((_path(key)[:-1], _whole(text, "order", _order)))
        elif last in ("limit", "offset"):
            if INTEGER.fullmatch(text):
                (query.limits if last == "limit" else query.offsets)[_path(key)[:-1]] = int(text)
        elif last in ("and", "or"):
            path = _path(key)
            negation = "not." if "not" in path else ""
            logic = _whole(f"{negation}{last}{text}", "logic tree", _condition, shown=text)
            query.conditions.append((tuple(name for name in path[:-1] if name != "not"), logic))
        elif call and not _is_filter(key, text):
            query.arguments.append((key, text))
        else:
            path, field = _whole(key, "tree path", _tree_path)
            negated, operation = _whole(text, "filter", _operation)
            query.conditions.append((path, Filter(field, operation, negated)))
    return query


def _whole(text: str, what: str, read: Callable[[Scanner], T], *, shown: str | None = None) -> T:
    """All of `text`, read as `what`; errors show it, or what the client wrote instead of it."""
    scanner = Scanner(text, f"{what} ({text if shown is None else shown})")
    result = read(scanner)
    scanner.expect_end()
    return result


def _is_filter(key: str, text: str) -> bool:
    """Whether a parameter of a call is a filter on its result rather than an argument."""
    if "." in key:
        return True
    try:
        _whole(text, "filter", _operation)
    except QueryError:
        return False
    return True


def _names(scanner: Scanner) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scanner.several(Scanner.name)))


def _path(key: str) -> EmbedPath:
    path, field = _whole(key, "tree path", _tree_path)
    return (*path, field.name)


def _tree_path(scanner: Scanner) -> tuple[EmbedPath, Field]:
    names = [scanner.name()]
    while scanner.accept("."):
        names.append(scanner.name())
    return tuple(names[:-1]), Field(names[-1], scanner.json_path())


def _select(scanner: Scanner) -> tuple[SelectItem, ...]:
    """Items up to the end or a `)`; none at all is allowed."""
    scanner.skip_space()
    if scanner.at_end or scanner.peek(")"):
        return ()
    return tuple(scanner.several(_select_item))


def _select_item(scanner: Scanner) -> SelectItem:
    scanner.skip_space()
    if scanner.accept("..."):
        return _embed(scanner, scanner.name(), alias=None, spread=True)
    if scanner.accept("*"):
        _refuse_aggregate(scanner)
        return SelectField(Field("*"))
    if not scanner.at_name:
        raise scanner.fail('"...", field name (* or [a..z0..9_$]), "*" or "count()"')
    name, alias = scanner.name(), None
    if scanner.peek(":") and not scanner.peek("::"):
        scanner.expect(":")
        alias, name = name, scanner.name()
    if name in AGGREGATES and scanner.peek("()"):
        raise _no_aggregates()
    if scanner.peek("(") or scanner.peek("!"):
        return _embed(scanner, name, alias, spread=False)
    field = Field(name, scanner.json_path())
    cast = scanner.identifier() if scanner.accept("::") else None
    _refuse_aggregate(scanner)
    return SelectField(field, alias, cast)


def _no_aggregates() -> RestError:
    return RestError(400, "PGRST123", "Use of aggregate functions is not allowed")


def _refuse_aggregate(scanner: Scanner) -> None:
    """Aggregates are off by default, as on a hosted project."""
    if scanner.accept("."):
        if scanner.name() in AGGREGATES and scanner.accept("()"):
            raise _no_aggregates()
        raise scanner.fail("aggregate function")


def _embed(scanner: Scanner, target: str, alias: str | None, *, spread: bool) -> SelectEmbed:
    hint, inner = None, False
    while scanner.accept("!"):
        modifier = scanner.name()
        if modifier in ("inner", "left"):
            inner = modifier == "inner"
        else:
            hint = modifier
    scanner.expect("(")
    scanner.descend()
    select = _select(scanner)
    scanner.depth -= 1
    scanner.expect(")")
    return SelectEmbed(target, select, alias, hint, inner, spread)


def _order(scanner: Scanner) -> tuple[OrderTerm, ...]:
    return tuple(scanner.several(_order_term))


def _order_term(scanner: Scanner) -> OrderTerm:
    field, embed = scanner.field(), None
    if not field.path and scanner.accept("("):
        embed, field = field.name, scanner.field()
        scanner.expect(")")
    direction: Literal["asc", "desc"] | None = None
    nulls: Literal["first", "last"] | None = None
    if scanner.accept(".asc"):
        direction = "asc"
    elif scanner.accept(".desc"):
        direction = "desc"
    if scanner.accept(".nullsfirst"):
        nulls = "first"
    elif scanner.accept(".nullslast"):
        nulls = "last"
    if scanner.accept("."):
        raise scanner.fail('"nullsfirst" or "nullslast"' if direction else '"asc", "desc", "nullsfirst" or "nullslast"')
    return OrderTerm(field, direction, nulls, embed)


def _condition(scanner: Scanner) -> Condition:
    """`and(…)`, `or(…)`, negated or not, or `column.operator.value`."""
    scanner.skip_space()
    start = scanner.position
    negated = scanner.accept("not.")
    operator: Literal["and", "or"] | None = "and" if scanner.accept("and") else "or" if scanner.accept("or") else None
    if operator and scanner.separator("("):
        scanner.descend()
        terms = scanner.several(_condition)
        scanner.depth -= 1
        if not scanner.separator(")"):
            raise scanner.fail('"," or ")"')
        return Logic(operator, tuple(terms), negated)
    scanner.position = start
    if not scanner.at_name:
        raise scanner.fail("field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)")
    field = scanner.field()
    scanner.expect(".")
    negated, operation = _operation(scanner, Scanner.value)
    return Filter(field, operation, negated)


def _operation(scanner: Scanner, value: Callable[[Scanner], str] = Scanner.rest) -> tuple[bool, Operation]:
    """`not.` if there, an operator with its modifier, and the operand as `value` reads it."""
    negated = scanner.accept("not.")
    start = scanner.position
    found = scanner.match(OPERATOR)
    operator = found[0] if found else ""
    if operator not in OPERATORS:
        scanner.position = start
        raise scanner.fail(WHAT_OPERATOR if negated else f'"not" or {WHAT_OPERATOR}')
    quantifier: Quantifier | None = None
    language: str | None = None
    if scanner.accept("("):
        if operator in FULL_TEXT:
            language = scanner.identifier()
        elif operator in QUANTIFIABLE and scanner.accept("any"):
            quantifier = "any"
        elif operator in QUANTIFIABLE and scanner.accept("all"):
            quantifier = "all"
        else:
            raise scanner.fail(WHAT_OPERATOR)
        scanner.expect(")")
    if not scanner.accept("."):
        raise scanner.fail("delimiter (.)")
    if operator == "in":
        return negated, Operation(operator, _list(scanner))
    if operator == "is":
        if found := scanner.match(IS_VALUE):
            return negated, Operation(operator, found[0].lower())
        raise scanner.fail("isVal: (null, not_null, true, false, unknown)")
    return negated, Operation(operator, value(scanner), quantifier, language)


def _list(scanner: Scanner) -> tuple[str, ...]:
    if not scanner.separator("("):
        raise scanner.fail('"("')
    elements = [scanner.element()]
    while scanner.accept(","):
        elements.append(scanner.element())
    if not scanner.separator(")"):
        raise scanner.fail('")"')
    return () if elements == [""] else tuple(elements)
