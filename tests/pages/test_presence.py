"""How one is seen, on the real stack."""

from __future__ import annotations

from uuid import uuid4

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from components import session
from components.prompt_form import PromptForm
from components.session import starling
from state.member import Member
from tests.pages.test_studio import LONG, ada, choose, only, until, write  # noqa: F401 (a fixture)


def me() -> Member:
    (member,) = starling().members
    return member


def checked(user: User) -> set[str]:
    """The choices that are marked, in the menus of the rail and of the header."""
    with user:
        items = [item for item in ElementFilter(kind=ui.menu_item) if item.props.get("aria-checked") == "true"]
    return {child.text for item in items for child in item if isinstance(child, ui.label)}


async def test_one_chooses_how_one_is_seen_and_a_reload_does_not_forget(ada: User) -> None:  # noqa: F811
    await ada.should_see("are here", retries=LONG)
    assert checked(ada) == {"Automatic"}
    choose(ada, "Away")
    await ada.should_see("are away", retries=LONG)
    assert checked(ada) == {"Away"}
    choose(ada, "Appear offline")
    await until(lambda: me().id not in me().presence.people)
    await ada.should_see("Seen as offline")
    await ada.should_not_see("are away")
    await until(lambda: me().attendance._saying is None)
    await starling().members.close()  # as when the app starts anew
    await ada.open("/studio")
    await until(lambda: me().attendance.chosen == "offline")
    assert checked(ada) == {"Appear offline"}
    choose(ada, "Automatic")
    await ada.should_see("are here", retries=LONG)
    await until(lambda: me().attendance._saying is None)  # others are Ada after this


async def test_others_hear_that_one_writes_and_not_of_what_the_form_writes_itself(ada: User) -> None:  # noqa: F811
    typing = me().typing
    await until(lambda: me().id in me().presence.people)
    with ada:
        only(ada, PromptForm).surprise()
    assert typing._rest is None
    write(ada, "a slow river")
    assert typing._rest is not None
    write(ada, "")
    assert typing._rest is None


async def test_the_page_one_is_on_is_said(ada: User) -> None:  # noqa: F811
    await until(lambda: (person := me().presence.people.get(me().id)) and person.metadata == {"page": "/studio"})


async def test_a_browser_that_says_nobody_looks_makes_one_away(ada: User) -> None:  # noqa: F811
    await ada.should_see("are here", retries=LONG)
    seat = next(iter(me().audience._seats))
    seat.act(False)
    await ada.should_see("are away", retries=LONG)
    seat.act(True)
    await ada.should_see("are here", retries=LONG)


async def test_a_page_that_was_cut_off_is_kept_without_its_person_and_gets_what_it_missed_as_it_is_now(
    ada: User,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "LEAVE_S", 0.1)
    client = ada.client
    assert client is not None
    with client:
        label = ui.label("at first")
    await until(lambda: not client.outbox.updates)
    seen = client.outbox.next_message_id  # what comes after it is lost on its way
    label.text = "on its way"
    await until(lambda: client.outbox.next_message_id > seen and not client.outbox.updates)
    client.handle_disconnect(next(iter(client._socket_to_document_id)))
    label.text = "meanwhile"
    assert client.page.resolve_reconnect_timeout() == session.KEPT_S
    await until(lambda: len(me().audience) == 0)

    sent: list[str] = []
    emit = client.outbox._emit

    async def listen(message: tuple) -> None:
        sent.extend(message[2][label.id]["text"] for _ in "1" if label.id in message[2])
        await emit(message)

    monkeypatch.setattr(client.outbox, "_emit", listen)
    await client.handle_handshake("test-again", ada.tab_id, None, str(uuid4()), seen)
    assert len(me().audience) == 1
    await until(lambda: bool(sent) and not client.outbox.messages)
    assert sent == ["meanwhile"]

    left = next(each for each in client.layout._event_listeners.values() if each.type == session.LEFT)
    client.handle_event({"id": 0, "listener_id": left.id, "args": ["true"]})
    client.handle_disconnect("test-again")
    assert client.page.resolve_reconnect_timeout() < session.KEPT_S
