"""The form that begins a training: what to learn from, what to begin with, how long and how boldly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from components.credit_words import ONCE
from components.island import Island
from components.tag import Tag
from components.training_list import images
from components.training_words import rate
from state.credits import Credits, credits
from state.models import Dataset, Model
from state.sync.rows import Rows
from state.training import (
    MAX_NAME,
    MAX_RATE,
    MAX_SAMPLE,
    MAX_STEPS,
    MIN_IMAGES,
    MIN_RATE,
    MIN_STEPS,
    TrainingDraft,
    cost,
)

RATES = (1e-5, 5e-5, 1e-4, 2e-4, 4e-4, 1e-3, 2e-3, 5e-3)
DEFAULTS = {
    "total_steps": 800,
    "learning_rate": 4e-4,
    "sample_prompt": "A quiet harbour at dusk",
    "visibility": "private",
}


class TrainingForm(Island):
    """`start` gets a draft that is sound; `create` makes the first dataset. Datasets and models are live; what is chosen stays chosen."""

    def __init__(
        self,
        datasets: Rows[Dataset],
        models: Rows[Model],
        start: Callable[[TrainingDraft], Any],
        *,
        create: Callable[[], Any],
        purse: Credits,
        dataset: str = "",
    ) -> None:
        super().__init__("form")
        self.classes("card training-form").props('aria-label="New training" novalidate')
        self.on("submit.prevent", js_handler="() => {}")
        self._datasets, self._models, self._start, self._purse = datasets, models, start, purse
        self._wished = dataset
        self._fields: dict[str, Any] = {}
        with self:
            Tag("h2", "New training", "title")
            self._name = self._labelled(
                "name", "Name of the model", ui.input(placeholder="Ember", on_change=self._edited)
            )
            self._name.props(f"maxlength={MAX_NAME}")
            with ui.element("div").classes("training-form__pair"):
                choice = self._labelled("dataset_id", "Dataset", ui.select({}, on_change=self._edited))
                with choice.parent_slot.parent, ui.element("p").classes("meta") as self._none:
                    Tag("span", "There is none yet.")
                    ui.button("Make one", color=None, on_click=create).props("flat").classes("btn--link")
                self._labelled("base_model_id", "Begin with", ui.select({}, on_change=self._edited))
                # Without limits of its own: what is out of them is said, and no other number trained than was written.
                steps = ui.number(value=DEFAULTS["total_steps"], step=100, on_change=self._edited)
                self._labelled("total_steps", "Steps", steps)
                rates = {value: rate(value) for value in RATES if MIN_RATE <= value <= MAX_RATE}
                self._labelled(
                    "learning_rate",
                    "Learning rate",
                    ui.select(rates, value=DEFAULTS["learning_rate"], on_change=self._edited),
                )
            sample = ui.input(value=str(DEFAULTS["sample_prompt"]), on_change=self._edited).props(
                f"maxlength={MAX_SAMPLE}"
            )
            self._labelled("sample_prompt", "Drawn at each checkpoint", sample)
            self._public = ui.switch("Everybody may use the model")
            with ui.element("div").classes("training-form__go"):
                with ui.element("div"):
                    self._price = Tag("span", "", "secondary num").props("role=status")
                    self._top_up = ui.link("Top up", "/credits").classes("link training-form__top-up")
                go = ui.button("Start training", color=None).on("click", self.submit, js_handler=ONCE)
                go.props("unelevated").classes("btn--primary")
        for rows in (datasets, models):
            self.client.on_delete(rows.subscribe(lambda _: None if self.is_deleted else self._offer()))
        self.client.on_delete(purse.observe(lambda: None if self.is_deleted else self._price_it()))
        self._offer()
        self._edited()

    def submit(self) -> None:
        """Hand on what is chosen, or say what is wrong with it."""
        values = {field: box.value for field, box in self._fields.items()}
        checked = TrainingDraft.check(**values, visibility="public" if self._public.value else "private")
        wrong = checked if isinstance(checked, dict) else {}
        if not wrong and isinstance(checked, TrainingDraft):
            dataset = next((row for row in self._datasets.rows if row.id == checked.dataset_id), None)
            if dataset is not None and dataset.image_count < MIN_IMAGES:
                wrong = {"dataset_id": f"It needs {MIN_IMAGES} images at least"}
        for field, box in self._fields.items():
            box.error = wrong.get(field)
        if wrong:
            next(box for field, box in self._fields.items() if field in wrong).run_method("focus")
        elif isinstance(checked, TrainingDraft) and not self._purse.shortfall(self._cost):
            self._start(checked)

    def _labelled(self, field: str, label: str, box: Any) -> Any:
        with ui.element("div").classes("field") as around:
            Tag("label", label, "field__label").props(f"for={field}")
        box.move(around)
        box.props(f"outlined dense for={field} no-error-icon")
        self._fields[field] = box
        return box

    def _offer(self) -> None:
        datasets = {row.id: f"{row.name} · {images(row.image_count)}" for row in self._datasets.rows if row.version}
        self._choose("dataset_id", datasets, self._wished)
        self._none.set_visibility(self._datasets.phase == "ready" and not datasets)
        self._choose("base_model_id", {row.id: row.name for row in self._models.rows}, "")

    def _choose(self, field: str, options: dict[UUID, str], wished: str) -> None:
        box = self._fields[field]
        if box.options == options:
            return
        value = box.value if box.value in options else next((id for id in options if str(id) == wished), None)
        box.set_options(options, value=value if value is not None else next(iter(options), None))

    def _edited(self) -> None:
        if "total_steps" not in self._fields:
            return
        for box in self._fields.values():
            box.error = None
        self._price_it()

    @property
    def _cost(self) -> int:
        """What it would cost as it stands; 0 for what cannot be trained."""
        steps = self._fields["total_steps"].value
        return cost(int(steps)) if isinstance(steps, int | float) and MIN_STEPS <= steps <= MAX_STEPS else 0

    def _price_it(self) -> None:
        short = self._purse.shortfall(self._cost)
        self._price.text = short or (f"Costs {credits(self._cost)}" if self._cost else "")
        self._price.classes(add="tone-fail tone-text" if short else "", remove="" if short else "tone-fail tone-text")
        self._top_up.set_visibility(bool(short))
