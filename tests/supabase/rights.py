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
    "public.generation_queues": Table(authenticated=READ, service_role=READ),
    "public.generations": Table(READ, READ | {"update(favourite)", "update(visibility)", "delete"}, READ),
    "public.user_presence": Table(authenticated=READ, service_role=READ),
    **dict.fromkeys(
        ("public.circle_members", "public.teams", "public.team_members", "public.team_invitations"),
        Table(authenticated=READ, service_role=READ),
    ),
    **dict.fromkeys(
        ("public.contacts", "public.contact_comments", "public.contact_filters"),
        Table(authenticated=READ, service_role=READ),
    ),
    "private.contact_imports": Table(),
    **dict.fromkeys(
        (
            "public.email_templates",
            "public.email_campaigns",
            "public.sent_emails",
            "public.email_clicks",
            "public.email_suppressions",
            "public.digest_preferences",
            "public.digests",
        ),
        Table(authenticated=READ, service_role=READ),
    ),
    "private.email_letters": Table(),
    "private.email_links": Table(),
    "private.digest_leases": Table(),
    "live.circles": Table(),
    "public.posts": Table(READ, READ | {"delete"}, READ),
    "public.likes": Table(READ, READ, READ),
    "public.comments": Table(READ, READ, READ),
    "private.feed_allowances": Table(),
    "private.crowd_turns": Table(),
    "private.crowd_jobs": Table(),
    "public.notification_kinds": Table(authenticated=READ, service_role=READ),
    "public.notification_preferences": Table(authenticated=READ, service_role=READ),
    "public.notifications": Table(authenticated=READ, service_role=READ),
    "public.credit_accounts": Table(authenticated=READ, service_role=READ),
    "public.credit_transactions": Table(authenticated=READ, service_role=READ),
    "private.job_leases": Table(),
    "private.queue_calls": Table(),
    "private.media_trash": Table(),
    "private.leavers": Table(),
    "private.presence_choices": Table(),
    "private.profile_changes": Table(),
}

OWN = {
    "team_invitations",
    "notification_preferences",
    "notifications",
    "credit_accounts",
    "credit_transactions",
    "contacts",
    "contact_comments",
    "contact_filters",
    "email_templates",
    "email_campaigns",
    "sent_emails",
    "email_clicks",
    "email_suppressions",
    "digest_preferences",
    "digests",
}  # in which nobody sees what is another's

ANNOUNCED = (
    "profiles",
    "models",
    "generation_jobs",
    "generation_queues",
    "generations",
    "circle_members",
    "teams",
    "team_members",
    "team_invitations",
    "posts",
    "likes",
    "comments",
    "notification_preferences",
    "notifications",
    "credit_accounts",
    "credit_transactions",
    "contacts",
    "contact_comments",
    "contact_filters",
    "email_templates",
    "email_campaigns",
    "sent_emails",
    "email_clicks",
    "email_suppressions",
    "digest_preferences",
    "digests",
)  # each has three trigger functions, nobody's to call
PUBLISHED = {"public.generations"}  # in the publication supabase_realtime: Postgres Changes

NOBODY: frozenset[Role] = frozenset()
MEMBERS = frozenset({"authenticated"})
WORKER = frozenset({"service_role"})
EVERYBODY = frozenset({"anon", "authenticated", "service_role"})

FUNCTIONS: dict[str, frozenset[Role]] = {
    "public.enqueue_generation(uuid, text, text, uuid, jsonb, text, text, uuid)": MEMBERS,
    "public.enqueue_generations(uuid[], uuid, text, text, uuid, jsonb, text, text, bigint[])": MEMBERS,
    "public.pause_queue()": MEMBERS,
    "public.resume_queue()": MEMBERS,
    "public.move_generation(uuid, uuid)": MEMBERS,
    "public.cancel_generations(uuid[])": MEMBERS,
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
    "public.turn_to_circle(text, uuid)": MEMBERS,
    "public.create_team(uuid, text)": MEMBERS,
    "public.rename_team(uuid, text)": MEMBERS,
    "public.delete_team(uuid)": MEMBERS,
    "public.invite_to_team(uuid, uuid, text, text)": MEMBERS,
    "public.withdraw_invitation(uuid)": MEMBERS,
    "public.accept_invitation(uuid)": MEMBERS,
    "public.decline_invitation(uuid)": MEMBERS,
    "public.set_team_role(uuid, uuid, text)": MEMBERS,
    "public.transfer_team(uuid, uuid)": MEMBERS,
    "public.remove_from_team(uuid, uuid)": MEMBERS,
    "public.leave_team(uuid)": MEMBERS,
    "public.publish_post(uuid, uuid, text)": MEMBERS,
    "public.like_post(uuid, uuid, boolean)": MEMBERS,
    "public.comment_on_post(uuid, uuid, text)": MEMBERS,
    "public.edit_comment(uuid, text)": MEMBERS,
    "public.remove_comment(uuid)": MEMBERS,
    "public.crowd_turn(double precision)": WORKER,
    "public.crowd_generate(uuid, text, text, bigint)": WORKER,
    "public.crowd_publish(uuid, uuid, text)": WORKER,
    "public.crowd_like(uuid, uuid)": WORKER,
    "public.crowd_comment(uuid, uuid, text)": WORKER,
    "public.prune_crowd(integer)": WORKER,
    "public.add_contact(uuid, uuid, jsonb)": MEMBERS,
    "public.edit_contact(uuid, jsonb)": MEMBERS,
    "public.edit_contacts(uuid, uuid[], jsonb, jsonb, jsonb)": MEMBERS,
    "public.remove_contacts(uuid, uuid[])": MEMBERS,
    "public.import_contacts(uuid, uuid, jsonb, text, text)": MEMBERS,
    "public.comment_on_contact(uuid, uuid, text)": MEMBERS,
    "public.remove_contact_comment(uuid)": MEMBERS,
    "public.save_contact_filter(uuid, uuid, text, jsonb)": MEMBERS,
    "public.remove_contact_filter(uuid)": MEMBERS,
    "public.contact_counts(uuid)": MEMBERS,
    "public.save_email_template(uuid, uuid, text, text, text)": MEMBERS,
    "public.remove_email_template(uuid)": MEMBERS,
    "public.send_emails(uuid, uuid, uuid[], text, text, uuid, text, timestamp with time zone)": MEMBERS,
    "public.cancel_emails(uuid, uuid, uuid[])": MEMBERS,
    "public.reschedule_campaign(uuid, timestamp with time zone)": MEMBERS,
    "public.email_letter(uuid)": MEMBERS,
    "public.suppress_address(uuid, uuid, text)": MEMBERS,
    "public.allow_address(uuid)": MEMBERS,
    "public.email_numbers(uuid)": MEMBERS,
    "public.campaign_numbers(uuid)": MEMBERS,
    "public.claim_emails(text, integer, integer)": WORKER,
    "public.hand_over_email(text, uuid, integer)": WORKER,
    "public.report_emails(text, jsonb)": WORKER,
    "public.settle_emails(jsonb)": WORKER,
    "public.release_emails(text)": WORKER,
    "public.rescue_emails()": WORKER,
    "public.simulated_emails(integer, integer)": WORKER,
    "public.track_open(text, boolean, text)": EVERYBODY,
    "public.track_click(text, boolean, text, boolean)": EVERYBODY,
    "public.unsubscribe(text)": EVERYBODY,
    "public.prefer_digest(boolean, integer, text)": MEMBERS,
    "public.claim_digests(text, integer, integer)": WORKER,
    "public.report_digests(text, jsonb)": WORKER,
    "public.prune_mail(integer)": WORKER,
    "public.read_notifications(uuid[])": MEMBERS,
    "public.prefer_notification(text, boolean, boolean, uuid)": MEMBERS,
    "public.prune_notifications(integer, integer)": WORKER,
    "public.my_sign_ins()": MEMBERS,
    "public.top_up(integer, uuid)": MEMBERS,
    "public.credit_spending(integer, text)": MEMBERS,
    "live.may_read(text, text)": EVERYBODY,
    "live.may_write(text, text)": EVERYBODY,
    "live.is_member(text, uuid)": MEMBERS,
    "live.may_edit(text, uuid)": MEMBERS,
    "live.mine(text)": MEMBERS,
    "live.mine_to_edit(text)": MEMBERS,
    "live.topic(text, uuid)": NOBODY,
    "live.member_topics(text, uuid)": NOBODY,
    "live.in_circle(text, boolean)": NOBODY,
    "live.circle_joined()": NOBODY,
    "live.circle_changed()": NOBODY,
    "live.circle_leaving()": NOBODY,
    "live.circle_left()": NOBODY,
    "live.circle_ends()": NOBODY,
    "live.enlist(regclass, text, regclass, text, text, text)": NOBODY,
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
    "private.open_queue()": NOBODY,
    "private.hold_back()": NOBODY,
    "private.count_calls(uuid, integer)": NOBODY,
    "private.my_queue()": NOBODY,
    "private.set_paused(boolean)": NOBODY,
    "private.enqueue(uuid[], bigint[], text, text, uuid, jsonb, text, text, uuid, uuid)": NOBODY,
    "private.discard_media()": NOBODY,
    "private.discard_attempt(generation_jobs)": NOBODY,
    "private.holds(generation_jobs, text, integer)": NOBODY,
    "private.fail(generation_jobs, text, boolean)": NOBODY,
    "private.expect_to_leave()": NOBODY,
    "private.discard_folder()": NOBODY,
    "private.lock_circle(text, uuid)": NOBODY,
    "private.leave_circles()": NOBODY,
    "private.create_personal_team()": NOBODY,
    "private.join_demo_team()": NOBODY,
    "private.role_in_team(uuid, uuid)": NOBODY,
    "private.own_team(uuid)": NOBODY,
    "private.room_in_teams(uuid)": NOBODY,
    "private.keep_owner()": NOBODY,
    "private.withdraw_post()": NOBODY,
    "private.count_likes()": NOBODY,
    "private.count_comments()": NOBODY,
    "private.tell_author()": NOBODY,
    "private.allow(uuid, text, integer, double precision)": NOBODY,
    "private.publish_post(uuid, uuid, uuid, text)": NOBODY,
    "private.hold_post(uuid)": NOBODY,
    "private.like_post(uuid, uuid, uuid, boolean)": NOBODY,
    "private.comment_on_post(uuid, uuid, uuid, text)": NOBODY,
    "private.note_crowd_job()": NOBODY,
    "private.must_be_demo(uuid)": NOBODY,
    "private.words(text)": NOBODY,
    "private.prepare_contact()": NOBODY,
    "private.edit_team(uuid)": NOBODY,
    "private.edit_contact(uuid)": NOBODY,
    "private.contact_faults(uuid, jsonb)": NOBODY,
    "private.tags(jsonb)": NOBODY,
    "private.check_contact(uuid, jsonb)": NOBODY,
    "private.room_for_contacts(uuid, integer)": NOBODY,
    "private.write_contacts(uuid[], jsonb, text[], text[])": NOBODY,
    "private.fill_in(text, jsonb)": NOBODY,
    "private.email_fault(text)": NOBODY,
    "private.check_email(text, text)": NOBODY,
    "private.email_urls(text)": NOBODY,
    "private.end_queued(uuid[], text)": NOBODY,
    "private.hold_teams_of(uuid[])": NOBODY,
    "private.track(uuid, text, text, boolean, text)": NOBODY,
    "private.digest_numbers(uuid)": NOBODY,
    "private.log_campaign()": NOBODY,
    "private.notify(uuid, text, text, text, uuid, uuid, text)": NOBODY,
    "private.tell_of_generation()": NOBODY,
    "private.pace_profile()": NOBODY,
    "private.refuse_change()": NOBODY,
    "private.low_credits()": NOBODY,
    "private.credits(integer)": NOBODY,
    "private.post(uuid, text, integer, text, text, text, text, uuid, uuid)": NOBODY,
    "private.hold(uuid, integer, text, uuid, text, text)": NOBODY,
    "private.finish_hold(text, uuid, text)": NOBODY,
    "private.settle(text, uuid)": NOBODY,
    "private.give_back(text, uuid)": NOBODY,
    "private.charge()": NOBODY,
    "private.open_account(uuid)": NOBODY,
    "private.welcome_with_credits()": NOBODY,
}

# Arguments with which a function of the API does nothing, whoever may call it (in a studio that is not empty).
HARMLESS: dict[str, dict[str, Any]] = {
    "enqueue_generation": {"job_id": str(uuid4()), "kind": "image", "prompt": "", "model_id": AURORA},
    "enqueue_generations": {
        "job_ids": [str(uuid4())],
        "batch": str(uuid4()),
        "kind": "image",
        "prompt": "",
        "model_id": AURORA,
    },
    "pause_queue": {},
    "resume_queue": {},
    "move_generation": {"job_id": str(uuid4())},
    "cancel_generations": {"ids": []},
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
    "turn_to_circle": {"kind": "nothing", "circle_id": str(uuid4())},
    "create_team": {"team_id": str(uuid4()), "name": ""},
    "rename_team": {"team_id": str(uuid4()), "name": ""},
    "delete_team": {"team_id": str(uuid4())},
    "invite_to_team": {
        "invitation_id": str(uuid4()),
        "team_id": str(uuid4()),
        "username": "nobody",
        "role": "viewer",
    },
    "withdraw_invitation": {"invitation_id": str(uuid4())},
    "accept_invitation": {"invitation_id": str(uuid4())},
    "decline_invitation": {"invitation_id": str(uuid4())},
    "set_team_role": {"team_id": str(uuid4()), "member_id": str(uuid4()), "role": "viewer"},
    "transfer_team": {"team_id": str(uuid4()), "member_id": str(uuid4())},
    "remove_from_team": {"team_id": str(uuid4()), "member_id": str(uuid4())},
    "leave_team": {"team_id": str(uuid4())},
    "publish_post": {"post_id": str(uuid4()), "generation_id": str(uuid4())},
    "like_post": {"like_id": str(uuid4()), "post_id": str(uuid4()), "liked": True},
    "comment_on_post": {"comment_id": str(uuid4()), "post_id": str(uuid4()), "body": "none"},
    "edit_comment": {"comment_id": str(uuid4()), "body": "none"},
    "remove_comment": {"comment_id": str(uuid4())},
    "crowd_turn": {"pause_s": 0},
    "crowd_generate": {"member": str(uuid4()), "prompt": "a wren", "model": "none", "seed": 1},
    "crowd_publish": {"member": str(uuid4()), "generation_id": str(uuid4()), "caption": ""},
    "crowd_like": {"member": str(uuid4()), "post_id": str(uuid4())},
    "crowd_comment": {"member": str(uuid4()), "post_id": str(uuid4()), "body": "none"},
    "prune_crowd": {"keep": 100_000},
    "add_contact": {"contact_id": str(uuid4()), "team_id": str(uuid4()), "fields": {}},
    "edit_contact": {"contact_id": str(uuid4()), "changes": {}},
    "edit_contacts": {"team_id": str(uuid4()), "ids": []},
    "remove_contacts": {"team_id": str(uuid4()), "ids": []},
    "import_contacts": {"import_id": str(uuid4()), "team_id": str(uuid4()), "rows": []},
    "comment_on_contact": {"comment_id": str(uuid4()), "contact_id": str(uuid4()), "body": ""},
    "remove_contact_comment": {"comment_id": str(uuid4())},
    "save_contact_filter": {
        "filter_id": str(uuid4()),
        "team_id": str(uuid4()),
        "name": "",
        "settings": {},
    },
    "remove_contact_filter": {"filter_id": str(uuid4())},
    "contact_counts": {"team_id": str(uuid4())},
    "save_email_template": {
        "template_id": str(uuid4()),
        "team_id": str(uuid4()),
        "name": "",
        "subject": "",
        "body": "",
    },
    "remove_email_template": {"template_id": str(uuid4())},
    "send_emails": {
        "campaign_id": str(uuid4()),
        "team_id": str(uuid4()),
        "contact_ids": [],
        "subject": "",
        "body": "",
    },
    "cancel_emails": {"team_id": str(uuid4())},
    "reschedule_campaign": {"campaign_id": str(uuid4()), "scheduled_at": None},
    "email_letter": {"email_id": str(uuid4())},
    "suppress_address": {"suppression_id": str(uuid4()), "team_id": str(uuid4()), "address": ""},
    "allow_address": {"suppression_id": str(uuid4())},
    "email_numbers": {"team_id": str(uuid4())},
    "campaign_numbers": {"campaign_id": str(uuid4())},
    "claim_emails": {"worker": "nobody", "n": 0},
    "hand_over_email": {"worker": "nobody", "email_id": str(uuid4()), "attempt": 1},
    "report_emails": {"worker": "nobody", "reports": []},
    "settle_emails": {"reports": []},
    "release_emails": {"worker": "nobody"},
    "rescue_emails": {},
    "simulated_emails": {"n": 0},
    "track_open": {"token": "none"},
    "track_click": {"token": "none"},
    "unsubscribe": {"token": "none"},
    "prefer_digest": {"wanted": False},
    "claim_digests": {"worker": "nobody", "n": 0},
    "report_digests": {"worker": "nobody", "reports": []},
    "prune_mail": {"days": 100_000},
    "read_notifications": {"ids": []},
    "top_up": {"amount": 0, "idempotency_key": str(uuid4())},
    "credit_spending": {},
    "prefer_notification": {"kind": "no_such_kind", "in_app": True, "browser": True},
    "prune_notifications": {"most": 100_000, "read_days": 10_000},
    "my_sign_ins": {},
}

ANYONE, SIGNED_IN = ("anon", "authenticated"), ("authenticated",)

POLICIES: dict[tuple[str, str], tuple[str, tuple[Role, ...]]] = {
    ("public.profiles", "everybody sees people"): ("select", ANYONE),
    ("public.profiles", "members edit their own"): ("update", SIGNED_IN),
    ("public.models", "everybody sees public models"): ("select", ANYONE),
    ("public.generation_jobs", "everybody sees public jobs"): ("select", ANYONE),
    ("public.generation_jobs", "members dismiss their own"): ("update", SIGNED_IN),
    ("public.generation_queues", "members see their own"): ("select", SIGNED_IN),
    ("public.generations", "everybody sees public generations"): ("select", ANYONE),
    ("public.generations", "members mark and share their own"): ("update", SIGNED_IN),
    ("public.generations", "members delete their own"): ("delete", SIGNED_IN),
    ("public.user_presence", "members see when others were here"): ("select", SIGNED_IN),
    ("public.circle_members", "members see their circles"): ("select", SIGNED_IN),
    ("public.teams", "members see their teams"): ("select", SIGNED_IN),
    ("public.team_members", "members see who is in their teams"): ("select", SIGNED_IN),
    ("public.team_invitations", "members see invitations to them and to their teams"): ("select", SIGNED_IN),
    ("public.posts", "everybody reads the feed"): ("select", ANYONE),
    ("public.posts", "authors remove their own"): ("delete", SIGNED_IN),
    ("public.likes", "everybody sees who likes what"): ("select", ANYONE),
    ("public.comments", "everybody reads comments"): ("select", ANYONE),
    ("public.contacts", "members see contacts of their teams"): ("select", SIGNED_IN),
    ("public.contact_comments", "members see comments of their teams"): ("select", SIGNED_IN),
    ("public.contact_filters", "members see their own"): ("select", SIGNED_IN),
    ("public.email_templates", "members see e-mail of their teams"): ("select", SIGNED_IN),
    ("public.email_campaigns", "members see e-mail of their teams"): ("select", SIGNED_IN),
    ("public.sent_emails", "members see e-mail of their teams"): ("select", SIGNED_IN),
    ("public.email_clicks", "members see e-mail of their teams"): ("select", SIGNED_IN),
    ("public.email_suppressions", "members see e-mail of their teams"): ("select", SIGNED_IN),
    ("public.digest_preferences", "members see their own"): ("select", SIGNED_IN),
    ("public.digests", "members see their own"): ("select", SIGNED_IN),
    ("public.notification_kinds", "members see the kinds"): ("select", SIGNED_IN),
    ("public.notification_preferences", "members see their own"): ("select", SIGNED_IN),
    ("public.notifications", "members see their own"): ("select", SIGNED_IN),
    ("public.credit_accounts", "members see their own"): ("select", SIGNED_IN),
    ("public.credit_transactions", "members see their own"): ("select", SIGNED_IN),
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
