"""INSERT, UPDATE and DELETE: the statements whose rows a Reader then reads back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from embedded.rest.errors import NotInCache, RestError
from embedded.rest.plan import Node
from embedded.rest.schema import Column, Table
from embedded.rest.sql import Parameters, Reader, qualified, quote

# Counts the rows that an upsert found there already: evaluated once for each conflicting row, never false.
COUNT_UPDATED = (
    "set_config('pgrst.updated',"
    " (coalesce(nullif(current_setting('pgrst.updated', true), ''), '0')::int + 1)::text, true) is not null"
)


@dataclass(frozen=True, slots=True)
class Body:
    """Rows as a JSON array, with the columns they name."""

    rows: str
    columns: tuple[str, ...]


def known_columns(table: Table, names: Iterable[str]) -> list[Column]:
    """The columns of those names. PGRST204 for one that is not there."""
    found: list[Column] = []
    for name in names:
        if name not in table.columns:
            message = f"Could not find the '{name}' column of '{table.name[1]}' in the schema cache"
            raise NotInCache(400, "PGRST204", message)
        found.append(table.columns[name])
    return found


class Writer:
    """Writes the statement inside `with pgrst_source as (…)`, adding its values to `parameters`."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.reader = Reader(parameters)

    def insert(
        self, table: Table, body: Body, returning: str, *,
        on_conflict: Sequence[str] = (), resolution: Literal["merge", "ignore"] | None = None,
        defaults: bool = False, where: str = "",
    ) -> str:  # fmt: skip
        columns = known_columns(table, body.columns)
        names = ", ".join(quote(column.name) for column in columns)
        source = self._defaulted(body, columns) if defaults else self._rows(body, columns)
        target = f"({names}) " if columns else ""
        chosen = ", ".join(f"pgrst_body.{quote(column.name)}" for column in columns)
        sql = f"insert into {qualified(table.name)}{target} select {chosen} from {source}{where}"
        if resolution and on_conflict:
            sql += f" on conflict ({', '.join(map(quote, on_conflict))}) "
            if resolution == "merge" and columns:
                changes = ", ".join(f"{quote(column.name)} = excluded.{quote(column.name)}" for column in columns)
                sql += f"do update set {changes} where {COUNT_UPDATED}"
            else:
                sql += "do nothing"
        return f"{sql} returning {returning}"

    def update(self, table: Table, body: Body, node: Node, returning: str) -> str:
        """Changes the rows that the conditions of `node` choose; a body without columns changes none."""
        columns = known_columns(table, body.columns)
        if not columns:
            return f"select {returning} from {qualified(table.name)} where false"
        changes = ", ".join(f"{quote(column.name)} = pgrst_body.{quote(column.name)}" for column in columns)
        source = f"(select * from {self._rows(body, columns)} limit 1) as pgrst_body"
        where = self._required_where(node, "UPDATE")
        return f"update {qualified(table.name)} set {changes} from {source}{where} returning {returning}"

    def delete(self, table: Table, node: Node, returning: str) -> str:
        return f"delete from {qualified(table.name)}{self._required_where(node, 'DELETE')} returning {returning}"

    def _required_where(self, node: Node, verb: str) -> str:
        """The platform loads `safeupdate`: no statement may change a whole table by forgetting its filter."""
        if not node.conditions:
            raise RestError(400, "21000", f"{verb} requires a WHERE clause")
        return self.reader.where(node)

    def _rows(self, body: Body, columns: list[Column]) -> str:
        if not columns:
            return f"json_array_elements({self.parameters.add(body.rows, 'json')}) as pgrst_body"
        return f"json_to_recordset({self.parameters.add(body.rows, 'json')}) as pgrst_body({definitions(columns)})"

    def _defaulted(self, body: Body, columns: list[Column]) -> str:
        """The rows, where a missing column takes its default."""
        defaults = ", ".join(
            f"{self.parameters.text(column.name, 'text')}, {column.default}" for column in columns if column.default
        )
        rows = self.parameters.add(body.rows, "jsonb")
        if not columns:
            return f"jsonb_array_elements({rows}) as pgrst_body"
        filled = (
            f"(select coalesce(jsonb_agg(jsonb_build_object({defaults}) || element), '[]')"
            f" from jsonb_array_elements({rows}) as element)"
        )
        return f"jsonb_to_recordset({filled}) as pgrst_body({definitions(columns)})"


def definitions(columns: Iterable[Column]) -> str:
    return ", ".join(f"{quote(column.name)} {column.type}" for column in columns)


def returned_columns(node: Node, key: Iterable[str] = ()) -> str:
    """What a change must return so that `node` can be read from it: no more, for a role may not see every column."""
    names = dict.fromkeys(key)
    names |= dict.fromkeys(item.field.name for item in node.select)
    names |= dict.fromkeys(term.field.name for term in node.order if term.embed is None)
    for embed in node.embeds:
        names |= dict.fromkeys(node.table.columns if embed.relationship.function else embed.relationship.columns)
    return ", ".join(f"{quote(node.table.name[1])}.{quote(name)}" for name in names) or "1"
