"""A person's name that leads to their profile; pointed at or focused, it opens their card (components/profile_card.py)."""

from __future__ import annotations

from components.tag import Tag
from state.models import Profile


class PersonLink(Tag):
    """`text` instead of the whole name; `unknown` for somebody whose profile is not known."""

    def __init__(
        self, profile: Profile | None, classes: str = "", *, text: str | None = None, unknown: str = "Somebody"
    ) -> None:
        super().__init__("span", "", classes)
        self._unknown = unknown
        self.show(profile, text=text)

    def show(self, profile: Profile | None, *, text: str | None = None) -> None:
        """Name this person instead, or the same one as they are called now."""
        self.text = text or (profile.display_name if profile else self._unknown)
        if profile is not None:
            self.tag = "a"
            self.classes("person-link")
            self.props["href"] = f"/u/{profile.username}"
            self.props["data-person"] = str(profile.id)
