"""The shots of a board: what has come of each, in the order that people gave it, and what is in no place yet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from components.ask_name import ask_name
from components.board_columns import DRAG, STEP
from components.board_result import ResultDialog, ResultPicker, ResultThumb, movable
from components.confirm import confirm
from components.counter import Counter
from components.icon_button import IconButton
from components.island import Island
from components.line import Line
from components.live_list import LiveList
from components.region_state import RegionState
from components.tag import Tag
from state.board import Board
from state.projects import MAX_NAME

if TYPE_CHECKING:
    from state.models import Generation, Shot
    from state.sync.mutation import Pending

PLACED, TRAY, SHOTS = "placed", "tray", "shots"


class BoardShots(ui.element):
    """The region "Shots"."""

    def __init__(self, board: Board) -> None:
        super().__init__("section")
        self.classes("board-shots").props("aria-label=Shots role=region")
        self._board = board
        self._dialog = ResultDialog(board)
        self._picker = ResultPicker(board)
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Shots")
                self._count = Counter()
                with ui.element("span").classes("end"):
                    self._new = ui.input(placeholder="Add a shot").classes("board-shots__new")
                    self._new.props('outlined dense maxlength=80 aria-label="Add a shot"')
                    self.new = Line(self._new, self._create)
            shots = ui.element("ul").classes("shots")
            shots.props(f"data-scroll data-drop={SHOTS} data-takes=shot data-axis=x")
            self._state = RegionState(
                board.shots, skeleton=_skeleton, empty="No shots yet. Add one, and give it what your renders bring."
            )
        self._list: LiveList[Shot, ShotCard] = LiveList(board.shots, self._card, shots, changed=self._changed)
        self.on("pointerdown", self._on_said, js_handler=DRAG)
        shots.on("keydown", self._on_said, js_handler=STEP)
        self.client.on_delete(board.member.circles.on_change(self._changed))
        self._changed()

    def look(self, picture: Generation) -> None:
        """Show one as large as there is room."""
        self._dialog.show(picture)

    @property
    def cards(self) -> list[ShotCard]:
        """In order."""
        return list(self._list.items.values())

    def _card(self, shot: Shot, pending: Pending | None) -> ShotCard:
        return ShotCard(shot, board=self._board, look=self._dialog.show, attach=self._picker.show)

    def _changed(self) -> None:
        if self._board.shots.phase == "ready":
            self._count.set(len(self._board.shots.rows))
        self._state.show(len(self._board.shots.rows))
        self._new.set_visibility(self._board.may_edit)
        for card in self._list.items.values():
            card.allow(self._board.may_edit)
            card.place()

    def _create(self, name: str) -> None:
        if name:
            self._board.create_shot(name[:80])

    def _on_said(self, event: GenericEventArguments) -> None:
        said = event.args
        picture = _uuid(said.get("item"))
        if picture is None:
            return
        if self._board.shots.get(picture) is not None:
            self._move_shot(picture, said)
            return
        match said.get("does"):
            case "take":
                self._board.holding.take(picture)
            case "release":
                self._board.holding.release(picture)
            case "drop":
                where, _, shot = str(said.get("zone")).partition(":")
                if (target := _uuid(shot)) is not None and where in (PLACED, TRAY):
                    self._board.put(picture, target, _uuid(said.get("before")), placed=where == PLACED)
            case "step" if said.get("x") in (-1, 0, 1) and said.get("y") in (-1, 0, 1):
                self._step(picture, said["x"], said["y"])
            case _:
                pass

    def _move_shot(self, shot: UUID, said: dict[str, Any]) -> None:
        if said.get("does") == "drop" and said.get("zone") == SHOTS:
            self._board.move_shot(shot, _uuid(said.get("before")))
        elif said.get("does") == "step" and said.get("x") in (-1, 1):
            self._board.step_shot(shot, said["x"])

    def _step(self, picture: UUID, x: int, y: int) -> None:
        """Sideways along its shot; down into the tray, and up out of it."""
        held = self._board.results.get(picture)
        if held is None or held.shot_id is None:
            return
        if y:
            self._board.put(picture, held.shot_id, placed=y < 0)
            return
        if held.position is None:
            return
        line = [p.id for p in self._board.of_shot(held.shot_id, placed=True)]
        place = line.index(picture)
        line.remove(picture)
        place = min(max(0, place + x), len(line))
        self._board.put(picture, held.shot_id, line[place] if place < len(line) else None)


class ShotCard:
    """One shot: its name, its counts, what is placed, and the tray of what is not."""

    def __init__(
        self, shot: Shot, *, board: Board, look: Callable[[Generation], None], attach: Callable[[Shot], None]
    ) -> None:
        self._shot, self._board, self._look = shot, board, look
        self._unplaced = board.count.unpositioned(shot.id)
        self._counts = board.count.shots(board.project_id)
        with Island("li").classes("board-shot card") as self.element:
            self.element.props(f'data-item="{shot.id}" data-kind=shot')
            with ui.element("div").classes("board-shot__head"):
                with ui.element("div").classes("board-shot__title"):
                    with ui.element("h3"):
                        self._name = Tag("button", shot.name, "strong truncate-1 board-shot__open")
                    self._words = Tag("p", "", "meta truncate-1")
                self._name.props("type=button data-open").on("click", self._ask_name, args=[])
                self._earlier = IconButton("chevron_left", "Earlier", partial(self._step, -1), "board-shot__step")
                self._later = IconButton("chevron_right", "Later", partial(self._step, 1), "board-shot__step")
                self._add = IconButton("add_photo_alternate", f"Attach to {shot.name}", lambda: attach(self._shot))
                self._remove = IconButton("delete", f"Delete {shot.name}", self._delete)
            for button in (self._earlier, self._later, self._add, self._remove):
                button.props("data-still")
            placed = ui.element("ul").classes("board-shot__placed")
            placed.props(f'data-drop="{PLACED}:{shot.id}" data-takes=result data-axis=x aria-label="In order"')
            self._hint = Tag("p", "", "board-shot__hint meta")
            with ui.element("div").classes("board-shot__tray"):
                with ui.element("span").classes("meta board-shot__unplaced"):
                    self._number = Counter()
                    Tag("span", " without place")
                tray = ui.element("ul").classes("board-shot__free")
                tray.props(f'data-drop="{TRAY}:{shot.id}" data-takes=result data-axis=x aria-label="Without a place"')
        self._placed: LiveList[Generation, ResultThumb] = LiveList(
            board.results, self._thumb, placed, shows=partial(self._shows, placed=True), changed=self._changed
        )
        self._free: LiveList[Generation, ResultThumb] = LiveList(
            board.results, self._thumb, tray, shows=partial(self._shows, placed=False), changed=self._changed
        )
        leave = [query.observe(lambda _: self._count()) for query in (self._unplaced, self._counts)]
        for stop in leave:
            self.element.client.on_delete(stop)
        self.allow(board.may_edit)
        self._changed()
        self._count()

    def update(self, shot: Shot, pending: Pending | None) -> None:
        """As `Item` says."""
        self._shot = shot
        self._name.text = shot.name
        for button, does in ((self._add, "Attach to"), (self._remove, "Delete")):
            button.rename(f"{does} {shot.name}")
        self.place()

    def place(self) -> None:
        """Whether there is a place before it, and behind it."""
        line = [other.id for other in self._board.shots.rows]
        for button, end in ((self._earlier, line[:1]), (self._later, line[-1:])):
            button.props["disabled"] = end == [self._shot.id]

    def _step(self, by: int) -> None:
        self._board.step_shot(self._shot.id, by)

    async def _ask_name(self) -> None:
        if not self._board.may_edit:
            return
        with self.element.client.content:
            name = await ask_name("Rename the shot", self._shot.name, most=MAX_NAME)
        if name is not None:
            self._board.edit_shot(self._shot.id, name=name)

    def allow(self, edit: bool) -> None:
        """Whether one may change it."""
        for button in (self._earlier, self._later, self._add, self._remove):
            button.set_visibility(edit)
        movable(self.element, edit)
        self._say_hint()
        for thumb in (*self._placed.items.values(), *self._free.items.values()):
            thumb.allow(edit)

    @property
    def unplaced(self) -> int | None:
        """As it is counted by the database; None: not yet."""
        return self._unplaced.value

    def _thumb(self, picture: Generation, pending: Pending | None) -> ResultThumb:
        return ResultThumb(picture, board=self._board, look=self._look)

    def _shows(self, picture: Generation, *, placed: bool) -> bool:
        return picture.shot_id == self._shot.id and (picture.position is not None) == placed

    def _changed(self) -> None:
        if self.element.is_deleted:  # the shot has gone, and its page has not
            self._placed.close()
            self._free.close()
        else:
            self._say_hint()

    def _say_hint(self) -> None:
        self._hint.set_visibility(not self._placed.items)
        if not self._board.may_edit:
            self._hint.text = "Nothing is in order yet."
        elif any(picture.shot_id == self._shot.id for picture in self._board.results.rows):
            self._hint.text = "Drag results here, in order."
        else:
            self._hint.text = "Attach a result with the button above."

    def _count(self) -> None:
        if self.element.is_deleted:
            return
        self._number.set(self._unplaced.value or 0)
        counts = (self._counts.value or {}).get(self._shot.id)
        words: list[str] = []
        if counts is not None:
            words = [_number(counts.results, "result"), _number(counts.videos, "clip") if counts.videos else ""]
            words.append(f"{counts.tasks} open" if counts.tasks else "")
        self._words.text = " · ".join(word for word in words if word)

    async def _delete(self) -> None:
        with self.element.client.content:
            sure = await confirm(
                f"Delete the shot “{self._shot.name}”?", "Its results and tasks stay in the project.", "Delete"
            )
        if sure:
            self._board.delete_shot(self._shot.id)


def _number(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"


def _skeleton() -> None:
    with ui.element("div").classes("shots"):
        for _ in range(3):
            with ui.element("div").classes("board-shot card"):
                ui.element("div").classes("skeleton skeleton--line")
                ui.element("div").classes("skeleton board-shot__coming")


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
