"""Postgres Changes: rows as they are inserted, updated and deleted, for whoever may see them.

A change's way: replication stream → `feed` (queue) → `batch`, `rows` (JSON, filters; `tables` says what a table is) →
`visibility` (policies) → `payloads` → the channels in `subscriptions`. A subscription's way: a join's `bindings` and
their `filters` → `admission` (does Postgres know what they name?) → `listening` → `subscriptions`.
"""

from __future__ import annotations

from embedded.realtime.changes.admission import PUBLICATION
from embedded.realtime.changes.bindings import legacy_binding, with_ids
from embedded.realtime.changes.feed import Feed
from embedded.realtime.changes.listening import Listening

__all__ = ["PUBLICATION", "Feed", "Listening", "legacy_binding", "with_ids"]
