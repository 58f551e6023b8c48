"""The chips under the prompt that open a menu: model, size, amount, seed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import ui

from components.prompt_draft import COUNTS, DURATIONS, MAX_SEED, VARIATIONS, PromptDraft, any_seed
from components.tag import Tag
from components.theme import ICON
from state.generation import ASPECTS, Aspect
from state.models import Model
from state.sync.rows import Rows

GLYPH_PX = 18  # longer side of the little frames that stand for a size


class MenuChip(ui.button):
    """A chip that says what is chosen and opens a menu to choose something else. `fill` makes the menu at each opening."""

    def __init__(self, name: str, fill: Callable[[], None], classes: str = "", *, arrow: bool = False) -> None:
        super().__init__(color=None)
        self._name, self._fill = name, fill
        self.classes(f"prompt__chip {classes}").props("flat aria-haspopup=menu")
        with self:
            self._label = Tag("span")
            if arrow:
                ui.icon(f"{ICON}expand_more").props("aria-hidden=true")
            self.menu = (
                ui.menu()
                .props('role=menu anchor="bottom left" self="top left" :offset="[0, 8]"')
                .classes("prompt__menu")
            )
            self.menu.on("before-show", self.refill)

    def say(self, text: str) -> None:
        """Show what is chosen now."""
        self._label.text = text
        self.props["aria-label"] = f"{self._name}: {text}"

    def refill(self) -> None:
        """Make the menu's content afresh."""
        self.menu.clear()
        with self.menu:
            self._fill()


class ModelChip(MenuChip):
    """Picks a model; the list is live."""

    def __init__(self, draft: PromptDraft, models: Rows[Model], changed: Callable[[], None]) -> None:
        super().__init__("Model", self._list, arrow=True)
        self._draft, self._models, self._chosen = draft, models, changed
        self._wished = ""
        self.client.on_delete(models.subscribe(lambda _: self._models_changed()))
        self.show()

    @property
    def model(self) -> Model | None:
        """The model that is chosen: the one wished for if it makes this kind, else the first that does."""
        able = [model for model in self._models.rows if self._draft.kind in model.makes]
        return next((model for model in able if str(model.id) == self._draft.model_id), able[0] if able else None)

    def wish(self, slug: str) -> None:
        """Choose the model with this slug: now, or when it comes."""
        self._wished = slug
        self.show()

    def show(self) -> None:
        """Follow the draft."""
        wished = next((m for m in self._models.rows if m.slug == self._wished), None) if self._wished else None
        if wished is not None:
            self._wished, self._draft.model_id = "", str(wished.id)
            self._chosen()
        model = self.model
        if model is not None:
            self._draft.model_id = str(model.id)
        self.say(model.name if model else "Model")

    def _models_changed(self) -> None:
        if self.is_deleted:
            return
        self.show()
        if self.menu.value:
            self.refill()

    def _list(self) -> None:
        chosen = self.model
        for model in self._models.rows:
            able = self._draft.kind in model.makes
            with ui.menu_item(on_click=partial(self._choose, model)).classes("prompt__model") as item:
                item.props["active"] = chosen is not None and model.id == chosen.id
                item.props["disable"] = not able
                palette = ui.element("i").classes("prompt__palette").props("aria-hidden=true")
                palette.style(f"background:{stripes(model.style)}")
                with ui.element("div"):
                    Tag("div", model.name, "strong")
                    Tag("div", model.description if able else f"{model.description} · pictures only", "meta")
        if not self._models.rows:
            Tag("div", self._models.error or "The models are on their way.", "menu__part secondary")

    def _choose(self, model: Model) -> None:
        self._draft.model_id = str(model.id)
        self.show()
        self._chosen()


class SizeChip(MenuChip):
    """Picks a size: a preset, or width and height in pixels."""

    def __init__(self, draft: PromptDraft, changed: Callable[[], None]) -> None:
        super().__init__("Size", self._list, "prompt__more")
        self._draft, self._chosen = draft, changed
        self._errors: dict[str, str] = {}
        self._fields: dict[str, ui.number] = {}
        self.show()

    def show(self, errors: dict[str, str] | None = None) -> None:
        """Follow the draft; `errors` by field are shown where they belong, with the menu opened."""
        self.say(self._draft.size_label)
        self._errors = {name: errors[name] for name in ("width", "height") if errors and name in errors}
        self.classes(
            add="prompt__chip--wrong" if self._errors else "", remove="" if self._errors else "prompt__chip--wrong"
        )
        if self._errors:
            self.menu.open()
            self.refill()

    def _list(self) -> None:
        for aspect in ASPECTS:
            with ui.menu_item(on_click=partial(self._choose, aspect)) as item:
                item.props["active"] = aspect == self._draft.aspect
                with ui.element("i").classes("prompt__glyph").props("aria-hidden=true"):
                    scale = GLYPH_PX / max(aspect.width, aspect.height)
                    ui.element("b").style(f"width:{aspect.width * scale:.0f}px;height:{aspect.height * scale:.0f}px")
                Tag("span", aspect.name, "num strong")
                Tag("span", f"{aspect.width} × {aspect.height}", "meta prompt__pixels")
        with ui.element("div").classes("prompt__own"):
            for field in ("width", "height"):
                self._number(field)
        if self._errors:
            Tag("div", next(iter(self._errors.values())), "field__error prompt__menu-error").props("role=alert")

    def _number(self, field: str) -> None:
        box = ui.number(value=getattr(self._draft, field), on_change=lambda event: self._typed(field, event.value))
        box.props(
            f"outlined dense type=number step=16 min=256 max=1536 aria-label={field.capitalize()} prefix={field[0].upper()}"
        ).classes("num")
        box.props["error"] = field in self._errors
        box.props["hide-bottom-space"] = box.props["no-error-icon"] = True

    def _choose(self, aspect: Aspect) -> None:
        self._draft.width, self._draft.height = aspect.width, aspect.height
        self.show()
        self._chosen()

    def _typed(self, field: str, value: float | None) -> None:
        setattr(self._draft, field, int(value) if value is not None else None)
        self.say(self._draft.size_label)
        self._chosen()


class AmountChip(MenuChip):
    """Picks how many pictures, or how many seconds of a clip."""

    def __init__(self, draft: PromptDraft, changed: Callable[[], None]) -> None:
        super().__init__("Amount", self._list, "prompt__more")
        self._draft, self._chosen = draft, changed
        self.show()

    def show(self) -> None:
        """Follow the draft."""
        self.say(self._draft.amount_label)

    def _list(self) -> None:
        video = self._draft.kind == "video"
        for number in DURATIONS if video else COUNTS:
            text = f"{number} seconds" if video else "1 picture" if number == 1 else f"{number} pictures"
            item = ui.menu_item(text, on_click=partial(self._choose, number))
            item.props["active"] = number == (self._draft.duration if video else self._draft.count)
        ui.separator()
        Tag("div", "Variations are jobs of their own, each with another seed.", "menu__part secondary prompt__hint")
        for number in VARIATIONS:
            text = "No variations" if number == 1 else f"{number} variations"
            item = ui.menu_item(text, on_click=partial(self._vary, number))
            item.props["active"] = number == self._draft.variations

    def _vary(self, number: int) -> None:
        self._draft.variations = number
        self.show()
        self._chosen()

    def _choose(self, number: int) -> None:
        if self._draft.kind == "video":
            self._draft.duration = number
        else:
            self._draft.count = number
        self.show()
        self._chosen()


class SeedChip(MenuChip):
    """Another seed each time, or always the same."""

    def __init__(self, draft: PromptDraft, changed: Callable[[], None]) -> None:
        super().__init__("Seed", self._list, "prompt__more")
        self.menu.props("role=dialog aria-label=Seed")  # there is a field in it
        self._draft, self._chosen = draft, changed
        self._error = ""
        self.show()

    def show(self, errors: dict[str, str] | None = None) -> None:
        """Follow the draft; an error is shown at the field, with the menu opened."""
        self.say(self._draft.seed_label)
        self._error = (errors or {}).get("seed", "")
        self.classes(
            add="prompt__chip--wrong" if self._error else "", remove="" if self._error else "prompt__chip--wrong"
        )
        if self._error:
            self.menu.open()
            self.refill()

    def _list(self) -> None:
        Tag("div", "The same prompt, model and seed make the same picture.", "menu__part secondary prompt__hint")
        item = ui.menu_item("Another one each time", on_click=partial(self._choose, None)).props("role=button")
        item.props["active"] = self._draft.seed is None
        with ui.element("div").classes("prompt__own"):
            box = ui.number(
                value=self._draft.seed, placeholder="Seed", on_change=lambda event: self._typed(event.value)
            )
            box.props(f'outlined dense aria-label="Seed" min=0 max={MAX_SEED} hide-bottom-space no-error-icon').classes(
                "num"
            )
            box.props["error"] = bool(self._error)
            ui.button(icon=f"{ICON}casino", color=None, on_click=lambda: box.set_value(any_seed())).classes(
                "btn--icon"
            ).props('flat aria-label="Any seed"')
        if self._error:
            Tag("div", self._error, "field__error prompt__menu-error").props("role=alert")

    def _typed(self, value: float | None) -> None:
        self._choose(int(value) if value is not None else None)

    def _choose(self, seed: int | None) -> None:
        self._draft.seed = seed
        self.say(self._draft.seed_label)
        self._chosen()


def stripes(style: Any) -> str:
    """The colours of a model side by side, as a CSS background; they come from the database, so only #rrggbb is let in."""
    palette = style.get("palette") if isinstance(style, dict) else None
    colours = [c for c in palette or () if isinstance(c, str) and len(c) == 7 and c[0] == "#" and c[1:].isalnum()]
    if not colours:
        return "var(--raised)"
    width = 100 / len(colours)
    stops = ",".join(
        f"{colour} {index * width:.1f}% {(index + 1) * width:.1f}%" for index, colour in enumerate(colours)
    )
    return f"linear-gradient(90deg,{stops})"
