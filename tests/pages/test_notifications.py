"""The bell, its panel and the page of notifications, on the real stack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from nicegui import Client, ElementFilter, ui
from nicegui.testing import User

from components.bell import Bell
from components.notification_item import NotificationItem
from components.notification_list import NotificationList
from components.session import VISIBLE
from components.toasts import Toasts
from embedded.stack import Address
from tests.pages.test_presence import me
from tests.pages.test_studio import LONG, ada, only, until  # noqa: F401 (a fixture)

NOTIFY = "select private.notify((select id from public.profiles where username = 'ada'), $1, $2, $3, (select id from public.profiles where username = $4), $5)"


@pytest.fixture
async def db(supabase: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(supabase.db_url)
    await connection.execute("delete from public.notifications")
    yield connection
    await connection.execute("delete from public.notifications")
    await connection.close()


def texts(user: User) -> list[str]:
    """What the toasts say."""
    with user:
        toasts = next(iter(ElementFilter(kind=Toasts)))
        return [label.text for label in ElementFilter(kind=ui.label).within(instance=toasts)]


async def sent() -> None:
    """What was marked is in the database: what is deleted after this is in nobody's way."""
    await until(lambda: not me().notifications.table.mutations.unconfirmed)


def title(user: User) -> str:
    with user:
        return ui.context.client.title or ""


async def test_the_bell_counts_the_title_too_and_a_toast_says_it(ada: User, db: asyncpg.Connection) -> None:  # noqa: F811
    subject = uuid4()
    assert title(ada) == "Studio · Starling"
    await db.execute(NOTIFY, "like", "dunes", "/feed", "grace", subject)
    await until(lambda: title(ada) == "(1) Studio · Starling")
    bell: Bell = only(ada, Bell)
    assert bell._number.text == "1"
    await until(lambda: texts(ada) == ["Grace likes “dunes”"])
    await db.execute(NOTIFY, "like", "dunes", "/feed", "katherine", subject)
    await until(lambda: "Katherine and Grace like “dunes”" in texts(ada))

    ada.find(kind=ui.menu, marker=None).trigger("beforeShow")
    await until(lambda: bell._list is not None and len(bell._list.items) == 1)
    assert bell._list is not None
    (item,) = bell._list.items.values()
    assert item._sentence.text == "Katherine and Grace like “dunes”"
    me().notifications.read_all()
    await until(lambda: title(ada) == "Studio · Starling")
    assert not bell._number.visible
    assert not item._read.visible
    await sent()


async def test_a_page_that_nobody_looks_at_asks_its_browser(ada: User, db: asyncpg.Connection) -> None:  # noqa: F811
    asked: list[str] = []
    with ada:
        client = ui.context.client
    client.run_javascript = asked.append  # type: ignore[method-assign, assignment]
    see(client, False)
    await db.execute(NOTIFY, "comment", "dunes", "/feed", "grace", uuid4())
    await db.execute(NOTIFY, "like", "dunes", "/feed", "grace", uuid4())
    await until(lambda: any("telling.show" in code for code in asked))
    (shown,) = [code for code in asked if "telling.show" in code]
    assert "2 notifications" in shown
    assert texts(ada) == []


def see(client: Client, visible: bool) -> None:
    """As static/session.js says it."""
    for listener in client.layout._event_listeners.values():
        if listener.type == VISIBLE:
            client.layout._handle_event({"listener_id": listener.id, "args": visible})


async def test_what_one_sees_happen_in_the_studio_is_no_news(ada: User, db: asyncpg.Connection) -> None:  # noqa: F811
    await db.execute(NOTIFY, "generation_finished", "dunes", "/studio", None, uuid4())
    table = me().notifications.table
    await until(lambda: table.rows and table.rows[0].read_at)
    await sent()
    assert (title(ada), texts(ada)) == ("Studio · Starling", [])


async def test_the_page_lists_them_and_leads_to_what_they_are_about(ada: User, db: asyncpg.Connection) -> None:  # noqa: F811
    for n in range(2):
        await db.execute(NOTIFY, "comment", f"dunes {n}", "/diagnostics", "grace", uuid4())
    await until(lambda: me().notifications.unread == 2)
    await ada.open("/notifications")
    await ada.should_see("Grace commented on “dunes 1”", retries=LONG)
    page: NotificationList = only(ada, NotificationList)
    click_link(ada, next(iter(page._list.items.values())))
    await until(lambda: me().notifications.unread == 1)
    await ada.open("/notifications")
    page = only(ada, NotificationList)
    page.choose("Unread")
    assert [item._sentence.text for item in page._list.items.values()] == ["Grace commented on “dunes 0”"]
    me().notifications.read_all()
    await ada.should_see("Everything is read.")
    await sent()


def click_link(user: User, item: NotificationItem) -> None:
    """A plain click."""
    with user:
        listener = next(one for one in item._link._event_listeners.values() if one.type == "click")
        item._link._handle_event({"listener_id": listener.id, "args": False})


async def test_guests_are_asked_to_sign_in(user: User) -> None:
    await user.open("/notifications")
    await user.should_see("Sign in")
    with user:
        assert ui.context.client.page.path == "/sign-in"
