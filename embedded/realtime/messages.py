"""Database broadcasts: rows of `realtime.messages`, live from the replication stream and replayed from the table."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import orjson

from embedded.database import Database
from embedded.realtime.config import Replay
from embedded.realtime.errors import asking
from embedded.realtime.hub import Hub, TopicName
from embedded.realtime.pgoutput import Change, Insert

PUBLICATION = "supabase_realtime_messages_publication"
SCHEMA, TABLE = "realtime", "messages"

EPOCH = datetime(1970, 1, 1)

REPLAY = """
select id::text, event, payload::text from realtime.messages
where topic = $1 and private and extension = 'broadcast' and event is not null and payload is not null and inserted_at >= $2
order by inserted_at desc limit $3
"""


def deliver(hub: Hub, change: Change) -> None:
    """Sends a new row of `realtime.messages` to its topic; other changes are none of its business.

    The payload goes from Postgres to the sockets as it is: it is never parsed.
    """
    if not isinstance(change, Insert) or change.relation.schema != SCHEMA:
        return
    name = change.relation.name  # the table's own, or a daily partition's
    if name != TABLE and not name.startswith(TABLE + "_2"):
        return
    row = change.relation.as_dict(change.new)
    topic, event, message_id = row["topic"], row["event"], row["id"]
    if row["extension"] != b"broadcast" or not (isinstance(topic, bytes) and isinstance(event, bytes)):
        return
    assert isinstance(message_id, bytes), "id is part of the key"
    to = TopicName(topic.decode(), row["private"] == b"t")
    payload, binary = row["payload"], row.get("binary_payload")
    if isinstance(payload, bytes):
        hub.broadcast(to, event.decode(), payload, message_id=message_id.decode())
    elif isinstance(binary, bytes):
        data = bytes.fromhex(binary[2:].decode())
        hub.broadcast(to, event.decode(), data, is_json=False, message_id=message_id.decode())


async def replay(database: Database, topic: str, wanted: Replay) -> list[tuple[str, dict[str, object]]]:
    """Past messages of a private topic, oldest first: their ids and their payloads as sent. Raises DatabaseAway."""
    since = EPOCH + timedelta(milliseconds=wanted.since_ms)
    async with asking():
        rows = await database.admin.fetch(REPLAY, topic, since, wanted.limit)
    return [(row["id"], _said(row)) for row in reversed(rows)]


def _said(row: asyncpg.Record) -> dict[str, object]:
    meta = {"id": row["id"], "replayed": True}
    return {"event": row["event"], "meta": meta, "payload": orjson.Fragment(row["payload"]), "type": "broadcast"}
