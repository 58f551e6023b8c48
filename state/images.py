"""What somebody uploads as an image, looked at before it is believed: by its content, never by its name."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

MAX_BYTES = 8 * 2**20
SIDES = (64, 8192)  # pixels of each side
MAX_PIXELS = 40_000_000  # decoded: 160 MB at most, one at a time
THUMB_PX = 320
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


class NotAnImage(Exception):
    """It is none that is taken; the text says why, to whoever chose it."""


@dataclass(frozen=True)
class Inspected:
    """A sound image: what there is to say of it, and a small WebP of it."""

    media_type: str
    width: int
    height: int
    colour: str
    thumb: bytes


def inspect(content: bytes) -> Inspected:
    """Takes its time: call it in a thread. Raises NotAnImage."""
    if len(content) > MAX_BYTES:
        raise NotAnImage(f"Larger than {MAX_BYTES // 2**20} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _look(content)
    except NotAnImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAnImage("Too many pixels") from None
    except Exception:  # a broken file can make a decoder raise nearly anything
        raise NotAnImage("Not a PNG, JPEG or WebP image that can be read") from None


def _look(content: bytes) -> Inspected:
    with Image.open(io.BytesIO(content), formats=tuple(TYPES)) as image:
        width, height = image.size
        if not all(SIDES[0] <= side <= SIDES[1] for side in (width, height)):
            raise NotAnImage(f"From {SIDES[0]} to {SIDES[1]:,} pixels a side, please")
        if width * height > MAX_PIXELS:
            raise NotAnImage("Too many pixels")
        media_type = TYPES[str(image.format)]
        image.verify()
    with Image.open(io.BytesIO(content), formats=tuple(TYPES)) as image:  # verifying uses it up
        image.draft("RGB", (THUMB_PX * 2, THUMB_PX * 2))
        small = ImageOps.exif_transpose(image).convert("RGB")
    small.thumbnail((THUMB_PX, THUMB_PX))
    file = io.BytesIO()
    small.save(file, "WEBP", quality=80)
    red, green, blue = small.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
    return Inspected(media_type, width, height, f"#{red:02x}{green:02x}{blue:02x}", file.getvalue())
