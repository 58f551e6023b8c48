"""/market: all prices live, what one watches, one symbol in full, and alerts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from components import session
from components.coin import Coin
from components.command_palette import Command
from components.freshness_note import FreshnessNote
from components.price_alerts import AlertDialog, PriceAlerts
from components.price_board import PriceBoard
from components.price_source import PriceSource
from components.region_state import RegionState
from components.shell import Shell, shell, sign_in_path
from components.theme import ICON
from components.time_zone import browser_zone
from state.market import DEFAULT, Market, use_market
from state.watching import Watching, use_watching

if TYPE_CHECKING:
    from components.session import Visitor

PATH = "/market"
SKELETONS = 12
WATCHLIST, ALL = "Watchlist", "All"


@ui.page(PATH)
async def page(symbol: str = "") -> None:
    """`symbol`: the one to show in full."""
    visitor = await session.visitor()
    market, leave = use_market(visitor.world)
    ui.context.client.on_delete(leave)
    watching: Watching | None = None
    if visitor.member is not None:
        watching, leave_watching = use_watching(visitor.member)
        ui.context.client.on_delete(leave_watching)
    with shell("Market", visitor) as around:
        MarketPage(visitor, around, market, watching, symbol.upper())


class MarketPage:
    """What is shown: which of the symbols, and which in full."""

    def __init__(self, visitor: Visitor, around: Shell, market: Market, watching: Watching | None, symbol: str) -> None:
        self._market, self._watching = market, watching
        self._list, self._text, self._asked, self._chosen = WATCHLIST if watching else ALL, "", symbol, ""
        self._settled = False  # what to begin with has been decided
        client = ui.context.client
        browser_zone(lambda _: self._tell_time())
        with ui.element("div").classes("market"):
            with ui.element("section").classes("market__board").props("aria-label=Prices role=region"):
                self._bar()
                self._board = PriceBoard(market, "Prices", choose=self.choose, watch=self._toggle, move=self._move)
                self._state = RegionState(
                    market.prices,
                    skeleton=_draw_skeleton,
                    empty="You watch nothing yet.",
                    action=("Watch BTC, ETH and SEI", self._begin) if watching else None,
                )
            with ui.element("div").classes("market__detail"):
                self._coin = Coin(market, around.mode, watch=self._toggle, alert=self._alert, guest=watching is None)
                if watching is not None:
                    self._dialog = AlertDialog(market, watching)
                    self._alerts = PriceAlerts(watching, begin=lambda: self._alert(self._chosen), choose=self.choose)
        client.on_delete(market.changed.subscribe(lambda _: self._draw()))
        client.on_delete(market.subscribe(lambda _: None if self._settled else self._draw()))
        if watching is not None:
            client.on_delete(watching.watchlist.subscribe(lambda _: self._draw()))
        visitor.studio.failures.subscribe(around.toasts.failed)
        around.commands.add(
            Command("Find a symbol", icon=f"{ICON}search", keys="/", action=self._focus, section="Market"),
            Command(
                "Set a price alert", icon=f"{ICON}add_alert", action=lambda: self._alert(self._chosen), section="Market"
            ),
        )
        self._draw()

    def _bar(self) -> None:
        with ui.element("div").classes("market__bar"):
            self._chips: dict[str, ui.button] = {}
            if self._watching is not None:
                for name in (WATCHLIST, ALL):
                    self._chips[name] = ui.button(name, color=None, on_click=partial(self._choose_list, name)).props(
                        "flat"
                    )
            self._search = ui.input(placeholder="Search all symbols", on_change=lambda e: self._find(e.value or ""))
            self._search.props('outlined dense clearable maxlength=60 aria-label="Search symbols"').classes(
                "market__search"
            )
            FreshnessNote(lambda: self._market.view.freshness)
            self._source = PriceSource(self._market)

    # What one does ----------------------------------------------------------------------------------------------------

    def choose(self, symbol: str) -> None:
        """Shows this symbol in full."""
        self._chosen = symbol
        self._coin.show(symbol)
        self._coin.come_into_view()
        self._draw()

    def _choose_list(self, name: str) -> None:
        self._list = name
        self._draw()

    def _find(self, text: str) -> None:
        self._text = text
        self._draw()

    def _focus(self) -> None:
        self._search.run_method("focus")

    def _begin(self) -> None:
        if self._watching is not None:
            for symbol in DEFAULT:
                self._watching.watch(symbol)

    def _toggle(self, symbol: str) -> None:
        if self._watching is None:
            _sign_in()
        elif self._watching.watches(symbol):
            self._watching.unwatch(symbol)
        else:
            self._watching.watch(symbol)

    def _move(self, symbol: str, place: int) -> None:
        if self._watching is not None:
            self._watching.move(symbol, place)

    def _alert(self, symbol: str) -> None:
        if self._watching is None:
            _sign_in()
        elif symbol:
            self._dialog.ask(symbol)

    def _tell_time(self) -> None:
        """The browser is somewhere else than it was last time."""
        self._source.show()
        self._board.draw()
        if self._watching is not None:
            self._alerts.again()

    # What is shown ----------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        known = self._market.symbols
        watched = self._watching.symbols if self._watching else []
        if (
            not self._settled
            and self._market.settled
            and (self._watching is None or self._watching.watchlist.phase != "loading")
        ):
            self._settled = True
            if not watched:
                self._list = ALL
            self._chosen = self._asked if self._asked in known else (watched or known)[0]
            self._coin.show(self._chosen)
        shown = self._market.find(self._text) if self._text.strip() else watched if self._list == WATCHLIST else known
        shown = shown if self._settled else []
        self._board.show(shown)
        own = shown == watched and len(watched) > 1
        self._board.point_out(chosen=self._chosen, watched=watched, movable=own)
        self._coin.say_watched(self._chosen in watched)
        for name, chip in self._chips.items():
            pressed = name == self._list and not self._text.strip()
            chip.props["aria-pressed"] = str(pressed).lower()
            chip.text = f"{name} {len(watched if name == WATCHLIST else known)}" if self._settled else name
        searched = self._text.strip()
        nothing = f"No symbol is called “{searched}”." if searched else "You watch nothing yet."
        self._state.show(len(shown) if self._settled else 0, empty=nothing, offer=not searched)


def _sign_in() -> None:
    ui.navigate.to(sign_in_path(PATH))


def _draw_skeleton() -> None:
    with ui.element("div").classes("prices prices--cards"):
        for _ in range(SKELETONS):
            ui.element("div").classes("skeleton prices__skeleton")
