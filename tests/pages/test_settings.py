"""Settings and profiles, on the real stack."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
from nicegui import ElementFilter, ui
from nicegui.testing import User

from components.avatar import Avatar
from components.portfolio import PortfolioGrid
from components.profile_facts import Counts
from components.session import starling
from components.settings_notifications import NotificationsPart
from components.settings_profile import ProfilePart
from components.settings_security import LeavePart
from components.tag import Tag
from components.viewer import Viewer
from embedded.stack import Address
from state.account import LEFT
from tests.pages.test_presence import me
from tests.pages.test_sign_in import fill
from tests.pages.test_studio import LONG, only, until
from tests.state.support import PASSWORD, add_generations
from tests.state.test_account import picture


async def tess(user: User) -> str:
    """Somebody new, in the settings; their user name."""
    name = f"tess{uuid4().hex[:8]}"
    await user.open("/sign-in?create=true")
    fill(user, name=name, email=f"{name}@starling.test", password=PASSWORD)
    press(user, 0)
    await user.should_see("Here now", retries=LONG)
    await user.open("/settings")
    await user.should_see("this browser", retries=LONG)
    return name


def press(user: User, number: int) -> None:
    """Send the form with this number, from the top."""
    with user:
        form = [element for element in ElementFilter() if element.tag == "form"][number]
        listener = next(item for item in form._event_listeners.values() if item.type.startswith("submit"))
        form._handle_event({"listener_id": listener.id, "args": None})


async def test_one_becomes_somebody_and_leaves_again(user: User, supabase: Address) -> None:
    name = await tess(user)
    part: ProfilePart = only(user, ProfilePart)
    fields = part._fields
    fields["display_name"].value, fields["username"].value = "Tess of the Wrens", "ada"
    part._bio.value = "Draws *wrens* <b>only</b>"
    press(user, 0)
    await until(lambda: fields["username"].error == "Somebody else has this name")
    fields["username"].value = name
    press(user, 0)
    await user.should_see("Saved", retries=LONG)
    await part._account.set_picture(picture(30, 20))
    await until(lambda: part._avatar._address is not None)
    await user.open(f"/u/{name}")
    await user.should_see("Tess of the Wrens", retries=LONG)
    await user.should_see("Draws *wrens* <b>only</b>")
    await user.should_see("None of your pictures is public.", retries=LONG)
    with user:
        assert ui.context.client.title == "Tess of the Wrens · Starling"
        assert {avatar._address for avatar in ElementFilter(kind=Avatar) if avatar._address} == {part._avatar._address}

    await user.open("/settings")
    leave: LeavePart = only(user, LeavePart)
    leave._field.value = "somebody else"
    press(user, 2)
    await until(lambda: leave._field.error == "This is not your user name.")
    leave._field.value = f"@{name}"
    told: list[str] = []  # in the other tabs
    leave._member.ended.subscribe(told.append, unsubscribe_on_delete=False)
    press(user, 2)
    await until(lambda: not len(starling().members))
    assert told == [LEFT]
    database = await asyncpg.connect(supabase.db_url)
    asked = "select true from private.leavers l join public.profiles p on p.id = l.member_id where p.username = $1"
    assert await database.fetchval(asked, name)
    await database.execute("delete from private.leavers")
    await database.close()


async def test_what_is_chosen_counts(user: User) -> None:
    await tess(user)
    part: NotificationsPart = only(user, NotificationsPart)
    await until(lambda: "like" in part._switches)
    sections = [one.text for one in part.descendants() if isinstance(one, Tag) and "kinds__section" in one.classes]
    assert len(sections) == len(set(sections))
    in_app, browser = part._switches["like"]
    browser.value = False
    in_app.value = False
    await until(lambda: part._choices.of("like") == (False, False))
    assert not browser.enabled
    await until(lambda: not part._choices.preferences.mutations.unconfirmed)
    in_app.value = True
    assert part._choices.of("like") == (True, False)
    await until(lambda: not part._choices.preferences.mutations.unconfirmed)
    assert not browser.value
    assert me().areas.tables


async def test_guests_see_somebody_and_nobody_is_not_there(user: User) -> None:
    await user.open("/u/Ada")
    await user.should_see("@ada", retries=LONG)
    await user.should_see("Ada Lovelace shows no picture yet.", retries=LONG)
    await user.should_not_see("Edit profile")
    answer = await user.http_client.get("/u/nobody_at_all", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


async def test_a_profile_shows_posts_and_opens_a_picture_that_lies_far_behind(user: User, supabase: Address) -> None:
    db = await asyncpg.connect(supabase.db_url)
    grace = await db.fetchval("select id from public.profiles where username = 'grace'")
    (first,) = await add_generations(db, grace, visibility="public", prompt="the very first")
    await add_generations(db, grace, 60, visibility="public", prompt="later")
    await db.fetchval(
        "select id from private.publish_post($1, gen_random_uuid(), $2, 'from the archive')", grace, first
    )
    try:
        await user.open(f"/u/grace?picture={first}")
        await user.should_see("from the archive", retries=LONG)
        await user.should_see("the very first", retries=LONG)
        assert only(user, Viewer)._picture.id == first
        assert first not in {row.id for row in only(user, PortfolioGrid).shown}
        counts = only(user, Counts)
        await until(lambda: texts_of(counts) == ["61", "public pictures", "1", "post"])
        await user.open(f"/u/grace?picture={uuid4()}")
        await user.should_see("That picture is gone, or it is private", retries=LONG)
    finally:
        await db.execute("delete from public.generations where owner_id = $1", grace)
        await db.close()


def texts_of(element: ui.element) -> list[str]:
    return [child.text for child in element.descendants() if isinstance(child, Tag)]
