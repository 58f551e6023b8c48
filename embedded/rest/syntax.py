"""What a query string says, as data: the tree between the parser and the SQL builder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

EmbedPath: TypeAlias = tuple[str, ...]  # the names of the embeds from the root down to where a parameter applies


@dataclass(frozen=True, slots=True)
class JsonStep:
    """`->key`, `->>key` or an array index: one step into a JSON value; `as_text` is the double arrow."""

    key: str | int
    as_text: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a value inside it."""

    name: str
    path: tuple[JsonStep, ...] = ()

    @property
    def label(self) -> str:
        """What the value is called in the answer: the last key of its path, or the column."""
        return next((step.key for step in reversed(self.path) if isinstance(step.key, str)), self.name)


@dataclass(frozen=True, slots=True)
class SelectField:
    """`alias:column->path::cast`; the column `*` stands for all."""

    field: Field
    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class SelectEmbed:
    """`alias:target!hint!inner(…)`, or `...target(…)` whose columns spread into the parent."""

    target: str
    select: tuple[SelectItem, ...]
    alias: str | None = None
    hint: str | None = None
    inner: bool = False
    spread: bool = False

    @property
    def name(self) -> str:
        return self.alias or self.target


SelectItem: TypeAlias = SelectField | SelectEmbed
Quantifier: TypeAlias = Literal["any", "all"]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its operand: text, a list for `in`; `language` is full text's configuration."""

    operator: str
    operand: str | tuple[str, ...]
    quantifier: Quantifier | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    field: Field
    operation: Operation
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Logic:
    """`and(…)` or `or(…)`."""

    operator: Literal["and", "or"]
    terms: tuple[Condition, ...]
    negated: bool = False


Condition: TypeAlias = Filter | Logic


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """`column.desc.nullslast`, or `embed(column).desc` when `embed` is named."""

    field: Field
    direction: Literal["asc", "desc"] | None = None
    nulls: Literal["first", "last"] | None = None
    embed: str | None = None


@dataclass(slots=True)
class Query:
    """A whole query string; conditions, orders and ranges are kept with the embed they apply to."""

    select: tuple[SelectItem, ...] = (SelectField(Field("*")),)
    conditions: list[tuple[EmbedPath, Condition]] = field(default_factory=list)
    orders: list[tuple[EmbedPath, tuple[OrderTerm, ...]]] = field(default_factory=list)
    limits: dict[EmbedPath, int] = field(default_factory=dict)
    offsets: dict[EmbedPath, int] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
    arguments: list[tuple[str, str]] = field(default_factory=list)
