"""Pictures and clips from words: pure functions of prompt, style and seed. The same request gives the same pixels.

words ─▶ scene ─▶ aurora | gouache | basalt | filament ─▶ picture ─▶ media
images of a dataset ─▶ learning ─▶ the style of a model: palette and texture ─▶ scene, picture
"""

from .errors import EncoderError, RenderError, Stopped
from .learning import NothingLearned, Sketch, blend, learn, study
from .media import Media, make_clip, make_image, make_preview
from .picture import Request

__all__ = [
    "EncoderError",
    "Media",
    "NothingLearned",
    "RenderError",
    "Request",
    "Sketch",
    "Stopped",
    "blend",
    "learn",
    "make_clip",
    "make_image",
    "make_preview",
    "study",
]
