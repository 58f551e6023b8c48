"""Contacts as two members work with them: over real sockets, on the same rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import pytest

from state import contact_import, contacts
from state.contact_fields import fault, split_tags
from state.contact_import import Fault, NotReadable, as_csv, fields_of, guess, parse
from state.contact_look import Look, look_of
from state.contact_rows import Book, use_file, use_list, use_pipeline
from state.contacts import Contacts, Replaced, use_contacts
from state.looking import Spot
from state.member import Member
from state.spreadsheet import plain, unmarked
from state.starling import Starling
from state.sync.query import Order, Query, Where
from tests.state.support import PASSWORD, Account, hasten, until

Desk = Callable[..., Awaitable[Contacts]]


@pytest.fixture
async def team(db: asyncpg.Connection) -> AsyncIterator[UUID]:
    """A team with three contacts."""
    id = uuid4()
    await db.execute("insert into public.teams (id, name) values ($1, 'Wrens')", id)
    for name, stage in (("Ada Berg", "lead"), ("Lin Ito", "lead"), ("Zoe Costa", "won")):
        await db.execute("insert into public.contacts (team_id, name, stage) values ($1, $2, $3)", id, name, stage)
    yield id
    await db.execute("delete from public.teams where id = $1", id)


@pytest.fixture
def desks(
    starling: Starling, account: Callable[[], Awaitable[Account]], db: asyncpg.Connection, team: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:  # fmt: skip
    """`await desks("editor")`: the contacts as somebody of the team has them open."""
    hasten(monkeypatch, relaxed_s=60, poll_s=60)  # what is seen was told

    async def open_(role: str = "editor") -> Contacts:
        someone = await account()
        await db.execute(
            "insert into public.team_members (team_id, member_id, role) values ($1, $2, $3)", team, someone.id, role
        )
        member = starling.members.of(await starling.sessions.sign_in(someone.email, PASSWORD))
        assert isinstance(member, Member)
        member.audience.enter()
        desk, _ = use_contacts(member, team)
        await until(lambda: desk.circle.live and desk.role == role, "is live")
        return desk

    return open_


async def test_what_one_edits_is_seen_by_the_other_and_both_fields_stay(desks: Desk):  # C1, C2
    mine, theirs = await desks(), await desks()
    (my, _), (their, _) = use_list(mine, Look()), use_list(theirs, Look())
    file, _ = use_file(mine, (await first(my.rows)).id)
    await until(lambda: len(their.rows.rows) == 3 and file.contact is not None)
    ada = my.rows.rows[0]
    mine.edit(ada, {"phone": "+49 30 1"})
    theirs.edit(their.rows.rows[0], {"company": "Berg"})
    my.rows.flush()
    file.contacts.flush()
    assert my.rows.rows[0].phone == file.contact.phone == "+49 30 1"  # type: ignore[union-attr]  # at once, in both
    await until(
        lambda: all(r.rows.rows[0].company == "Berg" and r.rows.rows[0].phone == "+49 30 1" for r in (my, their))
    )
    await until(lambda: my.rows.mutations.unconfirmed == file.contacts.mutations.unconfirmed == 0)
    assert contacts.editor(their.rows.rows[0], "phone") == mine.member.id


async def first(rows):
    await until(lambda: rows.phase == "ready")
    return rows.rows[0]


async def test_of_one_field_the_last_write_counts_and_who_wrote_before_is_told(desks: Desk):  # C3
    mine, theirs = await desks(), await desks()
    (my, _), (their, _) = use_list(mine, Look()), use_list(theirs, Look())
    told: list[Replaced] = []
    mine.replaced.subscribe(told.append)
    mine.edit(await first(my.rows), {"title": "Buyer"})
    await until(lambda: their.rows.rows and their.rows.rows[0].title == "Buyer")
    theirs.edit(their.rows.rows[0], {"title": "Founder"})
    await until(lambda: told)
    assert [(t.contact.name, t.field, t.by) for t in told] == [("Ada Berg", "title", theirs.member.id)]
    await until(lambda: my.rows.rows[0].title == "Founder")


async def test_who_is_refused_is_not_told_that_somebody_else_wrote(desks: Desk):  # C3
    mine, theirs = await desks(), await desks()
    (my, _), (their, _) = use_list(mine, Look()), use_list(theirs, Look())
    told: list[Replaced] = []
    mine.replaced.subscribe(told.append)
    theirs.edit(await first(their.rows), {"email": "ada@berg.com"})
    await until(lambda: my.rows.rows and my.rows.rows[0].email)
    mine.edit(my.rows.rows[0], {"email": "nonsense"})
    my.rows.flush()
    assert my.rows.rows[0].email == "nonsense"
    await until(lambda: my.rows.rows[0].email == "ada@berg.com")
    assert told == []


async def test_what_is_refused_is_taken_back_with_a_reason(desks: Desk):
    desk = await desks()
    (list_, _) = use_list(desk, Look())
    contact = await first(list_.rows)
    said: list[str] = []
    desk.member.studio.failures.subscribe(said.append, unsubscribe_on_delete=False)
    desk.edit(contact, {"email": "nonsense"})
    list_.rows.flush()
    assert list_.rows.rows[0].email == "nonsense"
    await until(lambda: list_.rows.rows[0].email == "" and said)
    assert said == ["This is not an e-mail address"]


async def test_a_contact_is_added_once_and_removed_unless_it_is_undone(
    desks: Desk, db: asyncpg.Connection, team: UUID, monkeypatch: pytest.MonkeyPatch
):  # C4
    monkeypatch.setattr(contacts, "UNDO_S", 0.2)
    mine, theirs = await desks(), await desks("viewer")
    (my, _), (their, _), (won, _) = use_list(mine, Look()), use_list(theirs, Look()), use_list(mine, Look(stage="won"))
    await first(their.rows)
    await first(won.rows)
    await first(my.rows)
    made, _ = mine.add({"name": "  Noah Weiss ", "stage": "won", "tags": "VIP, vip"})
    await until(lambda: their.rows.get(made.id) is not None)
    my.rows.flush()
    won.rows.flush()
    assert (my.rows.get(made.id).name, won.rows.get(made.id).tags) == ("Noah Weiss", ["vip"])  # type: ignore[union-attr]
    undone = mine.remove([made])
    my.rows.flush()
    assert my.rows.get(made.id) is None
    undone.undo()
    my.rows.flush()
    assert my.rows.get(made.id) is not None
    mine.remove([my.rows.get(made.id), my.rows.rows[0]])  # type: ignore[list-item]
    await until(lambda: len(their.rows.rows) == 2)
    assert await db.fetchval("select count(*) from public.contacts where team_id = $1", team) == 2
    assert not theirs.may_edit


async def test_a_card_moves_at_once_and_the_counts_follow(desks: Desk):
    desk = await desks()
    (board, _) = use_pipeline(desk, Look())
    await until(lambda: board.rows.phase == "ready")
    ada = next(row for row in board.rows.rows if row.name == "Ada Berg")
    seen: list[int] = []
    leave = desk.counts.observe(lambda query: seen.append(query.value.stages.get("won", 0) if query.value else 0))
    desk.edit(ada, {"stage": "won"})
    board.stages["lead"].flush()
    assert [row.name for row in board.rows.rows if row.stage == "won"] == ["Ada Berg", "Zoe Costa"]
    await until(lambda: board.stages["won"].get(ada.id) is not None and seen and seen[-1] == 2)
    await until(lambda: board.stages["lead"].get(ada.id) is None)
    leave()


async def test_many_are_edited_as_one(desks: Desk, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contacts, "UNDO_S", 0.2)
    mine, theirs = await desks(), await desks()
    (my, _), (their, _) = use_list(mine, Look()), use_list(theirs, Look(tag="hot"))
    ada = await first(my.rows)
    await until(lambda: their.rows.phase == "ready")
    mine.edit_many(list(my.rows.rows), {"stage": "proposal"}, more_tags=("hot",))
    await until(lambda: len(their.rows.rows) == 3)
    await until(lambda: my.rows.mutations.unconfirmed == 0)
    assert {(row.stage, *row.tags) for row in their.rows.rows} == {("proposal", "hot")}
    late = "select stage from public.contacts where name = 'Noah Weiss'"
    for act in (lambda rows: mine.edit_many(rows, {"stage": "won"}), mine.remove):
        async with db.transaction():  # a contact that is on its way waits for whoever looks after it; the others do not
            await db.fetchval("select 1 from public.profiles where id = $1 for update", theirs.member.id)
            mine.add({"name": "Noah Weiss", "owner_id": theirs.member.id})
            my.rows.flush()
            act(list(my.rows.rows))
            await until(lambda: my.rows.mutations.unconfirmed == 2)
        await until(lambda: my.rows.mutations.unconfirmed == 0)
        assert await db.fetchval(late) == ("won" if my.rows.rows else None)
    with pytest.raises(ValueError, match="At most"):
        mine.edit_many([ada] * 1001, {"stage": "won"})


async def test_one_searches_sorts_and_pages(desks: Desk, db: asyncpg.Connection, team: UUID):
    desk = await desks()
    await db.execute(
        "insert into public.contacts (team_id, name, tags) select $1, 'Person ' || lpad(n::text, 3, '0'), array['a, \"b\\'] from generate_series(1, 120) n",
        team,
    )
    book = Book(lambda look: use_list(desk, look), Look(search="pers"))
    await until(lambda: len(book.rows) == 50 and not book.complete)
    await book.load_more()
    await book.load_more()
    assert [row.name for row in book.rows] == [f"Person {n:03}" for n in range(1, 121)]
    assert book.complete
    book.choose(Look(tag='a, "b\\', sort="name", descending=True))
    await until(lambda: book.settled and book.rows and book.rows[0].name == "Person 120")
    await book.load_more()
    assert [row.name for row in book.rows] == [f"Person {n:03}" for n in range(120, 20, -1)]
    found: list[int | None] = []
    leave = desk.total(Look(search="119 per")).observe(lambda query: found.append(query.value))
    await until(lambda: found[-1:] == [1])
    leave()
    book.close()


async def test_who_looks_at_a_contact_is_known_while_they_do(desks: Desk):  # K1, K2, K3
    mine, theirs = await desks(), await desks()
    await until(lambda: {mine.member.id, theirs.member.id} <= mine.here.presence.people.keys())
    await until(lambda: {mine.member.id, theirs.member.id} <= theirs.here.presence.people.keys())
    contact, page = uuid4(), object()
    theirs.looking.look(page, Spot(contact, "phone"))
    await until(lambda: mine.looking.at(contact) == {theirs.member.id: "phone"})
    theirs.looking.look(page, None)
    await until(lambda: mine.looking.at(contact) == {})
    await mine.here.send("looking", {"id": str(uuid4()), "at": [{"contact": str(contact)}]})  # of nobody who is here
    assert theirs.looking.at(contact) == {}


async def test_what_is_said_of_a_contact_is_on_its_timeline(desks: Desk, db: asyncpg.Connection, team: UUID):
    mine, theirs = await desks(), await desks()
    contact = UUID(str(await db.fetchval("select id from public.contacts where team_id = $1 limit 1", team)))
    (my, _), (their, _) = use_file(mine, contact), use_file(theirs, contact)
    await until(lambda: my.timeline.phase == their.timeline.phase == "ready")
    my.comment("Call on Monday")
    my.comments.flush()
    assert [row.body for row in my.timeline.rows] == ["Call on Monday"]  # at once
    await until(lambda: [row.body for row in their.timeline.rows] == ["Call on Monday"])
    comment = their.timeline.rows[0]
    mine.edit(my.contact, {"stage": "won"})  # type: ignore[arg-type]
    await until(lambda: len(their.timeline.rows) == 2)
    assert (their.timeline.rows[0].kind, their.timeline.rows[1]) == ("contact_edited", comment)
    assert (my.may_remove(comment), their.may_remove(comment)) == (True, False)
    my.remove(comment)
    await until(lambda: comment not in their.timeline.rows)


async def test_a_file_is_imported_and_others_hear_of_it_once(desks: Desk, db: asyncpg.Connection, team: UUID):
    mine, theirs = await desks(), await desks()
    (their, _) = use_list(theirs, Look(search="row"))
    await until(lambda: their.rows.phase == "ready")
    heard: list[str] = []
    theirs.circle.on_change("contacts", lambda change: heard.extend(row["company"] for row in change.records))
    await db.execute("update public.contacts set company = 'the last before it' where team_id = $1", team)
    await until(lambda: "the last before it" in heard)
    changes = their.rows.changes
    lines = ["Full name;Mail;Labels;Unknown", *(f"Row {n:05};row{n}@firm.com;a, b;x" for n in range(3_000))]
    lines[5] = "Row 00004;nonsense;;"
    sheet = await contact_import.read("people.csv", "\n".join(lines).encode())
    mapping = guess(sheet.columns)
    assert mapping == {"name": 0, "email": 1, "tags": 2}
    outcome = await contact_import.send(mine, uuid4(), sheet, mapping)
    assert (outcome.added, outcome.failed) == (2_999, 1)
    assert outcome.errors == (Fault(5, "email", "This is not an e-mail address"),)
    await until(lambda: len(their.rows.rows) == 50)
    assert their.rows.changes == changes + 1
    text = await contact_import.export(mine, Look(search="row"))
    again = parse("again.csv", text.encode())
    assert len(again.rows) == 2_999
    assert fields_of(again.rows[0], guess(again.columns)) == {
        "name": "Row 00000", "email": "row0@firm.com", "stage": "lead", "tags": ["a", "b"],
    }  # fmt: skip


# Without a database ---------------------------------------------------------------------------------------------------


def test_a_file_that_is_none_is_refused_in_words():
    for content in (b"", b"Name\n", b"a\0b\nc", b"x" * 8_000_001, b"Name\n" + b"x\n" * 10_001):
        with pytest.raises(NotReadable):
            parse("file", content)
    assert parse("file", "Name\tE-Mail\nJos\u00e9\tj@x.com".encode("cp1252")).rows == [["José", "j@x.com"]]
    assert parse("file", b"Name,Mail\nAda\n").rows == [["Ada", ""]]
    excel = (b"sep=;\r\nName;Mail\r\nAda;", b"\r\n\r\nName;Mail\r\nAda;", "Name\tMail\r\nAda\t".encode("utf-16"))
    assert [(parse("file", content).columns, parse("file", content).rows) for content in excel] == [
        (("Name", "Mail"), [["Ada", ""]])
    ] * 3


def test_no_exported_text_is_a_formula_and_an_import_takes_the_mark_off(monkeypatch: pytest.MonkeyPatch):
    for text in ("=1+1", "+49 30 1", "-1", "@ada", "\tx", "plain", "'tis"):
        assert unmarked(plain(text)) == text
    assert plain("=1+1") == "'=1+1"
    assert as_csv([]).startswith("Name,Company,Title,E-mail")


def test_faults_are_sentences_at_the_field():
    assert fault("name", "  ") == "A contact needs a name"
    assert fault("email", "a@b") == "This is not an e-mail address"
    assert fault("email", "") is None
    assert fault("tags", ", ".join(map(str, range(21)))) == "At most 20 tags"
    assert split_tags(" VIP ; a  b,,vip") == ["a b", "vip"]


def test_settings_that_make_no_sense_are_left_out():
    look = Look(search="ada", stage="won", tag="vip", owner=uuid4(), sort="company", descending=True)
    assert look_of(look.settings()) == look
    assert look_of({"stage": "gone", "owner": "x", "sort": 3, "tag": 4, "descending": 1}) == Look()
    assert look_of("nonsense") == Look()
    assert replace(look, search="").narrowed
    assert not Look(sort="added").narrowed


def test_texts_and_lists_are_searched_and_columns_without_nulls_bound_the_page():
    assert Where("search", "contains", " 50%_a").term() == 'search.like."% 50\\\\%\\\\_a%"'
    assert Where("tags", "has", 'a "b\\').term() == 'tags.cs."{\\"a \\\\\\"b\\\\\\\\\\"}"'
    order = Order("name_key", True, nulls="never")
    assert order.term() == "name_key.desc"
    row = Look().query(uuid4()), type("Row", (), {"name_key": "b", "id": UUID(int=1)})()
    assert 'name_key.gte."b"' in row[0].params(after=row[1])["and"]
    assert Query("t", order=(Order("x"),)).params(after=type("Row", (), {"x": 1, "id": 2})())["and"].startswith("(or(")
