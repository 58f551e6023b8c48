"""PromptDraft: what stands in the prompt form, whether or not it could be sent as it is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias
from uuid import UUID

from state.generation import ASPECTS, Aspect
from state.models import Generation

MAX_PROMPT = 1000  # characters
MAX_SEED = 2**32 - 1
COUNTS = (1, 2, 3, 4)  # pictures of one job
VARIATIONS = (1, 2, 4, 8)  # jobs of one prompt, each with a seed of its own
DURATIONS = (2, 4, 6, 8)  # seconds of a clip

Kind: TypeAlias = Literal["image", "video"]
Visibility: TypeAlias = Literal["public", "private"]


@dataclass
class PromptDraft:
    """Plain values, as typed. `model_id` is None until the models are known."""

    prompt: str = ""
    negative_prompt: str = ""
    kind: Kind = "image"
    model_id: str | None = None
    width: int | None = ASPECTS[0].width
    height: int | None = ASPECTS[0].height
    count: int = 1
    duration: int = DURATIONS[1]
    seed: int | None = None  # None: another one each time
    visibility: Visibility = "public"
    variations: int = 1

    @classmethod
    def restore(cls, stored: Mapping[str, Any]) -> PromptDraft:
        """From what `store` gave, perhaps by another version of the app: what does not fit is left out."""
        known = {field.name: field.type for field in fields(cls)}
        draft = cls(**{name: value for name, value in stored.items() if name in known})
        return draft if draft._is_sound() else cls()

    @classmethod
    def of(cls, picture: Generation) -> PromptDraft:
        """What makes this picture once more."""
        draft = cls(
            prompt=picture.prompt,
            kind="video" if picture.kind == "video" else "image",
            model_id=str(picture.model_id) if picture.model_id else None,
            seed=picture.seed,
            visibility="private" if picture.visibility == "private" else "public",
        )
        if picture.duration:  # a clip is rendered smaller than what was asked for
            draft.duration = min(8, max(1, round(picture.duration)))
            shape = picture.width / picture.height
            aspect = min(ASPECTS, key=lambda aspect: abs(aspect.width / aspect.height - shape))
            draft.width, draft.height = aspect.width, aspect.height
        else:
            draft.width, draft.height = picture.width, picture.height
        return draft

    def store(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    def values(self) -> dict[str, Any]:
        """What `Draft.check` takes. A draft without model leaves that out."""
        values = self.store() | {"prompt": self.prompt.strip(), "negative_prompt": self.negative_prompt.strip()}
        if self.model_id is None:
            del values["model_id"]
        else:
            values["model_id"] = UUID(self.model_id)
        return values

    @property
    def aspect(self) -> Aspect | None:
        """The preset of this size; None: a size of one's own."""
        return next((a for a in ASPECTS if (a.width, a.height) == (self.width, self.height)), None)

    @property
    def size_label(self) -> str:
        """As the size chip shows it."""
        return self.aspect.name if self.aspect else f"{self.width or '?'} × {self.height or '?'}"

    @property
    def amount_label(self) -> str:
        """How much of it: pictures, or seconds of a clip."""
        one = (
            f"{self.duration} s"
            if self.kind == "video"
            else "1 picture"
            if self.count == 1
            else f"{self.count} pictures"
        )
        return one if self.variations == 1 else f"{one} × {self.variations}"

    @property
    def seed_label(self) -> str:
        """As the seed chip shows it."""
        return "Seed auto" if self.seed is None else f"Seed {self.seed}"

    def _is_sound(self) -> bool:
        numbers = (self.width, self.height, self.seed)
        return (
            isinstance(self.prompt, str)
            and isinstance(self.negative_prompt, str)
            and self.kind in ("image", "video")
            and (self.model_id is None or _is_uuid(self.model_id))
            and all(number is None or isinstance(number, int) for number in numbers)
            and self.count in COUNTS
            and self.variations in VARIATIONS
            and isinstance(self.duration, int)
            and self.visibility in ("public", "private")
        )


def any_seed() -> int:
    """A seed to begin with."""
    return random.randint(0, MAX_SEED)


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
