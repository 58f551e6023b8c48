"""The price strip: a few symbols in one line, live, for any page."""

from __future__ import annotations

from collections.abc import Iterable

from nicegui import ui

from components.price_board import PriceBoard
from state.market import DEFAULT, use_market
from state.world import World

PATH = "/market"


class PriceStrip(PriceBoard):
    """`symbols` in their order; `show` takes others. A press leads to the symbol on `/market`."""

    def __init__(self, world: World, symbols: Iterable[str] = DEFAULT, *, name: str = "Prices") -> None:
        market, leave = use_market(world)
        super().__init__(market, name, symbols, layout="strip", choose=_open)
        self.client.on_delete(leave)


def _open(symbol: str) -> None:
    ui.navigate.to(f"{PATH}?symbol={symbol}")
