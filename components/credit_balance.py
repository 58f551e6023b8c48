"""A member's balance: it counts up and down, and says "+100" or "−8" for a moment; the same in every tab."""

from __future__ import annotations

from typing import Literal, TypeAlias

from nicegui import ui

from components.theme import ICON
from state.credits import Credits

Size: TypeAlias = Literal["small", "medium", "large"]

LOW = "Your credits run low"


class CreditBalance(ui.element, component="static/vue/credit_balance.js"):
    """`size`: in a line of text, in a row, or as the point of a card. Not `animated`, it changes without a show, as it does for
    everybody who asked their system for less motion."""

    def __init__(self, credits: Credits, *, size: Size = "medium", animated: bool = True) -> None:
        super().__init__()
        self._credits = credits
        self._props["value"] = credits.balance
        self._props["size"] = size
        self._props["animated"] = animated
        self.client.on_delete(credits.observe(self._show))

    def _show(self) -> None:
        if self._props["value"] != self._credits.balance:
            self._props["value"] = self._credits.balance
            self.update()


class CreditChip(ui.link):
    """The balance in the header of every page; it leads to all there is to know of it."""

    def __init__(self, credits: Credits) -> None:
        super().__init__(target="/credits")
        self._credits = credits
        self.classes("pill credit-chip")
        with self:
            self._icon = ui.icon(f"{ICON}toll").props("aria-hidden=true")
            CreditBalance(credits, size="small")
        self.client.on_delete(credits.observe(self._show))
        self._show()

    def _show(self) -> None:
        low = self._credits.low
        self._icon.props["name"] = ICON + ("warning" if low else "toll")
        self.props["title"] = LOW if low else "Credits"
        self.classes(add="credit-chip--low" if low else "", remove="" if low else "credit-chip--low")
