"""Who else is in the studio, and what they are making."""

from __future__ import annotations

from uuid import UUID

from nicegui import ui

from components.avatar import Avatar
from components.island import Island
from components.person_link import PersonLink
from components.tag import Tag
from state.generation import Studio, first_name
from state.models import Job, Profile
from state.realtime.presence import Person, Presence
from state.realtime.typing import Typing
from state.sync.rows import Rows

MOST = 6  # people by name; of the others the number


class HereNow(Island):
    """The card "Here now". Follows the room, who writes in it, the people's names and the jobs that everybody may see."""

    def __init__(self, presence: Presence, typing: Typing, people: Rows[Profile], studio: Studio, me: UUID) -> None:
        super().__init__("section")
        self._presence, self._typing, self._people, self._studio, self._me = presence, typing, people, studio, me
        self._said: list[tuple[Profile | None, str, bool]] = []
        self.classes("here").props('aria-label="Here now" role=region')
        with self:
            with ui.element("h2").classes("section-title"):
                Tag("span", "Here now")
            self._rows = ui.element("ul").classes("card here__people")
        presence.changed.subscribe(self._refresh)
        self.client.on_delete(typing.on_change(self._refresh))
        self.client.on_delete(people.subscribe(lambda _: self._refresh()))
        self.client.on_delete(studio.queue.subscribe(lambda _: self._refresh()))
        self._refresh()

    def _refresh(self) -> None:
        if self.is_deleted:
            return
        jobs = {job.owner_id: job for job in reversed(self._studio.queue.rows) if job.status in ("waiting", "active")}
        writing = self._typing.typists
        said = [
            (self._people.get(p.id), doing(p, jobs.get(p.id), writing=p.id in writing), p.id == self._me)
            for p in self._presence.in_order()
        ]
        if said == self._said:
            return  # most batches are progress, which is not said here
        self._said = said
        self._rows.clear()
        self.set_visibility(bool(said))
        with self._rows:
            for profile, does, me in said[:MOST]:
                with ui.element("li").classes("here__person"):
                    Avatar(profile)
                    with ui.element("p").classes("truncate-1 secondary"):
                        PersonLink(profile, "strong", text="You" if me else first_name(profile))
                        Tag("span", f" {_are(does) if me else does}")
            if len(said) > MOST:
                Tag("li", f"and {len(said) - MOST} more", "meta")


def doing(person: Person, job: Job | None, *, writing: bool = False) -> str:
    """is here, is away, is writing a prompt, is making a clip, …"""
    if writing:
        return "is writing a prompt"
    if job is not None:
        thing = "a clip" if job.kind == "video" else "a picture"
        return f"is making {thing}" if job.status == "active" else f"is waiting for {thing}"
    return "is here" if person.status == "online" else "is away"


def _are(does: str) -> str:
    return does.replace("is ", "are ", 1)
