"""The feed, on the real stack: the posts are written behind its back, what a visitor does goes all the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from components.ago import ago
from components.feed_list import PAGE, FeedList
from components.post_card import PostCard
from components.post_view import PostView
from components.publisher import Publisher
from components.thread_view import CommentRow, Composer, ThreadView
from components.viewer import Viewer
from tests.pages.test_studio import LONG, choose, click, only, tiles, until
from tests.state.support import add_generations

if TYPE_CHECKING:
    from embedded.stack import Address

MEMBER = "select id from public.profiles where username = $1"
PUBLISH = "select id from private.publish_post($1, gen_random_uuid(), $2, $3)"
COMMENT = "select private.comment_on_post($1, gen_random_uuid(), $2, $3)::text"
LIKE = "select private.like_post($1, gen_random_uuid(), $2, $3)::text"


@pytest.fixture
async def db(supabase: Address, user: User) -> AsyncIterator[asyncpg.Connection]:
    """Others, in a feed that is empty."""
    connection = await asyncpg.connect(supabase.db_url)
    await connection.execute("delete from private.allowances")
    yield connection
    await connection.close()


async def member(db: asyncpg.Connection, who: str) -> UUID:
    id = await db.fetchval(MEMBER, who)
    assert id is not None
    return id


async def publish(db: asyncpg.Connection, who: str = "grace", caption: str = "look at this") -> UUID:
    owner = await member(db, who)
    (picture,) = await add_generations(db, owner, visibility="public", prompt="a wren")
    await db.execute("delete from private.allowances")
    id = await db.fetchval(PUBLISH, owner, picture, caption)
    assert id is not None
    return id


async def sign_in(user: User, path: str = "/feed") -> None:
    await user.open(f"/sign-in?next={path}")
    user.find("Sign in as Ada").click()
    await user.should_see("Latest posts", retries=LONG)


def cards(user: User) -> list[PostCard]:
    return list(only(user, FeedList)._list.items.values())


def numbers(card: PostCard) -> tuple[str, str]:
    return card._heart._counter.text, card._comments._counter.text


def comments(user: User) -> list[CommentRow]:
    return list(only(user, ThreadView)._list.items.values())


def write(user: User, text: str, *, nth: int = 0) -> None:
    """Into the n-th composer, and sends it."""
    with user:
        composer = list(ElementFilter(kind=Composer))[nth]
        composer._submit(text)


def press(element: Any) -> None:
    for listener in list(element._event_listeners.values()):
        if listener.type.startswith("click"):
            element._handle_event({"listener_id": listener.id, "args": {}})


async def test_a_guest_reads_and_is_asked_to_sign_in_to_like(user: User, db: asyncpg.Connection) -> None:
    id = await publish(db)
    await db.fetchval(COMMENT, await db.fetchval(MEMBER, "ada"), id, "well seen")
    await user.open(f"/feed?post={id}")
    await user.should_see("look at this", retries=LONG)
    await user.should_see("well seen", retries=LONG)
    await user.should_see(" to say something.")
    with user:
        press(cards(user)[0]._heart)
    await user.should_see("Sign in to like it", retries=LONG)
    await db.execute("update public.posts set caption = '<b>\"look\"' where id = $1", id)
    answer = await user.http_client.get(f"/feed?post={id}")  # as whoever shows a link asks for it
    assert '<meta property="og:title" content="&lt;b&gt;&quot;look&quot;">' in answer.text
    assert '<meta property="og:description" content="Picture by Grace Hopper">' in answer.text


async def test_an_empty_feed_says_what_to_do(user: User, db: asyncpg.Connection) -> None:
    await user.open("/feed")
    await user.should_see("Nothing has been published yet.", retries=LONG)
    await user.should_see("Look around the studio")


async def test_somebody_who_is_called_otherwise_is_so_on_what_was_drawn(user: User, db: asyncpg.Connection) -> None:
    id = await publish(db, caption="an early draft")
    grace = await member(db, "grace")
    await db.fetchval(COMMENT, grace, id, "a third word")
    await user.open(f"/feed?post={id}")
    await until(lambda: cards(user) and comments(user))
    (card, row), drawn = (cards(user)[0], comments(user)[0]), only(user, PostView)
    assert card._author.text == row._author.text == drawn._author.text == "Grace Hopper"
    path = f"{grace}/face.webp"
    change = "update public.profiles set display_name = $2, avatar_path = $3 where id = $1"
    await db.execute(change, grace, "Amazing Grace", path)
    try:
        for one in (card, row, drawn):
            await until(lambda one=one: one._author.text == "Amazing Grace")
            assert str(one._avatar._address).endswith(path)
        assert card.element.id == cards(user)[0].element.id
        assert str(card._picture.props["aria-label"]).startswith("Picture by Amazing Grace")
    finally:
        await db.execute(change, grace, "Grace Hopper", None)


async def test_likes_and_comments_of_oneself_and_others_are_counted(user: User, db: asyncpg.Connection) -> None:
    id = await publish(db)
    grace = await member(db, "grace")
    await sign_in(user)
    await until(lambda: cards(user))
    (card,) = cards(user)
    with user:
        press(card._heart)
    assert numbers(card) == ("1", "0")
    assert card._heart.props["aria-pressed"] == "true"
    await db.fetchval(LIKE, grace, id, True)
    await db.fetchval(COMMENT, grace, id, "thank you")
    await until(lambda: numbers(card) == ("2", "1"))
    with user:
        press(card._heart)
    await until(lambda: numbers(card) == ("1", "1"))
    assert card._heart.props["aria-label"] == "Like, 1 like"


async def test_new_posts_wait_on_a_chip(user: User, db: asyncpg.Connection) -> None:
    first = await publish(db, caption="the first")
    await sign_in(user)
    await until(lambda: [card.post.id for card in cards(user)] == [first])
    second = await publish(db, caption="the second")
    await user.should_see("1 new post", retries=LONG)
    third = await publish(db, caption="the third")
    await user.should_see("2 new posts", retries=LONG)
    assert [card.post.id for card in cards(user)] == [first]
    user.find("2 new posts").click()
    await until(lambda: [card.post.id for card in cards(user)] == [third, second, first])
    assert "arrive" in cards(user)[0].element.classes
    await db.execute("delete from public.posts where id = $1", second)
    await until(lambda: [card.post.id for card in cards(user)] == [third, first])

    fourth = await publish(db, caption="the fourth")
    await user.should_see("1 new post", retries=LONG)
    with user:
        only(user, FeedList)._see(begin=True, end=True)  # a page that is not full: nothing is pushed away
    assert [card.post.id for card in cards(user)] == [fourth, third, first]
    fifth = await publish(db, caption="the fifth")
    await until(lambda: [card.post.id for card in cards(user)] == [fifth, fourth, third, first])


async def test_a_page_shows_a_page_and_goes_on_through_hundreds(user: User, db: asyncpg.Connection) -> None:
    grace = await member(db, "grace")
    await add_generations(db, grace, 150, visibility="public", prompt="one of many")
    await db.execute(
        """insert into public.posts (author_id, generation_id, kind, prompt, media_path, poster_path, media_type, width, height, colour)
           select owner_id, id, kind, prompt, media_path, poster_path, media_type, width, height, colour
           from public.generations where prompt = 'one of many'"""
    )
    oldest = await db.fetchval("select id from public.posts order by created_at, id desc limit 1")
    await user.open(f"/feed?post={oldest}")
    await user.should_see("one of many", retries=LONG)  # far down, and open all the same
    await until(lambda: len(cards(user)) == PAGE)
    feed = only(user, FeedList)
    with user:
        while await feed._list.load_more():
            assert "arrive" not in cards(user)[-1].element.classes
    assert len({card.post.id for card in cards(user)}) == 150
    assert cards(user)[-1].post.id == oldest


async def test_comments_are_said_changed_and_removed(user: User, db: asyncpg.Connection) -> None:
    id = await publish(db, "ada", "of my own")
    await db.fetchval(COMMENT, await db.fetchval(MEMBER, "grace"), id, "not so well seen")
    await sign_in(user, f"/feed?post={id}")
    await user.should_see("not so well seen", retries=LONG)
    write(user, "thank you all the same")
    await until(lambda: [row._comment.body for row in comments(user)] == ["thank you all the same", "not so well seen"])
    await until(lambda: not comments(user)[0]._pending)
    with user:
        comments(user)[0]._edit()
    write(user, "thank you", nth=1)
    await user.should_see("edited", retries=LONG)
    await user.should_see("thank you")
    with user:
        press(comments(user)[1]._remove)  # somebody else's, on her post
    await user.should_see("Removed the comment", retries=LONG)
    assert [row._comment.body for row in comments(user)] == ["thank you"]
    user.find("Undo").click()
    await until(lambda: len(comments(user)) == 2)


async def test_a_post_that_is_gone_says_so(user: User, db: asyncpg.Connection) -> None:
    id = await publish(db)
    await sign_in(user, f"/feed?post={id}")
    await user.should_see("Add a comment", retries=LONG)
    await db.execute("delete from public.posts")
    await user.should_see("This post is gone", retries=LONG)
    await user.open("/feed?post=nonsense")
    await user.should_see("That link leads to no post", retries=LONG)


async def test_a_picture_is_published_from_the_gallery_and_taken_back(user: User, db: asyncpg.Connection) -> None:
    (picture,) = await add_generations(db, await member(db, "ada"), visibility="private", prompt="a lamp")
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Here now", retries=LONG)
    await until(lambda: "a lamp" in tiles(user))
    click(user, "More")
    choose(user, "Publish")
    await user.should_see("It is private now. Publishing makes it public", retries=LONG)
    with user:
        viewer = only(user, Viewer)
        viewer.show(tiles(user)["a lamp"].picture)
        dialog = only(user, Publisher)
        dialog._caption.set_value("by lamp light")
        dialog._publish()
        assert "Show in the feed" in [child.text for child in viewer.descendants() if isinstance(child, ui.button)]
        viewer.close()
    await user.should_see("Published “a lamp”", retries=LONG)
    row = await db.fetchrow(
        "select caption, visibility from public.posts p join public.generations g on g.id = generation_id"
    )
    assert row is not None
    assert tuple(row) == ("by lamp light", "public")
    click(user, "More")
    with user:
        titles = [
            child.text for item in ElementFilter(kind=ui.menu_item) for child in item if isinstance(child, ui.label)
        ]
    assert "Show in the feed" in titles
    assert "Publish" not in titles
    await dialog.show(tiles(user)["a lamp"].picture)  # as a menu offers it that does not know of so old a post
    await user.should_see("It is in the feed already", retries=LONG)
    assert not dialog.value
    await user.open("/feed")
    await until(lambda: cards(user))
    click(user, "Remove from the feed")
    await user.should_see("Removed from the feed", retries=LONG)
    assert not cards(user)
    user.find("Undo").click()
    await until(lambda: cards(user))
    assert await db.fetchval("select count(*) from public.generations where id = $1", picture) == 1


def test_times_are_short() -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    ages = (0, 59, 60, 3599, 3600, 86_399, 86_400, 6 * 86_400, 7 * 86_400, 400 * 86_400)
    assert [ago(now - timedelta(seconds=age), now) for age in ages] == [
        "now", "now", "1 min", "59 min", "1 h", "23 h", "1 d", "6 d", "19 Nov", "22 Oct 2025",
    ]  # fmt: skip
