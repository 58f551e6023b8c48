"""What can go wrong while drawing.

RenderError
├── Stopped        the picture is not wanted any more
└── EncoderError   ffmpeg did not take or finish the clip
"""

from __future__ import annotations


class RenderError(Exception):
    """A picture or clip could not be made."""


class Stopped(RenderError):
    """The picture is not wanted any more: the job was cancelled, or the worker is gone."""


class EncoderError(RenderError):
    """ffmpeg did not take or finish the clip. Another attempt may succeed."""
