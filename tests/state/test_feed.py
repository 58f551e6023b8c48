"""The feed as visitors see it: two members and a guest in one process, and the database behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from embedded.stack import Address
from state import publications, thread
from state.feed import Feed, feed_of
from state.member import Member
from state.models import Generation, Post
from state.starling import Starling
from state.thread import Thread, thread_of
from tests.state.support import PASSWORD, add_generations, make_account, remove_account, settings_of, until

PUBLISH = "select id from private.publish_post($1, gen_random_uuid(), $2, $3)"


@dataclass
class Gallery:
    """Ada has made something, Bea looks at it; so does a guest."""

    starling: Starling
    db: asyncpg.Connection
    ada: Member
    bea: Member
    feeds: dict[str, Feed]

    async def picture(self, member: Member, visibility: str = "public") -> Generation:
        (id,) = await add_generations(self.db, member.id, visibility=visibility, prompt=f"a prompt {uuid4()}")
        await until(lambda: member.generations.get(id))
        found = member.generations.get(id)
        assert found is not None
        return found

    async def post(self, caption: str = "") -> UUID:
        """One of Ada's that everybody has seen."""
        (picture,) = await add_generations(self.db, self.ada.id, visibility="public")
        id = await self.db.fetchval(PUBLISH, self.ada.id, picture, caption)
        assert isinstance(id, UUID)
        await until(lambda: all(feed.posts.get(id) for feed in self.feeds.values()))
        return id

    def shown(self, who: str, id: UUID) -> Post:
        post = self.feeds[who].posts.get(id)
        assert post is not None
        return post

    def standing(self, who: str, id: UUID) -> tuple[bool, int, int]:
        now = self.feeds[who].standing(self.shown(who, id))
        return now.liked, now.likes, now.comments

    async def likes(self, id: UUID) -> int:
        number = await self.db.fetchval("select count(*) from public.likes where post_id = $1 and liked", id)
        assert isinstance(number, int)
        return number


@pytest.fixture(scope="module")
async def feed(
    supabase: Address, db: asyncpg.Connection, http: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gallery]:
    starling = Starling(settings_of(supabase, tmp_path_factory.mktemp("feed")))
    starling.open()
    accounts = [await make_account(supabase, http) for _ in range(2)]
    members: list[Member] = []
    for account in accounts:
        member = starling.members.of(await starling.sessions.sign_in(account.email, PASSWORD))
        assert member is not None
        members.append(member)
    world = starling.world
    for owner in (world, *members):
        owner.areas._linger_s = 0.01  # a thread is gone with its test
    feeds = {
        "ada": feed_of(world, members[0])[0],
        "bea": feed_of(world, members[1])[0],
        "guest": feed_of(world, None)[0],
    }
    tables = [table for owner in (world, *members) for table in owner.tables]
    connections = [world.connection, *(member.connection for member in members)]
    await until(lambda: all(t.phase == "ready" for t in tables) and all(c.status.state == "live" for c in connections))
    yield Gallery(starling, db, members[0], members[1], feeds)
    await starling.close()
    for account in accounts:
        await remove_account(supabase, http, account)


@pytest.fixture(autouse=True)
async def patient(db: asyncpg.Connection) -> None:
    await db.execute("delete from private.allowances")


async def settled(feed: Gallery, id: UUID, likes: int) -> None:
    """Until everybody's number is the database's, and nothing is unanswered."""
    await until(
        lambda: all(feed.standing(who, id)[1] == likes and not len(one.likes) for who, one in feed.feeds.items())
    )
    assert await feed.likes(id) == likes


async def test_a_like_counts_at_once_and_for_everybody_soon(feed: Gallery):
    id = await feed.post()
    numbers: list[int] = []
    leave = feed.feeds["bea"].changed.subscribe(lambda _: numbers.append(feed.standing("bea", id)[1]))
    others = feed.feeds["bea"].posts.subscribe(lambda _: numbers.append(feed.standing("bea", id)[1]))
    feed.feeds["bea"].like(feed.shown("bea", id), True)
    assert feed.standing("bea", id) == (True, 1, 0)
    assert feed.standing("guest", id) == (False, 0, 0)  # F1: not before the database has it
    await settled(feed, id, 1)
    assert not feed.standing("ada", id)[0]
    assert set(numbers) == {1}  # it never trembled, in whatever order answer and post came
    leave()
    others()


async def test_clicks_are_counted_as_they_end(feed: Gallery):  # F2
    id = await feed.post()
    for on in (True, False, True, True, False, True, False, True):
        feed.feeds["bea"].like(feed.shown("bea", id), on)
        assert feed.standing("bea", id)[:2] == (on, int(on))
    feed.feeds["ada"].like(feed.shown("ada", id), True)
    await settled(feed, id, 2)
    assert feed.standing("bea", id)[0]
    assert feed.standing("ada", id)[0]
    rows = await feed.db.fetchval("select count(*) from public.likes where post_id = $1", id)
    assert rows == 2


async def test_a_like_made_in_another_process_is_not_doubled(feed: Gallery):  # F2
    id = await feed.post()
    call = feed.db.fetchval("select private.like_post($1, gen_random_uuid(), $2, true)::text", feed.bea.id, id)
    feed.feeds["bea"].like(feed.shown("bea", id), True)  # at the same time, and with another id
    await call
    await settled(feed, id, 1)
    feed.feeds["bea"].like(feed.shown("bea", id), False)
    await settled(feed, id, 0)


async def test_a_refused_like_is_taken_back(feed: Gallery):
    id = await feed.post()
    await feed.db.execute(
        "insert into private.allowances values ($1, 'like', 0, now() + interval '1 hour')", feed.bea.id
    )
    said: list[str] = []
    feed.bea.studio.failures.subscribe(said.append, unsubscribe_on_delete=False)
    feed.feeds["bea"].like(feed.shown("bea", id), True)
    await until(lambda: said == ["That was a lot at once"])
    await until(lambda: feed.standing("bea", id) == (False, 0, 0))
    feed.bea.studio.failures.unsubscribe(said.append)


async def test_a_post_far_down_is_known_with_ones_like(feed: Gallery, monkeypatch: pytest.MonkeyPatch):  # F3
    """Whoever comes later has a page of likes only; it is read on as far as is shown."""
    ids = [await feed.post() for _ in range(4)]
    feed.feeds["bea"].like(feed.shown("bea", ids[0]), True)
    await settled(feed, ids[0], 1)
    monkeypatch.setattr("state.feed.LIKES_PAGE", 1)
    for id in ids[1:]:
        feed.feeds["bea"].like(feed.shown("bea", id), True)
        await settled(feed, id, 1)
    late = Feed(feed.starling.world, feed.bea)
    late.open()
    await until(lambda: all(late.standing(feed.shown("bea", id)).liked for id in ids))
    await late.close()


async def test_publishing_shows_at_once_and_removing_can_be_undone(feed: Gallery, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(publications, "UNDO_S", 0.2)
    picture = await feed.picture(feed.ada, "private")
    mine = feed.feeds["ada"].publications
    assert mine is not None
    id = mine.publish(picture, "  look \n")
    assert feed.feeds["ada"].posts.rows[0].caption == "look"
    assert mine.of(picture.id) is not None
    await until(lambda: feed.feeds["guest"].posts.get(id))
    await until(lambda: (row := feed.ada.generations.get(picture.id)) and row.visibility == "public")
    mine.remove(id).undo()
    await until(lambda: feed.feeds["ada"].posts.get(id))
    mine.remove(id)
    assert feed.feeds["ada"].posts.get(id) is None
    assert feed.feeds["guest"].posts.get(id)
    await until(lambda: feed.feeds["guest"].posts.get(id) is None)
    assert feed.feeds["ada"].posts.get(id) is None
    assert feed.ada.generations.get(picture.id)


async def test_a_post_that_is_too_old_to_be_held_is_found(feed: Gallery, monkeypatch: pytest.MonkeyPatch):
    mine = feed.feeds["ada"].publications
    assert mine is not None
    post = feed.shown("ada", await feed.post())
    other = await feed.picture(feed.ada, "private")
    assert await mine.find(other.id) is None
    monkeypatch.setattr(mine, "of", lambda _: None)
    monkeypatch.setattr(mine.posts._window, "complete", False)
    assert await mine.find(post.generation_id) == post
    assert await mine.find(other.id) is None


async def test_a_picture_made_private_leaves_every_feed(feed: Gallery):
    id = await feed.post()
    feed.ada.studio.share(feed.shown("ada", id).generation_id, "private")
    await until(lambda: not any(one.posts.get(id) for one in feed.feeds.values()))


async def test_a_guest_can_only_look(feed: Gallery):
    id = await feed.post()
    with pytest.raises(PermissionError):
        feed.feeds["guest"].like(feed.shown("guest", id), True)
    said, leave = thread_of(feed.feeds["guest"], id)
    with pytest.raises(PermissionError):
        said.say("hello")
    leave()


# Threads ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def talk(feed: Gallery) -> AsyncIterator[tuple[UUID, dict[str, Thread]]]:
    """A post and its thread, as each of them sees it."""
    id = await feed.post("of the talk")
    opened = {who: thread_of(one, id) for who, one in feed.feeds.items()}
    threads = {who: thread for who, (thread, _) in opened.items()}
    await until(lambda: all(t.comments.phase == "ready" and t.phase == "ready" for t in threads.values()))
    yield id, threads
    for _, leave in opened.values():
        leave()


def said(thread: Thread) -> list[str]:
    return [comment.body for comment in thread.comments.rows]


async def test_comments_are_said_changed_and_removed(
    feed: Gallery, talk: tuple[UUID, dict[str, Thread]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(thread, "UNDO_S", 0.2)
    post, threads = talk
    first = threads["bea"].say("  first \n")
    assert said(threads["bea"]) == ["first"]
    assert feed.standing("bea", post)[2] == 1
    await until(lambda: all(said(one) == ["first"] for one in threads.values()))
    second = threads["ada"].say("second")
    await until(lambda: all(said(one) == ["second", "first"] for one in threads.values()))
    await until(lambda: all(feed.standing(who, post)[2] == 2 for who in threads))
    threads["bea"].edit(first, "changed")
    assert said(threads["bea"]) == ["second", "changed"]
    await until(lambda: all(said(one) == ["second", "changed"] for one in threads.values()))
    ours = threads["ada"].comments.get(first)
    assert ours is not None
    assert ours.edited_at is not None
    assert threads["ada"].may_remove(ours)  # it is her post
    assert not threads["guest"].may_remove(ours)
    theirs = threads["bea"].comments.get(second)
    assert theirs is not None
    assert not threads["bea"].may_remove(theirs)
    removal = threads["ada"].remove(first)
    assert said(threads["ada"]) == ["second"]
    assert feed.standing("ada", post)[2] == 1
    removal.undo()
    assert said(threads["ada"]) == ["second", "changed"]
    assert feed.standing("ada", post)[2] == 2
    threads["ada"].remove(first)
    await until(lambda: all(said(one) == ["second"] for one in threads.values()))
    await until(
        lambda: all(feed.standing(who, post)[2] == 1 and not len(feed.feeds[who].comments) for who in threads),
        "nothing is unanswered",
    )


async def test_a_refused_comment_stays_until_it_is_sent_or_given_up(
    feed: Gallery, talk: tuple[UUID, dict[str, Thread]]
):
    post, threads = talk
    await feed.db.execute(
        "insert into private.allowances values ($1, 'comment', 0, now() + interval '1 hour')", feed.bea.id
    )
    id = threads["bea"].say("too much")
    await until(lambda: (p := threads["bea"].comments.pending(id)) and p.failed == "That was a lot at once")
    assert feed.standing("bea", post)[2] == 0
    await feed.db.execute("delete from private.allowances")
    threads["bea"].retry(id)
    await until(lambda: said(threads["guest"]) == ["too much"])
    await until(lambda: feed.standing("bea", post)[2] == 1)


async def test_a_thread_knows_when_its_post_is_gone(feed: Gallery, talk: tuple[UUID, dict[str, Thread]]):
    post, threads = talk
    told: list[Any] = []
    leave = threads["guest"].changed.subscribe(told.append)
    await feed.db.execute("delete from public.posts where id = $1", post)
    await until(lambda: all(one.post is None and one.phase == "ready" for one in threads.values()))
    assert told
    leave()


async def test_fifty_at_once_end_right(feed: Gallery):
    """Likes of others while one toggles oneself."""
    id = await feed.post()
    ids = await feed.db.fetch(
        """insert into auth.users (id, aud, role, email) select u, 'authenticated', 'authenticated', u || '@example.com'
           from (select gen_random_uuid() as u from generate_series(1, 50)) x returning id"""
    )
    for on in (True, False, True):
        feed.feeds["bea"].like(feed.shown("bea", id), on)
        await asyncio.sleep(0)
        for row in ids[:: 2 if on else 3]:
            await feed.db.fetchval("select private.like_post($1, gen_random_uuid(), $2, $3)::text", row["id"], id, on)
    mine = feed.feeds["bea"]._likes
    await until(lambda: mine is not None and not mine.mutations.unconfirmed)
    await settled(feed, id, await feed.likes(id))
    await feed.db.execute("delete from auth.users where id = any ($1)", [row["id"] for row in ids])
    await settled(feed, id, 1)
