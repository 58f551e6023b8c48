"""The filters of a binding, `column=[not.]operator.value, …`: read as the real server reads them, and said in SQL.

All of a binding's filters must be true. Values never become part of a statement: they are its parameters.
"""

from __future__ import annotations

from typing import NamedTuple

from embedded.realtime.changes.inspected import inspected
from embedded.realtime.errors import SubscriptionRefused

COMPARISONS = {
    "eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=",
    "like": "like", "ilike": "ilike", "match": "~", "imatch": "~*",
}  # fmt: skip
OPERATORS = frozenset({*COMPARISONS, "in", "is", "isdistinct"})
IS_VALUES = ("null", "true", "false", "unknown")


class Filter(NamedTuple):
    """One comparison; the value of `in` is a Postgres array literal."""

    column: str
    operator: str
    value: str
    negated: bool

    def __str__(self) -> str:
        """As the real server's messages print it."""
        shown = (inspected(part) for part in (self.column, self.operator, self.value))
        return "{" + ", ".join((*shown, "true" if self.negated else "false")) + "}"


def parse_filters(text: str) -> tuple[Filter, ...]:
    """The filters in `text`; none when it is empty. Raises SubscriptionRefused."""
    text = text.strip()
    return tuple(_filter(segment.strip()) for segment in _segments(text)) if text else ()


def _segments(text: str) -> list[str]:
    """`text` at its commas, but for those in parentheses and in quotes. A quote opens behind `.`, `(` or `,` only."""
    segments, start, depth, quoted, before = [], 0, 0, False, ""
    at = 0
    while at < len(text):
        char = text[at]
        if quoted:
            at += char == "\\"  # what follows is no quote
            quoted = char != '"'
        elif char == '"' and before in (".", "(", ","):
            quoted = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif char == "," and depth == 0:
            segments.append(text[start:at])
            start, char = at + 1, ""
        before = char
        at += 1
    return [*segments, text[start:]]


def _filter(segment: str) -> Filter:
    if not segment:
        raise _unreadable("filter must not contain empty segments (check for extra commas)")
    column, equals, rest = segment.partition("=")
    if not equals:
        raise _unreadable(inspected([segment]))
    negated = rest.startswith("not.")
    operator, dot, value = rest.removeprefix("not.").partition(".")
    if not dot:
        raise _unreadable(inspected([operator]))
    if operator not in OPERATORS:
        raise _unreadable(inspected([operator, value]))
    if operator != "in":
        return Filter(column, operator, _unquoted(value), negated)
    if len(value) < 2 or value[0] != "(" or value[-1] != ")":
        raise _unreadable("`in` filter value must be wrapped by parentheses")
    return Filter(column, operator, "{" + value[1:-1] + "}", negated)


def _unquoted(value: str) -> str:
    """A value in double quotes without them; anything else as it is."""
    if not value.startswith('"'):
        return value
    plain, at = [], 1
    while at < len(value):
        if value[at] == '"':
            return "".join(plain) if at == len(value) - 1 else value
        at += value[at] == "\\" and at + 1 < len(value)
        plain.append(value[at])
        at += 1
    return value


def condition(asked: Filter, column: str, value: str, type_: str) -> str:
    """The comparison as SQL, true, false or null: `column` is an expression of type `type_`, `value` one of type text."""
    match asked.operator:
        case "is":
            return f"({column} is {'not ' if asked.negated else ''}{asked.value})"
        case "isdistinct":
            return f"({column} is {'not ' if asked.negated else ''}distinct from ({value})::{type_})"
        case "in":
            compared = f"{column} = any(({value})::{type_}[])"
        case operator:
            compared = f"{column} {COMPARISONS[operator]} ({value})::{type_}"
    return f"(not ({compared}))" if asked.negated else f"({compared})"


def _unreadable(what: str) -> SubscriptionRefused:
    return SubscriptionRefused(f"Error parsing `filter` params: {what}")
