"""Topping up: how many credits, and that no money moves. One opening of the dialog is one payment, however often it is clicked."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from components.tag import Tag
from state.credits import LEAST, MOST, Credits, credits

AMOUNTS = (100, 250, 500, 1_000)
USUAL = AMOUNTS[1]


class TopUp(ui.dialog):
    """`show` opens it."""

    def __init__(self, credits: Credits) -> None:
        super().__init__()
        self._credits = credits
        self._paid = False
        self.props('aria-label="Top up" transition-duration=120')
        with self, ui.card().classes("top-up"), ui.element("form") as form:
            form.props("novalidate").on("submit.prevent", self._pay, args=[])
            Tag("h2", "Top up", "title")
            with ui.element("div").classes("top-up__amounts").props('role=group aria-label="Amount"'):
                self._chips = {amount: self._chip(amount) for amount in AMOUNTS}
            # Without limits of its own: what is out of them is said, and not another amount paid than was written.
            self._amount = ui.number(value=USUAL, on_change=self._show)
            self._amount.props('outlined inputmode=numeric aria-label="Credits" suffix=credits no-error-icon')
            Tag("p", "The payment is simulated: no money moves.", "secondary")
            with ui.element("div").classes("top-up__actions"):
                ui.button("Cancel", color=None, on_click=self.close).props("flat type=button")
                self._go = ui.button(color=None).classes("btn--primary").props("unelevated type=submit")
        self._show()

    def show(self) -> None:
        """Open it for a new payment."""
        self._paid = False
        self._amount.error = None
        self._amount.value = USUAL
        self.open()

    def _chip(self, amount: int) -> ui.button:
        chip = ui.button(f"{amount:,}", color=None, on_click=partial(self._choose, amount))
        return chip.props("flat type=button").classes("num")

    def _choose(self, amount: int) -> None:
        self._amount.value = amount

    def _show(self) -> None:
        self._amount.error = None
        amount = self._wanted()
        self._go.text = "Add credits" if amount is None else f"Add {credits(amount)}"
        for value, chip in self._chips.items():
            chip.props["aria-pressed"] = str(value == amount).lower()

    def _wanted(self) -> int | None:
        """What is written, where that can be paid."""
        value = self._amount.value
        if isinstance(value, int | float) and LEAST <= value <= MOST and value == int(value):
            return int(value)
        return None

    def _pay(self) -> None:
        amount = self._wanted()
        if self._paid:
            return
        try:
            self._credits.top_up(0 if amount is None else amount)
        except (ValueError, LookupError) as error:
            self._amount.error = str(error)
            self._amount.run_method("focus")  # the button takes it when Enter is pressed
            return
        self._paid = True
        self.close()
