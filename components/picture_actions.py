"""What one can do with a picture or clip: the tiles, their menu and the viewer offer the same."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nicegui import ui

from components.prompt_draft import PromptDraft
from components.theme import ICON
from components.toasts import Toast, Toasts
from state.errors import StateError
from state.generation import Draft, Studio
from state.models import Generation, Post
from state.signal import Unsubscribe

if TYPE_CHECKING:
    from components.publisher import Publisher

LONGEST_NAME = 60  # characters of a file's name, without its ending


@dataclass(frozen=True)
class Offer:
    """One thing that can be done now."""

    title: str
    icon: str
    act: Callable[[], Any]  # may be a coroutine function
    danger: bool = False


class PictureActions:
    """`reuse` fills the prompt form; `sign_in` is where guests are sent who want to make something; `publisher` puts
    pictures into the feed."""

    def __init__(
        self,
        studio: Studio,
        toasts: Toasts,
        *,
        reuse: Callable[[PromptDraft], None],
        sign_in: Callable[[], None] | None,
        publisher: Publisher | None = None,
    ) -> None:
        self._studio, self._toasts = studio, toasts
        self._reuse = reuse
        self._sign_in = sign_in
        self._publisher = publisher

    def on_change(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called when other things can be done with a picture, though it is the same: it is in the feed now."""
        return self._publisher.on_change(listener) if self._publisher is not None else lambda: None

    def offers(self, picture: Generation) -> list[Offer]:
        """In the order of the menu. Others' pictures can be neither shared nor deleted."""
        offers = [
            Offer("Reuse prompt and seed", "edit_note", lambda: self.reuse(picture)),
            Offer("Vary", "shuffle", lambda: self.vary(picture)),
            Offer("Download", "download", lambda: self.download(picture)),
        ]
        if self._studio.mine(picture):
            public = picture.visibility == "public"
            offers += [self._publisher.offer(picture)] if self._publisher is not None else []
            offers += [
                Offer("Remove from favourites", "heart_minus", lambda: self.favourite(picture))
                if picture.favourite
                else Offer("Add to favourites", "favorite", lambda: self.favourite(picture)),
                Offer(
                    "Make private" if public else "Make public",
                    "lock" if public else "public",
                    lambda: self.share(picture),
                ),
                Offer("Delete", "delete", lambda: self.delete(picture), danger=True),
            ]
        return offers

    def reuse(self, picture: Generation) -> None:
        """Put what made it into the form."""
        self._reuse(PromptDraft.of(picture))

    def vary(self, picture: Generation) -> None:
        """Queue the same once more with another seed."""
        draft = PromptDraft.of(picture)
        draft.seed = None
        if self._sign_in is not None:
            self._reuse(draft)  # it waits in the form until they are back
            self._sign_in()
            return
        checked = Draft.check(**draft.values())
        if isinstance(checked, Draft):
            self._studio.generate(checked)
            self._toasts.show(
                Toast(f"A variation of {quoted(picture)} is in the queue", icon=f"{ICON}shuffle", urgent=True)
            )
        else:  # its model is gone, or its size is no longer offered
            self._toasts.failed(next(iter(checked.values())))

    def favourite(self, picture: Generation) -> None:
        """Mark it, or take the mark away."""
        self._studio.favourite(picture.id, not picture.favourite)

    def share(self, picture: Generation) -> None:
        """Show it to everybody, or to nobody else."""
        to = "private" if picture.visibility == "public" else "public"
        self._studio.share(picture.id, to)
        said = "Everybody sees" if to == "public" else "Only you see"
        icon = "public" if to == "public" else "lock"
        self._toasts.show(Toast(f"{said} {quoted(picture)} now", icon=ICON + icon, urgent=True))

    def delete(self, picture: Generation) -> None:
        """Take it away; for some seconds that can be undone."""
        deletion = self._studio.delete(picture.id)
        url = self._studio.media.peek(picture.poster_path)
        undo = ("Undo", deletion.undo)
        self._toasts.show(
            Toast(f"Deleted {quoted(picture)}", picture=url, action=undo, seconds=deletion.seconds, urgent=True)
        )

    async def download(self, picture: Generation) -> None:
        """Save the file under a name that says what it is."""
        try:
            data = await self._studio.media.download(picture.media_path)
        except StateError as error:
            self._toasts.failed(str(error), action=("Try again", lambda: self.download(picture)))
            return
        ui.download.content(data, file_name(picture), picture.media_type)


def file_name(picture: Generation) -> str:
    """a-lighthouse-in-a-violet-storm-81233.webp"""
    words = re.sub(r"[^\w]+", "-", picture.prompt.lower()).strip("-_")
    stem = words[:LONGEST_NAME].rsplit("-", 1)[0] if len(words) > LONGEST_NAME else words
    return f"{stem or picture.kind}-{picture.seed}{mimetypes.guess_extension(picture.media_type) or ''}"


def quoted(picture: Generation | Post) -> str:
    """“a lighthouse in a violet…”, short enough for a toast."""
    prompt = " ".join(picture.prompt.split())
    return f"“{prompt if len(prompt) <= 34 else prompt[:33].rstrip(' ,.') + '…'}”"
