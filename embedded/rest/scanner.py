"""The tokens of PostgREST's query language: names, quoted values, lists, JSON paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from embedded.rest.errors import QueryError
from embedded.rest.syntax import Field, JsonStep

T = TypeVar("T")

NAME = re.compile(r"(?:[\w $]|-(?!>))+")
JSON_INDEX = re.compile(r"-?[0-9]{1,9}(?=->|::|[.,)]|$)")  # as many digits as fit an int4
IDENTIFIER = re.compile(r"[\w $]+")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ARRAY = re.compile(r"\{[^{}]*\}")
UNTIL_SEPARATOR = re.compile(r"[^,)]*")
SPACE = re.compile(r"[ \t]*")
MAX_DEPTH = 60  # nesting of logic trees and embeds; far beyond sense, well within Postgres's and Python's stacks


class Scanner:
    """A position in a parameter's text. `what` names the parameter in errors."""

    def __init__(self, text: str, what: str) -> None:
        self.text = text
        self.what = what
        self.position = 0
        self.depth = 0

    def fail(self, expected: str) -> QueryError:
        """The error that something else was expected here."""
        found = repr(self.text[self.position])[1:-1] if self.position < len(self.text) else None
        unexpected = f'unexpected "{found}"' if found else "unexpected end of input"
        return QueryError(self.what, self.position + 1, f"{unexpected} expecting {expected}")

    def descend(self) -> None:
        """One level deeper; refuses what is nested beyond reason."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"at most {MAX_DEPTH} levels of nesting")

    @property
    def at_end(self) -> bool:
        return self.position == len(self.text)

    @property
    def at_name(self) -> bool:
        return bool(NAME.match(self.text, self.position) or QUOTED.match(self.text, self.position))

    def peek(self, token: str) -> bool:
        return self.text.startswith(token, self.position)

    def accept(self, token: str) -> bool:
        """Takes `token` if it is next."""
        if not self.peek(token):
            return False
        self.position += len(token)
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.fail(f'"{token}"')

    def expect_end(self) -> None:
        if not self.at_end:
            raise self.fail("end of input")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Takes what `pattern` matches here."""
        if found := pattern.match(self.text, self.position):
            self.position = found.end()
        return found

    def skip_space(self) -> None:
        self.match(SPACE)

    def separator(self, token: str) -> bool:
        """Takes `token` with the space around it."""
        start = self.position
        self.skip_space()
        if self.accept(token):
            self.skip_space()
            return True
        self.position = start
        return False

    def several(self, read: Callable[[Scanner], T]) -> list[T]:
        """What `read` reads, once or more, with commas between."""
        found = [read(self)]
        while self.separator(","):
            found.append(read(self))
        return found

    def rest(self) -> str:
        """Everything to the end."""
        text, self.position = self.text[self.position :], len(self.text)
        return text

    def quoted(self) -> str | None:
        found = self.match(QUOTED)
        return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if found else None

    def name(self) -> str:
        """A field name: quoted, or letters, digits, `_`, `$`, spaces and dashes."""
        if (quoted := self.quoted()) is not None:
            return quoted
        if found := self.match(NAME):
            return found[0].strip()
        raise self.fail("field name (* or [a..z0..9_$])")

    def identifier(self) -> str:
        """What may be a type or a text search configuration: letters, digits, `_`, `$` and spaces."""
        if found := self.match(IDENTIFIER):
            return found[0].strip()
        raise self.fail("letter or digit")

    def field(self) -> Field:
        """A name with its JSON path."""
        self.skip_space()
        name = self.name()
        path = self.json_path()
        self.skip_space()
        return Field(name, path)

    def json_path(self) -> tuple[JsonStep, ...]:
        steps: list[JsonStep] = []
        while self.peek("->"):
            as_text = self.accept("->>") or not self.accept("->")
            if index := self.match(JSON_INDEX):
                steps.append(JsonStep(int(index[0]), as_text))
            else:
                steps.append(JsonStep(self.name(), as_text))
        return tuple(steps)

    def element(self) -> str:
        """One value of a list or a logic tree: quoted, or everything up to `,` or `)`."""
        start = self.position
        quoted = self.quoted()
        if quoted is not None and (self.at_end or self.text[self.position] in ",)"):
            return quoted
        self.position = start
        found = self.match(UNTIL_SEPARATOR)
        return found[0] if found else ""

    def value(self) -> str:
        """A value inside a logic tree, where `{…}` is an array literal."""
        found = self.match(ARRAY)
        return found[0] if found else self.element()
