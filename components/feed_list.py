"""The feed as a page shows it: cards, newest first; what is new waits on a chip, what is old comes as one scrolls."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from nicegui import ui

from components.freshness_note import FreshnessNote
from components.island import Island
from components.live_list import LiveList
from components.naming import follow_names
from components.post_card import CardHost, PostCard, draw_skeleton
from components.reader import Reader
from components.region_state import RegionState
from components.sentinel import MoreBelow, Sentinel
from components.tag import Tag
from components.theme import ICON
from state.models import Post
from state.sync.mutation import Pending
from state.sync.query import Order, Query

PAGE = 24
SKELETONS = 6
IN_ORDER = Query("posts", order=(Order("created_at", descending=True),))
MAKE = "/studio?show=Mine"  # where one's pictures can be published


class FeedList(Island):
    """The region "Feed". New posts of others never push what one reads: they wait until one asks for them, unless all there is
    is in sight."""

    def __init__(self, host: CardHost, *, failed: Callable[[str], None], guest: bool) -> None:
        super().__init__("section")
        self.classes("feed").props("aria-label=Feed role=region")
        self._host = host
        self._sees = {"begin": False, "end": False}  # the reader, of the list
        self._posts: Reader[Post] = Reader(host.feed.posts, IN_ORDER.sort_key, PAGE)
        begin = ("Look around the studio" if guest else "Publish a picture", lambda: ui.navigate.to(MAKE))
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Latest posts")
                FreshnessNote(lambda: host.feed.view.freshness)
                if not guest:
                    with ui.element("span").classes("end"), ui.link(target=MAKE).classes("action action--quiet"):
                        ui.icon(f"{ICON}publish").props("aria-hidden=true")
                        Tag("span", "Publish a picture")
            self._state = RegionState(
                self._posts, skeleton=draw_skeleton(SKELETONS), empty="Nothing has been published yet.", action=begin
            )
            Sentinel(near=lambda: self._see(begin=True), past=lambda: self._see(begin=False))
            self._waiting = ui.button(icon=f"{ICON}arrow_upward", color=None, on_click=self.go_up)
            self._waiting.classes("gallery__waiting btn--primary").props("unelevated").set_visibility(False)
            grid = ui.element("ul").classes("feed__grid").props("aria-label=Posts")
            self._list: LiveList[Post, PostCard] = LiveList(self._posts, self._card, grid, changed=self._changed)
            self._list.hold(True)
            Sentinel(near=lambda: self._see(end=True), before=lambda: self._see(end=False))
            self._end = MoreBelow(self._list.load_more, failed)
        self.client.on_delete(host.feed.changed.subscribe(self._stand))
        self.client.on_delete(self._posts.close)
        follow_names(host.feed.world.people, lambda: self._list.items.values(), self)
        self._changed()

    @property
    def shown(self) -> list[Post]:
        """The posts on the page, in order."""
        return [card.post for card in self._list.items.values()]

    def go_up(self) -> None:
        """Show what is new, and go there."""
        self._list.hold(False)
        self._see()
        self.client.run_javascript(f"getHtmlElement({self.id}).scrollIntoView({{behavior: starling.pace}})")

    def _see(self, **what: bool) -> None:
        self._sees |= what
        self._list.hold(not all(self._sees.values()))

    def _card(self, post: Post, pending: Pending | None) -> PostCard:
        return PostCard(post, pending, host=self._host)

    def _stand(self, post_id: UUID) -> None:
        if (card := self._list.items.get(post_id)) is not None and not self.is_deleted:
            card.stand()

    def _changed(self) -> None:
        held = self._list.held
        self._state.show(len(self._list.items) + held)
        self._waiting.text = f"{held} new {'post' if held == 1 else 'posts'}"
        self._waiting.set_visibility(held > 0)
