"""The page of teams, on the real stack: what an owner does, what a viewer cannot, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User, UserInteraction

from components.session import starling
from components.tag import Tag
from components.team_card import TeamCard
from components.team_invite import TeamInvite
from components.team_list import TeamList
from components.team_members import MemberRow, TeamMembers
from components.team_region import TeamRegion
from components.team_roles import RoleMenu
from components.team_switcher import TeamSwitcher
from state.member import Member
from tests.pages.test_studio import LONG, only, until

if TYPE_CHECKING:
    from embedded.stack import Address

GRACE = "select id from public.profiles where username = 'grace'"


@pytest.fixture
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.execute("delete from public.teams where name in ('Wrens', 'Finches')")
    await connection.execute("update public.circle_members set turned_at = null")
    await connection.close()


@pytest.fixture
async def ada(user: User) -> User:
    """Ada, on the page of her own team."""
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Queue", retries=LONG)
    await user.open("/team")
    await user.should_see("It is your own team", retries=LONG)
    return user


def me() -> Member:
    (member,) = starling().members
    return member


async def grace(db: asyncpg.Connection) -> UUID:
    return UUID(str(await db.fetchval(GRACE)))


async def team_of(db: asyncpg.Connection, **roles: UUID) -> UUID:
    """A team called Wrens, with these in it."""
    team = uuid4()
    await db.execute("insert into public.teams (id, name) values ($1, 'Wrens')", team)
    for role, who in roles.items():
        await db.execute(
            "insert into public.team_members (team_id, member_id, role) values ($1, $2, $3)", team, who, role
        )
    return team


def row_of(user: User, name: str) -> MemberRow:
    return next(row for row in only(user, TeamMembers)._list.items.values() if row.name == name)


async def test_a_team_is_made_and_somebody_invited_and_let_go(ada: User, db: asyncpg.Connection) -> None:
    own = only(ada, TeamRegion).space.id
    put = "insert into public.team_members (team_id, member_id, role) values ($1, $2, 'editor')"
    await db.execute(put, own, await grace(db))
    await until(lambda: len(only(ada, TeamMembers)._list.items) == 2)
    assert not row_of(ada, "Grace Hopper")._menu._items["owner"].visible, "one's own team has no other owner"
    await db.execute("delete from public.team_members where team_id = $1 and role = 'editor'", own)
    with ada:
        teams = only(ada, TeamList)
        await teams.line.send("Wrens")
    await until(lambda: (current := teams._teams.current) and current.name == "Wrens")
    await ada.open("/team")
    await ada.should_see("You are an owner", retries=LONG)
    with ada:
        invite = only(ada, TeamInvite)
    await invite.line.send("no-such-name")
    assert (invite._name.value, invite._name.error) == ("no-such-name", "Nobody has this user name")  # Line 3
    invite._name.value = "gr"
    await until(lambda: invite._menu.value)
    assert [item.text for item in invite._found.descendants() if isinstance(item, Tag)] == ["@grace"]
    await invite.line.send("grace")
    await ada.should_see("invited as editor, has not answered yet", retries=LONG)

    await db.execute(
        "insert into public.team_members (team_id, member_id, role) select team_id, invitee_id, role from public.team_invitations i "
        "where i.team_name = 'Wrens'; delete from public.team_invitations"
    )
    await ada.should_not_see("has not answered yet", retries=LONG)
    await until(lambda: len(only(ada, TeamMembers)._list.items) == 2)
    row = row_of(ada, "Grace Hopper")
    assert isinstance(row._menu, RoleMenu)
    assert row._menu._items["owner"].visible
    row._choose("viewer")
    await until(lambda: row._menu.role == "viewer")
    await until(lambda: not only(ada, TeamRegion).space.members.mutations.unconfirmed)
    assert (
        await db.fetchval(
            "select role from public.team_members m join public.teams t on t.id = team_id where t.name = 'Wrens' and role <> 'owner'"
        )
        == "viewer"
    )


async def test_an_owner_hands_a_team_over(ada: User, db: asyncpg.Connection) -> None:
    team = await team_of(db, owner=me().id)
    await until(lambda: me().circles.get("team", team))
    await ada.open(f"/team?team={team}")
    await ada.should_see("You are an owner", retries=LONG)
    card = only(ada, TeamCard)
    assert not card._hand.visible, "there is nobody to hand it to"
    await db.execute(
        "insert into public.team_members (team_id, member_id, role) values ($1, $2, 'editor')", team, await grace(db)
    )
    await until(lambda: card._hand.visible and card._shown)
    with ada:
        card._show_heirs()
    heirs = {item for item in card._heirs.descendants() if isinstance(item, ui.menu_item)}
    assert [label.text for item in heirs for label in item.descendants() if type(label) is ui.label] == ["Grace Hopper"]
    UserInteraction(ada, heirs, None).click()
    await ada.should_see("Hand Wrens over to Grace Hopper?", retries=LONG)
    sure = ada.find(kind=ui.button, content="Hand over").elements - {card._hand}
    UserInteraction(ada, sure, None).click()
    await ada.should_see("You are an editor", retries=LONG)
    assert not card._hand.visible
    roles = await db.fetch("select role from public.team_members where team_id = $1 and member_id <> $2", team, me().id)
    assert [row["role"] for row in roles] == ["owner"]


async def test_a_viewer_sees_who_is_there_and_has_nothing_to_press(ada: User, db: asyncpg.Connection) -> None:
    await ada.open(f"/team?team={uuid4()}")
    await ada.should_see("It is your own team", retries=LONG)
    me().connection.pause()  # a link to the team is quicker than the news that one is in it
    team = await team_of(db, owner=await grace(db), viewer=me().id)
    await ada.open(f"/team?team={team}")
    await ada.should_see("You are a viewer", retries=LONG)
    me().connection.reconnect()
    await until(lambda: len(only(ada, TeamMembers)._list.items) == 2)
    assert not only(ada, TeamInvite).visible
    for row in only(ada, TeamMembers)._list.items.values():
        assert (row._menu.visible, row._remove.visible, row._role.visible) == (False, False, True)
    await db.execute("update public.team_members set role = 'owner' where team_id = $1", team)
    await ada.should_see("You are an owner", retries=LONG)
    assert only(ada, TeamInvite).visible
    assert row_of(ada, "Grace Hopper")._remove.visible


async def test_what_is_open_of_a_team_ends_with_a_sentence(ada: User, db: asyncpg.Connection) -> None:
    team = await team_of(db, owner=await grace(db), editor=me().id)
    await until(lambda: me().circles.get("team", team))
    await ada.open(f"/team?team={team}")
    await ada.should_see("You are an editor", retries=LONG)
    region = only(ada, TeamRegion)
    await db.execute("delete from public.team_members where team_id = $1 and member_id = $2", team, me().id)
    await ada.should_see("You are no longer in Wrens.", retries=LONG)
    assert not region._content.visible
    assert [len(table.rows) for table in region.space.tables] == [0, 0, 0]
    with ada:
        texts = [element.text for element in ElementFilter(kind=ui.button)]
    assert "Show Ada Lovelace’s team" in texts


async def test_an_invitation_is_answered_on_the_page(ada: User, db: asyncpg.Connection) -> None:
    team = await team_of(db, owner=await grace(db))
    await db.execute(
        f"insert into public.team_invitations (team_id, team_name, invitee_id, inviter_id, role) values ($1, 'Wrens', $2, ({GRACE}), 'editor')",
        team, me().id,
    )  # fmt: skip
    await ada.should_see("Grace Hopper invites you to Wrens", retries=LONG)
    ada.find("Join").click()
    await ada.should_see("You are in Wrens now", retries=LONG)
    assert me().circles.get("team", team)
    assert only(ada, TeamSwitcher)._name.text == "Ada Lovelace’s team", "the page stays with its team"


async def test_guests_are_asked_to_sign_in(user: User) -> None:
    await user.open("/team")
    await user.should_see("Sign in")
