"""A member's price alerts: a dialog that makes one, and the list of those that wait and of those that have fired."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from nicegui import ui

from components.counter import Counter
from components.icon_button import IconButton
from components.island import Island
from components.live_list import LiveList
from components.price_words import dollars, exact, plain
from components.region_state import RegionState
from components.tag import Tag
from components.time_zone import local, zone_of
from state.market import Market
from state.models import PriceAlert
from state.sync.mutation import Pending
from state.watching import AlertDraft, Kind, Watching

KINDS: dict[Kind, str] = {"above": "Above", "below": "Below", "percent": "By percent"}
AWAY = {"above": 1.05, "below": 0.95}  # of the price of now: what the dialog suggests
SUGGESTED_PERCENT = 5
GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")  # 102,200.50; any other comma is not guessed at


class AlertDialog(ui.dialog):
    """`ask` opens it for a symbol."""

    def __init__(self, market: Market, watching: Watching) -> None:
        super().__init__()
        self._market, self._watching = market, watching
        self._symbol = ""
        self._kind: Kind = "above"
        self.props('aria-label="Price alert"')
        with self, ui.card().classes("alert-form"):
            self._title = Tag("h2", "", "title")
            with ui.element("div").classes("alert-form__kinds").props('role=group aria-label="When"'):
                self._chips = {kind: self._chip(kind) for kind in KINDS}
            with ui.element("div").classes("field"):
                self._label = Tag("label", "", "field__label").props("for=threshold")
                self._threshold = ui.input(on_change=self._forgive).props(
                    "outlined for=threshold inputmode=decimal autocomplete=off no-error-icon autofocus"
                )
                self._threshold.on("keydown.enter", self._send)
            self._hint = Tag("p", "", "secondary")
            with ui.element("div").classes("alert-form__end"):
                ui.button("Cancel", color=None, on_click=self.close).props("flat")
                ui.button("Set alert", color=None, on_click=self._send).classes("btn--primary").props("unelevated")

    def ask(self, symbol: str) -> None:
        """Opens it for `symbol`."""
        self._symbol = symbol
        self._title.text = f"Tell me when {symbol} moves"
        self._choose("above")
        self.open()

    def _chip(self, kind: Kind) -> ui.button:
        return ui.button(KINDS[kind], color=None, on_click=partial(self._choose, kind)).props("flat")

    def _choose(self, kind: Kind) -> None:
        self._kind = kind
        price = self._market.get_price(self._symbol)
        now = price.price if price else 0.0
        for name, chip in self._chips.items():
            chip.props["aria-pressed"] = str(name == kind).lower()
        if kind == "percent":
            self._label.text, self._threshold.value = "Percent, up or down", str(SUGGESTED_PERCENT)
            self._hint.text = f"Counts from the price when it is armed: {dollars(now)} now. It fires once."
        else:
            self._label.text = "Price in dollars"
            self._threshold.value = plain(float(f"{now * AWAY[kind]:.4g}"))
            self._hint.text = f"It is {dollars(now)} now. The alert fires once, when the price crosses."
        self._forgive()

    def _forgive(self) -> None:
        self._threshold.error = None

    def _send(self) -> None:
        text = str(self._threshold.value or "").strip(" $%")
        text = text.replace(",", "") if GROUPED.fullmatch(text) else text
        draft = AlertDraft.check(self._symbol, self._kind, text)
        if isinstance(draft, str):
            self._threshold.error = draft
            self._threshold.run_method("focus")
            return
        price = self._market.get_price(self._symbol)
        self._watching.set_alert(draft, price.price if price else 0.0)
        self.close()


class PriceAlerts(Island):
    """The region "Alerts". `begin` opens the dialog, `choose` goes to the symbol of one that is pressed."""

    def __init__(self, watching: Watching, *, begin: Callable[[], None], choose: Callable[[str], None]) -> None:
        super().__init__("section")
        self.classes("alerts").props("aria-label=Alerts role=region")
        self._watching, self._choose = watching, choose
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Alerts")
                self._count = Counter()
            with ui.element("div").classes("card card--flush"):
                rows = ui.element("ul").classes("alerts__rows divided")
                self._state = RegionState(
                    watching.alerts,
                    skeleton=_draw_skeleton,
                    empty="No alert is set. Set one to be told when a price crosses, whether Starling is open or not.",
                    action=("Set an alert", begin),
                )
            self._list: LiveList[PriceAlert, AlertRow] = LiveList(
                watching.alerts, self._row, rows, changed=self._changed
            )
        self._changed()

    def again(self) -> None:
        """In the words of who looks, who turned out to be elsewhere."""
        for id, row in self._list.items.items():
            if (alert := self._watching.alerts.get(id)) is not None:
                row.update(alert, self._watching.alerts.pending(id))

    def _row(self, alert: PriceAlert, pending: Pending | None) -> AlertRow:
        return AlertRow(alert, pending, watching=self._watching, choose=self._choose)

    def _changed(self) -> None:
        alerts = self._watching.alerts.rows
        if self._watching.alerts.phase == "ready":
            self._count.set(len(alerts), "")
        self._state.show(len(alerts))


class AlertRow:
    """One alert: what it waits for, and whether it is armed, has fired or rests."""

    def __init__(
        self, alert: PriceAlert, pending: Pending | None, *, watching: Watching, choose: Callable[[str], None]
    ) -> None:
        self._alert = alert
        with Island("li").classes("alert") as self.element:
            self._dot = ui.element("i").classes("dot").props("aria-hidden=true")
            with ui.element("div").classes("alert__words"):
                self._what = Tag("p", "", "alert__what truncate-1 num")
                self._how = Tag("p", "", "meta")
            self._arm = IconButton("notifications_active", "Arm again", self._switch)
            IconButton("candlestick_chart", "Show the chart", lambda: choose(self._alert.symbol))
            IconButton("close", "Remove", lambda: watching.remove_alert(self._alert.id))
        self._watching = watching
        self.update(alert, pending)

    def update(self, alert: PriceAlert, pending: Pending | None) -> None:
        """See Item."""
        self._alert = alert
        tone, words = standing(alert, pending, zone_of(self.element.client))
        self._dot.classes(replace=f"dot {tone}")
        self._what.text = sentence(alert)
        self._how.text = words
        failed = pending is not None and bool(pending.failed)
        self._arm.text = "refresh" if failed else "notifications_off" if alert.armed else "notifications_active"
        self._arm.rename("Send again" if failed else "Let it rest" if alert.armed else "Arm again")

    def _switch(self) -> None:
        self._watching.arm(self._alert.id, not self._alert.armed)


def sentence(alert: PriceAlert) -> str:
    """BTC above $100,000.00; SEI moves by 5 %."""
    if alert.kind == "percent":
        return f"{alert.symbol} moves by {plain(alert.threshold)} %"
    return f"{alert.symbol} {alert.kind} {exact(alert.threshold)}"


def standing(alert: PriceAlert, pending: Pending | None, zone: str) -> tuple[str, str]:
    """The colour and the words for how an alert stands."""
    if pending is not None and pending.failed:
        return "tone-fail", pending.failed
    if pending is not None and pending.waiting:
        return "tone-wait", "Waits for the connection"
    if alert.armed:
        return "tone-live", f"Armed at {exact(alert.reference_price)}"
    if alert.triggered_at is not None and alert.triggered_price is not None and alert.triggered_at >= alert.armed_at:
        when = local(alert.triggered_at, zone, "%b %-d, %H:%M")
        return "tone-info", f"Fired at {exact(alert.triggered_price)} on {when}"
    return "", "Rests"


def _draw_skeleton() -> None:
    with ui.element("div").classes("alert"):
        ui.element("div").classes("skeleton skeleton--line")
