"""Publishing: the dialog in which a picture of one's own becomes a post, and what its menu offers of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlencode

from nicegui import ui

from components.picture_actions import Offer, quoted
from components.post_view import QUERY
from components.signed_image import SignedImage
from components.tag import Tag
from components.theme import ICON
from components.toasts import Toast, Toasts
from state.errors import StateError
from state.member import Member
from state.models import Generation, Post
from state.publications import MAX_CAPTION, publications_of
from state.signal import Unsubscribe
from state.sync.rows import Batch

FEED = "/feed"
COUNT_FROM = 400  # characters from which on the counter shows


class Publisher(ui.dialog):
    """One per page."""

    def __init__(self, member: Member, toasts: Toasts) -> None:
        super().__init__()
        self._publications, leave = publications_of(member)
        self._media, self._toasts = member.media, toasts
        self._picture: Generation | None = None
        self._unsent: set[object] = set()
        self.client.on_delete(leave)
        self.client.on_delete(self._publications.posts.subscribe(self._on_posts))
        self.props('transition-duration=120 aria-label="Publish"').classes("publisher")
        with self, ui.card().classes("publisher__card"):
            Tag("h2", "Publish to the feed", "title")
            with ui.element("div").classes("publisher__row"):
                self._frame = ui.element("div").classes("publisher__picture")
                with ui.element("div").classes("publisher__words"):
                    self._caption = ui.textarea(placeholder="Say a few words (you need not)", on_change=self._typed)
                    self._caption.props(f'outlined maxlength={MAX_CAPTION} aria-label="Caption" autofocus')
                    self._caption.on("keydown.ctrl.enter.prevent", self._publish, args=[])
                    self._caption.on("keydown.meta.enter.prevent", self._publish, args=[])
                    self._counter = Tag("div", "", "meta num publisher__counter")
            self._note = Tag("p", "", "secondary")
            with ui.element("div").classes("publisher__actions"):
                ui.button("Cancel", color=None, on_click=self.close).props("flat")
                ui.button("Publish", color=None, on_click=self._publish).classes("btn--primary").props("unelevated")

    def offer(self, picture: Generation) -> Offer:
        """What can be done now: publish it, or look at its post."""
        post = self._publications.of(picture.id)
        if post is not None:
            return Offer("Show in the feed", "dynamic_feed", lambda: ui.navigate.to(address(post)))
        return Offer("Publish", "publish", lambda: self.show(picture))

    def on_change(self, listener: Callable[[], None]) -> Unsubscribe:
        """`listener` is called when one has published something, or removed a post."""
        return self._publications.posts.subscribe(lambda batch: listener() if batch.inserted or batch.deleted else None)

    async def show(self, picture: Generation) -> None:
        """Open it for this picture; one that has long been in the feed leads there."""
        post = None
        with suppress(StateError):
            post = await self._publications.find(picture.id)
        if self.is_deleted:
            return
        if post is not None:
            self._say("It is in the feed already", post)
            return
        self._picture = picture
        self._frame.clear()
        self._frame.style(f"background-color:{picture.colour}")
        with self._frame:
            SignedImage(self._media, picture.poster_path, "publisher__poster", alt=picture.prompt, lazy=False)
        self._caption.value = ""
        self._note.text = (
            "Everybody sees it, without an account, too. Members can like it and say something."
            if picture.visibility == "public"
            else "It is private now. Publishing makes it public: everybody sees it, without an account, too."
        )
        self.open()

    def _typed(self) -> None:
        length = len(self._caption.value or "")
        self._counter.text = f"{length} / {MAX_CAPTION}" if length >= COUNT_FROM else ""

    def _publish(self) -> None:
        picture, caption = self._picture, (self._caption.value or "").strip()
        if picture is None or len(caption) > MAX_CAPTION:
            return
        self._picture = None
        self.close()
        if self._publications.of(picture.id) is None:
            self._unsent.add(self._publications.publish(picture, caption))
            self._look()

    def _on_posts(self, _: Batch[Post]) -> None:
        if self._unsent and not self.is_deleted:
            self._look()

    def _look(self) -> None:
        """Says so when a post is in the feed, or will not be."""
        posts = self._publications.posts
        for id in list(self._unsent):
            pending, post = posts.pending(id), posts.get(id)
            if pending is not None and not pending.failed:
                continue
            self._unsent.discard(id)
            if pending is not None and pending.failed:
                self._toasts.failed(f"Not published: {pending.failed}")
                pending.discard()
            elif post is not None:
                self._say(f"Published {quoted(post)}", post)

    def _say(self, text: str, post: Post) -> None:
        look = ("View", lambda: ui.navigate.to(address(post)))
        picture = self._media.peek(post.poster_path)
        self._toasts.show(Toast(text, icon=f"{ICON}publish", picture=picture, action=look, urgent=True))


def address(post: Post) -> str:
    """Where a post is."""
    return f"{FEED}?{urlencode({QUERY: str(post.id)})}"
