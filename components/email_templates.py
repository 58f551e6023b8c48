"""Templates: what a team writes again and again, how each does, and the dialog in which one is written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import ui

from components.confirm import confirm
from components.email_letter import LetterForm, Preview
from components.email_words import percent
from components.field import Field
from components.icon_button import IconButton
from components.island import Island
from components.live_list import LiveList
from components.region_state import RegionState
from components.tag import Tag
from components.theme import DARK, ICON, LIGHT, Mode
from state.emails import Emails, Numbers, Tally
from state.errors import Refused, StateError
from state.letters import EXAMPLES, MAX_NAME

if TYPE_CHECKING:
    from components.toasts import Toasts
    from state.models import EmailTemplate
    from state.sync.mutation import Pending

MOST_BARS = 8
NBSP = "\u00a0"
RATES = {"opened": "live", "clicked": "brand", "bounced": "fail"}


class Templates(Island):
    """The region "Templates". `write` is called with the one to write with, `show` with the one whose letters to show."""

    def __init__(
        self, desk: Emails, mode: Mode, toasts: Toasts, *,
        write: Callable[[EmailTemplate], None], show: Callable[[UUID], None], sender: str, team: str,
    ) -> None:  # fmt: skip
        super().__init__("section")
        self.props("aria-label=Templates role=region")
        self._desk, self._write, self._show_letters, self._toasts = desk, write, show, toasts
        self.dialog = TemplateDialog(desk, toasts, sender=sender, team=team)
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Templates")
                with ui.element("span").classes("end"):
                    self._new = IconButton("add", "New template", lambda: self.dialog.show())
            with ui.element("div").classes("card card--flush"):
                self._chart = RateChart(mode)
                rows = ui.element("ul").classes("divided")
                self._state = RegionState(
                    desk.templates, skeleton=_skeleton, empty="What you write often, you write once."
                )
                with ui.element("div").classes("templates__examples") as self._examples:
                    for name, subject, body in EXAMPLES:
                        start = partial(self.dialog.show, words=(name, subject, body))
                        ui.button(f"Start from “{name}”", color=None, on_click=start).props("flat")
            self._list: LiveList[EmailTemplate, TemplateRow] = LiveList(
                desk.templates, self._row, rows, changed=self._changed
            )
        self.client.on_delete(desk.numbers.observe(lambda query: self._count(query.value)))
        self.client.on_delete(desk.member.circles.on_change(self._changed))
        self._changed()

    def _row(self, template: EmailTemplate, pending: Pending | None) -> TemplateRow:
        return TemplateRow(template, self)

    def act(self, what: str, template: EmailTemplate) -> Any:
        """What a row's menu asks for."""
        match what:
            case "write":
                self._write(template)
            case "edit":
                self.dialog.show(template)
            case "letters":
                self._show_letters(template.id)
            case _:
                return self._ask_to_remove(template)
        return None

    @property
    def may_edit(self) -> bool:
        """Whether there is anything to press."""
        return self._desk.may_edit

    async def _ask_to_remove(self, template: EmailTemplate) -> None:
        if await confirm(f"Delete {template.name}?", "What was sent with it stays.", "Delete"):
            self._desk.remove_template(template)

    def _count(self, numbers: Numbers | None) -> None:
        if numbers is None:
            return
        for row in self._list.items.values():
            row.count(numbers.templates.get(row.template.id, Tally()))
        used = [(t.name, numbers.templates[t.id]) for t in self._desk.templates.rows if t.id in numbers.templates]
        self._chart.show([(name, tally) for name, tally in used if tally.reached("sent")][:MOST_BARS])

    def _changed(self) -> None:
        self._count(self._desk.numbers.value)
        nothing = not self._list.items and self._desk.templates.phase == "ready"
        self._examples.set_visibility(nothing and self._desk.may_edit)
        self._new.set_visibility(self._desk.may_edit)
        self._state.show(len(self._list.items))


class TemplateRow:
    """One of them, with what came of it."""

    def __init__(self, template: EmailTemplate, around: Templates) -> None:
        self.template = template
        with Island("li").classes("template") as self.element:
            with ui.element("button").classes("template__open").props("type=button") as button:
                button.on(
                    "click", lambda: around.act("letters" if not around.may_edit else "edit", self.template), args=[]
                )
                self._name = Tag("span", "", "strong truncate-1")
                self._rates = Tag("span", "", "meta num")
            with (
                ui.button(icon=f"{ICON}more_horiz", color=None)
                .props("flat aria-haspopup=menu")
                .classes("btn--icon btn--bare") as more
            ):
                more.props["aria-label"] = f"More of {template.name}"
                with ui.menu().props('role=menu anchor="bottom right" self="top right"'):
                    if around.may_edit:
                        ui.menu_item("Write with it", on_click=lambda: around.act("write", self.template))
                    ui.menu_item("Show its letters", on_click=lambda: around.act("letters", self.template))
                    if around.may_edit:
                        ui.menu_item("Delete", on_click=lambda: around.act("delete", self.template))
        self.update(template, None)

    def update(self, template: EmailTemplate, pending: Pending | None) -> None:
        """As `Item` says."""
        self.template = template
        self._name.text = template.name

    def count(self, tally: Tally) -> None:
        """Say what came of it."""
        sent = tally.reached("sent")
        parts = [f"{sent:,} sent", *(f"{percent(tally.rate(rate))} {rate}" for rate in RATES)]
        self._rates.text = " · ".join(part.replace(" ", NBSP) for part in parts) if sent else "not sent yet"


class RateChart(ui.element):
    """Opened, clicked and bounced of each template, as bars side by side."""

    def __init__(self, mode: Mode) -> None:
        super().__init__("div")
        self.classes("rates").props("aria-hidden=true")  # the rows say the same
        self._mode = mode
        self._shown: list[tuple[str, Tally]] = []
        with self:
            self._chart = ui.echart({"series": []}, renderer="svg").classes("rates__chart")
            with ui.element("div").classes("rates__legend"):
                for name, tone in RATES.items():
                    with ui.element("span").classes("meta"):
                        ui.element("i").style(f"background:var(--{tone})")
                        Tag("span", name)
        self.set_visibility(False)
        mode.on_change(lambda _: self._draw())

    def show(self, templates: list[tuple[str, Tally]]) -> None:
        """Those that were sent."""
        if templates != self._shown:
            self._shown = templates
            self.set_visibility(bool(templates))
            self._draw()

    def _draw(self) -> None:
        if not self._shown or self.is_deleted:
            return
        self._chart.options.clear()
        self._chart.options.update(options(self._shown, dark=self._mode.dark))
        self._chart.style(f"height:{44 + 48 * len(self._shown)}px")
        self._chart.update()


def options(templates: list[tuple[str, Tally]], *, dark: bool) -> dict[str, Any]:
    """What echarts draws."""
    palette = DARK if dark else LIGHT
    words = {"color": palette.muted, "fontFamily": "Inter, system-ui, sans-serif", "fontSize": 12}
    return {
        "animationDuration": 260,
        "grid": {"left": 4, "right": 28, "top": 8, "bottom": 4, "containLabel": True},
        "xAxis": {
            "type": "value", "max": 100, "splitNumber": 2, "axisLabel": {**words, "formatter": "{value} %"},
            "splitLine": {"lineStyle": {"color": palette.line}},
        },
        "yAxis": {
            "type": "category", "inverse": True, "data": [name for name, _ in templates],
            "axisLabel": {**words, "width": 92, "overflow": "truncate"}, "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": palette.line_strong}},
        },
        "series": [
            {
                "name": rate, "type": "bar", "barMaxWidth": 9, "barGap": "30%",
                "data": [round(100 * (tally.rate(rate) or 0), 1) for _, tally in templates],
                "itemStyle": {"color": getattr(palette, tone), "borderRadius": 3},
            }
            for rate, tone in RATES.items()
        ],
    }  # fmt: skip


class TemplateDialog(ui.dialog):
    """Made once for a page; `show` opens it for a template, or for a new one."""

    def __init__(self, desk: Emails, toasts: Toasts, *, sender: str, team: str) -> None:
        super().__init__()
        self._desk, self._toasts = desk, toasts
        self._template: EmailTemplate | None = None
        self.props("no-backdrop-dismiss aria-label=Template")
        with self, ui.card().classes("compose"):
            with ui.element("div").classes("compose__head"):
                self._title = Tag("h2", "", "title")
                IconButton("close", "Close", self.close, "compose__close")
            with ui.element("div").classes("compose__parts"):
                with ui.element("div").classes("compose__form"):
                    self.name = Field("Name", name="template-name", autocomplete="off")
                    self.name.props(f'maxlength={MAX_NAME} placeholder="What you call it"')
                    self.letter = LetterForm(self._show)
                self.preview = Preview(sender=sender, team=team)
            with ui.element("div").classes("compose__foot"):
                self._save = (
                    ui.button("Save", color=None, on_click=self.save).classes("btn--primary").props("unelevated")
                )

    def show(self, template: EmailTemplate | None = None, words: tuple[str, str, str] = ("", "", "")) -> None:
        """Open it."""
        self._template = template
        name, subject, body = (template.name, template.subject, template.body) if template else words
        self._title.text = "Template" if template else "New template"
        self.name.value = name
        self.name.error = None
        self.letter.write(subject, body)
        self._show()
        self.open()

    async def save(self) -> None:
        """Keep it, if nothing is wrong."""
        name = str(self.name.value or "").strip()
        if not name:
            self.name.say("Give it a name")
            return
        if not self.letter.check():
            return
        self._save.props("loading")
        try:
            await self._desk.save_template(name, *self.letter.words, self._template.id if self._template else None)
        except StateError as error:
            hint = error.hint if isinstance(error, Refused) else ""
            if hint == "name":
                self.name.say(str(error))
            elif hint in ("subject", "body"):
                self.letter.say(hint, str(error))
            else:
                self._toasts.failed(str(error))
        else:
            self.close()
        finally:
            self._save.props(remove="loading")

    def _show(self) -> None:
        self.preview.show(*self.letter.words)


def _skeleton() -> None:
    for _ in range(2):
        with ui.element("div").classes("template"), ui.element("div").classes("template__open"):
            ui.element("div").classes("skeleton skeleton--line")
            ui.element("div").classes("skeleton skeleton--short")
