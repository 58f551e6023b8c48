"""A form for a task that is rendered: what it shall show, by which model, in which shape, for which shot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import ui

from components.icon_button import IconButton
from components.tag import Tag
from state.board import MAX_TITLE, Board
from state.generation import ASPECTS, Draft

if TYPE_CHECKING:
    from state.generation import Studio

KINDS = {"image": "Picture", "video": "Clip"}


class RenderForm(ui.dialog):
    """`show` opens it."""

    def __init__(self, board: Board, studio: Studio) -> None:
        super().__init__()
        self._board, self._studio = board, studio
        self.props('transition-duration=120 aria-label="New render"')
        with self, ui.card().classes("render-form"):
            with ui.element("div").classes("task-panel__head"):
                Tag("h2", "New render", "title")
                IconButton("close", "Close", self.close, "task-panel__close")
            self._prompt = ui.textarea(placeholder="Describe what you would like to see", on_change=self._forgive)
            self._prompt.props('outlined autogrow maxlength=1000 autofocus aria-label="Prompt"')
            with ui.element("div").classes("render-form__choices"):
                self._kind = ui.select(dict(KINDS), value="image", on_change=self._offer)
                self._model = ui.select({}, on_change=self._say_price)
                self._shape = ui.select({a.name: f"{a.label} {a.name}" for a in ASPECTS}, value=ASPECTS[0].name)
                self._shot = ui.select({"": "No shot"}, value="")
                for field, name in (
                    (self._kind, "Kind"),
                    (self._model, "Model"),
                    (self._shape, "Shape"),
                    (self._shot, "Shot"),
                ):
                    field.props(f'outlined dense options-dense aria-label="{name}"')
            with ui.element("div").classes("confirm__actions"):
                self._price = Tag("span", "", "meta num")
                ui.button("Add", color=None, on_click=self._add).props("flat")
                ui.button("Add and run", color=None, on_click=self._add_and_run).classes("btn--primary")

    def show(self) -> None:
        """Open it, for whatever shots and models there are now."""
        self._shot.set_options({"": "No shot", **{str(s.id): s.name for s in self._board.shots.rows}}, value="")
        self._offer()
        self.open()

    def _offer(self) -> None:
        able = {str(m.id): m.name for m in self._studio.models.rows if self._kind.value in m.makes}
        self._model.set_options(able, value=self._model.value if self._model.value in able else next(iter(able), None))
        self._say_price()

    def _say_price(self) -> None:
        model = next((m for m in self._studio.models.rows if str(m.id) == self._model.value), None)
        cost = model.cost * (4 if self._kind.value == "video" else 1) if model else 0
        self._price.text = f"Running it costs whoever runs it {cost} {'credit' if cost == 1 else 'credits'}"

    def _forgive(self) -> None:
        self._prompt.error = None

    def _add_and_run(self) -> None:
        if (task := self._add()) is not None:
            self._board.run(task)

    def _add(self) -> UUID | None:
        prompt = str(self._prompt.value or "").strip()
        if not prompt:
            self._prompt.error = "Describe what you would like to see"
            return None
        aspect = next(a for a in ASPECTS if a.name == self._shape.value)
        params: dict[str, Any] = {"width": aspect.width, "height": aspect.height, "count": 1}
        if self._kind.value == "video":
            wish = Draft.model_construct(kind="video", width=aspect.width, height=aspect.height)
            params |= {key: value for key, value in wish.params.items() if key in ("width", "height", "duration")}
        render = {"kind": self._kind.value, "prompt": prompt, "model_id": self._model.value, "params": params}
        shot = UUID(self._shot.value) if self._shot.value else None
        task = self._board.create(prompt[:MAX_TITLE], render=render, shot_id=shot)
        self._prompt.value = ""
        self.close()
        return task
