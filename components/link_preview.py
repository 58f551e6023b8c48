"""What other places show of a link to a page: a title, a few words and a picture (Open Graph).

It is made for guests alone: whoever looks a link up for others brings no session.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui

from components.avatar import picture_of
from components.post_card import words
from state.errors import StateError
from state.feed import post_by_id
from state.people import by_id

if TYPE_CHECKING:
    from components.session import Visitor
    from state.models import Profile

PATIENCE_S = 1.0  # no page waits longer for its preview
WHAT = (
    "A live studio: every prompt, every stroke of progress and every finished picture is in all open browsers at once."
)


def preview(visitor: Visitor, path: str, title: str = "Starling", text: str = WHAT, picture: str | None = None) -> None:
    """Into the head of the page that is being built."""
    facts = {"site_name": "Starling", "type": "website", "title": title, "description": text}
    facts["url"] = visitor.starling.settings.links + path
    if picture is not None:
        facts["image"] = picture
    tags = [f'<meta property="og:{name}" content="{escape(value)}">' for name, value in facts.items()]
    tags.append(f'<meta name="twitter:card" content="{"summary_large_image" if picture else "summary"}">')
    ui.add_head_html(f'<meta name="description" content="{escape(text)}">{"".join(tags)}')


def preview_person(visitor: Visitor, profile: Profile) -> None:
    """Of a profile."""
    if visitor.member is None:
        text = profile.bio or f"What {profile.display_name} makes on Starling, as it is made."
        title = f"{profile.display_name} (@{profile.username})"
        preview(visitor, f"/u/{profile.username}", title, text, picture_of(profile))


async def preview_post(visitor: Visitor, path: str, id: UUID) -> None:
    """Of a post."""
    if visitor.member is not None:
        return
    title, text, picture = "The feed of Starling", WHAT, None
    with suppress(StateError, TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            if (post := await post_by_id(visitor.world, id)) is not None:
                author = await by_id(visitor.world, post.author_id)
                picture = await visitor.studio.media.url(post.poster_path)
                title = words(post)
                text = f"{'Clip' if post.kind == 'video' else 'Picture'} by {author.display_name if author else 'somebody'}"
    preview(visitor, f"{path}?{urlencode({'post': id})}", title, text, picture)
