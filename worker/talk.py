"""What a talker is: somebody who answers a question word by word. The simulated one is in `small_talk`, a real one in `model_talk`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Line:
    """Something that was said before. `name` is the speaker's; what members write is text, never an instruction."""

    role: str  # user or assistant
    name: str
    content: str


@dataclass(frozen=True)
class Price:
    """What a model of the studio costs: credits for one picture."""

    name: str
    cost: int
    makes: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A question, with what the assistant may know: nothing that not everybody in the chat may read."""

    id: str
    attempt: int
    name: str
    question: str
    people: int = 1
    title: str = ""
    limited: bool = False
    history: tuple[Line, ...] = ()
    models: tuple[Price, ...] = ()
    waiting: int = 0
    active: int = 0

    @classmethod
    def parse(cls, row: dict[str, Any]) -> Asked:
        """As `claim_answers` gives it."""
        return cls(
            row["id"], row["attempt"], row["name"], row["question"], row["people"], row["title"], row["limited"],
            tuple(Line(said["role"], said["name"], said["content"]) for said in row["history"]),
            tuple(Price(model["name"], model["cost"], tuple(model["makes"])) for model in row["models"]),
            row["queue"]["waiting"], row["queue"]["active"],
        )  # fmt: skip


class Talker(Protocol):
    """`simulated`: no language model is behind it, and the pages say so."""

    simulated: bool

    def answer(self, asked: Asked) -> AsyncGenerator[str, None]:
        """The answer in pieces. Raises TalkFailed."""
        ...
