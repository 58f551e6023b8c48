"""The cards of the dashboard, in the order that their member gave them, some of them hidden.

Arranging is a mode: cards are dragged by their grips, or moved with the arrow keys, and hidden; those that are hidden stand
above as buttons that bring them back. What one does is in all one's browsers at once (`state.dashboard`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from nicegui import ui
from nicegui.events import GenericEventArguments

from components.icon_button import IconButton
from components.island import Island
from components.tag import Tag
from components.theme import ICON
from state.dashboard import Dashboard

DRAG = "(event) => starlingCards.drag(event, (move) => emit(move))"
STEP = "(event) => starlingCards.step(event, (move) => emit(move))"

Size: TypeAlias = Literal["number", "half", "tall", "wide"]


@dataclass(frozen=True)
class Card:
    """`build` draws what is in it. `name` is what the database keeps: small letters and underscores."""

    name: str
    title: str
    size: Size
    build: Callable[[], object]
    icon: str = ""
    path: str = ""  # where there is more of it


class CardFrame:
    """A card: its title, what it holds, and while one arranges a grip and a button to hide it."""

    def __init__(self, card: Card, *, hide: Callable[[], None]) -> None:
        self.card = card
        self.element = Island("section").classes(f"card dash-card dash-card--{card.size}")
        self.element.props["data-card"] = card.name
        self.element.props["aria-label"] = card.title
        self.element.props["role"] = "region"
        with self.element:
            with ui.element("h2").classes("dash-card__head"):
                if card.path:
                    ui.link(card.title, card.path).classes("dash-card__title")
                else:
                    Tag("span", card.title, "dash-card__title")
                if card.icon:
                    ui.icon(ICON + card.icon).classes("dash-card__icon").props("aria-hidden=true")
                with ui.element("span").classes("dash-card__tools"):
                    grip = IconButton(
                        "drag_indicator", f"Move {card.title}: arrow keys", lambda: None, "dash-card__grip"
                    )
                    grip.props["title"] = "Drag to move"
                    IconButton("visibility_off", f"Hide {card.title}", hide)
            card.build()


class DashboardGrid(Island):
    """Follows the arrangement. `head` draws what stands above the cards, on the left."""

    def __init__(self, dashboard: Dashboard, cards: Sequence[Card], *, head: Callable[[], object]) -> None:
        super().__init__("div")
        self.classes("dash")
        self._dashboard = dashboard
        self._titles = {card.name: card.title for card in cards}
        self._shelf_shows: list[str] = []
        with self:
            with ui.element("div").classes("dash__bar"):
                head()
                self._hint = Tag(
                    "p", "Drag cards by their grips, or move them with the arrow keys.", "secondary dash__hint"
                )
                self._shelf = ui.element("div").classes("dash__shelf").props('role=group aria-label="Hidden cards"')
                with ui.element("span").classes("dash__modes"):
                    self._reset = ui.button("Reset", color=None, on_click=dashboard.reset).props("flat")
                    self._arrange = ui.button(
                        "Arrange", icon=f"{ICON}dashboard_customize", color=None, on_click=self.toggle
                    )
                    self._arrange.props("flat")
            self._grid = ui.element("div").classes("dash__cards")
            self._grid.on("pointerdown", self._on_drop, js_handler=DRAG)
            self._grid.on("keydown", self._on_step, js_handler=STEP)
            self._said = Tag("div", "", "sr-only").props("aria-live=polite")
            with self._grid:
                self.frames = {
                    card.name: CardFrame(card, hide=partial(dashboard.show, card.name, shown=False)) for card in cards
                }
        self._order = list(self.frames)
        self.arranging = False
        self.client.on_delete(dashboard.table.subscribe(lambda _: self._show()))
        self._show()

    @property
    def shown(self) -> list[str]:
        """The cards that can be seen, first to last."""
        return [name for name in self._order if self.frames[name].element.visible]

    def toggle(self) -> None:
        """Begins to arrange, or ends it."""
        self.arranging = not self.arranging
        self._show()

    def _show(self) -> None:
        dashboard = self._dashboard
        order, hidden = dashboard.order, dashboard.hidden
        for place, name in enumerate(order):
            if self._order[place] != name:
                self.frames[name].element.move(target_index=place)
                self._order.remove(name)
                self._order.insert(place, name)
        for name, frame in self.frames.items():
            frame.element.set_visibility(name not in hidden)
        self.classes(add="dash--arranging") if self.arranging else self.classes(remove="dash--arranging")
        self._arrange.text = "Done" if self.arranging else "Arrange"
        self._arrange.props["aria-pressed"] = str(self.arranging).lower()
        self._hint.set_visibility(self.arranging)
        self._reset.set_visibility(self.arranging)
        self._fill_shelf(
            [name for name in order if name in hidden] if self.arranging or len(hidden) == len(order) else []
        )
        # Until it is known how they stand nothing is shown in an order that would change under the eye.
        self.classes(remove="dash--coming") if dashboard.table.phase != "loading" else self.classes(add="dash--coming")

    def _fill_shelf(self, hidden: list[str]) -> None:
        if hidden == self._shelf_shows:
            return
        self._shelf_shows = hidden
        self._shelf.clear()
        with self._shelf:
            for name in hidden:
                button = ui.button(self._titles[name], icon=f"{ICON}add", color=None)
                button.on_click(partial(self._dashboard.show, name)).props("flat")
                button.props["aria-label"] = f"Show {self._titles[name]}"

    def _on_drop(self, event: GenericEventArguments) -> None:
        name, before = event.args.get("card"), event.args.get("before")
        if isinstance(name, str) and (before is None or isinstance(before, str)):
            self._dashboard.move(name, before)
            self._tell(name)

    def _on_step(self, event: GenericEventArguments) -> None:
        name, by = event.args.get("card"), event.args.get("by")
        if isinstance(name, str) and isinstance(by, int):
            self._dashboard.step(name, by)
            self._tell(name)

    def _tell(self, name: str) -> None:
        """For those who do not see it move."""
        shown = self._dashboard.shown
        if name in shown:
            self._said.text = f"{self._titles[name]} is now {shown.index(name) + 1} of {len(shown)}"
