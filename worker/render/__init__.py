"""Pictures and clips from words: pure functions of prompt, style and seed. The same request gives the same pixels.

words ─▶ scene ─▶ aurora | gouache | basalt | filament ─▶ picture ─▶ media
"""

from .errors import EncoderError, RenderError, Stopped
from .media import Media, make_clip, make_image, make_preview
from .picture import Request

__all__ = ["EncoderError", "Media", "RenderError", "Request", "Stopped", "make_clip", "make_image", "make_preview"]
