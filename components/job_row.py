"""A job in the queue: its preview as it sharpens, what is being done, how far it is, and what one can do about it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from nicegui import ui

from components.avatar import Avatar
from components.icon_button import IconButton
from components.island import Island
from components.job_menu import JobMenu, nth
from components.person_link import PersonLink
from components.signed_image import SignedImage
from components.tag import Tag
from state.credits import credits
from state.generation import Studio
from state.models import Job, Profile
from state.sync.mutation import Pending
from state.sync.rows import Rows

MOST_BLUR_PX = 10  # of a preview at the beginning
OVERDUE_S = 10  # past its time: its worker may be gone, and another one has to notice that first
UNSENT = "waits for the connection"
ORDINALS = ("next", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

Tone: TypeAlias = Literal["", "wait", "fail"]


@dataclass(frozen=True)
class Words:
    """What a row says: a word on a badge (none while it is being made) and the rest beside it."""

    badge: str
    tone: Tone
    text: str


def describe(
    job: Job,
    *,
    line: int | None = None,
    held: bool = False,
    elapsed_s: float = 0.0,
    pending: Pending | None = None,
) -> Words:
    """`line`: place in line, from 1; `held`: its owner's queue is paused; `elapsed_s`: since the worker last said how
    long it will take."""
    if pending is not None and pending.failed:
        return Words("not sent", "fail", pending.failed)
    if pending is not None and pending.waiting:
        return Words("not sent yet", "wait", UNSENT)
    if pending is not None and pending.kind == "insert":
        return Words("sending", "", "")
    if job.status == "failed":
        return Words("failed", "fail", (job.error or "It could not be made.") + given_back(job.cost))
    if job.status == "waiting" and held:
        return Words("paused", "wait", "")
    if job.status == "waiting":
        again = "trying again · " if job.failures else ""
        return Words("waiting", "wait", again + (place_in_line(line) if line else "in line"))
    parts = [job.stage or "Preparing", f"{job.progress} %"]
    if job.eta_s is not None:
        parts.append(still(job.eta_s - elapsed_s))
    return Words("", "", " · ".join(parts))


def given_back(cost: int) -> str:
    """What is said behind the reason why something was not made: " · 8 credits given back"."""
    return f" · {credits(cost)} given back" if cost else ""


def place_in_line(line: int) -> str:
    """1: next in line, 2: second in line, …"""
    return f"{ORDINALS[line - 1] if line <= len(ORDINALS) else nth(line)} in line"


def still(seconds: float) -> str:
    """12 s left, nearly done, or, long after that, that it takes longer than was thought."""
    if (left := round(seconds)) > 0:
        return f"{duration(left)} left"
    return "nearly done" if left > -OVERDUE_S else "taking longer"


def duration(seconds: int) -> str:
    """8 s, 1 min 20 s."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class JobRow:
    """One row of the queue. Others' jobs say whose they are and have no buttons."""

    def __init__(
        self,
        job: Job,
        pending: Pending | None,
        *,
        studio: Studio,
        people: Rows[Profile],
        menu: JobMenu | None = None,
    ) -> None:
        self._studio, self._job, self._pending = studio, job, pending
        self._people = people
        self._mine = studio.mine(job)
        self._reported = time.monotonic()
        self._line: int | None = None
        self._held = False
        self._menu = menu
        self._blur = -1
        self._previews: list[SignedImage] = []
        self._grip: IconButton | None = None
        with Island("li").classes("job") as self.element:
            self.element.props["data-job"] = str(job.id)
            with ui.element("div").classes("job__thumb") as self._thumb:
                if self._mine and menu is not None:
                    name = f"Move {job.prompt}: arrow keys, or Enter for a menu"
                    self._grip = IconButton("drag_indicator", name, self._on_grip, "job__grip")
                    self._grip.props("aria-haspopup=menu").props["title"] = "Drag to move"
            with ui.element("div").classes("job__words"):
                Tag("p", job.prompt, "truncate-1 job__prompt").props["title"] = job.prompt
                with ui.element("div").classes("job__state"):
                    self._badge = Tag("span", "", "badge")
                    self._text = Tag("span", "", "meta job__text")
                    self._tries = self._draw_tries(job)
                with (
                    ui.element("div")
                    .classes("bar")
                    .props('role=progressbar aria-label="Progress" aria-valuemin=0 aria-valuemax=100') as self._bar
                ):
                    ui.element("div").classes("bar__fill")
            if self._mine:
                with ui.element("div").classes("job__actions"):
                    self._retry = IconButton("refresh", "Retry", self._on_retry)
                    self._stop = IconButton("close", "Cancel", self._on_stop)
            else:
                self._owner = PersonLink(None, "job__owner", unknown="")
                with self._owner:
                    self._avatar = Avatar()
                self.name()
        self.update(job, pending)

    def update(self, job: Job, pending: Pending | None) -> None:
        """Show this state; only what became different is sent."""
        if (job.progress, job.eta_s) != (self._job.progress, self._job.eta_s):
            self._reported = time.monotonic()
        self._job, self._pending = job, pending
        self.tick()
        active = job.status == "active"
        if active:
            self._bar.style(f"--done:{job.progress / 100:.2f}").props["aria-valuenow"] = job.progress
        self._bar.set_visibility(active)
        self._sharpen(job)
        unsent = pending is not None and pending.kind == "insert"
        _toggle(self.element, "job--unsent", unsent and not (pending and pending.failed))
        if self._mine:
            failed = job.status == "failed" or bool(pending and pending.failed)
            self._retry.set_visibility(failed)
            movable = job.status == "waiting" and not failed
            if self._grip:
                self._grip.set_visibility(movable)
            _toggle(self.element, "job--movable", movable)
            name = "Dismiss" if failed else "Discard" if pending and unsent and pending.waiting else "Cancel"
            if self._stop.props.get("aria-label") != name:
                self._stop.rename(name)

    @property
    def named(self) -> tuple[UUID, ...]:
        """Whose it is, unless it is one's own."""
        return () if self._mine else (self._job.owner_id,)

    def name(self) -> None:
        """Say whose it is: a disc that leads to them."""
        owner = self._people.get(self._job.owner_id)
        self._avatar.show(owner)
        self._owner.show(owner, text=" ")
        self._owner.props["aria-label"] = f"By {owner.display_name if owner else 'somebody else'}"

    def stand(self, line: int | None, *, held: bool = False) -> None:
        """Say this place in line, if it waits, or that it is held back."""
        if (line, held) != (self._line, self._held):
            self._line, self._held = line, held
            self.tick()

    def tick(self) -> None:
        """Say the seconds that are left now."""
        elapsed_s = time.monotonic() - self._reported
        words = describe(self._job, line=self._line, held=self._held, elapsed_s=elapsed_s, pending=self._pending)
        self._text.text = words.text
        if self._badge.text != words.badge:
            self._badge.text = words.badge
            self._badge.classes(remove="badge--wait badge--fail", add=f"badge--{words.tone}" if words.tone else "")
        self._badge.set_visibility(bool(words.badge))

    @property
    def counts_down(self) -> bool:
        """Whether `tick` has something to do."""
        return self._job.status == "active" and self._job.eta_s is not None

    def _sharpen(self, job: Job) -> None:
        path = job.preview_path if job.status == "active" else None
        if path is None:
            for preview in self._previews:
                preview.delete()
            self._previews.clear()
        elif not self._previews or self._previews[-1].path != path:
            with self._thumb:
                self._previews.append(SignedImage(self._studio.media, path, "job__preview", lazy=False))
            while len(self._previews) > 2:  # the newest fades in over the one before
                self._previews.pop(0).delete()
        blur = round(MOST_BLUR_PX * (1 - job.progress / 100) ** 1.5)
        if path is not None and blur != self._blur:
            self._blur = blur
            self._thumb.style(f"--blur:{blur}px")

    def _draw_tries(self, job: Job) -> Tag | None:
        """The how manieth try it is; one's own tells of those before."""
        if job.tries == 1:
            return None
        own = self._mine and self._menu is not None
        tag = Tag("button" if own else "span", f"{nth(job.tries)} try", "badge job__tries")
        if own:
            tag.props("type=button aria-haspopup=menu").on("click.stop", self._on_tries, args=[])
        return tag

    def _on_tries(self) -> None:
        if self._menu is not None and self._tries is not None:
            self._menu.show_tries(self._job, self._tries)

    def _on_grip(self) -> None:
        if self._menu is not None and self._grip is not None:
            self._menu.show_moves(self._job, self._grip)

    def _on_retry(self) -> None:
        self._studio.retry(self._job.id)

    def _on_stop(self) -> None:
        if self._pending is not None and self._pending.failed:
            self._pending.discard()
        elif self._job.status == "failed":
            self._studio.dismiss(self._job.id)
        else:
            self._studio.cancel(self._job.id)


def _toggle(element: ui.element, name: str, on: bool) -> None:
    if on != (name in element.classes):
        element.classes(add=name if on else "", remove="" if on else name)
