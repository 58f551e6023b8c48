"""What a browser says is heard once."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import Client, ui

from components.said_once import is_news


async def test_each_number_of_a_document_is_news_once(show: Callable) -> None:
    clients: list[Client] = []
    await show(lambda: clients.append(ui.context.client))
    client = clients[0]
    heard = [is_news(client, ("a", number)) for number in (1, 2, 1, 2, 3)]
    assert heard == [True, True, False, False, True]
    assert is_news(client, ("b", 1))  # the same page, loaded again
    assert is_news(client, None)
    assert is_news(None, ("a", 1))
