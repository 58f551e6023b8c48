"""Line: a field whose text is sent with Enter, one after the other, as quickly as somebody types.

Invariants, cited by the tests
1. The browser empties the field at Enter (static/starling_lines.js). The app could do so a round trip later at best: after the first
   letters of what comes next, which would go as well.
2. What was sent and is not taken yet stands below the field; `said_once` sees to it that it is heard, and once.
   After a page was away for so long that it is loaded anew, what was not taken stands in its field again, unsent.
3. What is refused stands in the field again, unless something else does, with the reason below it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

Wrong = str | None


def names(field: ui.input, element: ui.element, name: str) -> None:
    """A click on `element` completes the @name at the end of `field`: in the browser, which alone knows what was typed since."""
    element.on("click", js_handler=f"() => starling.names.take({field.id}, {json.dumps(name)})")


class Line:
    """`take` gets what stood in `field`, trimmed, and answers what is wrong with it. Each of `buttons` sends as Enter does."""

    def __init__(
        self,
        field: ui.input,
        take: Callable[[str], Wrong | Awaitable[Wrong]],
        *buttons: ui.element,
        keys: tuple[str, ...] = ("keydown.enter",),
    ) -> None:
        self._field, self._take = field, take
        send = f"(event) => starling.lines.send({field.id}, event, (said) => emit(said))"
        for key in keys:
            field.on(key, self._hear, js_handler=send)
        for button in buttons:
            button.on("click", self._hear, js_handler=send)
        field.on_value_change(self._forgive)

    async def send(self, text: str) -> None:
        """Hand on `text`, as if it had been typed."""
        wrong = self._take(text)
        if inspect.isawaitable(wrong):
            wrong = await wrong
        if wrong and not self._field.is_deleted:
            self._field.value = self._field.value or text
            self._field.error = wrong
            self._field.run_method("focus")

    async def _hear(self, event: GenericEventArguments) -> None:
        number, text = event.args.get("number"), event.args.get("text")
        if not isinstance(number, int) or not isinstance(text, str):
            return
        try:
            await self.send(text.strip())
        finally:
            if not self._field.client.is_deleted:
                self._field.client.run_javascript(f"starling.lines.took({number})")

    def _forgive(self) -> None:
        self._field.error = None
