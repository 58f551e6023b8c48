"""The front door."""

from __future__ import annotations

import pytest
from nicegui import ElementFilter, binding, ui
from nicegui.testing import User

from components import session
from components.connection_pill import ConnectionPill


async def test_guests_see_what_this_is_and_how_to_get_in(user: User) -> None:
    await user.open("/")
    await user.should_see("Everybody sees it come into focus")
    await user.should_see("Sign in as Grace")
    await user.should_see("Create account")
    await user.should_see("Look around the studio as a guest")


async def test_the_numbers_are_those_of_the_world(user: User) -> None:
    await user.open("/")
    await user.should_see("members")
    await user.should_see("public pictures")
    await user.should_see("being made now")


async def test_one_click_is_enough_to_be_somebody(user: User) -> None:
    await user.open("/")
    user.find("Sign in as Ada").click()
    await user.should_see("Ada Lovelace", retries=300)
    with user:
        assert ui.context.client.page.path == "/studio"


async def test_members_have_a_dashboard_there(user: User) -> None:
    await user.open("/")
    user.find("Sign in as Ada").click()
    await user.should_see("Ada Lovelace", retries=300)
    await user.open("/")
    await user.should_see("People online", retries=300)
    await user.should_not_see("Everybody sees it come into focus")


async def test_guests_cannot_switch_off_the_connection_that_all_share(user: User) -> None:
    await user.open("/")
    with user:
        pill = next(iter(ElementFilter(kind=ConnectionPill)))
        assert pill.props["own"] is False
        assert all(listener.type != "disconnect" for listener in pill._event_listeners.values())


@pytest.mark.parametrize("path", ["/", "/sign-in", "/studio"])
async def test_a_page_that_is_closed_leaves_nothing_behind(user: User, path: str) -> None:
    world = session.starling().world

    def followers() -> list[int]:
        return [*(len(table._listeners) for table in world.tables), len(world.connection.changed.callbacks)]

    before = followers()
    client = await user.open(path)
    assert followers() != before
    client.delete()
    assert followers() == before
    assert len(binding.active_links) == 0
