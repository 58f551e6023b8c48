"""The card of a person: one for the whole page, opened beside whatever names somebody (`data-person`).

The browser decides when (static/vue/profile_card.js): on pointing, on focus, on a click that leads nowhere else. The
server fills it, and says so by `person`: until then nothing is shown, so that nobody's card is another's for a moment.
"""

from __future__ import annotations

from uuid import UUID

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from components.avatar import Avatar
from components.person_link import PersonLink
from components.profile_facts import Counts, Whereabouts
from components.tag import Tag
from state.errors import StateError
from state.member import Member
from state.models import Profile
from state.people import by_id
from state.world import World


class ProfileCard(Element, component="static/vue/profile_card.js"):
    """Made once by the shell."""

    def __init__(self, world: World, member: Member | None) -> None:
        super().__init__()
        self._world, self._member = world, member
        self._wanted: UUID | None = None
        self._counts: Counts | None = None
        self._props["person"] = ""
        self.on("ask", self._ask)
        self.on("closed", self._empty, args=[])

    async def _ask(self, event: GenericEventArguments) -> None:
        try:
            self._wanted = wanted = UUID(str(event.args))
            profile = await by_id(self._world, wanted)
        except (ValueError, StateError):
            return
        if profile is not None and self._wanted == wanted and not self.is_deleted:
            self._fill(profile)

    def _fill(self, profile: Profile) -> None:
        self._empty()
        with self, ui.element("div").classes("person-card__inside"):
            with ui.element("div").classes("person-card__head"):
                Avatar(profile, large=True, card=False)
                with ui.element("div"):
                    link = PersonLink(profile, "strong truncate-1")
                    del link.props["data-person"]  # it would open itself
                    Tag("div", f"@{profile.username}", "meta truncate-1")
            if profile.bio:
                Tag("p", profile.bio, "person-card__bio")
            self._counts = Counts(self._world, profile.id)
            Whereabouts(self._member, profile.id)
        self._props["person"] = str(profile.id)
        self.update()

    def _empty(self) -> None:
        if self._counts is not None:
            self._counts.leave()
            self._counts = None
        self.clear()
        self._props["person"] = ""
