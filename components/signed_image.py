"""SignedImage: a picture of the private bucket. Shows its place at once, itself when it has loaded."""

from __future__ import annotations

import asyncio

from nicegui import background_tasks, ui

from state.media import Media

AGAIN_S = 5.0  # while nobody answers; all pictures of a page ask together


class SignedImage(ui.element):
    """An `<img>` that asks for its signed URL until there is an answer, fades in, and asks once more when it has expired.

    Without `alt` it is decoration: what it stands in says what it shows.
    """

    def __init__(
        self, media: Media, path: str | None = None, classes: str = "", *, alt: str = "", lazy: bool = True
    ) -> None:
        super().__init__("img")
        self.path: str | None = None
        self._media = media
        self._asked_again = False
        self.classes(f"signed-image {classes}").props("decoding=async draggable=false").props["alt"] = alt
        if lazy:
            self.props("loading=lazy")
        self.on("load", js_handler="(event) => event.target.classList.add('signed-image--here')")
        self.on("error", self._failed, args=[])
        if path:
            self.show(path)

    def show(self, path: str) -> None:
        """Show this object of the bucket; what is shown stays until it has loaded."""
        if path == self.path:
            return
        self.path, self._asked_again = path, False
        url = self._media.peek(path)
        if url is not None:
            self.props["src"] = url
        else:
            self._ask()

    def _failed(self) -> None:
        if self.path is not None and not self._asked_again:
            self._asked_again = True
            self._media.forget(self.path)
            self._ask()

    def _ask(self) -> None:
        background_tasks.create(self._load(), name=f"sign {self.path}")

    async def _load(self) -> None:
        path = self.path
        while path and path == self.path and not self.is_deleted:
            url = await self._media.url(path)
            if url is not None and path == self.path and not self.is_deleted:
                self.props["src"] = url
            if url is not None or self._media.answered(path):
                return
            await asyncio.sleep(AGAIN_S)
