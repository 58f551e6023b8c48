"""From a plan to one SQL statement with its parameters.

Invariants
    1  Every identifier passes through `quote`; nothing else of a request is ever part of the SQL text, except the
       name of a cast, which the scanner holds to letters, digits, `_`, `$` and spaces.
    2  Every value is a parameter, sent as text and cast to the type of what it meets: as Postgres itself reads a
       literal of unknown type beside a column. A cast parameter is a constant to the planner, so indexes serve.
    3  Requests of one shape make one text: limits and offsets are parameters too, so statements are prepared once.
"""

from __future__ import annotations

from embedded.rest.errors import RestError
from embedded.rest.plan import Embed, Node, asked_embed
from embedded.rest.schema import Name, Table
from embedded.rest.syntax import Condition, Field, Filter, Operation, OrderTerm, SelectField

COMPARISON = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like", "ilike": "ilike",
    "match": "~", "imatch": "~*", "isdistinct": "is distinct from", "cs": "@>", "cd": "<@", "ov": "&&", "sl": "<<",
    "sr": ">>", "nxr": "&<", "nxl": "&>", "adj": "-|-",
}  # fmt: skip
TEXT_OPERATORS = frozenset({"like", "ilike", "match", "imatch"})
QUERY_FUNCTION = {
    "fts": "to_tsquery", "plfts": "plainto_tsquery", "phfts": "phraseto_tsquery", "wfts": "websearch_to_tsquery",
}  # fmt: skip
JSON_TYPES = frozenset({"json", "jsonb"})


def quote(identifier: str) -> str:
    """An SQL identifier, quoted always."""
    if "\0" in identifier:
        raise RestError(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return '"' + identifier.replace('"', '""') + '"'


def qualified(name: Name) -> str:
    return f"{quote(name[0])}.{quote(name[1])}"


class Parameters:
    """The values of one statement, in order."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def text(self, value: str, type_: str | None) -> str:
        """A value as text, cast to `type_`."""
        return self.add(value, "text") + (f"::{type_}" if type_ and type_ != "text" else "")

    def texts(self, values: tuple[str, ...], type_: str | None) -> str:
        """Several values as an array of `type_`."""
        return self.add(list(values), "text[]") + (f"::{type_}[]" if type_ and type_ != "text" else "")

    def add(self, value: object, type_: str) -> str:
        """Any other value, of the type that it has."""
        self.values.append(value)
        return f"${len(self.values)}::{type_}"


class Reader:
    """Writes the SELECT of a plan, adding its values to `parameters`."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def read(self, node: Node, source: str, extra: tuple[str, ...] = ()) -> str:
        """All that a node asks for, from `source` (which must be visible as the node's alias); `extra` are join conditions."""
        columns = [self._select(node, item) for item in node.select]
        columns += [column for embed in node.embeds for column in _embed_columns(embed)]
        joins = "".join(self._join(node, embed) for embed in node.embeds)
        sql = f"select {', '.join(columns)} from {source}{joins}{self.where(node, extra)}"
        if node.order:
            sql += " order by " + ", ".join(self._order(node, term) for term in node.order)
        if node.limit is not None:
            sql += f" limit {self.parameters.add(node.limit, 'bigint')}"
        if node.offset:
            sql += f" offset {self.parameters.add(node.offset, 'bigint')}"
        return sql

    def count(self, node: Node, source: str) -> str:
        """How many rows there are without limit: only what filters takes part."""
        asked = {condition.field.name for condition in _filters(node.conditions) if asked_embed(node, condition)}
        joins = "".join(
            self._join(node, embed) for embed in node.embeds if embed.spec.inner or embed.spec.name in asked
        )
        return f"select 1 from {source}{joins}{self.where(node)}"

    def where(self, node: Node, extra: tuple[str, ...] = ()) -> str:
        terms = [*extra, *(self._condition(node, condition) for condition in node.conditions)]
        return f" where {' and '.join(terms)}" if terms else ""

    def _select(self, node: Node, item: SelectField) -> str:
        if item.field.name == "*":
            return f"{quote(node.alias)}.*"
        value = self._field(node, item.field)
        if item.cast:
            value = f"cast({value} as {item.cast})"
        return f"{value} as {quote(item.alias or item.field.label)}"

    def _field(self, node: Node, field: Field) -> str:
        value = f"{quote(node.alias)}.{quote(field.name)}"
        if not field.path:
            return value
        if node.table.type_of(field.name) not in JSON_TYPES:
            value = f"to_jsonb({value})"
        for step in field.path:
            key = (
                self.parameters.add(step.key, "int")
                if isinstance(step.key, int)
                else self.parameters.text(step.key, None)
            )
            value += f"{'->>' if step.as_text else '->'}{key}"
        return f"({value})"

    def _order(self, node: Node, term: OrderTerm) -> str:
        if term.embed:
            embed = node.find(term.embed)
            value = self._field(Node(embed.node.table, embed.alias), term.field)
        else:
            value = self._field(node, term.field)
        direction = f" {term.direction}" if term.direction else ""
        return value + direction + (f" nulls {term.nulls}" if term.nulls else "")

    def _condition(self, node: Node, condition: Condition) -> str:
        if isinstance(condition, Filter):
            sql = self._filter(node, condition)
        else:
            sql = "(" + f" {condition.operator} ".join(self._condition(node, term) for term in condition.terms) + ")"
        return f"not ({sql})" if condition.negated else sql

    def _filter(self, node: Node, condition: Filter) -> str:
        operation = condition.operation
        if embed := asked_embed(node, condition):
            return f"{quote(embed.alias)} is not distinct from null"
        value = self._field(node, condition.field)
        if operation.operator == "is":
            return f"{value} is {str(operation.operand).replace('_', ' ')}"
        type_ = _type_of(node.table, condition.field)
        if isinstance(operation.operand, tuple):
            return f"{value} = any({self.parameters.texts(operation.operand, type_)})"
        if operation.operator in QUERY_FUNCTION:
            return self._full_text(value, type_, operation, operation.operand)
        return self._comparison(value, type_, operation, operation.operand)

    def _comparison(self, value: str, type_: str | None, operation: Operation, operand: str) -> str:
        if operation.operator in ("like", "ilike"):
            operand = operand.replace("*", "%")
        if operation.operator in TEXT_OPERATORS:
            type_ = "text"
        operator = COMPARISON[operation.operator]
        if operation.quantifier:
            return (
                f"{value} {operator} {operation.quantifier}({self.parameters.text(operand, (type_ or 'text') + '[]')})"
            )
        return f"{value} {operator} {self.parameters.text(operand, type_)}"

    def _full_text(self, value: str, type_: str | None, operation: Operation, operand: str) -> str:
        language = f"{self.parameters.text(operation.language, 'regconfig')}, " if operation.language else ""
        if type_ not in (None, "tsvector"):
            value = f"to_tsvector({language}{value})"
        return f"{value} @@ {QUERY_FUNCTION[operation.operator]}({language}{self.parameters.text(operand, 'text')})"

    def _join(self, parent: Node, embed: Embed) -> str:
        """A lateral join that makes an embed's value: a row for one, an aggregate for many."""
        node, relationship, alias = embed.node, embed.relationship, quote(embed.alias)
        source, conditions = f"{qualified(node.table.name)} as {quote(node.alias)}", []
        if relationship.function:
            row = f"{quote(parent.alias)}::{qualified(parent.table.name)}"
            source = f"{qualified(relationship.function)}({row}) as {quote(node.alias)}"
        elif relationship.junction:
            junction, via = relationship.junction, f"{node.alias}_via"
            source += f", {qualified(junction.table)} as {quote(via)}"
            conditions += _equal(via, junction.source.columns, parent.alias, relationship.columns)
            conditions += _equal(via, junction.target.columns, node.alias, relationship.foreign_columns)
        else:
            conditions += _equal(node.alias, relationship.foreign_columns, parent.alias, relationship.columns)
        rows = self.read(node, source, tuple(conditions))
        kind = "inner" if embed.spec.inner else "left"
        if relationship.to_one:
            return f" {kind} join lateral ({rows}) as {alias} on true"
        values = f"json_agg({alias})::jsonb as {alias}"
        if embed.spec.spread:
            values = ", ".join(
                [f"nullif(count(*), 0) as {alias}"]
                + [f"json_agg({alias}.{quote(name)})::jsonb as {quote(name)}" for name in _spread_names(node)]
            )
        present = f"{alias} is not null" if embed.spec.inner else "true"
        return f" {kind} join lateral (select {values} from ({rows}) as {alias}) as {alias} on {present}"


def _filters(conditions: list[Condition] | tuple[Condition, ...]) -> list[Filter]:
    """All filters in a list of conditions, at any depth."""
    found: list[Filter] = []
    for condition in conditions:
        found += [condition] if isinstance(condition, Filter) else _filters(condition.terms)
    return found


def _type_of(table: Table, field: Field) -> str | None:
    """The type of a column, or of the value at a path inside it; None when the cache does not know it."""
    type_ = table.type_of(field.name)
    if not field.path:
        return type_
    if field.path[-1].as_text:
        return "text"
    return "json" if type_ == "json" else "jsonb"


def _equal(left: str, columns: tuple[str, ...], right: str, others: tuple[str, ...]) -> list[str]:
    return [
        f"{quote(left)}.{quote(column)} = {quote(right)}.{quote(other)}"
        for column, other in zip(columns, others, strict=True)
    ]


def _embed_columns(embed: Embed) -> list[str]:
    """How a joined embed appears among its parent's columns."""
    alias = quote(embed.alias)
    if embed.spec.spread and embed.relationship.to_one:
        names = [f".{quote(name)}" if name != "*" else ".*" for name in _spread_names(embed.node, expand=False)]
        return [alias + name for name in names]
    if embed.spec.spread:
        return [f"coalesce({alias}.{quote(name)}, '[]') as {quote(name)}" for name in _spread_names(embed.node)]
    if embed.node.is_empty:
        return []
    value = f"row_to_json({alias}.*)::jsonb" if embed.relationship.to_one else f"coalesce({alias}.{alias}, '[]')"
    return [f"{value} as {quote(embed.spec.name)}"]


def _spread_names(node: Node, *, expand: bool = True) -> list[str]:
    """The columns that a spread embed gives to its parent."""
    names: list[str] = []
    for item in node.select:
        star = item.field.name == "*" and expand
        names += node.table.columns if star else [item.alias or item.field.label]
    for embed in node.embeds:
        if embed.spec.spread:
            names += _spread_names(embed.node, expand=expand)
        elif not embed.node.is_empty:
            names.append(embed.spec.name)
    return list(dict.fromkeys(names))
