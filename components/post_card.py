"""A post in the feed: the picture first, then who made it, a few words, and what others make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nicegui import ui

from components.ago import Ago
from components.avatar import Avatar
from components.count_button import CountButton
from components.icon_button import IconButton
from components.island import Island
from components.job_row import UNSENT
from components.person_link import PersonLink
from components.signed_image import SignedImage
from components.tag import Tag
from state.feed import Feed
from state.media import Media
from state.models import Post, Profile
from state.sync.mutation import Pending


@dataclass(frozen=True)
class CardHost:
    """What a card needs of the page it is on."""

    feed: Feed
    media: Media
    person: Callable[[Post], Profile | None]
    open: Callable[[Post], None]
    like: Callable[[Post], None]
    copy: Callable[[Post], None]
    remove: Callable[[Post], None]


class PostCard:
    """One card."""

    def __init__(self, post: Post, pending: Pending | None, *, host: CardHost) -> None:
        self.post = post
        self._host = host
        self._pending = pending
        author = host.person(post)
        self.element = Island("li").classes("post")
        with self.element:
            self._picture = ui.element("button").classes("post__open").props("type=button")
            self._picture.style(f"background-color:{post.colour}")
            self._picture.on("click", lambda: host.open(self.post), args=[])
            with self._picture:
                SignedImage(host.media, post.poster_path, "post__picture", alt="")
                if post.duration:
                    Tag("span", f"{post.duration:.0f} s", "tile__tag tile__tag--clip num post__length").props(
                        "aria-hidden=true"
                    )
            with ui.element("div").classes("post__body"):
                with ui.element("div").classes("post__author"):
                    self._avatar, self._author = Avatar(author), PersonLink(author, "strong truncate-1")
                    Ago(post.created_at)
                Tag("p", words(post), "post__caption clamp-2" + ("" if post.caption else " muted"))
                with ui.element("div").classes("post__state") as self._state:
                    self._badge = Tag("span", "", "badge")
                    self._reason = Tag("span", "", "meta truncate-1")
                    self._retry = IconButton("refresh", "Try again", lambda: self._pending and self._pending.retry())
                    self._drop = IconButton("close", "Discard", lambda: self._pending and self._pending.discard())
                with ui.element("div").classes("post__actions") as self._actions:
                    self._heart = CountButton(
                        "favorite", lambda: host.like(self.post), "count-button--heart", one="like", many="likes"
                    )
                    self._comments = CountButton(
                        "chat_bubble", lambda: host.open(self.post), "", one="comment", many="comments"
                    )
                    ui.element("span").classes("post__gap")
                    IconButton("link", "Copy link", lambda: host.copy(self.post), "post__quiet")
                    if host.feed.mine(post):
                        IconButton("delete", "Remove from the feed", lambda: host.remove(self.post), "post__quiet")
        self.name()
        self.update(post, pending)

    @property
    def named(self) -> tuple[UUID]:
        """Its author."""
        return (self.post.author_id,)

    def name(self) -> None:
        """Say who made it."""
        author = self._host.person(self.post)
        self._avatar.show(author)
        self._author.show(author)
        self._picture.props["aria-label"] = spoken(self.post, author)

    def update(self, post: Post, pending: Pending | None) -> None:
        """Show this state of the post."""
        self.post, self._pending = post, pending
        failed = pending.failed if pending is not None else None
        waiting = pending is not None and pending.waiting
        self._state.set_visibility(bool(failed or waiting))
        self._actions.set_visibility(not failed)
        self._badge.text = "not published" if failed else "not sent yet"
        self._badge.classes(
            add="badge--fail" if failed else "badge--wait", remove="badge--wait" if failed else "badge--fail"
        )
        self._reason.text = failed or UNSENT
        self._retry.set_visibility(bool(failed))
        self.stand()

    def stand(self) -> None:
        """Show how it stands."""
        show_standing(self._host.feed, self.post, self._heart, self._comments)


def show_standing(feed: Feed, post: Post, heart: CountButton, comments: CountButton) -> None:
    """The two numbers of a post, and whether the visitor likes it."""
    now = feed.standing(post)
    heart.show(now.likes, "Unlike" if now.liked else "Like", pressed=now.liked)
    comments.show(now.comments, "Comments")


def words(post: Post) -> str:
    """What the author says, or else the prompt."""
    return post.caption or post.prompt


def spoken(post: Post, author: Profile | None) -> str:
    """What screen readers say of the picture."""
    kind = "Clip" if post.kind == "video" else "Picture"
    return f"{kind} by {author.display_name if author else 'somebody'}: {words(post)}"


def draw_skeleton(number: int) -> Callable[[], Any]:
    """Cards in the shape of what comes."""

    def draw() -> None:
        with ui.element("div").classes("feed__grid"):
            for _ in range(number):
                with ui.element("div").classes("post"):
                    ui.element("div").classes("post__open skeleton")
                    with ui.element("div").classes("post__body"):
                        ui.element("div").classes("skeleton skeleton--line")
                        ui.element("div").classes("skeleton skeleton--short")

    return draw
