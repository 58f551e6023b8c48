"""The models that a member has trained: draw with one, call it something else, delete it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.icon_button import IconButton
from components.island import Island
from components.prompt_chips import stripes
from components.tag import Tag
from state.models import Model
from state.sync.mutation import Pending
from state.training import MAX_NAME, Training


class ModelRow:
    """A model: the colours it draws in, its name, and what one can do with it. The row leads to the studio."""

    def __init__(
        self, model: Model, pending: Pending | None, *, training: Training, delete: Callable[[Model], Any]
    ) -> None:
        self._training, self._model = training, model
        self._input: ui.input | None = None
        with Island("li").classes("training__row model-row") as self.element:
            with ui.link(target=f"/studio?model={model.slug}").classes("training__link model-row__link") as self._link:
                ui.element("i").classes("model-row__palette").props("aria-hidden=true").style(
                    f"background:{stripes(model.style)}"
                )
                with ui.element("div").classes("training__words"):
                    self._name = Tag("span", "", "truncate-1 strong")
                    self._text = Tag("span", "", "meta truncate-1")
            self._edit = IconButton("edit", "", self._on_edit)
            self._delete = IconButton("delete", "", lambda: delete(self._model))
        self.update(model, pending)

    def update(self, model: Model, pending: Pending | None) -> None:
        """Show this state."""
        self._model = model
        self._name.text = model.name
        self._text.text = pending.failed if pending and pending.failed else described(model)
        self._link.props["title"] = f"Draw with {model.name}"
        self._edit.rename(f"Rename {model.name}")
        self._delete.rename(f"Delete {model.name}")

    def _on_edit(self) -> None:
        if self._input is not None:
            return
        self._link.set_visibility(False)
        with self.element:
            self._input = ui.input(value=self._model.name).classes("field--bare dataset__name model-row__name")
            self._input.props(f'borderless dense autofocus maxlength={MAX_NAME} aria-label="Name of the model"')
            self._input.on("blur", self._on_done, args=[])
            self._input.on("keydown.enter", self._on_done, args=[])
            self._input.on("keydown.esc", self._leave, args=[])
        self._input.move(target_index=0)

    def _on_done(self) -> None:
        name = (self._input.value or "").strip() if self._input is not None else ""
        self._leave()
        if name and name != self._model.name:
            self._training.rename_model(self._model.id, name)

    def _leave(self) -> None:
        if self._input is not None:
            self._input.delete()
            self._input = None
            self._link.set_visibility(True)


def described(model: Model) -> str:
    """Trained over 800 steps on Aurora · everybody may use it"""
    return f"{model.description} · {'everybody may use it' if model.visibility == 'public' else 'only you'}"
