"""What the worker tidies up beside its jobs."""

from __future__ import annotations

from tests.worker.studio import Studio

TOUCH = "select chosen from public.touch_presence($1)"
AGE = "update public.user_presence set last_seen = last_seen - interval '3 minutes' where id = $1"
STATUS = "select status from public.user_presence where id = $1"


async def test_members_of_an_app_that_died_are_offline_and_the_others_are_not(studio: Studio) -> None:
    gone, here = studio.members[:2]
    for member in (0, 1):
        await studio.as_member(member, TOUCH, "online")
    await studio.database.execute(AGE, gone)
    async with studio.worker():

        async def expired() -> bool:
            return await studio.database.fetchval(STATUS, gone) == "offline"

        await studio.until(expired)
    assert await studio.database.fetchval(STATUS, here) == "online"


async def test_notifications_that_were_read_long_ago_are_pruned(studio: Studio) -> None:
    member = studio.members[0]
    for title in ("read", "unread"):
        await studio.database.execute("select private.notify($1, 'like', $2, '/feed')", member, title)
    await studio.database.execute(
        "update public.notifications set read_at = now() - interval '31 days' where title = 'read'"
    )
    async with studio.worker():

        async def pruned() -> bool:
            return await studio.count("public.notifications where title = 'read'") == 0

        await studio.until(pruned)
    assert await studio.count("public.notifications where title = 'unread' and owner_id = $1", member) == 1
