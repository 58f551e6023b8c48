"""Writing a letter: subject, text, the variables that are filled in, and what a reader gets to see. What is shown is text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from nicegui import ui

from components.field import Field
from components.icon_button import IconButton
from components.island import Island
from components.tag import Tag
from state.letters import MAX_BODY, MAX_SUBJECT, VARIABLES, fault, fill_in, gaps, parts, variables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from state.models import Contact

INSERT = """() => {
  const field = document.querySelector('[name="%s"]');
  if (!field) return;
  field.setRangeText('{{%s}}', field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new Event('input', { bubbles: true }));
  field.focus();
}"""
_names = count()


class LetterForm(ui.element):
    """`changed` is called when either text is another one."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__("div")
        self.classes("letter-form")
        self._changed = changed
        name = f"letter-{next(_names)}"
        with self:
            self.subject = Field("Subject", name=f"{name}-subject", autocomplete="off")
            self.subject.props(f"maxlength={MAX_SUBJECT}").on_value_change(self._on_change)
            with ui.element("div").classes("field"):
                Tag("label", "Text", "field__label").props(f"for={name}-body")
                self.body = ui.textarea(on_change=self._on_body)
                self.body.props(f"outlined for={name}-body name={name}-body maxlength={MAX_BODY} no-error-icon")
                self.body.props("input-class=letter-form__text debounce=150")
                self.body.classes("letter-form__body")
            with ui.element("div").classes("letter-form__variables").props('role=group aria-label="Fill in"'):
                for variable, title in VARIABLES.items():
                    chip = Tag("button", title, "pill letter-form__variable").props("type=button")
                    chip.props["title"] = f"Fill in: {{{{{variable}}}}}"
                    chip.on("click", js_handler=INSERT % (f"{name}-body", variable))

    @property
    def words(self) -> tuple[str, str]:
        """Subject and text."""
        return str(self.subject.value or ""), str(self.body.value or "")

    def write(self, subject: str, body: str) -> None:
        """Put these there."""
        self.subject.value, self.body.value = subject, body
        self.subject.error = self.body.error = None

    def check(self) -> bool:
        """Whether it may be sent; else what is wrong is said at the field."""
        wrong = fault(*self.words)
        if wrong is not None:
            self.say(*wrong)
        return wrong is None

    def say(self, field: str, sentence: str) -> None:
        """Show what is wrong."""
        if field == "body":
            self.body.error = sentence
            self.body.run_method("focus")
        else:
            self.subject.say(sentence)

    def _on_body(self) -> None:
        self.body.error = None
        self._on_change()

    def _on_change(self) -> None:
        self._changed()


class Preview(Island):
    """What a reader gets to see; of several readers one after the other."""

    def __init__(self, *, sender: str, team: str) -> None:
        super().__init__("section")
        self.classes("preview").props("aria-label=Preview role=region")
        self._sender, self._team = sender, team
        self._readers: Sequence[Contact] = ()
        self._at = 0
        self._words = ("", "")
        with self:
            with ui.element("div").classes("preview__head"):
                Tag("span", "Preview", "field__label")
                self._to = Tag("span", "", "meta truncate-1")
                with ui.element("span").classes("preview__turn") as self._turn:
                    IconButton("chevron_left", "The one before", lambda: self._step(-1))
                    IconButton("chevron_right", "The next one", lambda: self._step(1))
            with ui.element("div").classes("preview__paper"):
                self._subject = Tag("p", "", "preview__subject")
                Tag("p", f"{sender} ({team}), answers go to your own address", "meta")
                self._body = ui.element("div").classes("preview__body")
                Tag("p", f"{team} wrote to you. Unsubscribe", "meta preview__foot")
            self._gaps = Tag("p", "", "meta")
        self._show()

    def show(self, subject: str, body: str, readers: Sequence[Contact] = ()) -> None:
        """These words, to these people."""
        self._words, self._readers = (subject, body), readers
        self._at = min(self._at, max(len(readers) - 1, 0))
        self._show()

    def _step(self, by: int) -> None:
        self._at = (self._at + by) % max(len(self._readers), 1)
        self._show()

    def _show(self) -> None:
        reader = self._readers[self._at] if self._readers else None
        values = variables_of(reader, sender=self._sender, team=self._team)
        subject, body = (fill_in(text, values) for text in self._words)
        self._to.text = f"to {reader.email}" if reader else "to somebody made up"
        empty = gaps("\n".join(self._words), values)
        self._gaps.text = (
            f"Empty for this contact: {', '.join(empty)}. {{{{{empty[0]}|you}}}} would say “you”." if empty else ""
        )
        self._turn.set_visibility(len(self._readers) > 1)
        self._subject.text = subject or "Subject"
        self._subject.classes(add="" if subject else "faint", remove="faint" if subject else "")
        self._body.clear()
        with self._body:
            if body:
                say(body)
            else:
                Tag("span", "Text", "faint")


def say(text: str) -> None:
    """A text with its links, which lead nowhere here."""
    for piece, link in parts(text):
        Tag("span", piece, "preview__link" if link else "")
