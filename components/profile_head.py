"""The head of a profile: who somebody is, whether they are here, and how much they have made."""

from __future__ import annotations

from nicegui import ui

from components.avatar import Avatar
from components.island import Island
from components.profile_facts import Counts, Whereabouts
from components.tag import Tag
from components.theme import ICON
from state.member import Member
from state.models import Profile
from state.world import World


class ProfileHead(Island):
    """Follows the profile."""

    def __init__(self, world: World, member: Member | None, profile: Profile) -> None:
        super().__init__("header")
        self._world, self._profile = world, profile
        mine = member is not None and member.id == profile.id
        self.classes("profile__head")
        with self:
            self._avatar = Avatar(profile, card=False).classes("avatar--huge")
            with ui.element("div").classes("profile__who"):
                with ui.element("div"):
                    self._name = Tag("h2", "", "profile__name")
                    with ui.element("div").classes("profile__line"):
                        self._handle = Tag("span", "")
                        joined = profile.created_at
                        Tag("span", f"here since {joined:%B} {joined.year}")
                        Whereabouts(member, profile.id)
                self._bio = Tag("p", "", "profile__bio")
                Counts(world, profile.id)
            if mine:
                with ui.link(target="/settings").classes("action action--quiet profile__edit"):
                    ui.icon(f"{ICON}edit").props("aria-hidden=true")
                    Tag("span", "Edit profile")
        self.client.on_delete(world.people.subscribe(lambda _: self._show()))
        self._show()

    def _show(self) -> None:
        if self.is_deleted:
            return
        self._profile = profile = self._world.people.get(self._profile.id) or self._profile
        self._avatar.show(profile)
        self._name.text = profile.display_name
        self._handle.text = f"@{profile.username}"
        self._bio.text = profile.bio
        self._bio.set_visibility(bool(profile.bio))
