"""A result in a shot: as a thumb that can be moved, large, and chosen among one's own pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.icon_button import IconButton
from components.island import Island
from components.signed_image import SignedImage
from components.tag import Tag
from components.theme import ICON
from state.board import Board

if TYPE_CHECKING:
    from state.models import Generation, Shot
    from state.sync.mutation import Pending

MOST_OFFERED = 60


class ResultThumb:
    """One picture or clip of a shot."""

    def __init__(self, picture: Generation, *, board: Board, look: Callable[[Generation], None]) -> None:
        self.picture = picture
        with Island("li").classes("result").style(f"background-color:{picture.colour}") as self.element:
            self.element.props["data-item"] = str(picture.id)
            self.element.props["data-kind"] = "result"
            with ui.element("button").classes("result__open").props("type=button data-open") as button:
                SignedImage(board.member.media, picture.poster_path, "task__picture", alt=picture.prompt)
            kind = "Clip" if picture.kind == "video" else "Picture"
            button.props["aria-label"] = f"{kind}: {picture.prompt}"
            button.on("click", lambda: look(self.picture), args=[])
            if picture.kind == "video":
                ui.icon(f"{ICON}play_arrow").classes("result__clip").props("aria-hidden=true")
        self.allow(board.may_edit)

    def allow(self, edit: bool) -> None:
        """Whether one may move it."""
        movable(self.element, edit)

    def update(self, picture: Generation, pending: Pending | None) -> None:
        """As `Item` says; a picture itself never changes."""
        self.picture = picture


def movable(item: ui.element, edit: bool) -> None:
    """Whether it can be dragged."""
    if edit:
        item.props["data-movable"] = ""
    else:
        item.props.pop("data-movable", None)


class ResultDialog(ui.dialog):
    """A result as large as there is room."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self._id: UUID | None = None
        self.client.on_delete(board.member.circles.on_change(self._allow))
        self.props('transition-duration=120 aria-label="Result"')
        with self, ui.card().classes("result-card"):
            self._stage = ui.element("div").classes("result-card__stage")
            self._prompt = Tag("p", "", "secondary")
            with ui.element("div").classes("result-card__place") as self._place:
                self._shot = ui.select({}, on_change=self._move).props('outlined dense options-dense aria-label="Shot"')
                self._placed = ui.checkbox("In order", on_change=self._move)
            with ui.element("div").classes("confirm__actions"):
                self._away = ui.button("Take out of the project", color=None, on_click=self._detach).props("flat")
                ui.button("Close", color=None, on_click=self.close).props("flat")

    def show(self, picture: Generation) -> None:
        """Open it at this one."""
        self._id = picture.id
        self._stage.clear()
        with self._stage:
            large = picture.media_path if picture.kind == "image" else picture.poster_path
            SignedImage(self._board.member.media, large, "result-card__picture", alt=picture.prompt, lazy=False)
        self._prompt.text = picture.prompt
        self._id = None  # what is written into the fields now was not chosen
        shots = {str(shot.id): shot.name for shot in self._board.shots.rows}
        self._shot.set_options(shots, value=str(picture.shot_id) if str(picture.shot_id) in shots else None)
        self._placed.value = picture.position is not None
        self._id = picture.id
        self._allow()
        self.open()

    def _allow(self) -> None:
        edit = self._board.may_edit
        self._away.set_visibility(edit)
        self._place.set_visibility(edit and bool(self._board.shots.rows))

    def _move(self) -> None:
        held = self._board.results.get(self._id) if self._id is not None else None
        if held is None or not self._shot.value:
            return
        shot, placed = UUID(str(self._shot.value)), bool(self._placed.value)
        if (held.shot_id, held.position is not None) != (shot, placed):
            self._board.put(held.id, shot, placed=placed)

    def _detach(self) -> None:
        if self._id is not None:
            self._board.detach(self._id)
        self.close()


class ResultPicker(ui.dialog):
    """Offers one's own pictures for a shot."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self.props('transition-duration=120 aria-label="Attach a picture"')
        with self, ui.card().classes("result-card"):
            with ui.element("div").classes("task-panel__head"):
                self._title = Tag("h2", "", "title truncate-1")
                IconButton("close", "Close", self.close, "task-panel__close")
            Tag("p", "Your own pictures and clips. The team sees what you attach, private ones too.", "secondary")
            self._grid = ui.element("ul").classes("result-picker")
            self._nothing = Tag("p", "Nothing of yours is left to attach. Make something in the studio.", "meta")

    def show(self, shot: Shot) -> None:
        """Open it for this shot."""
        self._title.text = f"Attach to {shot.name}"
        own = [p for p in self._board.member.generations.rows if self._board.results.get(p.id) is None]
        self._grid.clear()
        with self._grid:
            for picture in own[:MOST_OFFERED]:
                with ui.element("li").classes("result").style(f"background-color:{picture.colour}") as tile:
                    button = ui.element("button").classes("result__open").props("type=button")
                    button.props["aria-label"] = picture.prompt
                    button.on("click", partial(self._attach, picture, shot.id, tile), args=[])
                    with button:
                        SignedImage(self._board.member.media, picture.poster_path, "task__picture", alt=picture.prompt)
        self._nothing.set_visibility(not own)
        self.open()

    def _attach(self, picture: Generation, shot: UUID, tile: ui.element) -> None:
        self._board.attach(picture, shot)
        tile.delete()
