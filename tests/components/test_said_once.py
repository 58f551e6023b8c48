"""What a browser says is heard once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from engineio.payload import Payload
from nicegui import Client, core, ui

from components.said_once import install, is_news, once, unmoved


async def test_each_number_of_a_document_is_news_once(show: Callable) -> None:
    clients: list[Client] = []
    await show(lambda: clients.append(ui.context.client))
    client = clients[0]
    heard = [is_news(client, ("a", number)) for number in (1, 2, 1, 2, 3)]
    assert heard == [True, True, False, False, True]
    assert is_news(client, ("a", 5)) is None  # what was said before is lost: this is said again behind it
    assert is_news(client, ("a", 4))
    assert is_news(client, ("a", 5))
    assert is_news(client, ("b", 1))  # the same page, loaded again
    assert is_news(client, None)


async def test_what_no_page_says_neither_counts_nor_raises(show: Callable) -> None:  # 3
    clients: list[Client] = []
    await show(lambda: clients.append(ui.context.client))
    (client,) = clients
    (socket,) = client._socket_to_document_id
    heard: list[Any] = []
    hear = unmoved(once(lambda _, message: heard.append(message["args"])))
    odd: list[Any] = [
        "a", 7, [], ["a"], ["a", "1"], ["a", None], ["a", float("inf")], [1, 1], ["a" * 65, 1], [["a"], 1], {"a": 1, "b": 2},
    ]  # fmt: skip
    for said in odd:
        hear(socket, {"client_id": client.id, "args": said, "said": said})
    for message in (None, "event", [], {}, {"client_id": []}, {"client_id": "nobody's", "said": ["a", 9]}):
        hear(socket, message)
    hear(socket)
    hear("somebody else's", {"client_id": client.id, "args": "as if", "said": ["a", 10**9]})
    assert heard == []
    assert hear(socket, {"client_id": client.id, "args": "first", "said": ["a", 1]}) is None
    assert hear(socket, {"client_id": client.id, "args": "third", "said": ["a", 3]}) is core.sio.not_handled
    assert heard == ["first"]


async def test_all_that_is_said_again_may_come_in_one_request(show: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    await show(lambda: None)
    monkeypatch.setattr(Payload, "max_decode_packets", 16)
    monkeypatch.setattr(core.sio, "on", lambda *_: None)
    install()
    assert len(Payload(encoded_payload="\x1e".join(['42["event",{}]'] * 1000)).packets) == 1000
