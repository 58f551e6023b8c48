"""Avatars: what somebody uploads becomes a small square picture, whatever it was.

Only what decodes as a picture of these formats is taken, by its content and not by its name; what comes out is made anew
from its pixels, so that nothing else that was in the file (places, names, scripts) is published.
"""

from __future__ import annotations

import asyncio
from io import BytesIO

from state.errors import Refused

BUCKET = "avatars"
MEDIA_TYPE = "image/webp"
SIDE_PX = 512
MOST_BYTES = 10 * 2**20
MOST_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")

_one_at_a_time = asyncio.Semaphore(1)  # a large picture takes 200 MB while it is decoded


async def square(content: bytes) -> bytes:
    """A square WebP of the middle of a picture. Raises Refused, with a sentence for people."""
    if len(content) > MOST_BYTES:
        raise Refused(f"This file is too large: at most {MOST_BYTES // 2**20} MB, please")
    async with _one_at_a_time:
        return await asyncio.to_thread(_square, content)


def _square(content: bytes) -> bytes:
    from PIL import Image, ImageOps  # here: most processes never need it

    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise Refused("This picture is too large: at most 50 megapixels, please")
            picture.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))  # a JPEG is decoded no larger than it is needed
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except Refused:
        raise
    except Exception as error:  # a broken file can make a decoder raise nearly anything
        raise Refused("This is no picture that can be read: PNG, JPEG, WebP or GIF, please") from error
    fitted = ImageOps.fit(upright, (SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    made = BytesIO()
    fitted.save(made, "WEBP", quality=86, method=4)
    return made.getvalue()
