"""The page of contacts, on the real stack: written, moved, imported and undone, and only looked at by viewers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from components.command_palette import CommandPalette
from components.contact_add import AddContact
from components.contact_bar import ContactBar
from components.contact_board import ContactBoard
from components.contact_import import ImportContacts
from components.contact_panel import ContactPanel
from components.contact_row import CellEditor
from components.contact_table import ContactTable
from components.contact_timeline import Timeline
from components.contacts_view import ContactsView
from components.icon_button import IconButton
from components.session import starling
from components.toasts import Toasts
from state.contact_look import Look
from state.contacts import Contacts
from state.member import Member
from tests.pages.test_studio import LONG, only, until

if TYPE_CHECKING:
    from embedded.stack import Address

GRACE = "select id from public.profiles where username = 'grace'"


@pytest.fixture
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    yield connection
    await connection.execute("delete from public.teams where name = 'Wrens'")
    await connection.execute("delete from public.contacts")
    await connection.execute("delete from public.notifications")
    await connection.close()


def me() -> Member:
    (member,) = starling().members
    return member


async def team_of(db: asyncpg.Connection, role: str) -> UUID:
    """A team called Wrens, with the member and Grace in it, and two contacts."""
    team = uuid4()
    await db.execute("insert into public.teams (id, name) values ($1, 'Wrens')", team)
    for who, what in ((me().id, role), (await db.fetchval(GRACE), "owner")):
        await db.execute(
            "insert into public.team_members (team_id, member_id, role) values ($1, $2, $3)", team, who, what
        )
    for name, stage in (("Lin Ito", "lead"), ("Zoe Costa", "won")):
        await db.execute("insert into public.contacts (team_id, name, stage) values ($1, $2, $3)", team, name, stage)
    await until(lambda: me().circles.get("team", team) is not None)
    return team


async def opened(user: User, db: asyncpg.Connection, role: str = "editor", more: str = "") -> Contacts:
    """Ada, on the page of contacts of that team."""
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Queue", retries=LONG)
    team = await team_of(db, role)
    await user.open(f"/contacts?team={team}{more}")
    await user.should_see("Lin Ito", retries=LONG)
    return only(user, ContactsView).desk


def written_to(user: User) -> bool:
    """Whether there is a button that writes to the contact."""
    return any(button.visible for button in all_of(user, IconButton) if button.props["aria-label"] == "Write an e-mail")


def say(user: User, name: str, **said: object) -> None:
    """What the browser says happened in the row of a contact."""
    table = only(user, ContactTable)
    row = next(row for row in table.list.items.values() if row.contact.name == name)
    event = type("Event", (), {"args": {"contact": str(row.contact.id), **said}})()
    with table:
        table._heard(event)


def all_of(user: User, kind: type) -> list:
    with user:
        return list(ElementFilter(kind=kind))


async def becomes(db: asyncpg.Connection, value: object, query: str, *arguments: object) -> None:
    """Waits until the database answers this."""
    async with asyncio.timeout(25):
        while await db.fetchval(query, *arguments) != value:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def names(user: User) -> list[str]:
    return [row.contact.name for row in only(user, ContactTable).list.items.values()]


async def test_a_contact_is_added_written_in_and_deleted_with_undo(user: User, db: asyncpg.Connection) -> None:
    desk = await opened(user, db)
    add = only(user, AddContact)
    with user:
        add.show()
        add.fields["email"].value = "nonsense"
        add._add()
    assert add.fields["name"].error == "A contact needs a name"
    assert add.fields["email"].error == "This is not an e-mail address"
    with user:
        add.fields["name"].value = "Ada Berg"
        add.fields["email"].value = "ada@berg.com"
        add._add()
    await until(lambda: names(user) == ["Ada Berg", "Lin Ito", "Zoe Costa"])
    say(user, "Ada Berg", what="edit", field="company")
    (editor,) = all_of(user, CellEditor)
    with user:
        editor.value = "x" * 121
        editor.finish()
        assert editor.error == "At most 120 letters"
        editor.value = "Berg"
        editor.finish()
    assert not all_of(user, CellEditor)
    await becomes(db, "Berg", "select company from public.contacts where name = 'Ada Berg'")
    view = only(user, ContactsView)
    say(user, "Ada Berg", what="pick", on=True)
    await user.should_see("1 picked")
    with user:
        view._remove(view._chosen())
    await until(lambda: names(user) == ["Lin Ito", "Zoe Costa"])
    await user.should_see("Ada Berg is deleted")
    user.find("Undo").click()
    await until(lambda: names(user) == ["Ada Berg", "Lin Ito", "Zoe Costa"])
    assert desk.may_edit


async def test_one_is_open_by_its_address_and_says_what_others_do_to_it(user: User, db: asyncpg.Connection) -> None:
    desk = await opened(user, db)
    lin = await db.fetchval("select id from public.contacts where name = 'Lin Ito'")
    await user.open(f"/contacts?team={desk.id}&contact={lin}")
    await user.should_see("Timeline", retries=LONG)
    panel = only(user, ContactPanel)
    title = panel._fields["title"]
    with user:
        title._begin()
        title.input.value = "Buyer"
    grace = await db.fetchval(GRACE)
    await db.execute("select set_config('request.jwt.claims', json_build_object('sub', $1::uuid)::text, false)", grace)
    await db.execute("update public.contacts set title = 'Founder', phone = '123' where id = $1", lin)
    await until(lambda: "Grace Hopper changed this to “Founder” while you were editing" in title._words.text)
    assert panel._fields["phone"].input.value == "123"
    assert not written_to(user)  # where to?
    assert title.input.value == "Buyer"  # never under one's own cursor
    with user:
        title.finish()
    await until(lambda: panel.file.contact is not None and panel.file.contact.title == "Buyer")
    panel.save("email", "lin@example.com")
    await until(lambda: written_to(user))
    timeline = only(user, Timeline)
    with user:
        timeline._body.value = "Ask @gra"
        assert [profile.username for profile in timeline._suggested] == ["grace"]
        timeline.say("Ask @grace")
    await user.should_see("@grace", retries=LONG)
    await becomes(db, 1, "select count(*) from public.notifications where owner_id = $1 and kind = 'mention'", grace)
    with user:
        only(user, ContactsView).close_panel()
    assert not all_of(user, ContactPanel)


async def test_contacts_are_searched_and_moved_along_the_pipeline(user: User, db: asyncpg.Connection) -> None:
    await opened(user, db)
    view, bar = only(user, ContactsView), only(user, ContactBar)
    with user:
        bar.search.value = "cos"
    await until(lambda: names(user) == ["Zoe Costa"])
    await user.should_see("1 found", retries=LONG)
    with user:
        view.desk.save_filter("Costas", view.look)
        bar.search.value = ""
        view.toggle_way()
    await until(lambda: [f.name for f in view.desk.filters.rows] == ["Costas"])
    board = only(user, ContactBoard)
    columns = {stage: column.list for stage, column in board._columns.items()}
    await until(lambda: len(columns["lead"].items) == len(columns["won"].items) == 1)
    (lin,) = columns["lead"].items
    with user:
        board._heard(type("Event", (), {"args": {"contact": str(lin), "stage": "proposal"}})())  # type: ignore[arg-type]
    await until(lambda: list(columns["proposal"].items) == [lin] and not columns["lead"].items)
    assert board._said.text == "Lin Ito is now in Proposal"
    with user:
        view.toggle_way()


async def test_all_that_are_alike_are_picked_beyond_what_is_loaded(user: User, db: asyncpg.Connection) -> None:
    desk = await opened(user, db)
    many = "insert into public.contacts (team_id, name, tags) select $1, 'Row ' || n, '{many}' from generate_series(1, 60) n"
    await db.execute(many, desk.id)
    view, table = only(user, ContactsView), only(user, ContactTable)
    with user:
        view.choose(Look(tag="many"))
    await until(lambda: table.book.settled and len(names(user)) == 50 and view.bar.total == 60)
    say(user, "Row 1", what="pick", on=True)
    await user.should_see("Pick all 60")
    user.find("Pick all 60").click()
    await user.should_see("All 60 picked")
    with user:
        view.picks._move("won")
    await user.should_see("60 contacts are changed", retries=LONG)
    await user.should_not_see("picked")
    assert await db.fetch("select stage, count(*) from public.contacts where team_id = $1 group by 1 order by 1", desk.id) == [
        ("lead", 1), ("won", 61),
    ]  # fmt: skip
    with user:
        table.pick_alike()
    say(user, "Row 1", what="pick", on=False)
    await user.should_see("49 picked")  # not all any more
    with user:
        table.pick_alike()
        view.choose(Look(stage="lead"))
        assert not view.picks.visible  # others than those that were picked
        view.choose(Look(tag="many"))
    await until(lambda: table.book.settled and len(names(user)) == 50)
    with user:
        table.pick_alike()
    user.find("Delete").click()
    await user.should_see("Delete 60 contacts?", retries=LONG)
    (asked,) = [dialog for dialog in all_of(user, ui.dialog) if dialog.value]
    asked.submit(True)
    await becomes(db, 2, "select count(*) from public.contacts where team_id = $1", desk.id)


async def test_a_file_is_matched_imported_and_its_errors_are_said_row_by_row(
    user: User, db: asyncpg.Connection
) -> None:
    await opened(user, db)
    dialog = only(user, ImportContacts)
    with user:
        dialog.show()
        await dialog.take("people.csv", b"Person,Mail\nNoah,noah@x.com\nEmil,nonsense\n")
        await dialog.send()
        assert dialog._wrong.text == "Which column is the name?"
        dialog._match("name", 0)
        await dialog.send()
    await user.should_see("1 added, 1 with errors", retries=LONG)
    await user.should_see("Row 2")
    await until(lambda: "Noah" in names(user))


async def test_a_viewer_only_looks(user: User, db: asyncpg.Connection) -> None:
    desk = await opened(user, db, "viewer")
    assert not desk.may_edit
    assert not only(user, ContactsView)._add_button.visible
    say(user, "Lin Ito", what="edit", field="company")
    assert not all_of(user, CellEditor)
    say(user, "Lin Ito", what="open")
    await user.should_see("Timeline", retries=LONG)
    panel = only(user, ContactPanel)
    assert panel._fields["name"].input.props["readonly"]
    await db.execute("update public.contacts set email = 'lin@example.com'")
    await until(lambda: panel._fields["email"].input.value == "lin@example.com")
    assert not written_to(user)
    await user.should_not_see(kind=ui.textarea, content="Comment, @ to mention somebody")
    with user:
        desk.edit(desk.find(panel.contact_id), {"name": "Mallory"})  # type: ignore[arg-type]  # and if the page would let them
    await until(lambda: bool(only(user, Toasts)._shown))
    await until(lambda: "Lin Ito" in names(user))


async def test_who_becomes_a_viewer_has_nothing_left_to_write_in_and_gets_it_back(
    user: User, db: asyncpg.Connection
) -> None:
    desk = await opened(user, db)
    view = only(user, ContactsView)
    say(user, "Lin Ito", what="open")
    say(user, "Lin Ito", what="pick", on=True)
    await user.should_see("Timeline", retries=LONG)
    with user:
        view.add.show()
    role = "update public.team_members set role = $3 where team_id = $1 and member_id = $2"
    before = len(desk._tables)
    for may, named in ((False, "viewer"), (True, "editor")):
        await db.execute(role, desk.id, me().id, named)
        await until(lambda may=may: desk.may_edit is may)
        await until(lambda: names(user) == ["Lin Ito", "Zoe Costa"] and bool(view.panel and view.panel._drawn))
        row = next(iter(only(user, ContactTable).list.items.values()))
        assert ("data-field" in row.cell("company").props) is may
        assert bool(only(user, ContactPanel)._fields["name"].input.props.get("readonly")) is not may
        assert view._add_button.visible is may
        commands = [command["title"] for command in only(user, CommandPalette)._props["commands"]]
        assert ("Import a CSV file" in commands) is may
        assert not view.add.value
        assert not view.picks.visible
        assert bool(all_of(user, Timeline)[0]._file.may_edit) is may
    assert len(desk._tables) == before  # what was drawn anew follows nothing any more
