"""What is said to a post: the newest first, with the place to say something above it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from nicegui import ui

from components.ago import Ago
from components.avatar import Avatar
from components.icon_button import IconButton
from components.island import Island
from components.job_row import UNSENT
from components.line import Line
from components.live_list import LiveList
from components.naming import follow_names
from components.person_link import PersonLink
from components.region_state import RegionState
from components.sentinel import MoreBelow
from components.tag import Tag
from components.theme import ICON
from components.toasts import Toast, Toasts
from state.models import Comment, Profile
from state.sync.mutation import Pending
from state.sync.rows import Rows
from state.thread import MAX_COMMENT, Thread

SKELETONS = 3


class ThreadView(Island):
    """The region "Comments" of one thread. `sign_in` is where guests are sent who want to say something."""

    def __init__(
        self, thread: Thread, people: Rows[Profile], toasts: Toasts, *, sign_in: Callable[[], None] | None
    ) -> None:
        super().__init__("section")
        self.classes("thread").props('aria-label="Comments" role=region')
        self._thread, self._people, self._toasts = thread, people, toasts
        with self:
            if sign_in is None:
                self.composer: Composer | None = Composer("Add a comment", self._say)
            else:
                self.composer = None
                with ui.element("p").classes("thread__guest secondary"):
                    Tag("button", "Sign in", "link thread__sign-in").props("type=button").on("click", sign_in, args=[])
                    Tag("span", " to say something.")
            self._state = RegionState(thread.comments, skeleton=_draw_skeleton, empty="Nobody has said anything yet.")
            rows = ui.element("ol").classes("thread__rows").props("aria-live=off")
            self._list: LiveList[Comment, CommentRow] = LiveList(
                thread.comments, self._row, rows, changed=self._changed
            )
            self._end = MoreBelow(self._list.load_more, self._toasts.failed)
        self._unfollow = follow_names(people, lambda: self._list.items.values(), self)
        self._changed()

    def close(self) -> None:
        """Follows no longer."""
        self._unfollow()
        self._list.close()

    def _row(self, comment: Comment, pending: Pending | None) -> CommentRow:
        return CommentRow(comment, pending, view=self)

    def _say(self, body: str) -> None:
        self._thread.say(body)

    def _changed(self) -> None:
        self._state.show(len(self._list.items))

    # What a row needs

    @property
    def thread(self) -> Thread:
        return self._thread

    def person(self, comment: Comment) -> Profile | None:
        """Who has written it."""
        return self._people.get(comment.author_id)

    def take_away(self, comment: Comment) -> None:
        """Take it away; for some seconds that can be undone."""
        removal = self._thread.remove(comment.id)
        undo = ("Undo", removal.undo)
        self._toasts.show(
            Toast("Removed the comment", icon=f"{ICON}delete", action=undo, seconds=removal.seconds, urgent=True)
        )


class Composer(ui.element):
    """A text of at most `MAX_COMMENT` characters. Enter sends it, Shift and Enter begins a line."""

    def __init__(
        self, prompt: str, send: Callable[[str], None], *, text: str = "", give_up: Callable[[], None] | None = None
    ) -> None:
        super().__init__("form")
        self._send, self._give_up = send, give_up
        self.classes("composer").on("submit.prevent", js_handler="() => {}")
        with self:
            self._input = ui.textarea(placeholder=prompt, value=text, on_change=self._typed)
            self._input.props(f"borderless autogrow dense maxlength={MAX_COMMENT}").classes("composer__text")
            self._input.props["aria-label"] = prompt
            if give_up is not None:
                self._input.props("autofocus")
                self._input.on("keydown.esc.stop.prevent", give_up, args=[])
                IconButton("close", "Leave it as it was", give_up)
            self._go = IconButton("arrow_upward", "Save" if text else "Send", None, "composer__go")
            self.line = Line(self._input, self._submit, self._go, keys=("keydown.enter.exact.prevent",))
        self._typed()

    def focus(self) -> None:
        """Put the cursor into it."""
        self._input.run_method("focus")

    def _typed(self) -> None:
        words = (self._input.value or "").strip()
        self._go.classes(add="composer__go--ready" if words else "", remove="" if words else "composer__go--ready")

    def _submit(self, words: str) -> None:
        if words:
            self._send(words[:MAX_COMMENT])


class CommentRow:
    """One comment, and what its reader may do to it."""

    def __init__(self, comment: Comment, pending: Pending | None, *, view: ThreadView) -> None:
        self._view = view
        self._comment, self._pending = comment, pending
        self._composer: Composer | None = None
        author = view.person(comment)
        self.element = Island("li").classes("comment")
        with self.element:
            self._avatar = Avatar(author)
            with ui.element("div").classes("comment__words") as self._words:
                with ui.element("div").classes("comment__head"):
                    self._author = PersonLink(author, "strong truncate-1")
                    Ago(comment.created_at)
                    self._edited = Tag("span", "edited", "meta faint")
                self._body = Tag("p", "", "comment__body")
                with ui.element("div").classes("comment__state") as self._state:
                    self._badge = Tag("span", "", "badge")
                    self._reason = Tag("span", "", "meta")
                    self._retry = Tag("button", "Try again", "link meta").props("type=button")
                    self._retry.on("click", lambda: view.thread.retry(self._comment.id), args=[])
                    drop = Tag("button", "Discard", "link meta").props("type=button")
                    drop.on("click", lambda: view.thread.discard(self._comment.id), args=[])
            with ui.element("div").classes("comment__actions") as self._actions:
                if view.thread.mine(comment):
                    IconButton("edit", "Edit", self._edit)
                self._remove = IconButton("delete", "Remove", lambda: view.take_away(self._comment))
        self.update(comment, pending)

    @property
    def named(self) -> tuple[UUID]:
        """Who has written it."""
        return (self._comment.author_id,)

    def name(self) -> None:
        """Say who."""
        author = self._view.person(self._comment)
        self._avatar.show(author)
        self._author.show(author)

    def update(self, comment: Comment, pending: Pending | None) -> None:
        """Show this state of the comment."""
        self._comment, self._pending = comment, pending
        failed = pending.failed if pending is not None else None
        unsent = pending is not None and pending.kind == "insert" and pending.waiting
        if self._body.text != comment.body:
            self._body.text = comment.body
        self._edited.set_visibility(comment.edited_at is not None)
        self._state.set_visibility(bool(failed or unsent))
        self._badge.text = "not sent" if failed else "not sent yet"
        self._badge.classes(
            add="badge--fail" if failed else "badge--wait", remove="badge--wait" if failed else "badge--fail"
        )
        self._reason.text = failed or UNSENT
        self._retry.set_visibility(bool(failed))
        new = pending is not None and pending.kind == "insert"
        self._actions.set_visibility(self._composer is None and not new)
        self._remove.set_visibility(self._view.thread.may_remove(comment))

    def _edit(self) -> None:
        self._body.set_visibility(False)
        self._actions.set_visibility(False)
        with self._words:
            self._composer = Composer("Edit the comment", self._save, text=self._comment.body, give_up=self._leave)
        self._composer.focus()

    def _save(self, body: str) -> None:
        self._leave()
        if body != self._comment.body:
            self._view.thread.edit(self._comment.id, body)

    def _leave(self) -> None:
        if self._composer is not None:
            self._composer.delete()
            self._composer = None
        self._body.set_visibility(True)
        self._actions.set_visibility(True)


def _draw_skeleton() -> None:
    for _ in range(SKELETONS):
        with ui.element("div").classes("comment"):
            ui.element("div").classes("avatar skeleton")
            with ui.element("div").classes("comment__words"):
                ui.element("div").classes("skeleton skeleton--line")
                ui.element("div").classes("skeleton skeleton--short")
