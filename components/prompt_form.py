"""The prompt form: what one writes, how it shall be made, and the button that makes it."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from nicegui import ui

from components.credit_words import ONCE
from components.kept import kept
from components.prompt_chips import AmountChip, ModelChip, SeedChip, SizeChip
from components.prompt_draft import MAX_PROMPT, Kind, PromptDraft
from components.tag import Tag
from components.theme import ICON
from state.credits import Credits, credits, price
from state.generation import EXAMPLES, Draft
from state.models import Model
from state.realtime.typing import Typing
from state.sync.rows import Rows

STORED = "draft"  # key in `kept`: what this browser was writing
COUNT_FROM = 900  # characters from which on the counter shows
SHOWN_EXAMPLES = 3


class PromptForm(ui.element):
    """`generate` gets a draft that is sound and can be paid from `purse`; `typing` hears of writing. What stands in the form
    stays there, through reloads and the sign-in."""

    def __init__(
        self,
        models: Rows[Model],
        generate: Callable[[Draft], None],
        *,
        typing: Typing | None = None,
        purse: Credits | None = None,
        guest: bool = False,
    ) -> None:
        super().__init__("form")
        self.draft = PromptDraft.restore(kept(self.client).get(STORED, {}))
        self._generate = generate
        self._typing = typing
        self._purse = purse
        self.classes("card prompt").props('aria-label="New picture"').on("submit.prevent", js_handler="() => {}")
        with self:
            self._writing(guest)
            with ui.element("div").classes("prompt__row") as self._row:
                self._kinds = {kind: self._kind_chip(kind, text) for kind, text in KINDS.items()}
                self._model = ModelChip(self.draft, models, self._changed)
                self._size = SizeChip(self.draft, self._changed)
                self._amount = AmountChip(self.draft, self._changed)
                self._seed = SeedChip(self.draft, self._changed)
                self._avoid = ui.button(icon=f"{ICON}block", color=None, on_click=self._toggle_avoid)
                self._avoid.classes("btn--icon prompt__more").props(
                    'flat aria-controls=avoid aria-label="What to avoid"'
                )
                with self._avoid:
                    ui.tooltip("What to avoid")
                self._sharing = (
                    ui.button(color=None, on_click=self._toggle_sharing).classes("prompt__chip").props("flat")
                )
                with self._sharing:
                    self._sharing_tip = ui.tooltip()
                ui.button(
                    icon=f"{ICON}tune", color=None, on_click=lambda: self._row.classes(toggle="prompt__row--all")
                ).classes("btn--icon prompt__all").props('flat aria-label="More settings"')
                self._go()
        self.client.on_delete(models.subscribe(lambda _: self._show_cost()))
        if purse:
            self.client.on_delete(purse.observe(self._show_cost))
        self._show()

    # What others do with it ---------------------------------------------------------------------------------------------

    def focus(self) -> None:
        """Put the cursor into the prompt."""
        self._prompt.run_method("focus")

    def use(self, draft: PromptDraft) -> None:
        """Fill the form with something else."""
        for name, value in draft.store().items():
            setattr(self.draft, name, value)
        self._prompt.value = draft.prompt
        self._negative.value = draft.negative_prompt
        self._show()
        self._changed()
        self.focus()

    def draw_with(self, slug: str) -> None:
        """Choose the model of this name in addresses, as soon as it is known."""
        self._choose_kind("image")  # which every model makes
        self._model.wish(slug)

    def surprise(self) -> None:
        """Write one of the examples, another one than stands there."""
        self._write(random.choice([example for example in EXAMPLES if example != self.draft.prompt]))

    def submit(self) -> None:
        """Hand on what is written, or say what is wrong with it."""
        checked = Draft.check(**self.draft.values())
        if not isinstance(checked, Draft):
            self._complain(checked)
            return
        self._complain({})
        if self._shortfall:  # which is said already
            self.focus()
            return
        if self._typing:
            self._typing.stop()
        self._generate(checked)
        self._prompt.run_method("select")  # still there, and typing on replaces it

    # Its parts ----------------------------------------------------------------------------------------------------------

    def _writing(self, guest: bool) -> None:
        with ui.element("div").classes("prompt__writing"):
            self._prompt = ui.textarea(
                placeholder="Describe a picture",
                value=self.draft.prompt,
                on_change=lambda event: self._typed(event.value),
            )
            self._prompt.props('borderless autogrow aria-label="Prompt" autofocus aria-describedby=prompt-error')
            self._prompt.classes("field--bare prompt__text")
            self._prompt.on("keydown.ctrl.enter.prevent", self.submit, js_handler=ONCE)
            self._prompt.on("keydown.meta.enter.prevent", self.submit, js_handler=ONCE)
            with ui.element("div").classes("prompt__examples") as self._examples:
                for example in random.sample(EXAMPLES, k=min(SHOWN_EXAMPLES, len(EXAMPLES))):
                    chip = ui.button(example, color=None, on_click=partial(self._write, example))
                    chip.classes("prompt__example").props("flat")
                ui.button("Surprise me", icon=f"{ICON}casino", color=None, on_click=self.surprise).classes(
                    "prompt__example btn--bare"
                ).props("flat")
        self._negative = ui.input(
            placeholder="What it should not show",
            value=self.draft.negative_prompt,
            on_change=lambda event: self._typed_negative(event.value),
        )
        self._negative.props('borderless dense aria-label="Negative prompt" id=avoid').classes("prompt__avoid")
        with ui.element("div").classes("prompt__below"):
            self._error = Tag("div", "", "field__error").props("role=alert id=prompt-error")
            with ui.element("div").classes("field__error").props("role=alert") as self._short:
                self._short_words = Tag("span", "")
                ui.link("Top up", "/credits").classes("link")
            if guest:
                Tag("div", "Sign in to generate. What you write is kept until then.", "meta")
            self._counter = Tag("div", "", "meta prompt__counter")

    def _kind_chip(self, kind: Kind, text: str) -> ui.button:
        return (
            ui.button(text, color=None, on_click=partial(self._choose_kind, kind)).classes("prompt__chip").props("flat")
        )

    def _go(self) -> None:
        with (
            ui.element("div").classes("prompt__go"),
            ui.button(color=None)
            .classes("btn--primary")
            .props('aria-label="Generate" aria-describedby=prompt-cost unelevated')
            .on("click", self.submit, js_handler=ONCE),
        ):
            Tag("span", "Generate").props("aria-hidden=true")
            with ui.element("span").classes("prompt__cost num") as self._cost:
                self._cost_words = Tag("span", "").props("aria-hidden=true")
                ui.icon(f"{ICON}toll").props("aria-hidden=true")
            Tag("span", "⌘↵", "prompt__keys only-mac").props("aria-hidden=true")
            Tag("span", "Ctrl ↵", "prompt__keys except-mac").props("aria-hidden=true")
            self._cost_said = Tag("span", "", "sr-only").props("id=prompt-cost")

    # What changes it ----------------------------------------------------------------------------------------------------

    def _typed(self, text: str | None) -> None:
        written = text or ""
        if self._typing and written != self.draft.prompt:  # not when it is the form itself that writes
            self._typing.typing() if written else self._typing.stop()
        self.draft.prompt = written
        self._error.text = ""
        self._show_prompt()
        self._changed()

    def _typed_negative(self, text: str | None) -> None:
        self.draft.negative_prompt = text or ""
        self._changed()

    def _write(self, text: str) -> None:
        self.draft.prompt = text
        self._prompt.value = text
        self.focus()

    def _choose_kind(self, kind: Kind) -> None:
        self.draft.kind = kind
        self._show()
        self._changed()

    def _toggle_avoid(self) -> None:
        shown = not self._negative.visible
        self._negative.set_visibility(shown)
        self._avoid.props["aria-expanded"] = str(shown).lower()
        if shown:
            self._negative.run_method("focus")
        else:
            self._negative.value = ""

    def _toggle_sharing(self) -> None:
        self.draft.visibility = "private" if self.draft.visibility == "public" else "public"
        self._show()
        self._changed()

    # What it shows ------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        for kind, chip in self._kinds.items():
            chip.props["aria-pressed"] = str(kind == self.draft.kind).lower()
        for chip in (self._model, self._size, self._amount, self._seed):
            chip.show()
        public = self.draft.visibility == "public"
        self._sharing.text = "Public" if public else "Private"
        self._sharing_tip.text = "Everybody sees it" if public else "Only you see it"
        self._negative.set_visibility(bool(self.draft.negative_prompt))
        self._avoid.props["aria-expanded"] = str(self._negative.visible).lower()
        self._show_prompt()
        self._show_cost()

    @property
    def cost(self) -> int | None:
        """What it would cost as it stands; None: no model is known."""
        model = self._model.model
        return price(model, self.draft.kind, self.draft.count) * self.draft.variations if model else None

    @property
    def _shortfall(self) -> str | None:
        return self._purse.shortfall(self.cost) if self._purse and self.cost is not None else None

    def _show_cost(self) -> None:
        cost, short = self.cost, self._shortfall
        self._cost.set_visibility(bool(cost))
        self._cost_words.text = f"{cost or 0:,}"
        self._cost_said.text = f"Costs {credits(cost)}" if cost else ""
        self._short.set_visibility(short is not None)
        self._short_words.text = short or ""

    def _show_prompt(self) -> None:
        length = len(self.draft.prompt)
        self._examples.set_visibility(length == 0)
        self._counter.text = f"{length:,} / {MAX_PROMPT:,}" if length >= COUNT_FROM else ""
        over = length > MAX_PROMPT
        self._counter.classes(
            add="prompt__counter--over" if over else "", remove="" if over else "prompt__counter--over"
        )

    def _complain(self, errors: dict[str, str]) -> None:
        elsewhere = {"width", "height", "seed"}
        self._error.text = next((text for field, text in errors.items() if field not in elsewhere), "")
        self._prompt.props["aria-invalid"] = str("prompt" in errors).lower()
        self._size.show(errors)
        self._seed.show(errors)
        if self._error.text:
            self.focus()

    def _changed(self) -> None:
        self._show_cost()
        kept(self.client)[STORED] = self.draft.store()


KINDS: dict[Kind, str] = {"image": "Image", "video": "Video"}
