"""A member's jobs, pictures, models and files, each of them once private and once public."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import uuid4

import asyncpg

from tests.supabase.people import AURORA, Person

Visibility = Literal["private", "public"]

CANDLE = '{"symbol": "BTC", "minute": "2026-01-01T00:00:00Z", "open": 2, "high": 3, "low": 1, "close": 2}'
MODEL = """
insert into public.models (slug, name, kind, owner_id, visibility) values ($1, 'Of my own', 'trained', $2, $3)
returning id::text
"""


@dataclass(frozen=True)
class Half:
    """The private or the public half of what there is. Paths are of the bucket media."""

    model: str
    job: str  # completed; `generation` is its picture
    generation: str
    media: str
    poster: str
    active_job: str
    preview: str  # of the active job
    post: str = ""  # of the public generation, with a like and a comment of its owner's
    like: str = ""
    comment: str = ""

    def rows(self) -> dict[str, list[str]]:
        """The ids, by table."""
        return {
            "models": [self.model],
            "generation_jobs": [self.job, self.active_job],
            "generations": [self.generation],
            "posts": [self.post],
            "likes": [self.like],
            "comments": [self.comment],
        }

    def files(self) -> list[str]:
        """The paths of everything that can be looked at."""
        return [self.media, self.poster, self.preview]


@dataclass(frozen=True)
class Studio:
    """What one member has."""

    owner: str
    private: Half
    public: Half
    own: dict[str, str]  # the id of a row, by tables that are not in two halves

    @classmethod
    async def furnish(cls, owner: Person, service: Person, sql: asyncpg.Connection) -> Studio:
        """Makes everything the way it is made: queued by the member, drawn and stored by a worker."""
        await clear_queue(sql)
        await owner.call("touch_presence", status="online")
        halves = [await _half(visibility, owner, service, sql) for visibility in ("private", "public")]
        team = await _team(owner)
        own = {
            **await _told(owner, sql),
            **team,
            **await _board(owner, team["teams"]),
            **await _ledger(owner),
            **await _chat(owner),
            **await train(owner, service),
            **await _contacts(owner),
            **await _mail(owner, sql),
            **await _logged(owner),
            **await _watched(owner, sql),
        }
        return cls(owner.id, *halves, own=own)


async def _told(owner: Person, sql: asyncpg.Connection) -> dict[str, str]:
    subject = uuid4()
    await sql.execute("select private.notify($1, 'like', 'a wren', '/feed', null, $2)", owner.id, subject)
    (told,) = await owner.rows(f"notifications?subject_id=eq.{subject}")
    (kind,) = await owner.rows("notification_kinds?kind=eq.like")
    preference = await owner.call("prefer_notification", kind="like", in_app=True, browser=True)
    return {
        "notifications": told["id"],
        "notification_kinds": kind["id"],
        "notification_preferences": preference["id"],
    }


async def _team(owner: Person) -> dict[str, str]:
    """A team of the owner's, which somebody else is invited to and sees nothing of."""
    team = (await owner.call("create_team", team_id=str(uuid4()), name="Wrens"))["id"]
    invite = {"invitation_id": str(uuid4()), "team_id": team, "username": "ada", "role": "editor"}
    invitation = (await owner.call("invite_to_team", **invite))["id"]
    (place,) = await owner.rows(f"team_members?team_id=eq.{team}")
    (circle,) = await owner.rows(f"circle_members?circle_id=eq.{team}")
    return {"teams": team, "team_members": place["id"], "team_invitations": invitation, "circle_members": circle["id"]}


async def _board(owner: Person, team: str) -> dict[str, str]:
    """A project of that team, with something of everything in it."""
    project = (await owner.call("create_project", project_id=str(uuid4()), team_id=team, name="Nest"))["id"]
    shot = (await owner.call("create_shot", shot_id=str(uuid4()), project_id=project, name="Dawn"))["id"]
    task = (await owner.call("create_task", task_id=str(uuid4()), project_id=project, title="Twigs"))["id"]
    comment = (await owner.call("comment_on_task", comment_id=str(uuid4()), task_id=task, body="Soft ones"))["id"]
    return {"projects": project, "shots": shot, "tasks": task, "task_comments": comment}


async def _contacts(owner: Person) -> dict[str, str]:
    """A contact of the owner's own team, a comment on it, and a filter by which it is found."""
    (team,) = await owner.rows(f"teams?personal_of=eq.{owner.id}")
    contact = await owner.call("add_contact", contact_id=str(uuid4()), team_id=team["id"], fields={"name": "Ada"})
    said = {"comment_id": str(uuid4()), "contact_id": contact["id"], "body": "Met at the tide pools"}
    comment = await owner.call("comment_on_contact", **said)
    wanted = {"filter_id": str(uuid4()), "team_id": team["id"], "name": "Leads", "settings": {"stage": "lead"}}
    saved = await owner.call("save_contact_filter", **wanted)
    return {"contacts": contact["id"], "contact_comments": comment["id"], "contact_filters": saved["id"]}


async def _mail(owner: Person, sql: asyncpg.Connection) -> dict[str, str]:
    """A letter to a contact of the owner's own team, which a machine has opened; an address left alone; a digest."""
    (team,) = await owner.rows(f"teams?personal_of=eq.{owner.id}")
    fields = {"name": "Bo", "email": "bo@starling.test"}
    contact = await owner.call("add_contact", contact_id=str(uuid4()), team_id=team["id"], fields=fields)
    words = {"team_id": team["id"], "subject": "Tides", "body": "See https://starling.test/tides"}
    template = await owner.call("save_email_template", template_id=str(uuid4()), name="Tides", **words)
    campaign = await owner.call("send_emails", campaign_id=str(uuid4()), contact_ids=[contact["id"]], **words)
    (email,) = await owner.rows(f"sent_emails?campaign_id=eq.{campaign['id']}")
    await sql.execute("update public.sent_emails set status = 'sent', sent_at = now() where id = $1", email["id"])
    token = await sql.fetchval("select token from private.email_letters where email_id = $1", email["id"])
    await owner.call("track_open", token=token, machine=True)
    (opened,) = await owner.rows(f"email_clicks?email_id=eq.{email['id']}")
    address = {"suppression_id": str(uuid4()), "team_id": team["id"], "address": "no@starling.test"}
    suppressed = await owner.call("suppress_address", **address)
    await owner.call("prefer_digest", wanted=False)
    add = "insert into public.digests (owner_id, day) values ($1, '2026-01-01') on conflict (owner_id, day) do update set error = null returning id"
    return {
        "email_templates": template["id"],
        "email_campaigns": campaign["id"],
        "sent_emails": email["id"],
        "email_clicks": opened["id"],
        "email_suppressions": suppressed["id"],
        "digest_preferences": owner.id,
        "digests": str(await sql.fetchval(add, owner.id)),
    }


async def _chat(owner: Person) -> dict[str, str]:
    """A chat of the owner's, with something said in it."""
    session, message = str(uuid4()), str(uuid4())
    await owner.call("create_chat", session_id=session, title="Wrens")
    await owner.call("send_message", message_id=message, session_id=session, content="They build globes of moss")
    await owner.call("react", message_id=message, emoji="👍")
    own = {"chat_sessions": session, "chat_messages": message}
    for table in ("chat_participants", "chat_reactions", "chat_reads", "chat_counts"):
        (row,) = await owner.rows(f"{table}?session_id=eq.{session}")
        own[table] = row["id"]
    return own


async def _ledger(owner: Person) -> dict[str, str]:
    (welcome,) = await owner.rows("credit_transactions?kind=eq.grant")
    return {"credit_accounts": owner.id, "credit_transactions": welcome["id"]}


async def _logged(owner: Person) -> dict[str, str]:
    note = {"activity_id": str(uuid4()), "team_id": None, "kind": "note", "title": "a wren was here"}
    return {"member_activities": (await owner.call("log_activity", **note))["id"], "dashboards": owner.id}


async def train(owner: Person, service: Person) -> dict[str, str]:
    """A dataset of two images and a training on it that has begun to learn: the id of a row, by table."""
    dataset, job, worker = str(uuid4()), str(uuid4()), f"worker-{uuid4().hex[:8]}"
    for begun in await owner.rows("training_jobs?status=in.(waiting,active)&select=id"):
        await owner.call("cancel_training", job_id=begun["id"])
    await owner.call("create_dataset", dataset_id=dataset, name="Wrens")
    images = [await enter(owner, dataset, str(uuid4())) for _ in range(2)]
    for image in images:
        for path in (image["path"], image["thumb_path"]):
            await put(owner, "datasets", path, path.encode())
        assert (await owner.rest("PATCH", f"dataset_images?id=eq.{image['id']}", {"ready": True})).is_success
    await owner.call(
        "start_training",
        job_id=job,
        dataset_id=dataset,
        base_model_id=AURORA,
        name="Wren",
        total_steps=500,
        learning_rate=1e-4,
    )
    claimed = await service.call("claim_training_jobs", worker=worker, n=100)
    report = {"id": job, "attempt": 1, "progress": 9, "stage": "Training", "eta_s": 9, "current_step": 44, "loss": 0.5,
              "previews": [{"step": 44, "path": f"{owner.id}/{job}/1/checkpoints/44.webp"}],
              "metrics": [{"step": 44, "loss": 0.5, "learning_rate": 1e-4}]}  # fmt: skip
    assert job in [row["id"] for row in claimed]
    await put(service, "media", report["previews"][0]["path"], b"sketch")
    assert await service.call("report_training", worker=worker, reports=[report]) == [job]
    (point,) = await owner.rows(f"training_metrics?job_id=eq.{job}")
    return {
        "datasets": dataset,
        "dataset_images": images[0]["id"],
        "training_jobs": job,
        "training_metrics": point["id"],
    }


async def enter(owner: Person, dataset: str, image: str) -> dict[str, Any]:
    """Enters an image into a dataset, which must succeed."""
    return await owner.call(
        "add_dataset_image", image_id=image, dataset_id=dataset, name="wren.png", media_type="image/webp", bytes=10, width=640,
        height=480, colour="#9bdcff",
    )  # fmt: skip


async def _watched(owner: Person, sql: asyncpg.Connection) -> dict[str, str]:
    watched = await owner.call("watch_symbol", watch_id=str(uuid4()), symbol="BTC")
    alert = await owner.call("set_price_alert", alert_id=str(uuid4()), symbol="BTC", kind="above", threshold=1e9)
    await sql.execute("select public.backfill_candles('tests', $1)", f"[{CANDLE}]")
    await sql.execute("select public.release_market('tests')")
    return {
        "watchlists": watched["id"],
        "price_alerts": alert["id"],
        "crypto_prices": (await owner.rows("crypto_prices?symbol=eq.BTC"))[0]["id"],
        "price_candles": (await owner.rows("price_candles?limit=1"))[0]["id"],
        "market_status": (await owner.rows("market_status"))[0]["id"],
    }


async def _half(visibility: Visibility, owner: Person, service: Person, sql: asyncpg.Connection) -> Half:
    model = str(await sql.fetchval(MODEL, f"own-{uuid4().hex[:8]}", owner.id, visibility))
    done = await owner.enqueue(visibility=visibility, model_id=model, prompt=f"a {visibility} wren")
    worker = f"worker-{uuid4().hex[:8]}"
    (job,) = await service.call("claim_generation_jobs", worker=worker, n=1)
    assert job["id"] == done["id"]
    folder = f"{owner.id}/{job['id']}/1"
    media, poster, preview = f"{folder}/0.webp", f"{folder}/0.poster.webp", f"{owner.id}/{uuid4()}/1/previews/25.webp"
    for path in (media, poster, preview):
        await put(service, "media", path, path.encode())
    assert await service.call(
        "complete_generation", worker=worker, job_id=job["id"], attempt=1, results=[result(media, poster)]
    )
    (generation,) = await service.rows(f"generations?job_id=eq.{job['id']}")
    active = await owner.enqueue(visibility=visibility, prompt=f"another {visibility} wren")
    assert [j["id"] for j in await service.call("claim_generation_jobs", worker=worker, n=1)] == [active["id"]]
    report = {
        "id": active["id"],
        "attempt": 1,
        "progress": 25,
        "stage": "Sketching",
        "eta_s": 9,
        "preview_path": preview,
    }
    assert await service.call("report_progress", worker=worker, reports=[report]) == [active["id"]]
    half = Half(model, job["id"], generation["id"], media, poster, active["id"], preview)
    return half if visibility == "private" else replace(half, **await _published(owner, generation["id"]))


async def _published(owner: Person, generation: str) -> dict[str, str]:
    post, like, comment = str(uuid4()), str(uuid4()), str(uuid4())
    await owner.call("publish_post", post_id=post, generation_id=generation, caption="look")
    await owner.call("like_post", like_id=like, post_id=post, liked=True)
    await owner.call("comment_on_post", comment_id=comment, post_id=post, body="done at last")
    return {"post": post, "like": like, "comment": comment}


def result(media: str, poster: str, ordinal: int = 0) -> dict[str, Any]:
    """One finished picture as a worker describes it."""
    return {
        "ordinal": ordinal, "seed": 7, "media_path": media, "poster_path": poster, "media_type": "image/webp",
        "bytes": 10, "width": 1024, "height": 1024, "duration": None, "colour": "#9bdcff",
    }  # fmt: skip


async def put(somebody: Person, bucket: str, path: str, content: bytes) -> None:
    """Uploads a file, which must succeed."""
    answer = await somebody.http.post(
        f"/storage/v1/object/{bucket}/{path}", content=content, headers={"content-type": "image/webp"}
    )
    assert answer.is_success, answer.text


async def clear_queue(sql: asyncpg.Connection) -> None:
    """Ends whatever other tests left waiting or at work, so that a claim takes what its test queued."""
    await sql.execute("delete from private.job_leases")
    await sql.execute(
        "update public.generation_jobs set status = 'cancelled', finished_at = now() where status in ('waiting', 'active')"
    )
