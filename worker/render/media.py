"""Finished files: WebP pictures, MP4 clips, posters, and the mean colour that stands in until they are loaded."""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canvas import Canvas
from .errors import EncoderError, Stopped
from .picture import Request, prepare, sketch, still

POSTER_LONGEST = 512  # pixels
CLIP_LONGEST = 768  # pixels
FRAMES_PER_SECOND = 24
_PAINTED_PER_SECOND = 12  # what is between is mixed: nothing here moves more than two pixels in that time
_QUALITY = 88
_CLIP_QUALITY = "21"  # x264's constant rate factor


@dataclass(frozen=True)
class Media:
    """A finished picture or clip and its poster."""

    content: bytes
    media_type: str
    poster: bytes
    width: int
    height: int
    duration: float | None  # seconds; None: a picture
    colour: str  # its mean as #rrggbb


def make_image(request: Request) -> Media:
    """The picture as WebP at full size."""
    pixels = still(request)
    height, width, _ = pixels.shape
    return Media(_webp(pixels), "image/webp", _poster(pixels), width, height, None, _mean_colour(pixels))


def make_preview(request: Request, done: float) -> bytes:
    """WebP of the picture when `done` (0 to 1) of the steps are made."""
    return _webp(sketch(request, done), quality=74)


def make_clip(request: Request, seconds: int, stopped: Callable[[], bool]) -> Media:
    """A clip that loops: H.264 in MP4, at most `CLIP_LONGEST` pixels wide or high.

    `stopped` is asked before every painted frame; when it says so, Stopped is raised and ffmpeg ended.
    """
    canvas = Canvas.of(request.width, request.height).within(CLIP_LONGEST, multiple=2)
    frame = prepare(request, canvas)
    painted = seconds * _PAINTED_PER_SECOND
    first = frame(0.0)
    with tempfile.TemporaryDirectory(prefix="starling-") as folder:
        target = Path(folder) / "clip.mp4"
        with subprocess.Popen(
            _ffmpeg(canvas, target), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as encoder:
            assert encoder.stdin is not None
            assert encoder.stderr is not None
            try:
                before = first
                for i in range(1, painted + 1):
                    if stopped():
                        raise Stopped
                    after = first if i == painted else frame(i / painted)
                    encoder.stdin.write(before.tobytes())
                    encoder.stdin.write(_between(before, after).tobytes())
                    before = after
                encoder.stdin.close()
            except BrokenPipeError:
                raise EncoderError(_last_words(encoder.stderr.read())) from None
            except BaseException:
                encoder.kill()
                raise
            complaint = encoder.stderr.read()
            if encoder.wait() != 0:
                raise EncoderError(_last_words(complaint))
        content = target.read_bytes()
    return Media(content, "video/mp4", _poster(first), canvas.width, canvas.height, float(seconds), _mean_colour(first))


def _between(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.blend(Image.fromarray(before), Image.fromarray(after), 0.5))


def _ffmpeg(canvas: Canvas, target: Path) -> list[str]:
    source = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{canvas.width}x{canvas.height}",
        "-r",
        str(FRAMES_PER_SECOND),
        "-i",
        "-",
    ]
    # one thread, no audio, colours labelled, the index at the front so that a browser can start before it has all
    coding = [
        "-an",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        _CLIP_QUALITY,
        "-pix_fmt",
        "yuv420p",
        "-threads",
        "1",
    ]
    colours = [
        "-vf",
        "scale=out_color_matrix=bt709:out_range=tv",
        "-colorspace",
        "bt709",
        "-color_primaries",
        "bt709",
        "-color_trc",
        "bt709",
    ]
    return [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-y",
        *source,
        *colours,
        *coding,
        "-movflags",
        "+faststart",
        str(target),
    ]


def _last_words(complaint: bytes) -> str:
    lines = complaint.decode(errors="replace").strip().splitlines()
    return f"The encoder stopped: {lines[-1] if lines else 'it gave no reason'}"


def _webp(pixels: NDArray[np.uint8], quality: int = _QUALITY) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=quality, method=3)
    return buffer.getvalue()


def _poster(pixels: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((POSTER_LONGEST, POSTER_LONGEST), Image.Resampling.LANCZOS)
    return _webp(np.asarray(image), quality=82)


def _mean_colour(pixels: NDArray[np.uint8]) -> str:
    red, green, blue = pixels[::4, ::4].reshape(-1, 3).mean(axis=0).round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
