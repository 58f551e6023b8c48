"""What somebody has published, newest first: the first few, and all that are loaded when one asks for them."""

from __future__ import annotations

from uuid import UUID

from nicegui import ui

from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.naming import follow_names
from components.post_card import CardHost, PostCard
from components.sentinel import MoreBelow
from components.tag import Tag
from state.models import Post
from state.people import Portfolio
from state.sync.mutation import Pending
from state.sync.view import View

AT_FIRST = 4


class AuthorPosts(Island):
    """The region "Posts"; not there while there is none."""

    def __init__(self, portfolio: Portfolio, host: CardHost) -> None:
        super().__init__("section")
        self.classes("feed").props("aria-label=Posts role=region")
        self._host, self._posts = host, portfolio.posts
        self._all = False
        view = View((portfolio.posts, host.feed.world.connection.freshness))
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Posts")
                FreshnessNote(lambda: view.freshness)
                with ui.element("span").classes("end"):
                    self._more = ui.button("Show all", color=None, on_click=self.show_all).props("flat")
            grid = ui.element("ul").classes("feed__grid").props("aria-label=Posts")
            self._list: LiveList[Post, PostCard] = LiveList(
                portfolio.posts, self._card, grid, shows=self._shows, changed=self._changed
            )
            self._end = MoreBelow(self._load_more, lambda _: None)
        if host.feed.publications is not None:
            own = host.feed.publications.posts
            self.client.on_delete(own.subscribe(lambda _: self._list.filter(self._shows)))
        self.client.on_delete(host.feed.changed.subscribe(self._stand))
        follow_names(host.feed.world.people, lambda: self._list.items.values(), self)
        self._changed()

    @property
    def shown(self) -> list[Post]:
        """In order."""
        return [card.post for card in self._list.items.values()]

    def show_all(self) -> None:
        """Not the first few only."""
        self._all = True
        self._list.filter(self._shows)
        self._end.look_again()

    def _card(self, post: Post, pending: Pending | None) -> PostCard:
        return PostCard(post, pending, host=self._host)

    def _shows(self, post: Post) -> bool:
        if self._host.feed.removed(post.id):
            return False
        return self._all or post in [row for row in self._posts.rows if not self._host.feed.removed(row.id)][:AT_FIRST]

    def _stand(self, post_id: UUID) -> None:
        if (card := self._list.items.get(post_id)) is not None and not self.is_deleted:
            card.stand()

    def _changed(self) -> None:
        self.set_visibility(bool(self._list.items))
        self._more.set_visibility(not self._all and len(self._posts.rows) > AT_FIRST)

    async def _load_more(self) -> bool:
        return self._all and await self._list.load_more()
