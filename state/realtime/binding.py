"""Binding: rows of a table that a channel hears of by Postgres Changes; and a LiveTable's feed of them.

For tables that are not announced: foreign ones, and Starling's own where the two ways are compared. Row level security
decides row by row, so a channel of theirs is public: its topic begins with `rows:` (a hosted project must allow public
channels, as it does by default). A binding may also be put on any other channel. What the database does not tell of (a
row that an update takes out of sight or out of the filter, or whose deletion was before the join) a LiveTable learns when
it fetches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from state.signal import Unsubscribe
from state.sync.change import Change

if TYPE_CHECKING:
    from state.realtime.channel import Channel


@dataclass(frozen=True)
class Binding:
    """`filter` is as Realtime reads it: `column=operator.value`, several joined by commas. `key` is the primary key's
    column. The table must be in the publication `supabase_realtime`."""

    table: str
    schema: str = "public"
    event: Literal["*", "INSERT", "UPDATE", "DELETE"] = "*"
    filter: str | None = None
    key: str = "id"


class RowFeed:
    """What a LiveTable asks of its feed, for a table that is bound and not announced."""

    def __init__(self, channel: Channel, binding: Binding) -> None:
        self._channel = channel
        self._binding = binding

    @property
    def live(self) -> bool:
        """Whether changes that commit now are heard of."""
        return self._channel.live

    def on_change(self, table: str, listener: Callable[[Change], None]) -> Unsubscribe:
        """Changes of the bound table."""
        if table != self._binding.table:
            raise ValueError(f"{self._binding.table} is bound, not {table}")
        return self._channel.on_postgres_changes(self._binding, listener)

    def on_live(self, listener: Callable[[], None]) -> Unsubscribe:
        """As the channel's."""
        return self._channel.on_live(listener)

    def on_lost(self, listener: Callable[[], None]) -> Unsubscribe:
        """As the channel's."""
        return self._channel.on_lost(listener)
