"""What is said of a person beside their name: whether they are here, and how much they have made."""

from __future__ import annotations

from uuid import UUID

from nicegui import background_tasks, ui

from components.island import Island
from components.navigation import whereabouts
from components.people import ago
from components.tag import Tag
from state.errors import StateError
from state.member import Member
from state.people import posts_of, public_pictures
from state.signal import Unsubscribe, leave_all
from state.sync.cached_query import CachedQuery
from state.world import World

TONES = {"online": "tone-live", "away": "tone-wait"}


class Whereabouts(Island):
    """Online in the studio, away, last seen 5 min ago. Guests are told nothing of it."""

    def __init__(self, member: Member | None, id: UUID) -> None:
        super().__init__("span")
        self._member, self._id = member, id
        self._last = ""
        self._asked = False
        self.classes("person-card__status")
        with self:
            self._dot = ui.element("i").classes("dot")
            self._word = Tag("span", "")
        if member is not None:
            member.presence.changed.subscribe(self._show)
        self._show()

    def _show(self) -> None:
        if self.is_deleted:
            return
        here = self._member.presence.people.get(self._id) if self._member else None
        tone = TONES.get(here.status, "") if here else ""
        self._dot.classes(add=tone, remove=" ".join(set(TONES.values()) - {tone}))
        self._dot.set_visibility(here is not None)
        place = whereabouts(here.metadata.get("page")) if here else ""
        self._word.text = f"{here.status.capitalize()} {place}".strip() if here else self._last
        self.set_visibility(bool(self._word.text))
        if here is None and self._member is not None and not self._asked:
            self._asked = True
            background_tasks.create(self._ask(self._member), name="ask when somebody was here")

    async def _ask(self, member: Member) -> None:
        try:
            seen = await member.attendance.last_seen(self._id)
        except StateError:
            return
        if seen is not None:
            self._last = f"Last seen {ago(seen)}"
            self._show()


class Counts(ui.element):
    """How much somebody has made, live. What other areas count of a person comes here, too."""

    def __init__(self, world: World, id: UUID) -> None:
        super().__init__("dl")
        self.classes("profile__counts")
        self._leaves: list[Unsubscribe] = []
        with self:
            self._count(public_pictures(world, id), "public picture", "public pictures")
            self._count(posts_of(world, id), "post", "posts")
        self.client.on_delete(self.leave)

    def leave(self) -> None:
        """Follows no longer."""
        leave_all(self._leaves)

    def _count(self, query: CachedQuery[int], one: str, many: str) -> None:
        with ui.element("div"):
            number = Tag("dd", "–", "num")
            name = Tag("dt", many)

        def show(*_: object) -> None:
            if query.value is not None and not self.is_deleted:
                number.text = f"{query.value:,}"
                name.text = one if query.value == 1 else many

        self._leaves.append(query.observe(show))
        show()
