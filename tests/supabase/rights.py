"""What the database grants to whom: every table, column, function, policy, bucket and topic.

`test_catalog.py` compares it with the catalog, both ways: what is not written here fails the suite. `test_rights.py` and
its neighbours then try each of these as everybody, so that an entry made here is also a right tried out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.supabase.people import AURORA

Role = str  # anon, authenticated, service_role


@dataclass(frozen=True)
class Table:
    """Privileges by role; `select` and so on, or `update(column)` for single columns. No role: nobody's business."""

    anon: frozenset[str] = frozenset()
    authenticated: frozenset[str] = frozenset()
    service_role: frozenset[str] = frozenset()

    def of(self, role: Role) -> frozenset[str]:
        """What one role may do."""
        return getattr(self, role)

    def may(self, role: Role, privilege: str) -> bool:
        """Whether a role may do it to the whole row, or to at least one column."""
        return any(granted.partition("(")[0] == privilege for granted in self.of(role))


def _to(*privileges: str) -> frozenset[str]:
    return frozenset(privileges)


READ = _to("select")

TABLES: dict[str, Table] = {
    "public.profiles": Table(
        READ,
        READ | {f"update({column})" for column in ("username", "display_name", "avatar_path", "colour", "bio")},
        READ,
    ),
    "public.models": Table(READ, READ, _to("select", "insert", "update", "delete")),
    "public.generation_jobs": Table(READ, READ | {"update(dismissed)"}, READ),
    "public.generations": Table(READ, READ | {"update(favourite)", "update(visibility)", "delete"}, READ),
    "public.user_presence": Table(authenticated=READ, service_role=READ),
    "public.notification_kinds": Table(authenticated=READ, service_role=READ),
    "public.notification_preferences": Table(authenticated=READ, service_role=READ),
    "public.notifications": Table(authenticated=READ, service_role=READ),
    "public.crypto_prices": Table(READ, READ, READ),
    "public.price_candles": Table(READ, READ, READ),
    "public.market_status": Table(READ, READ, READ),
    "public.watchlists": Table(authenticated=READ | {"delete", "update(position)"}, service_role=READ),
    "public.price_alerts": Table(authenticated=READ | {"delete"}, service_role=READ),
    "private.market_lease": Table(),
    "private.job_leases": Table(),
    "private.media_trash": Table(),
    "private.leavers": Table(),
    "private.presence_choices": Table(),
    "private.profile_changes": Table(),
}

OWN = {
    "notification_preferences",
    "notifications",
    "watchlists",
    "price_alerts",
}  # in which nobody sees what is another's

ANNOUNCED = (
    "profiles",
    "models",
    "generation_jobs",
    "generations",
    "notification_preferences",
    "notifications",
    "crypto_prices",
    "market_status",
    "watchlists",
    "price_alerts",
)  # each has three trigger functions, nobody's to call
PUBLISHED = {"public.generations"}  # in the publication supabase_realtime: Postgres Changes

NOBODY: frozenset[Role] = frozenset()
MEMBERS = frozenset({"authenticated"})
WORKER = frozenset({"service_role"})
EVERYBODY = frozenset({"anon", "authenticated", "service_role"})

FUNCTIONS: dict[str, frozenset[Role]] = {
    "public.enqueue_generation(uuid, text, text, uuid, jsonb, text, text, uuid)": MEMBERS,
    "public.cancel_generation(uuid)": MEMBERS,
    "public.retry_generation(uuid, uuid)": MEMBERS,
    "public.claim_generation_jobs(text, integer, integer)": WORKER,
    "public.report_progress(text, jsonb, integer)": WORKER,
    "public.complete_generation(text, uuid, integer, jsonb)": WORKER,
    "public.fail_generation(text, uuid, integer, text, boolean)": WORKER,
    "public.release_generation_jobs(text)": WORKER,
    "public.release_expired_leases()": WORKER,
    "public.due_media_trash(integer)": WORKER,
    "public.clear_media_trash(text[])": WORKER,
    "public.seed_demo_generations()": WORKER,
    "public.forget_me(uuid)": MEMBERS,
    "public.furnish_selftest()": MEMBERS,
    "public.live_catalog()": MEMBERS,
    "public.take_leavers(integer)": WORKER,
    "public.clear_leavers(uuid[])": WORKER,
    "public.beat()": WORKER,
    "public.clock()": EVERYBODY,
    "public.touch_presence(text, text, jsonb, text)": MEMBERS,
    "public.expire_presence(integer)": WORKER,
    "public.read_notifications(uuid[])": MEMBERS,
    "public.prefer_notification(text, boolean, boolean, uuid)": MEMBERS,
    "public.prune_notifications(integer, integer)": WORKER,
    "public.my_sign_ins()": MEMBERS,
    "public.price_sparklines(integer)": EVERYBODY,
    "public.watch_symbol(uuid, text, double precision)": MEMBERS,
    "public.set_price_alert(uuid, text, text, numeric)": MEMBERS,
    "public.arm_price_alert(uuid, boolean)": MEMBERS,
    "public.claim_market(text, integer)": WORKER,
    "public.release_market(text)": WORKER,
    "public.backfill_candles(text, jsonb)": WORKER,
    "public.tick_prices(text, jsonb, integer, jsonb)": WORKER,
    "live.may_read(text, text)": EVERYBODY,
    "live.may_write(text, text)": EVERYBODY,
    "live.stamp()": NOBODY,
    "live.topics(text)": NOBODY,
    "live.topics(text[])": NOBODY,
    "live.member_topic(uuid)": NOBODY,
    "live.publish(text, text, text, jsonb, jsonb)": NOBODY,
    "live.announce(regclass, text, text[])": NOBODY,
    **{f"live.announce_{t}_{event}()": NOBODY for t in ANNOUNCED for event in ("insert", "update", "delete")},
    "private.create_profile()": NOBODY,
    "private.mark_demo()": NOBODY,
    "private.hide_job()": NOBODY,
    "private.discard_media()": NOBODY,
    "private.discard_attempt(generation_jobs)": NOBODY,
    "private.holds(generation_jobs, text, integer)": NOBODY,
    "private.fail(generation_jobs, text, boolean)": NOBODY,
    "private.expect_to_leave()": NOBODY,
    "private.discard_folder()": NOBODY,
    "private.notify(uuid, text, text, text, uuid, uuid, text)": NOBODY,
    "private.tell_of_generation()": NOBODY,
    "private.pace_profile()": NOBODY,
    "private.hold_market(text, integer)": NOBODY,
    "private.say_price(numeric)": NOBODY,
    "private.fire_alerts(jsonb)": NOBODY,
}

# Arguments with which a function of the API does nothing, whoever may call it (in a studio that is not empty).
HARMLESS: dict[str, dict[str, Any]] = {
    "enqueue_generation": {"job_id": str(uuid4()), "kind": "image", "prompt": "", "model_id": AURORA},
    "cancel_generation": {"job_id": str(uuid4())},
    "retry_generation": {"job_id": str(uuid4()), "new_id": str(uuid4())},
    "claim_generation_jobs": {"worker": "nobody", "n": 0},
    "report_progress": {"worker": "nobody", "reports": []},
    "complete_generation": {"worker": "nobody", "job_id": str(uuid4()), "attempt": 1, "results": []},
    "fail_generation": {"worker": "nobody", "job_id": str(uuid4()), "attempt": 1, "error": "none"},
    "release_generation_jobs": {"worker": "nobody"},
    "release_expired_leases": {},
    "due_media_trash": {"n": 0},
    "clear_media_trash": {"paths": []},
    "seed_demo_generations": {},
    "forget_me": {"member_id": str(uuid4())},
    "furnish_selftest": {},
    "live_catalog": {},
    "take_leavers": {"n": 0},
    "clear_leavers": {"members": []},
    "beat": {},
    "clock": {},
    "touch_presence": {"status": "nowhere"},
    "expire_presence": {"stale_s": 86_400},
    "read_notifications": {"ids": []},
    "prefer_notification": {"kind": "no_such_kind", "in_app": True, "browser": True},
    "prune_notifications": {"most": 100_000, "read_days": 10_000},
    "my_sign_ins": {},
    "price_sparklines": {},
    "watch_symbol": {"watch_id": str(uuid4()), "symbol": "NONE"},
    "set_price_alert": {"alert_id": str(uuid4()), "symbol": "NONE", "kind": "above", "threshold": 1},
    "arm_price_alert": {"alert_id": str(uuid4()), "armed": True},
    "claim_market": {"worker": "nobody", "lease_s": 0},
    "release_market": {"worker": "nobody"},
    "backfill_candles": {"worker": "nobody", "candles": []},
    "tick_prices": {"worker": "nobody", "ticks": [], "lease_s": 0},
}

ANYONE, SIGNED_IN = ("anon", "authenticated"), ("authenticated",)

POLICIES: dict[tuple[str, str], tuple[str, tuple[Role, ...]]] = {
    ("public.profiles", "everybody sees people"): ("select", ANYONE),
    ("public.profiles", "members edit their own"): ("update", SIGNED_IN),
    ("public.models", "everybody sees public models"): ("select", ANYONE),
    ("public.generation_jobs", "everybody sees public jobs"): ("select", ANYONE),
    ("public.generation_jobs", "members dismiss their own"): ("update", SIGNED_IN),
    ("public.generations", "everybody sees public generations"): ("select", ANYONE),
    ("public.generations", "members mark and share their own"): ("update", SIGNED_IN),
    ("public.generations", "members delete their own"): ("delete", SIGNED_IN),
    ("public.user_presence", "members see when others were here"): ("select", SIGNED_IN),
    ("public.notification_kinds", "members see the kinds"): ("select", SIGNED_IN),
    ("public.notification_preferences", "members see their own"): ("select", SIGNED_IN),
    ("public.notifications", "members see their own"): ("select", SIGNED_IN),
    ("public.crypto_prices", "everybody sees prices"): ("select", ANYONE),
    ("public.price_candles", "everybody sees candles"): ("select", ANYONE),
    ("public.market_status", "everybody sees where prices come from"): ("select", ANYONE),
    ("public.watchlists", "members see their own"): ("select", SIGNED_IN),
    ("public.watchlists", "members order their own"): ("update", SIGNED_IN),
    ("public.watchlists", "members remove their own"): ("delete", SIGNED_IN),
    ("public.price_alerts", "members see their own"): ("select", SIGNED_IN),
    ("public.price_alerts", "members remove their own"): ("delete", SIGNED_IN),
    ("realtime.messages", "a circle reads its topic"): ("select", ANYONE),
    ("realtime.messages", "people talk in their rooms"): ("insert", ANYONE),
    ("storage.objects", "media follows its generation"): ("select", ANYONE),
    ("storage.objects", "previews follow their job"): ("select", ANYONE),
    ("storage.objects", "avatars are for everybody to see"): ("select", ANYONE),
    ("storage.objects", "members put their avatar into their folder"): ("insert", SIGNED_IN),
    ("storage.objects", "members replace their avatar"): ("update", SIGNED_IN),
    ("storage.objects", "members remove their avatar"): ("delete", SIGNED_IN),
}


@dataclass(frozen=True)
class Bucket:
    """What lies in it: whether anybody may fetch it by its path, how large, of which types."""

    public: bool
    largest_bytes: int
    types: frozenset[str]


BUCKETS = {
    "media": Bucket(False, 50 * 2**20, frozenset({"image/png", "image/webp", "video/mp4"})),
    "avatars": Bucket(True, 2 * 2**20, frozenset({"image/png", "image/jpeg", "image/webp"})),
}


@dataclass(frozen=True)
class Topic:
    """Who hears and who speaks, by extension. `member` in the name stands for the owner's id."""

    hears: dict[str, frozenset[str]]
    speaks: dict[str, frozenset[str]]


_FEED = frozenset({"broadcast"})
_ROOM = frozenset({"broadcast", "presence"})

TOPICS = {
    "world": Topic({"anon": _FEED, "stranger": _FEED, "owner": _FEED}, {}),
    "market": Topic({"anon": _FEED, "stranger": _FEED, "owner": _FEED}, {}),
    "member:{owner}": Topic({"owner": _FEED}, {}),
    "room:studio": Topic({"stranger": _ROOM, "owner": _ROOM}, {"stranger": _ROOM, "owner": _ROOM}),
}
# How live.may_read and live.may_write spell the topics above.
SPELLED = {"world", "market", "member:%", "room:studio", "room:%"}
