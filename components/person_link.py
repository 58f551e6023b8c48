"""A person's name that leads to their profile; pointed at or focused, it opens their card (components/profile_card.py)."""

from __future__ import annotations

from components.tag import Tag
from state.models import Profile


class PersonLink(Tag):
    """`text` instead of the whole name; `unknown` for somebody whose profile is not known."""

    def __init__(
        self, profile: Profile | None, classes: str = "", *, text: str | None = None, unknown: str = "Somebody"
    ) -> None:
        name = text or (profile.display_name if profile else unknown)
        super().__init__("a" if profile else "span", name, f"person-link {classes}" if profile else classes)
        if profile is not None:
            self.props["href"] = f"/u/{profile.username}"
            self.props["data-person"] = str(profile.id)
