"""From what a query string says to what shall be read: parameters at their embed, embeds with their relationship."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import count

from embedded.rest.errors import NotInCache, RestError
from embedded.rest.schema import Relationship, Schema, Table
from embedded.rest.syntax import (
    Condition,
    EmbedPath,
    Field,
    Filter,
    OrderTerm,
    Query,
    SelectEmbed,
    SelectField,
    SelectItem,
)

NAME_BYTES = 50  # of a name in an alias: a number follows, and Postgres cuts identifiers at 63 bytes


@dataclass(slots=True)
class Node:
    """Rows of one table to be read. `alias` is what SQL calls them; `limit` None means all."""

    table: Table
    alias: str
    select: list[SelectField] = field(default_factory=list)
    embeds: list[Embed] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    order: list[OrderTerm] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0

    def embed(self, name: str) -> Embed | None:
        """The embed that the answer shows under this name."""
        return next((embed for embed in self.embeds if embed.spec.name == name), None)

    def find(self, name: str, *, by_target: bool = False) -> Embed:
        """The embed of this name or, for parameters of embeds, of this target. PGRST108 if there is none."""
        named = [embed for embed in self.embeds if embed.spec.name == name]
        if found := named or [embed for embed in self.embeds if by_target and embed.spec.target == name]:
            return found[0]
        raise RestError(
            400, "PGRST108", f"'{name}' is not an embedded resource in this request",
            hint=f"Verify that '{name}' is included in the 'select' query parameter.",
        )  # fmt: skip

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected here or below: an embed that only filters."""
        return not self.select and all(embed.node.is_empty for embed in self.embeds)


@dataclass(slots=True)
class Embed:
    """Related rows inside a row; `alias` is what SQL calls the finished value."""

    spec: SelectEmbed
    relationship: Relationship
    node: Node
    alias: str


def plan(schema: Schema, table: Table, query: Query, *, max_rows: int | None, conditions_of_root: bool) -> Node:
    """The tree to be read. Raises NotInCache for unknown relationships, RestError for misplaced parameters.

    In a mutation the conditions at the root choose the rows to change, so they are no part of what is read back.
    """
    numbers = (number for number in count(1) if not table.name[1].endswith(f"_{number}"))  # never the root's own name
    root = _node(schema, table, table.name[1], query.select, numbers)
    for path, condition in query.conditions:
        if path or conditions_of_root:
            _at(root, path).conditions.append(condition)
    for path, terms in query.orders:
        _at(root, path).order.extend(terms)
    for path, limit in query.limits.items():
        if limit < 0:
            details = "Limit should be greater than or equal to zero."
            raise RestError(416, "PGRST103", "Requested range not satisfiable", details=details)
        _at(root, path).limit = limit
    for path, offset in query.offsets.items():
        _at(root, path).offset = max(0, offset)
    for node in _nodes(root):
        if max_rows is not None:
            node.limit = max_rows if node.limit is None else min(node.limit, max_rows)
        for term in node.order:
            _check_order(node, term)
    return root


def _node(schema: Schema, table: Table, alias: str, select: tuple[SelectItem, ...], numbers: Iterator[int]) -> Node:
    node = Node(table, alias, [item for item in select if isinstance(item, SelectField)])
    for item in select:
        if isinstance(item, SelectEmbed):
            relationship = find_relationship(schema, table, item)
            foreign = schema.tables[relationship.foreign_table]
            number = next(numbers)
            name = foreign.name[1].encode()[:NAME_BYTES].decode(errors="ignore")
            child = _node(schema, foreign, f"{name}_{number}", item.select, numbers)
            node.embeds.append(Embed(item, relationship, child, f"pgrst_embed_{number}"))
    return node


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for embed in node.embeds:
        yield from _nodes(embed.node)


def _at(node: Node, path: EmbedPath) -> Node:
    for name in path:
        node = node.find(name, by_target=True).node
    return node


def asked_embed(node: Node, condition: Filter) -> Embed | None:
    """The embed whose presence a filter asks for: `embed=is.null`. Any other filter is about a column of that name."""
    is_null = (condition.operation.operator, condition.operation.operand) == ("is", "null")
    return node.embed(condition.field.name) if is_null and not condition.field.path else None


def _check_order(node: Node, term: OrderTerm) -> None:
    if term.embed and not node.find(term.embed).relationship.to_one:
        details = f"'{node.table.name[1]}' and '{term.embed}' do not form a many-to-one or one-to-one relationship"
        raise RestError(400, "PGRST118", f"A related order on '{term.embed}' is not possible", details=details)


def expand_star(node: Node) -> list[SelectField]:
    """What a node selects with `*` as the columns it stands for."""
    every = [SelectField(Field(name)) for name in node.table.columns]
    return [field for item in node.select for field in (every if item.field.name == "*" else [item])]


def find_relationship(schema: Schema, table: Table, wanted: SelectEmbed) -> Relationship:
    """The one relationship from `table` that an embed means. PGRST200 if there is none, PGRST201 if several."""
    known = schema.relationships.get(table.name, [])
    found = [relationship for relationship in known if _is_meant(relationship, wanted)]
    computed = [relationship for relationship in found if relationship.function]
    if len(found) == 1 or computed:
        return (computed or found)[0]
    if found:
        raise _ambiguous(table, wanted, found)
    raise _not_found(schema, table, wanted)


def _is_meant(relationship: Relationship, wanted: SelectEmbed) -> bool:
    """PostgREST's rules for the target and the hint of an embed.

    A target is a table, or a foreign key's constraint or single column; a hint is a constraint, a single column on
    either side, or a junction. In a self-relationship the table means the many side, the column the one side.
    """
    target, hint = wanted.target, wanted.hint
    if relationship.function:
        return target == relationship.function[1]
    named = target == relationship.foreign_table[1]
    column = relationship.columns[0] if len(relationship.columns) == 1 and not relationship.junction else None
    foreign = relationship.foreign_columns[0] if len(relationship.foreign_columns) == 1 and column else None
    junction = relationship.junction.table[1] if relationship.junction else None
    if relationship.is_self:
        if junction:
            return False  # which of its two keys leads where, no hint can say; a function of a row can
        owns_key = relationship.owns_key
        if hint is None:
            return (named and not owns_key) or (target == column and owns_key)
        return named and not owns_key and hint == foreign
    if hint is None:
        return named or (not junction and not relationship.with_view and target in (relationship.constraint, column))
    return named and hint in ((junction,) if junction else (relationship.constraint, column, foreign))


def _ambiguous(table: Table, wanted: SelectEmbed, found: list[Relationship]) -> RestError:
    hints = ", ".join(
        f"'{one.foreign_table[1]}!{one.junction.table[1] if one.junction else one.constraint}'" for one in found
    )
    return RestError(
        300, "PGRST201",
        f"Could not embed because more than one relationship was found for '{table.name[1]}' and '{wanted.target}'",
        details=[
            {
                "cardinality": one.cardinality,
                "embedding": f"{one.table[1]} with {one.foreign_table[1]}",
                "relationship": _describe(one),
            }
            for one in found
        ],
        hint=f"Try changing '{wanted.target}' to one of the following: {hints}."
        " Find the desired relationship in the 'details' key.",
    )  # fmt: skip


def _describe(one: Relationship) -> str:
    if one.junction:
        source, target = one.junction.source, one.junction.target
        keys = " and ".join(f"{key.constraint}({', '.join(key.columns)})" for key in (source, target))
        return f"{one.junction.table[1]} using {keys}"
    here, there = (
        f"{one.table[1]}({', '.join(one.columns)})",
        f"{one.foreign_table[1]}({', '.join(one.foreign_columns)})",
    )
    return f"{one.constraint} using {here} and {there}"


def _not_found(schema: Schema, table: Table, wanted: SelectEmbed) -> NotInCache:
    parent, child, hint = table.name[1], wanted.target, wanted.hint
    relatives = [relationship.foreign_table[1] for relationship in schema.relationships.get(table.name, [])]
    close = [name for name in get_close_matches(child, relatives) if name != child]
    return NotInCache(
        400, "PGRST200", f"Could not find a relationship between '{parent}' and '{child}' in the schema cache",
        details=f"Searched for a foreign key relationship between '{parent}' and '{child}'"
        + (f" using the hint '{hint}'" if hint else "")
        + f" in the schema '{table.name[0]}', but no matches were found.",
        hint=f"Perhaps you meant '{close[0]}' instead of '{child}'." if close and child not in relatives else None,
    )  # fmt: skip
