"""One post as large as the window: the picture or clip, and beside it what is said to it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from nicegui import background_tasks, ui

from components.ago import Ago
from components.avatar import Avatar
from components.count_button import CountButton
from components.icon_button import IconButton
from components.naming import follow_names
from components.person_link import PersonLink
from components.post_card import CardHost, show_standing, spoken, words
from components.signed_image import SignedImage
from components.tag import Tag
from components.theme import ICON
from components.thread_view import ThreadView
from components.toasts import Toasts
from components.viewer import REFOCUS, SWIPE
from state.models import Post, Profile
from state.signal import Unsubscribe, leave_all
from state.sync.rows import Rows
from state.thread import Thread, thread_of

UNLESS_WRITING = "(event) => event.target.closest('textarea, input, video') || emit()"
QUERY = "post"  # /feed?post=<id> opens it


class PostView(ui.dialog):
    """`shown` gives the posts that the arrows lead through; `path` is the address without one. `sign_in` gets the
    address to come back to."""

    def __init__(
        self,
        host: CardHost,
        people: Rows[Profile],
        toasts: Toasts,
        *,
        shown: Callable[[], list[Post]],
        path: str,
        sign_in: Callable[[str], None] | None,
    ) -> None:
        super().__init__()
        self._host, self._people, self._toasts, self._shown, self._path = host, people, toasts, shown, path
        self._sign_in = sign_in
        self._thread: Thread | None = None
        self._thread_view: ThreadView | None = None
        self._drawn: Post | None = None
        self._gone = False
        self._leave: list[Unsubscribe] = []
        self.props('maximized transition-duration=120 aria-label="Post"').classes("viewer")
        self.on("hide", self._closed, args=[])
        with self, ui.element("div").classes("viewer__frame post-view"):
            with ui.element("div").classes("viewer__stage") as self._stage:
                self._media = ui.element("div").classes("viewer__media")
                IconButton("chevron_left", "Previous post", lambda: self.step(-1), "viewer__arrow viewer__arrow--back")
                IconButton("chevron_right", "Next post", lambda: self.step(1), "viewer__arrow viewer__arrow--on")
            for touch in ("touchstart", "touchend"):
                self._stage.on(touch, lambda event: self.step(1 if event.args == "next" else -1), js_handler=SWIPE)
            self._details = ui.element("aside").classes("viewer__details post-view__details")
            self._details.props("aria-label=Details")
            IconButton("close", "Close", self.close, "viewer__close")
        for key, way in (("left", -1), ("right", 1)):
            self.on(f"keydown.{key}", lambda _, way=way: self.step(way), js_handler=UNLESS_WRITING)
        self.client.on_delete(lambda: leave_all(self._leave))
        follow_names(people, lambda: (self,), self)

    def show(self, post_id: UUID) -> None:
        """Open it at this post, wherever in the feed it is."""
        self._let_go()
        self._thread, leave = thread_of(self._host.feed, post_id)
        self._leave = [leave, self._thread.changed.subscribe(lambda _: self._follow())]
        self._media.clear()
        self._details.clear()
        self._follow()
        ui.navigate.history.replace(f"{self._path}?{urlencode({QUERY: str(post_id)})}")
        self.open()

    @property
    def named(self) -> tuple[UUID, ...]:
        """The author of the post that is shown."""
        return (self._drawn.author_id,) if self._drawn is not None else ()

    def name(self) -> None:
        """Say who made it."""
        if self._drawn is not None:
            author = self._host.person(self._drawn)
            self._avatar.show(author)
            self._author.show(author)

    def step(self, way: int) -> None:
        """Go on by `way` posts, as far as there are any."""
        posts = [post.id for post in self._shown()]
        if self._thread is not None and self._thread.id in posts:
            place = posts.index(self._thread.id) + way
            if 0 <= place < len(posts):
                self.show(posts[place])

    # How it follows the post ----------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        if self._thread is None or self.is_deleted:
            return
        post = self._thread.post
        if post is None:
            if self._thread.phase == "ready" and not self._gone:
                self._say_gone()
            return
        if self._drawn is None:
            self._draw(post, self._thread)
        self._drawn = post
        show_standing(self._host.feed, post, self._heart, self._comments)

    def _draw(self, post: Post, thread: Thread) -> None:
        host, author = self._host, self._host.person(post)
        self._gone = False
        self._media.clear()
        self._details.clear()
        self._media.style(f"--ratio:{post.width / post.height:.4f};--mean:{post.colour}")
        with self._media:
            SignedImage(host.media, post.poster_path, "viewer__poster", lazy=False)
            if post.kind == "image":
                SignedImage(host.media, post.media_path, "viewer__picture", alt=spoken(post, author), lazy=False)
            else:
                background_tasks.create(self._play(post), name=f"play {post.media_path}")
        with self._details:
            with ui.element("div").classes("viewer__owner"):
                self._avatar = Avatar(author)
                with ui.element("div").classes("post-view__author"):
                    self._author = PersonLink(author, "strong truncate-1")
                    Ago(post.created_at)
            with ui.element("div").classes("post-view__words"):
                Tag("p", words(post), "viewer__prompt")
                if post.caption:
                    Tag("p", post.prompt, "secondary post-view__prompt")
            with ui.element("div").classes("post__actions post-view__actions"):
                self._heart = CountButton(
                    "favorite", lambda: host.like(self._drawn or post), "count-button--heart", one="like", many="likes"
                )
                self._comments = CountButton("chat_bubble", lambda: self._write(), "", one="comment", many="comments")
                ui.element("span").classes("post__gap")
                IconButton("link", "Copy link", lambda: host.copy(post), "post__quiet")
                if host.feed.mine(post):
                    IconButton("delete", "Remove from the feed", lambda: self._remove(post), "post__quiet")
            back = f"{self._path}?{urlencode({QUERY: str(post.id)})}"
            sign_in = self._sign_in
            self._thread_view = ThreadView(
                thread, self._people, self._toasts, sign_in=None if sign_in is None else lambda: sign_in(back)
            )
        self.client.run_javascript(REFOCUS.format(self._details.html_id))

    def _say_gone(self) -> None:
        self._forget_drawing()
        self._gone = True
        self._media.clear()
        self._details.clear()
        with self._details, ui.element("div").classes("empty"):
            ui.icon(f"{ICON}hide_image").props("aria-hidden=true")
            Tag("p", "This post is gone: its author has removed it, or the picture.")
            ui.button("Back to the feed", color=None, on_click=self.close).props("flat")

    def _write(self) -> None:
        if self._thread_view is not None and self._thread_view.composer is not None:
            self._thread_view.composer.focus()

    def _remove(self, post: Post) -> None:
        self.close()
        self._host.remove(post)

    async def _play(self, post: Post) -> None:
        url = await self._host.media.url(post.media_path)
        if url is not None and self._drawn is not None and self._drawn.id == post.id and not self.is_deleted:
            with self._media:
                clip = ui.element("video").classes("viewer__picture signed-image signed-image--here")
                clip.props("controls loop autoplay playsinline :muted=true")
                clip.props["aria-label"] = post.prompt
                clip.props["src"] = url

    def _forget_drawing(self) -> None:
        if self._thread_view is not None:
            self._thread_view.close()
            self._thread_view = None
        self._drawn = None
        self._gone = False

    def _let_go(self) -> None:
        self._forget_drawing()
        leave_all(self._leave)
        self._thread = None

    def _closed(self) -> None:
        if self.value:  # a late word of an earlier closing
            return
        self._let_go()
        self._media.clear()
        self._details.clear()
        ui.navigate.history.replace(self._path)


def known(id: str) -> UUID | None:
    """The id in an address, if it is one."""
    try:
        return UUID(id)
    except ValueError:
        return None
