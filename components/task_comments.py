"""What is said of a task, and a box to say something; @ offers the names of the team."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.avatar import Avatar
from components.icon_button import IconButton
from components.island import Island
from components.line import Line, names
from components.live_list import LiveList
from components.people import ago
from components.region_state import RegionState
from components.tag import Tag
from components.time_zone import local, zone_of
from state.board import Board
from state.discussion import MAX_COMMENT, use_discussion

if TYPE_CHECKING:
    from state.models import Profile, TaskComment
    from state.sync.mutation import Pending
    from state.sync.rows import Rows

NAMING = re.compile(r"(?:^|\s)@(\w{0,24})$")
MOST_NAMES = 5


class TaskComments(Island):
    """Follows the comments of one task for as long as it is shown."""

    def __init__(self, board: Board, people: Rows[Profile], task: UUID) -> None:
        super().__init__("section")
        self.classes("task-talk").props("aria-label=Comments role=region")
        self._board, self._people = board, people
        self._talk, self._leave = use_discussion(board.member, board.id, task)
        self.client.on_delete(self._leave)
        with self:
            Tag("h3", "Comments", "section-title")
            rows = ui.element("ul").classes("task-talk__rows")
            self._state = RegionState(self._talk.comments, skeleton=_skeleton, empty="Nothing is said yet.")
            self._names = ui.element("div").classes("task-talk__names").props("role=group aria-label=Names")
            with ui.element("div").classes("task-talk__say") as self._form:
                self._box = ui.textarea(placeholder="Say something; @name tells them", on_change=self._offer)
                self._box.props(f'outlined autogrow dense maxlength={MAX_COMMENT} aria-label="Comment"')
                self.say = Line(
                    self._box, self._say, IconButton("send", "Send", None), keys=("keydown.enter.exact.prevent",)
                )
            self._looks = Tag("p", "Viewers of a team only look.", "meta")
        self._list: LiveList[TaskComment, CommentRow] = LiveList(
            self._talk.comments, self._row, rows, changed=self._changed
        )
        self._unwatch = board.member.circles.on_change(self._allow)
        self.client.on_delete(self._unwatch)
        self._allow()
        self._changed()

    def end(self) -> None:
        """Follows no more."""
        self._unwatch()
        self._list.close()
        self._leave()

    def _allow(self) -> None:
        if not self.is_deleted:
            self._form.set_visibility(self._board.may_edit)
            self._looks.set_visibility(not self._board.may_edit)
            for row in self._list.items.values():
                row.allow(self._board.may_edit)

    def _row(self, comment: TaskComment, pending: Pending | None) -> CommentRow:
        mine = comment.author_id == self._board.member.id
        author = self._people.get(comment.author_id) if comment.author_id else None
        row = CommentRow(comment, pending, author, partial(self._talk.take_back, comment.id) if mine else None)
        row.allow(self._board.may_edit)
        return row

    def _changed(self) -> None:
        if not self.is_deleted:
            self._state.show(len(self._talk.comments.rows))

    def _offer(self) -> None:
        found = NAMING.search(str(self._box.value or ""))
        self._names.clear()
        if found is None:
            return
        wanted = found[1].casefold()
        known = [profile for row in self._board.people.rows if (profile := self._people.get(row.member_id))]
        fitting = [p for p in known if p.username.startswith(wanted) or wanted in p.display_name.casefold()]
        with self._names:
            for profile in fitting[:MOST_NAMES]:
                name = ui.button(color=None).props("flat")
                names(self._box, name, profile.username)
                with name:
                    Avatar(profile)
                    Tag("span", f"@{profile.username}")

    def _say(self, body: str) -> None:
        if body:
            self._talk.say(body)


class CommentRow:
    """One comment; `take_back` when it is one's own."""

    def __init__(
        self, comment: TaskComment, pending: Pending | None, author: Profile | None, take_back: partial[None] | None
    ) -> None:
        with Island("li").classes("task-talk__row") as self.element:
            Avatar(author)
            with ui.element("div").classes("task-talk__what"):
                with ui.element("div").classes("person__name"):
                    Tag("span", author.display_name if author else "Somebody", "strong truncate-1")
                    self._when = Tag("span", "", "meta")
                Tag("p", comment.body, "task-talk__body")
            self._take_back = IconButton("delete", "Take back", take_back) if take_back is not None else None
        self.update(comment, pending)

    def allow(self, edit: bool) -> None:
        """Whether one may take it back, if it is one's own."""
        if self._take_back is not None:
            self._take_back.set_visibility(edit)

    def update(self, comment: TaskComment, pending: Pending | None) -> None:
        """As `Item` says."""
        if pending is not None and pending.failed:
            self._when.text = f"not sent: {pending.failed}"
        else:
            self._when.text = (
                "sending"
                if pending is not None and pending.kind == "insert"
                else ago(datetime.now(UTC) - comment.created_at)
            )
        self._when.props["title"] = local(comment.created_at, zone_of(self.element.client), "%d %B %Y, %H:%M")


def _skeleton() -> None:
    with ui.element("div").classes("task-talk__row"):
        ui.element("div").classes("avatar skeleton")
        with ui.element("div").classes("task-talk__what"):
            ui.element("div").classes("skeleton skeleton--line")
