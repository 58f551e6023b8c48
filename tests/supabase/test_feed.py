"""The feed in the database: counters that are right whoever writes, one like for each member, and who may do what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from embedded.stack import Address
from tests.state.support import sign
from tests.supabase.people import Person, person, refused

CROWD = 50

PICTURE = """
insert into public.generations (owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes, width, height, colour, visibility)
values ($1, 'image', 'a wren', 1, gen_random_uuid()::text, gen_random_uuid()::text, 'image/webp', 1, 64, 64, '#102030', $2)
returning id::text
"""


@pytest.fixture(autouse=True)
async def patient(sql: asyncpg.Connection) -> None:
    """What one test does does not count against the next one's allowance."""
    await sql.execute("delete from private.allowances")


async def picture(sql: asyncpg.Connection, owner: Person, visibility: str = "public") -> str:
    return str(await sql.fetchval(PICTURE, owner.id, visibility))


async def publish(
    sql: asyncpg.Connection, owner: Person, caption: str = "", visibility: str = "public"
) -> dict[str, Any]:
    generation = await picture(sql, owner, visibility)
    return await owner.call("publish_post", post_id=str(uuid4()), generation_id=generation, caption=caption)


async def like(somebody: Person, post: dict[str, Any], liked: bool = True) -> dict[str, Any]:
    return await somebody.call("like_post", like_id=str(uuid4()), post_id=post["id"], liked=liked)


async def comment(somebody: Person, post: dict[str, Any], body: str = "well seen") -> dict[str, Any]:
    return await somebody.call("comment_on_post", comment_id=str(uuid4()), post_id=post["id"], body=body)


async def counters(sql: asyncpg.Connection, post: dict[str, Any]) -> tuple[int, int]:
    """As the post says; they must be what there is."""
    row = await sql.fetchrow(
        """
        select like_count, comment_count, (select count(*) from public.likes l where l.post_id = p.id and l.liked) as likes,
               (select count(*) from public.comments c where c.post_id = p.id) as comments
        from public.posts p where p.id = $1""",
        post["id"],
    )
    assert row is not None
    assert (row["like_count"], row["comment_count"]) == (row["likes"], row["comments"])
    return row["likes"], row["comments"]


async def told(sql: asyncpg.Connection, member: Person, post: dict[str, Any]) -> dict[str, asyncpg.Record]:
    """The notifications of a member about a post, by kind."""
    rows = await sql.fetch(
        "select * from public.notifications where owner_id = $1 and subject_id = $2", member.id, post["id"]
    )
    assert len({row["kind"] for row in rows if row["read_at"] is None}) == len(
        [r for r in rows if r["read_at"] is None]
    )
    return {row["kind"]: row for row in rows}


@asynccontextmanager
async def crowd(supabase: Address, sql: asyncpg.Connection, number: int) -> AsyncIterator[list[Person]]:
    """Many members, made in one statement; they share their connections."""
    ids = [
        row["id"]
        for row in await sql.fetch(
            """insert into auth.users (id, aud, role, email) select u, 'authenticated', 'authenticated', u || '@starling.test'
               from (select gen_random_uuid() as u from generate_series(1, $1)) x returning id""",
            number,
        )
    ]
    members = [person(supabase, "one of many", supabase.publishable_key, sign(supabase, id), str(id)) for id in ids]
    yield members
    for member in members:
        await member.http.aclose()
    await sql.execute("delete from auth.users where id = any ($1)", ids)


async def test_fifty_likes_at_once_are_fifty(supabase: Address, owner: Person, sql: asyncpg.Connection):
    post = await publish(sql, owner, "of fifty")
    async with crowd(supabase, sql, CROWD) as members:
        answers = await asyncio.gather(*(like(member, post) for member in members))
        assert await counters(sql, post) == (CROWD, 0)
        assert sorted(answer["count"] for answer in answers) == list(range(1, CROWD + 1))  # each was counted by itself
        notification = (await told(sql, owner, post))["like"]
        assert (notification["times"], len(notification["actor_ids"])) == (CROWD, CROWD)
        assert (notification["title"], notification["path"]) == ("of fifty", f"/feed?post={post['id']}")
        await asyncio.gather(*(like(member, post, False) for member in members[:20]))
        assert await counters(sql, post) == (CROWD - 20, 0)
    assert await counters(sql, post) == (0, 0)  # they left, and their likes with them


async def test_one_like_for_each_member_however_often_it_is_sent(
    owner: Person, stranger: Person, sql: asyncpg.Connection
):
    post = await publish(sql, owner)
    id = str(uuid4())
    same = [stranger.ask("like_post", like_id=id, post_id=post["id"], liked=True) for _ in range(10)]
    answers = await asyncio.gather(
        *same, *(stranger.ask("like_post", like_id=str(uuid4()), post_id=post["id"], liked=True) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert len({answer.json()["row"]["id"] for answer in answers}) == 1
    assert await counters(sql, post) == (1, 0)
    for liked in (False, False, True, False):
        await like(stranger, post, liked)
    assert await counters(sql, post) == (0, 0)
    await like(owner, post)
    assert await counters(sql, post) == (1, 0)
    assert (await told(sql, owner, post))["like"]["times"] == 1  # changing one's mind is no news, nor is one's own like


async def test_the_answer_names_the_state_of_the_post_that_counts_it(
    owner: Person, stranger: Person, sql: asyncpg.Connection
):
    post = await publish(sql, owner)
    answers = [await like(stranger, post), await comment(stranger, post)]
    assert [answer["count"] for answer in answers] == [1, 1]
    (now,) = await stranger.rows(f"posts?id=eq.{post['id']}")
    assert answers[1]["post_version"] == now["version"] > answers[0]["post_version"] > post["version"]


async def test_a_picture_is_published_once_and_by_its_owner(owner: Person, stranger: Person, sql: asyncpg.Connection):
    generation, id = await picture(sql, owner, "private"), str(uuid4())
    refused(await stranger.ask("publish_post", post_id=id, generation_id=generation), 404, "PT404")
    first = await owner.call("publish_post", post_id=id, generation_id=generation, caption="  mine \n")
    again = await owner.call("publish_post", post_id=id, generation_id=generation, caption="other words")
    assert first == again
    assert (first["caption"], first["author_id"], first["prompt"]) == ("mine", owner.id, "a wren")
    assert await sql.fetchval("select visibility from public.generations where id = $1", generation) == "public"
    refused(await owner.ask("publish_post", post_id=str(uuid4()), generation_id=generation), 409, "23505")
    long = await owner.ask(
        "publish_post", post_id=str(uuid4()), generation_id=await picture(sql, owner), caption="x" * 501
    )
    refused(long, 400, "23514")


@pytest.mark.parametrize("way", ["made private", "deleted", "removed"])
async def test_a_post_goes_with_its_picture(
    owner: Person, stranger: Person, anon: Person, sql: asyncpg.Connection, way: str
):
    post = await publish(sql, owner)
    await like(stranger, post)
    await comment(stranger, post)
    picture = f"generations?id=eq.{post['generation_id']}"
    match way:
        case "made private":
            await owner.rest("PATCH", picture, {"visibility": "private"})
        case "deleted":
            await owner.rest("DELETE", picture)
        case "removed":
            assert (
                await stranger.rest("DELETE", f"posts?id=eq.{post['id']}", prefer="return=representation")
            ).json() == []
            await owner.rest("DELETE", f"posts?id=eq.{post['id']}")
    for table in (f"posts?id=eq.{post['id']}", f"likes?post_id=eq.{post['id']}", f"comments?post_id=eq.{post['id']}"):
        assert await anon.rows(table) == []
    assert bool(await owner.rows(picture)) == (way != "deleted")
    refused(await stranger.ask("like_post", like_id=str(uuid4()), post_id=post["id"], liked=True), 404, "PT404")
    refused(
        await stranger.ask("comment_on_post", comment_id=str(uuid4()), post_id=post["id"], body="late"), 404, "PT404"
    )


async def test_comments_are_changed_by_their_author_and_removed_by_the_posts_author_too(
    owner: Person, stranger: Person, third: Person, sql: asyncpg.Connection
):
    post = await publish(sql, owner, "over here")
    said = (await comment(stranger, post, "  a wren\n"))["row"]
    again = await stranger.call("comment_on_post", comment_id=said["id"], post_id=post["id"], body="sent twice")
    assert (said["body"], again["row"]["body"], again["count"]) == ("a wren", "a wren", 1)
    await comment(stranger, post, "and a robin")  # one activity with the first: a conversation is no flood
    logged = await stranger.rows(f"member_activities?entity_id=eq.{post['id']}&select=kind,title,team_id")
    assert logged == [{"kind": "post_commented", "title": "over here", "team_id": None}]
    assert await owner.rows(f"member_activities?entity_id=eq.{post['id']}&kind=eq.post_commented") == []
    for body in ("", " \n", "x" * 1001):
        refused(
            await stranger.ask("comment_on_post", comment_id=str(uuid4()), post_id=post["id"], body=body), 400, "23514"
        )
    for somebody in (owner, third):
        refused(await somebody.ask("edit_comment", comment_id=said["id"], body="not mine"), 404, "PT404")
    edited = await stranger.call("edit_comment", comment_id=said["id"], body="a robin")
    assert (edited["body"], edited["edited_at"] is not None) == ("a robin", True)
    refused(await third.ask("remove_comment", comment_id=said["id"]), 403, "42501")
    await comment(third, post)
    assert (await owner.call("remove_comment", comment_id=said["id"]))["count"] == 2
    assert await owner.call("remove_comment", comment_id=said["id"]) is None
    assert await counters(sql, post) == (0, 2)
    notification = (await told(sql, owner, post))["comment"]
    assert (notification["title"], notification["times"], notification["body"]) == ("over here", 3, "well seen")


async def test_nobody_floods(stranger: Person, owner: Person, sql: asyncpg.Connection):
    post = await publish(sql, owner)
    ask = stranger.ask
    answers = await asyncio.gather(
        *(ask("comment_on_post", comment_id=str(uuid4()), post_id=post["id"], body="again") for _ in range(15))
    )
    assert sum(answer.is_success for answer in answers) == 10
    (said,) = {(answer.status_code, answer.json()["message"]) for answer in answers if not answer.is_success}
    assert said == (429, "That was a lot at once")
    assert await counters(sql, post) == (0, 10)
    await sql.execute("update private.allowances set at = at - interval '12 s' where act = 'comment'")
    later: list[httpx.Response] = [
        await ask("comment_on_post", comment_id=str(uuid4()), post_id=post["id"], body="later") for _ in range(3)
    ]
    assert [answer.is_success for answer in later] == [True, True, False]
