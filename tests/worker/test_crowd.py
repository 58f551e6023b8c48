"""The crowd: it acts for demo members only, at its pace, and leaves no more behind than it may."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.state.support import add_generations
from tests.worker.studio import Studio
from worker.crowd import KEEP, LONGEST, MOST_OPEN, OPENING_POSTS, SHORTEST, Crowd
from worker.errors import Refused

NEXT = "update private.crowd_turns set next_at = now()"
FREE = "delete from private.allowances"
ACT = "coalesce((select sum(like_count + comment_count + 1) from public.posts), 0) + (select count(*) from public.generation_jobs)"


@pytest.fixture
async def crowd(studio: Studio) -> Crowd:
    await studio.database.execute(f"delete from private.crowd_turns; {FREE}; delete from public.user_presence")
    return Crowd(studio.api, 10, rng=random.Random(7))


async def scene(studio: Studio) -> dict[str, Any]:
    await studio.database.execute(NEXT)
    found = await studio.api.call("crowd_turn", pause_s=0)
    assert found is not None
    return found


async def made(studio: Studio, count: int) -> list[UUID]:
    """Pictures that the crowd has had made, and that are finished."""
    ids: list[UUID] = []
    for number in range(count):
        member = studio.members[number % len(studio.members)]
        job = await studio.api.call("crowd_generate", member=str(member), prompt="a wren", model="basalt", seed=number)
        ids += await add_generations(studio.database, member, visibility="public")
        await studio.database.execute("update public.generations set job_id = $1::uuid where id = $2", job, ids[-1])
        await studio.database.execute(
            "update public.generation_jobs set status = 'completed', finished_at = now() - interval '1 hour' where id = $1::uuid",
            job,
        )
    return ids


async def test_it_does_everything_that_members_do_and_nothing_twice(studio: Studio, crowd: Crowd) -> None:  # C1, C3
    await made(studio, 4)
    done: Counter[str | None] = Counter()
    while (act := await crowd.act(await scene(studio))) is not None:
        done[act] += 1
        await studio.database.execute(FREE)
    assert done == {
        "publish": 4,
        "generate": MOST_OPEN,
        "like": 12,
        "comment": 12,
    }  # three others for each of four posts
    assert await studio.count("public.posts where like_count = 3 and comment_count = 3") == 4
    assert await studio.count("public.generation_jobs where cost > 0") == 0
    assert (
        await studio.count("public.likes l join public.posts p on p.id = l.post_id where p.author_id = l.member_id")
        == 0
    )


async def test_nobody_but_demo_members_can_be_made_to_act(studio: Studio) -> None:  # C1
    stranger = uuid4()
    await studio.database.execute(
        "insert into auth.users (id, aud, role, email) values ($1, 'authenticated', 'authenticated', $2)",
        stranger, f"{stranger}@starling.test",
    )  # fmt: skip
    (picture,) = await made(studio, 1)
    post = await studio.api.call("crowd_publish", member=str(studio.members[0]), generation_id=str(picture), caption="")
    calls = {
        "crowd_generate": {"prompt": "a wren", "model": "basalt", "seed": 1},
        "crowd_publish": {"generation_id": str(picture), "caption": ""},
        "crowd_like": {"post_id": post},
        "crowd_comment": {"post_id": post, "body": "no"},
    }
    for function, arguments in calls.items():
        with pytest.raises(Refused, match="There is no such demo member"):
            await studio.api.call(function, member=str(stranger), **arguments)
    await studio.database.execute("delete from auth.users where id = $1", stranger)


async def test_whoever_is_signed_in_as_one_of_them_speaks_for_themselves(studio: Studio, crowd: Crowd) -> None:  # C1
    everybody = {str(member) for member in studio.members}
    assert set((await scene(studio))["members"]) == everybody
    await studio.as_member(1, "select chosen from public.touch_presence($1)", "online")
    found = await scene(studio)
    assert set(found["members"]) == everybody - {str(studio.members[1])}
    assert found["watched"]


async def test_what_visitors_made_as_a_demo_member_is_left_alone(studio: Studio, crowd: Crowd) -> None:
    (job,) = await studio.enqueue(0)
    (picture,) = await add_generations(studio.database, studio.members[0], visibility="public")
    await studio.database.execute("update public.generations set job_id = $1::uuid where id = $2", job, picture)
    assert (await scene(studio))["pictures"] == []
    assert await studio.api.call("prune_crowd", keep=0) == 0
    assert await studio.count("public.generations where id = $1", picture) == 1


async def test_there_is_one_crowd_however_many_workers_there_are(studio: Studio) -> None:  # C2
    await studio.database.execute("delete from private.crowd_turns")
    turns = await asyncio.gather(*(studio.api.call("crowd_turn", pause_s=60) for _ in range(8)))
    assert sum(turn is not None for turn in turns) == 1


async def test_it_keeps_its_pace_and_is_quiet_while_nobody_is_here(studio: Studio, crowd: Crowd) -> None:  # C4
    pauses = [crowd.pause_s() for _ in range(2000)]
    assert min(pauses) == 10 * SHORTEST
    assert max(pauses) == 10 * LONGEST
    assert 8 < sum(pauses) / len(pauses) < 12

    now = 0.0
    crowd = Crowd(studio.api, 10, rng=random.Random(7), clock=lambda: now)

    async def acts(turns: int) -> int:
        nonlocal now
        done = 0
        for _ in range(turns):
            await studio.database.execute(f"{NEXT}; {FREE}; update public.generation_jobs set status = 'cancelled'")
            now += 10 * LONGEST
            done += await crowd.act_when_due() is not None
            assert await crowd.act_when_due() is None  # not yet
        return done

    assert await acts(20) <= 8
    await studio.as_member(0, "select chosen from public.touch_presence($1)", "online")
    assert await acts(20) == 20


async def test_a_feed_that_has_just_begun_fills_at_once_and_then_at_its_pace(studio: Studio) -> None:  # C6
    now = 0.0
    await studio.database.execute(f"delete from private.crowd_turns; {FREE}; delete from public.user_presence")
    crowd = Crowd(studio.api, 1000, rng=random.Random(7), clock=lambda: now)

    async def looks(number: int) -> int:
        nonlocal now
        for _ in range(number):
            await studio.database.execute(f"{NEXT}; {FREE}")
            now += 1
            await crowd.act_when_due()
        return await studio.count("public.posts")

    assert await looks(5) == 0  # nothing is finished yet
    await made(studio, OPENING_POSTS + 2)
    assert await looks(60) == OPENING_POSTS
    assert await studio.count("public.posts where like_count + comment_count > 0") >= OPENING_POSTS // 2
    assert await studio.count("public.generation_jobs where status = 'waiting'") == 0
    acts = f"select {ACT}"
    before = await studio.database.fetchval(acts)
    await looks(60)
    assert await studio.database.fetchval(acts) == before


async def test_it_leaves_no_more_than_it_may(studio: Studio) -> None:  # C5
    assert KEEP >= 100
    pictures = await made(studio, 5)
    await studio.database.execute("update public.generations set favourite = true where id = $1", pictures[0])
    await studio.api.call("crowd_publish", member=str(studio.members[1]), generation_id=str(pictures[1]), caption="")
    assert await studio.api.call("prune_crowd", keep=2) == 2
    left = await studio.database.fetch("select id from public.generations")
    assert {row["id"] for row in left} == {pictures[0], *pictures[3:]}
    assert await studio.count("public.posts") == 0
    assert await studio.count("public.generation_jobs") == 3
    assert await studio.count("private.crowd_jobs") == 3


async def test_a_worker_with_demo_lets_them_live(studio: Studio) -> None:
    await made(studio, 2)
    await studio.database.execute("delete from private.crowd_turns")
    await studio.as_member(0, "select chosen from public.touch_presence($1)", "online")
    async with studio.worker("--demo", STARLING_CROWD_S="0.1", STARLING_RENDER_SECONDS="1000"):
        await studio.until(lambda: studio.count("public.posts"))
