"""Rows: what pages watch. A LiveTable is one, a Union of several is one; a page cannot tell the difference."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from state.signal import Unsubscribe
from state.sync.mutation import Pending

Row = TypeVar("Row")
Phase: TypeAlias = Literal["loading", "ready", "failed"]


@dataclass(frozen=True)
class Batch(Generic[Row]):
    """What became different since the last batch. Empty: only `phase`, `complete` or a pending state did."""

    inserted: list[Row] = field(default_factory=list)
    updated: list[Row] = field(default_factory=list)
    deleted: list[Row] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.inserted or self.updated or self.deleted)


class Rows(Protocol[Row]):
    """Rows in order, and a batch whenever they change. Unchanged rows are the same objects."""

    @property
    def rows(self) -> Sequence[Row]: ...

    @property
    def phase(self) -> Phase: ...

    @property
    def error(self) -> str | None: ...

    @property
    def complete(self) -> bool: ...

    def get(self, key: Hashable) -> Row | None: ...

    def subscribe(self, listener: Callable[[Batch[Row]], None]) -> Unsubscribe: ...

    async def load_more(self) -> None: ...

    def pending(self, key: Hashable) -> Pending | None: ...
