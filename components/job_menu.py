"""The menus of a job of one's own: where it shall stand, and what it was tried as before. One of them per queue."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.tag import Tag
from components.theme import ICON
from components.time_zone import local, zone_of

if TYPE_CHECKING:
    from state.models import Job
    from state.queue import OwnQueue

FAR = 1_000  # places: further than any queue is long
ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def nth(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ORDINALS.get(number % 10, 'th')}"


class JobMenu(ui.menu):
    """`step` moves a job so many places."""

    def __init__(self, own: OwnQueue, step: Callable[[UUID, int], None], cancel: Callable[[UUID], None]) -> None:
        super().__init__()
        self._own, self._step, self._cancel = own, step, cancel
        self.props('no-parent-event anchor="bottom left" self="top left" :offset="[0, 6]"').classes("prompt__menu")

    def show_moves(self, job: Job, beside: ui.element) -> None:
        """Open it at `beside`, with what can be done to the place of `job`."""
        line = [one.id for one in self._own.waiting]
        if job.id not in line:
            return
        first, last = job.id == line[0], job.id == line[-1]
        self.clear()
        with self:
            self._item("Move to the front", "vertical_align_top", partial(self._step, job.id, -FAR), enabled=not first)
            self._item("Move up", "arrow_upward", partial(self._step, job.id, -1), enabled=not first)
            self._item("Move down", "arrow_downward", partial(self._step, job.id, 1), enabled=not last)
            self._item("Move to the end", "vertical_align_bottom", partial(self._step, job.id, FAR), enabled=not last)
            ui.separator()
            self._item("Cancel", "close", partial(self._cancel, job.id))
        self._open_at(beside)

    def show_tries(self, job: Job, beside: ui.element) -> None:
        """Open it at `beside`, with what became of the tries before this one."""
        self.clear()
        with self:
            Tag("div", f"The {nth(job.tries)} try of “{job.prompt}”", "menu__part secondary prompt__hint job__lineage")
            tries = self._own.tries(job)
            for one in tries:
                with ui.element("div").classes("menu__part job__try"):
                    Tag("div", f"{nth(one.tries)} try: {one.status}", "strong")
                    when = one.finished_at or one.updated_at
                    words = Tag("div", one.error or "It gave no reason", "meta")
                    words.props["title"] = local(when, zone_of(self.client), "%d %B %Y, %H:%M")
            if len(tries) < job.tries - 1:
                Tag("div", "What came before is not kept here.", "menu__part meta")
        self._open_at(beside)

    def _open_at(self, beside: ui.element) -> None:
        self.props["target"] = f"#{beside.html_id}"
        self.open()

    def _item(self, title: str, icon: str, act: Callable[[], object], *, enabled: bool = True) -> None:
        with ui.menu_item(on_click=act) as item:
            ui.icon(ICON + icon).props("aria-hidden=true")
            ui.label(title)
        item.props["disable"] = not enabled
