"""Studio: what a visitor sees of queue and gallery, and what becomes of what they do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from embedded.stack import Address
from state import generation
from state.api import Project
from state.generation import ASPECTS, EXAMPLES, Draft, News, Studio, Visibility
from state.member import Member
from state.models import Job
from state.realtime import presence as presence_module
from state.starling import Starling
from tests.state.support import (
    AURORA,
    PASSWORD,
    add_generations,
    add_job,
    as_admin,
    hasten,
    make_account,
    remove_account,
    settings_of,
    until,
)

GOUACHE = UUID("5d3c1e0a-0002-4000-8000-000000000002")  # makes no clips


@dataclass
class Desk:
    """Two members and a guest in one process, and the database behind them."""

    starling: Starling
    db: asyncpg.Connection
    mine: Member
    theirs: Member

    @property
    def studio(self) -> Studio:
        return self.mine.studio

    @property
    def studios(self) -> dict[str, Studio]:
        return {"mine": self.mine.studio, "theirs": self.theirs.studio, "guest": self.starling.world.studio}

    def draft(self, **values: Any) -> Draft:
        draft = Draft.check(**{"prompt": f"a prompt {uuid4()}", "model_id": AURORA, "visibility": "private", **values})
        assert isinstance(draft, Draft), draft
        return draft

    async def status(self, id: UUID) -> str | None:
        return await self.db.fetchval("select status from public.generation_jobs where id = $1", id)

    async def set(self, id: UUID, status: str, **_: Any) -> None:
        await self.db.execute(
            "update public.generation_jobs set status = $2, started_at = coalesce(started_at, now()) where id = $1",
            id,
            status,
        )

    def shown(self, id: UUID) -> Job:
        row = self.studio.queue.get(id)
        assert row is not None
        return row

    def told(self) -> list[str]:
        """What went wrong, as it is told from now on."""
        sentences: list[str] = []
        self.studio.failures.subscribe(sentences.append, unsubscribe_on_delete=False)
        return sentences


@pytest.fixture(scope="module")
async def desk(
    supabase: Address, db: asyncpg.Connection, http: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """One for all tests here: each looks at rows of its own only."""
    starling = Starling(settings_of(supabase, tmp_path_factory.mktemp("studio")))
    starling.open()
    accounts = [await make_account(supabase, http) for _ in range(2)]
    members = []
    for account in accounts:
        member = starling.members.of(await starling.sessions.sign_in(account.email, PASSWORD))
        assert member is not None
        members.append(member)
    tables = [table for owner in (starling.world, *members) for table in owner.tables]
    connections = [starling.world.connection, *(member.connection for member in members)]
    await until(lambda: all(t.phase == "ready" for t in tables) and all(c.status.state == "live" for c in connections))
    yield Desk(starling, db, *members)
    await starling.close()
    for account in accounts:
        await remove_account(supabase, http, account)


def ids(rows: Any) -> list[UUID]:
    return [row.id for row in rows.rows]


# Drafts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"prompt": ""}, {"prompt": "Describe what you would like to see"}),
        ({"prompt": " \n\t "}, {"prompt": "Describe what you would like to see"}),
        ({"prompt": "x" * 1001}, {"prompt": "At most 1,000 characters, please"}),
        ({"negative_prompt": "x" * 1001}, {"negative_prompt": "At most 1,000 characters, please"}),
        ({"width": 255}, {"width": "From 256 to 1,536 pixels, in steps of 16"}),
        ({"height": 1000}, {"height": "From 256 to 1,536 pixels, in steps of 16"}),
        ({"count": 5}, {"count": "From 1 to 4 pictures"}),
        ({"duration": 0}, {"duration": "From 1 to 8 seconds"}),
        ({"seed": -1}, {"seed": "A whole number from 0 to 4,294,967,295, or nothing"}),
        ({"seed": "abc"}, {"seed": "A whole number from 0 to 4,294,967,295, or nothing"}),
        ({"seed": 1.5}, {"seed": "A whole number from 0 to 4,294,967,295, or nothing"}),
        ({"model_id": None}, {"model_id": "Choose a model"}),
        ({"kind": "music"}, {"kind": "This does not make sense here"}),
        (
            {"prompt": "", "count": 0},
            {"prompt": "Describe what you would like to see", "count": "From 1 to 4 pictures"},
        ),
    ],
)
def test_each_wrong_field_gets_a_sentence(values: dict[str, Any], wrong: dict[str, str]):
    assert Draft.check(**{"prompt": "a", "model_id": AURORA, **values}) == wrong


def test_a_draft_knows_its_seed_and_a_clip_is_one():
    draft = Draft(prompt=" a ", model_id=AURORA, count=3)
    assert draft.prompt == "a"
    assert 0 <= draft.params["seed"] < 2**32
    assert draft.params["count"] == 3
    assert (
        Draft(prompt="a", model_id=AURORA, kind="video", count=3, seed=7).params | {"count": 1, "seed": 7}
        == Draft(prompt="a", model_id=AURORA, kind="video", seed=7).params
    )


async def test_every_aspect_and_example_is_taken_by_the_database(desk: Desk):
    failures = desk.told()
    for n, aspect in enumerate(ASPECTS):
        prompt = EXAMPLES[n % len(EXAMPLES)]
        desk.studio.generate(desk.draft(prompt=prompt, width=aspect.width, height=aspect.height))
    await asyncio.wait_for(desk.mine.jobs.mutations.flush(), 30)
    assert failures == []
    assert len(desk.studio.queue.rows) >= len(ASPECTS)


# The queue -----------------------------------------------------------------------------------------------------------


async def test_a_job_shows_at_once_and_is_confirmed(desk: Desk):  # M2
    id = desk.studio.generate(desk.draft(visibility="public", seed=5))
    desk.mine.jobs.flush()
    job = desk.shown(id)
    assert (job.status, job.version, desk.studio.mine(job)) == ("waiting", 0, True)
    assert desk.studio.queue.pending(id) is not None
    await until(lambda: desk.studio.queue.pending(id) is None and desk.shown(id).version > 0)
    assert desk.shown(id).params["seed"] == 5  # type: ignore[index,call-overload]
    assert ids(desk.studio.queue).count(id) == 1, "it is in the member's table and the world's, and shown once"
    await until(lambda: desk.theirs.studio.queue.get(id))


async def test_the_queue_is_mine_first_then_what_others_wait_for(desk: Desk):
    mine, theirs = desk.mine.id, desk.theirs.id
    other = await add_job(desk.db, theirs, visibility="public", status="active")
    failed = await add_job(desk.db, mine, status="failed")
    second, third = [await add_job(desk.db, mine) for _ in range(2)]
    first = await add_job(desk.db, mine, status="active")
    done = await add_job(desk.db, mine, status="completed")
    expected = [first, second, third, failed, other]
    await until(lambda: set(expected) <= set(ids(desk.studio.queue)))
    assert [id for id in ids(desk.studio.queue) if id in (*expected, done)] == expected


async def test_places_in_line_are_those_in_which_workers_claim(desk: Desk, supabase: Address, http: httpx.AsyncClient):
    await desk.db.execute(
        "update public.generation_jobs set status = 'cancelled' where status in ('waiting', 'active')"
    )
    made = [await add_job(desk.db, desk.mine.id, visibility="public", status="active")]
    owners = random.Random(3).choices([desk.mine.id, desk.theirs.id], k=8)
    made += [await add_job(desk.db, owner, visibility="public") for owner in owners]
    await until(lambda: set(made) <= set(ids(desk.studio.queue)))
    await until(lambda: set(desk.studio.line()) == set(made[1:]))
    line = desk.studio.line()
    for place in range(1, 9):
        answer = await http.post(
            f"{supabase.api_url}/rest/v1/rpc/claim_generation_jobs",
            headers=as_admin(supabase),
            json={"worker": "test", "n": 1},
        )
        assert [UUID(row["id"]) for row in answer.json()] == [next(id for id, at in line.items() if at == place)]


async def test_cancelling_shows_at_once_and_is_confirmed(desk: Desk):
    id = await add_job(desk.db, desk.mine.id)
    await until(lambda: desk.studio.queue.get(id))
    desk.studio.cancel(id)
    desk.mine.jobs.flush()
    assert desk.studio.queue.get(id) is None
    await asyncio.wait_for(desk.mine.jobs.mutations.flush(), 30)
    assert await desk.status(id) == "cancelled"
    assert desk.studio.queue.get(id) is None


async def test_cancelling_what_was_just_queued_waits_for_its_turn(desk: Desk):  # M1
    id = desk.studio.generate(desk.draft())
    desk.studio.cancel(id)
    desk.mine.jobs.flush()
    assert desk.studio.queue.get(id) is None
    await asyncio.wait_for(desk.mine.jobs.mutations.flush(), 30)
    assert await desk.status(id) == "cancelled"


async def test_a_failed_job_is_retried_under_a_new_id(desk: Desk):
    id = await add_job(desk.db, desk.mine.id, status="failed")
    await until(lambda: desk.studio.queue.get(id))
    new = desk.studio.retry(id)
    desk.mine.jobs.flush()
    assert (desk.shown(new).status, desk.shown(new).retried_from) == ("waiting", id)
    await asyncio.wait_for(desk.mine.jobs.mutations.flush(), 30)
    await until(lambda: desk.studio.queue.get(id) is None, "the failed one is dismissed by its retry")
    assert await desk.status(new) == "waiting"


async def test_a_dismissed_job_is_out_of_sight(desk: Desk):
    id = await add_job(desk.db, desk.mine.id, status="failed")
    await until(lambda: desk.studio.queue.get(id))
    desk.studio.dismiss(id)
    desk.mine.jobs.flush()
    assert desk.studio.queue.get(id) is None
    await asyncio.wait_for(desk.mine.jobs.mutations.flush(), 30)
    assert await desk.db.fetchval("select dismissed from public.generation_jobs where id = $1", id)


async def test_a_refused_job_says_why_and_can_be_dismissed(desk: Desk):  # M3
    failures = desk.told()
    id = desk.studio.generate(desk.draft(model_id=GOUACHE, kind="video"))
    await until(lambda: failures)
    assert failures == ["Gouache does not make this kind"]
    pending = desk.studio.queue.pending(id)
    assert pending is not None
    assert pending.failed == "Gouache does not make this kind"
    desk.studio.dismiss(id)
    desk.mine.jobs.flush()
    assert desk.studio.queue.get(id) is None


async def test_a_refused_job_is_retried_under_its_own_id(desk: Desk):  # M2, M3
    failures = desk.told()
    id = desk.studio.generate(desk.draft(model_id=GOUACHE, kind="video"))
    await until(lambda: len(failures) == 1)
    assert desk.studio.retry(id) == id
    await until(lambda: len(failures) == 2)
    desk.studio.dismiss(id)


async def test_a_job_that_could_not_be_sent_waits_and_is_sent_under_its_own_id(desk: Desk, monkeypatch):  # M2, M4
    failures, project = desk.told(), desk.mine.api._project
    nowhere = Project("http://127.0.0.1:9", "key", project.http)
    monkeypatch.setattr(desk.mine.api, "_project", nowhere)
    id = desk.studio.generate(desk.draft())
    await until(lambda: (pending := desk.studio.queue.pending(id)) and pending.waiting)
    monkeypatch.setattr(desk.mine.api, "_project", project)
    await asyncio.wait_for(desk.mine.jobs.mutations.flush(), 30)
    assert (await desk.status(id), failures) == ("waiting", [])


async def test_a_guest_can_only_look(desk: Desk):
    guest = desk.studios["guest"]
    with pytest.raises(PermissionError):
        guest.generate(desk.draft())
    with pytest.raises(PermissionError):
        guest.delete(uuid4())


# The gallery ---------------------------------------------------------------------------------------------------------


async def test_a_private_picture_is_in_nobody_elses_studio(desk: Desk):
    private = await add_generations(desk.db, desk.mine.id, 3, visibility="private")
    (public,) = await add_generations(desk.db, desk.mine.id, visibility="public")
    job = await add_job(desk.db, desk.mine.id, visibility="private")
    for name, studio in desk.studios.items():
        await until(lambda studio=studio: studio.gallery.get(public), f"the public one, {name}")
    await until(lambda: set(private) <= set(ids(desk.studio.gallery)) and desk.studio.queue.get(job))
    live_tables = [table for owner in (desk.starling.world, desk.theirs) for table in owner.tables]
    fetches = [table.fetches for table in live_tables]
    for table in live_tables:
        table.refresh()
    await until(lambda: all(table.fetches > before for table, before in zip(live_tables, fetches, strict=True)))
    for name in ("theirs", "guest"):
        studio = desk.studios[name]
        assert not set(private) & set(ids(studio.gallery)), name
        assert studio.queue.get(job) is None, name
    assert all(table.get(id) is None for table in live_tables for id in private)


async def test_a_picture_that_is_shared_and_hidden_comes_and_goes_for_others(desk: Desk):
    (id,) = await add_generations(desk.db, desk.mine.id, visibility="private")
    await until(lambda: desk.studio.gallery.get(id))
    steps: list[tuple[Visibility, bool]] = [("public", True), ("private", False), ("public", True)]
    for visibility, there in steps:
        desk.studio.share(id, visibility)
        for name in ("theirs", "guest"):
            await until(lambda name=name, there=there: (desk.studios[name].gallery.get(id) is not None) is there)
        assert ids(desk.studio.gallery).count(id) == 1


async def test_each_picture_is_shown_once_newest_first(desk: Desk):
    made = [(await add_generations(desk.db, desk.mine.id, visibility=v))[0] for v in ("public", "private", "public")]
    await until(lambda: set(made) <= set(ids(desk.studio.gallery)))
    shown = [id for id in ids(desk.studio.gallery) if id in made]
    assert shown == made[::-1]
    times = [row.created_at for row in desk.studio.gallery.rows]
    assert times == sorted(times, reverse=True)


async def test_a_favourite_is_marked_at_once_and_kept(desk: Desk):
    (id,) = await add_generations(desk.db, desk.mine.id)
    await until(lambda: desk.studio.gallery.get(id))
    desk.studio.favourite(id, True)
    desk.mine.generations.flush()
    assert (row := desk.studio.gallery.get(id)) is not None
    assert row.favourite
    await asyncio.wait_for(desk.mine.generations.mutations.flush(), 30)
    assert await desk.db.fetchval("select favourite from public.generations where id = $1", id)


async def test_a_change_to_somebody_elses_picture_is_refused_and_told(desk: Desk):  # M3
    (id,) = await add_generations(desk.db, desk.theirs.id, visibility="public")
    await until(lambda: desk.studio.gallery.get(id))
    failures = desk.told()
    desk.studio.favourite(id, True)
    await until(lambda: failures == ["It is no longer there"])
    assert not await desk.db.fetchval("select favourite from public.generations where id = $1", id)


async def test_a_deletion_vanishes_at_once_and_can_be_undone(desk: Desk):
    (id,) = await add_generations(desk.db, desk.mine.id, visibility="public")
    await until(lambda: all(studio.gallery.get(id) for studio in desk.studios.values()))
    deletion = desk.studio.delete(id)
    desk.mine.generations.flush()
    assert desk.studio.gallery.get(id) is None, "though it is in the world's table, too"
    assert desk.theirs.studio.gallery.get(id) is not None, "others see it until it is sent"
    deletion.undo()
    desk.mine.generations.flush()
    assert desk.studio.gallery.get(id) is not None
    await asyncio.wait_for(desk.mine.generations.mutations.flush(), 30)
    assert await desk.db.fetchval("select count(*) from public.generations where id = $1", id) == 1


async def test_a_deletion_is_sent_when_its_seconds_have_passed(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(generation, "UNDO_S", 0.05)
    (id,) = await add_generations(desk.db, desk.mine.id, visibility="public")
    await until(lambda: all(studio.gallery.get(id) for studio in desk.studios.values()))
    deletion = desk.studio.delete(id)
    await until(lambda: all(studio.gallery.get(id) is None for studio in desk.studios.values()))
    deletion.undo()
    desk.mine.generations.flush()
    assert desk.studio.gallery.get(id) is None, "too late"


async def test_more_is_loaded_behind_what_is_shown_and_never_amidst(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    await add_generations(desk.db, desk.mine.id, 300, visibility="public")
    for owner in (desk.mine, desk.starling.world):
        owner.generations.refresh()
    # Both tables must know of them: a page of one is no more to see while the other ends before it.
    await until(lambda: all(len(owner.generations.rows) >= 200 for owner in (desk.mine, desk.starling.world)))
    before = ids(desk.studio.gallery)
    assert not desk.studio.gallery.complete
    await desk.studio.gallery.load_more()
    after = ids(desk.studio.gallery)
    assert after[: len(before)] == before
    assert len(after) >= 300
    assert len(set(after)) == len(after)


# News ----------------------------------------------------------------------------------------------------------------


async def test_what_others_make_and_delete_is_news_and_what_one_does_oneself_is_not(desk: Desk):
    await until(lambda: desk.starling.world.people.get(desk.theirs.id) and desk.starling.world.people.get(desk.mine.id))
    news: list[News] = []
    desk.studio.news.subscribe(news.append, unsubscribe_on_delete=False)
    await add_generations(desk.db, desk.mine.id, visibility="public")
    (id,) = await add_generations(desk.db, desk.theirs.id, visibility="public", prompt="two moons")
    await until(lambda: news)
    assert (news[0].kind, news[0].text) == ("made", "Tess made “two moons”")
    assert news[0].person is not None
    assert news[0].person.id == desk.theirs.id
    await until(lambda: desk.studio.gallery.get(id))
    await desk.db.execute("delete from public.generations where id = $1", id)
    await until(lambda: len(news) == 2)
    assert (news[1].kind, news[1].text) == ("deleted", "Tess deleted “two moons”")


async def test_who_comes_while_one_is_here_has_joined(desk: Desk):
    await until(lambda: desk.starling.world.people.get(desk.theirs.id))
    news: list[News] = []
    tab = desk.mine.audience.enter()
    await until(lambda: desk.mine.id in desk.mine.presence.people)
    desk.studio.news.subscribe(news.append, unsubscribe_on_delete=False)
    other = desk.theirs.audience.enter()
    await until(lambda: news)
    assert [(item.kind, item.text) for item in news] == [("joined", "Tess joined")]
    other.leave()
    tab.leave()


async def test_a_socket_that_is_replaced_is_nobody_joining(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # P5
    monkeypatch.setattr(presence_module, "FLAP_S", 30.0)
    monkeypatch.setattr(presence_module, "PER_S", 0.0)  # other tests at this desk have used up the calls
    mine, theirs = desk.mine, desk.theirs
    tabs = [mine.audience.enter(), theirs.audience.enter()]
    await until(lambda: theirs.id in mine.presence.people and mine.id in mine.presence.people)
    news: list[News] = []
    desk.studio.news.subscribe(news.append, unsubscribe_on_delete=False)
    sockets = theirs.connection.sockets
    theirs.connection.reconnect()
    await until(lambda: theirs.connection.sockets > sockets and theirs.connection.status.state == "live")
    tabs.append(theirs.audience.enter())
    await until(lambda: mine.presence.people[theirs.id].tabs == 2, "the old meta is gone, the new one is there")
    assert news == []
    monkeypatch.setattr(presence_module, "FLAP_S", 0.0)
    for tab in tabs:
        tab.leave()
    await until(lambda: not mine.presence.people)


async def test_who_appears_offline_hears_of_those_who_join(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(presence_module, "PER_S", 0.0)
    await until(lambda: desk.starling.world.people.get(desk.theirs.id))
    await until(lambda: desk.mine.presence.confirmed and not desk.mine.presence.people)
    tab = desk.mine.audience.enter()
    desk.mine.set_status("offline")
    news: list[News] = []
    desk.studio.news.subscribe(news.append, unsubscribe_on_delete=False)
    other = desk.theirs.audience.enter()
    await until(lambda: news)
    assert [item.kind for item in news] == ["joined"]
    assert desk.mine.id not in desk.theirs.presence.people
    desk.mine.set_status(None)
    for seat in (tab, other):
        seat.leave()


# Under fire ----------------------------------------------------------------------------------------------------------


async def test_three_studios_end_equal_to_the_database_whatever_was_done(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    hasten(monkeypatch, relaxed_s=0.5)  # L3
    tabs = [viewer.audience.enter() for viewer in (desk.mine, desk.theirs, desk.starling.world)]
    draw = random.Random(5)
    for _ in range(40):
        owner = draw.choice([desk.mine, desk.theirs])
        match draw.randint(0, 4):
            case 0 | 1:
                await add_generations(desk.db, owner.id, 2, visibility=draw.choice(["public", "private"]))
            case 2 if rows := list(owner.generations.rows):
                owner.studio.share(draw.choice(rows).id, draw.choice(["public", "private"]))
            case 3 if rows := list(owner.generations.rows):
                await desk.db.execute("delete from public.generations where id = $1", draw.choice(rows).id)
            case 4:
                draw.choice([desk.mine.connection, desk.theirs.connection, desk.starling.world.connection]).reconnect()
    for owner in (desk.mine, desk.theirs):
        await asyncio.wait_for(owner.generations.mutations.flush(), 30)
    for name, viewer in (("mine", desk.mine.id), ("theirs", desk.theirs.id), ("guest", None)):
        rows = await desk.db.fetch(
            "select id, version from public.generations where visibility = 'public' or owner_id = $1 order by created_at desc, id",
            viewer,
        )
        expected = [tuple(row) for row in rows]
        gallery = desk.studios[name].gallery
        await until(
            lambda g=gallery, e=expected: (
                [(row.id, row.version) for row in g.rows] == e[: max(len(g.rows), min(len(e), 150))]
            ),
            f"equality of {name}",
        )
    for tab in tabs:
        tab.leave()
