"""What one does with posts on a page: like one, copy its link, remove one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from nicegui import ui

from components.post_card import CardHost
from components.post_view import QUERY
from components.theme import ICON
from components.toasts import Toast, Toasts
from state.feed import Feed
from state.models import Post

if TYPE_CHECKING:
    from components.session import Visitor

FEED = "/feed"
COPY = "starling.copy(location.origin + {path})"


def card_host(
    visitor: Visitor,
    feed: Feed,
    toasts: Toasts,
    *,
    open: Callable[[Post], None],
    sign_in: Callable[[str], None],
) -> CardHost:
    """`sign_in` gets the address to come back to, for guests who like something."""
    member, people = visitor.member, visitor.world.people

    def like(post: Post) -> None:
        if member is not None:
            feed.like(post, not feed.standing(post).liked)
            return
        again = ("Sign in", partial(sign_in, address(post)))
        toasts.show(Toast("Sign in to like it", icon=f"{ICON}favorite", action=again, urgent=True))

    def copy(post: Post) -> None:
        ui.run_javascript(COPY.format(path=json.dumps(address(post))))
        toasts.show(Toast("Copied the link", icon=f"{ICON}link", urgent=True))

    def remove(post: Post) -> None:
        assert feed.publications is not None
        removal = feed.publications.remove(post.id)
        picture = visitor.studio.media.peek(post.poster_path)
        undo = ("Undo", removal.undo)
        toasts.show(Toast("Removed from the feed", picture=picture, action=undo, seconds=removal.seconds, urgent=True))

    return CardHost(
        feed=feed,
        media=visitor.studio.media,
        person=lambda post: people.get(post.author_id),
        open=open,
        like=like,
        copy=copy,
        remove=remove,
    )


def address(post: Post) -> str:
    """Where one post is."""
    return f"{FEED}?{urlencode({QUERY: str(post.id)})}"
