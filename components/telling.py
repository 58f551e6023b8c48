"""Telling: how one page lets its member know of what has just come. The number in the tab's title, a toast while the page
is looked at, the browser's own notification while it is hidden and the member is nowhere else.

Invariants, cited by the tests
1. A page says nothing of what it shows already, and nothing twice. What one asked to be told of (`ASKED_FOR`) is told
   everywhere: the symbol that is shown may be another one by now, and the alert far below it.
2. While a page is hidden it shows no toast: whoever comes back finds the number, not a pile of old news.
3. What comes within `GATHER_S` is one notification of the browser; of its hidden tabs one shows it (static/telling.js).
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments

from components import session
from components.notification_item import Letterbox
from components.notification_words import LOOK, LOOKS, counted, looking_at, many, sentence
from components.theme import ICON
from components.toasts import Toast, Toasts
from state.notifications import Arrival

if TYPE_CHECKING:
    from state.member import Member

GATHER_S = 1.0
ASKED_FOR = ("price_alert",)
MOST_WAITING = 200
CLICKED = "starling_told"  # sent by static/telling.js with the id of what was clicked


class Telling:
    """Made once by the shell of a member's page with this title."""

    def __init__(self, member: Member, toasts: Toasts, title: str) -> None:
        self._member, self._toasts, self._title = member, toasts, title
        self._client = ui.context.client
        self._address = str(self._client.request.url)
        self._box = Letterbox(member)
        self._visible = True
        self._shown = ""
        self._waiting: list[Arrival] = []
        self._timer: asyncio.TimerHandle | None = None
        ui.on(session.VISIBLE, self._see)
        ui.on(CLICKED, self._clicked)
        self._client.on_delete(member.notifications.changed.subscribe(lambda _: self._count()))
        self._client.on_delete(member.notifications.arrived.subscribe(self._tell))
        self._client.on_delete(self._stop)
        self._count()

    def _see(self, event: GenericEventArguments) -> None:
        self._visible = bool(event.args)

    def _count(self) -> None:
        title = counted(self._title, self._member.notifications.unread)
        if title != self._shown and not self._client.is_deleted:
            self._shown = title
            with self._client:
                ui.page_title(title)

    def _tell(self, arrival: Arrival) -> None:
        if self._client.is_deleted:
            return
        if not self._visible:
            self._gather(arrival)
        elif arrival.notification.kind in ASKED_FOR or not looking_at(self._address, arrival.notification.path):
            background_tasks.create(self._toast(arrival), name="tell of a notification")
        elif arrival.notification.kind == "chat_mention":  # read with the chat; not while the table tells
            asyncio.get_running_loop().call_soon(self._member.notifications.read, arrival.notification.id)

    async def _toast(self, arrival: Arrival) -> None:
        told = arrival.notification
        picture = self._box.picture(told)
        address = None if picture is None else await self._member.media.url(picture.poster_path)
        icon, tone = LOOKS.get(told.kind, LOOK)
        toast = Toast(
            sentence(told, self._box.person), picture=address, icon=ICON + icon, tone=tone.removeprefix("tone-"),
            action=("View", lambda: self._box.follow(told)), group=f"told {told.kind}", many=many(told.kind),
        )  # fmt: skip
        self._toasts.show(toast)

    # While nobody looks ----------------------------------------------------------------------------------------------

    def _gather(self, arrival: Arrival) -> None:
        if arrival.notification.browser and not self._member.audience.attended and len(self._waiting) < MOST_WAITING:
            self._waiting.append(arrival)
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._send)

    def _send(self) -> None:
        self._timer = None
        gathered, self._waiting = self._waiting, []
        if self._client.is_deleted or not gathered:
            return
        sentences = list(dict.fromkeys(sentence(a.notification, self._box.person) for a in gathered))
        last = gathered[-1].notification
        one = len({a.notification.id for a in gathered}) == 1
        said = {
            "id": str(last.id),
            "key": f"{last.id} {last.times}",
            "title": sentences[-1] if one else f"{len(gathered)} notifications",
            "body": last.body if one else "\n".join(sentences[-3:]),
        }
        self._client.run_javascript(f"starling.telling.show({json.dumps(said)})")

    def _clicked(self, event: GenericEventArguments) -> None:
        try:
            told = self._member.notifications.table.get(UUID(str(event.args)))
        except ValueError:
            return
        if told is not None:
            self._box.follow(told)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
