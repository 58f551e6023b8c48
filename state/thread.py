"""Thread: one post and what is said to it. Open while somebody looks at it; the newest comment comes first.

Everybody's comments are read once for all who look (as in `state.feed`, F1); what a member says, changes or removes is in
a table of their own until everybody sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from state.areas import Area
from state.feed import LATEST, Feed, counted
from state.generation import UNDO_S, Deletion
from state.models import Comment, Post
from state.signal import Signal, Unsubscribe, leave_all
from state.sync.live_table import LiveTable
from state.sync.mutation import Pending
from state.sync.query import Query, Where
from state.sync.rows import Phase, Rows
from state.sync.union import Union

if TYPE_CHECKING:
    from state.world import World

MAX_COMMENT = 1000
PAGE = 50


class PublicThread(Area):
    """A post, wherever in the feed it is, and its comments: an area of the world."""

    def __init__(self, world: World, post_id: UUID) -> None:
        self.post: LiveTable[Post] = world.table(Query("posts", (Where("id", "eq", post_id),)), Post)
        of_post = Where("post_id", "eq", post_id)
        self.comments: LiveTable[Comment] = world.table(Query("comments", (of_post,), LATEST), Comment, limit=PAGE)

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        return (self.post, self.comments)


class Removal(Deletion):
    """A comment that has vanished, but can be brought back for `seconds`."""

    def __init__(self, pending: Pending, thread: Thread) -> None:
        super().__init__(pending)
        self._thread = thread

    def undo(self) -> None:
        """Brings it back, if it is not too late."""
        if self._pending.hold is not None and not self._pending.hold.is_set():
            super().undo()
            self._thread.taken_back(self._pending)


class Thread:
    """An area of a member, or of the world for guests. `changed`: the post is another, or how it stands."""

    def __init__(self, feed: Feed, post_id: UUID) -> None:
        self.id = post_id
        self.changed: Signal[None] = Signal()
        self._feed = feed
        self._member = feed.member
        self._public, self._leave_public = feed.world.areas.use(
            ("comments", post_id), lambda: PublicThread(feed.world, post_id)
        )
        self._own: LiveTable[Comment] | None = None
        if self._member is not None:
            mine = (Where("post_id", "eq", post_id), Where("author_id", "eq", self._member.id))
            self._own = self._member.table(Query("comments", mine, LATEST), Comment)
        own: list[Rows[Comment]] = [self._own] if self._own is not None else []
        public = self._public.comments
        self._comments: Union[Comment] = Union(
            [*own, public], sort_key=public.query.sort_key, keep=self._still_there, paged=True
        )
        self._unsubscribe: list[Unsubscribe] = []

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        return (self._own,) if self._own is not None else ()

    @property
    def comments(self) -> Rows[Comment]:
        """Newest first."""
        return self._comments

    @property
    def post(self) -> Post | None:
        """The post as it is now; None while it is not known, and when it is gone."""
        if self._feed.removed(self.id):
            return None
        found = [post for post in (self._feed.posts.get(self.id), self._public.post.get(self.id)) if post is not None]
        return max(found, key=lambda post: post.version, default=None)

    @property
    def phase(self) -> Phase:
        """Of the post: once it is ready and there is none, it is gone."""
        return "ready" if self.post is not None else self._public.post.phase

    def open(self) -> None:
        """Starts to follow."""
        self._unsubscribe = [
            self._public.post.subscribe(lambda _: self._on_post()),
            self._feed.posts.subscribe(lambda _: self._on_post()),
            self._feed.changed.subscribe(lambda id: self.changed.emit(None) if id == self.id else None),
        ]
        if self._own is not None:
            self._own.open()
        self._comments.open()
        self._on_post()

    async def close(self) -> None:
        """Sends what waits, and stops."""
        leave_all(self._unsubscribe)
        self._comments.close()
        if self._own is not None:
            await self._own.close()
        self._leave_public()

    def mine(self, comment: Comment) -> bool:
        """Whether the visitor has written it."""
        return self._member is not None and comment.author_id == self._member.id

    def may_remove(self, comment: Comment) -> bool:
        """One's own, and all on one's own post."""
        return self.mine(comment) or (self.post is not None and self._feed.mine(self.post))

    # What members say ----------------------------------------------------------------------------------------------

    def say(self, body: str) -> UUID:
        """Adds a comment; it shows at once. Its id."""
        own, member = self._writable()
        id, now, words = uuid4(), datetime.now(UTC), body.strip()
        row = Comment(
            id=id, post_id=self.id, author_id=member.id, body=words, edited_at=None, created_at=now, updated_at=now,
            version=0,
        )  # fmt: skip
        args = {"comment_id": str(id), "post_id": str(self.id), "body": words}
        self._expect(1)
        own.mutations.insert(row, id, self._counting("comment_on_post", args, 1))
        own.flush()
        return id

    def retry(self, comment_id: UUID) -> None:
        """Sends a refused comment again."""
        pending = self._writable()[0].pending(comment_id)
        if pending is not None and pending.failed:
            self._expect(1)
            pending.retry()

    def discard(self, comment_id: UUID) -> None:
        """Takes a comment back that was refused, or is not sent yet."""
        pending = self._writable()[0].pending(comment_id)
        if pending is not None and pending.kind == "insert":
            if not pending.failed:
                self.taken_back(pending)
            pending.discard()

    def edit(self, comment_id: UUID, body: str) -> None:
        """Says it in other words."""
        own, member = self._writable()
        changes = {"body": body.strip(), "edited_at": datetime.now(UTC)}
        args = {"comment_id": str(comment_id), "body": body.strip()}
        own.mutations.update(comment_id, changes, partial(member.api.rpc, "edit_comment", args))
        own.flush()

    def remove(self, comment_id: UUID) -> Removal:
        """Hides a comment at once, and removes it unless that is undone."""
        own, _ = self._writable()
        self._expect(-1)
        send = self._counting("remove_comment", {"comment_id": str(comment_id)}, -1)
        pending = own.mutations.delete(comment_id, send, hold_s=UNDO_S)
        self._comments.look(comment_id)  # it may be somebody else's, and so in no table of one's own
        return Removal(pending, self)

    def taken_back(self, pending: Pending) -> None:
        """A write that was counted will not be made."""
        self._feed.comments.failed(self.id, 1 if pending.kind == "insert" else -1)
        self._comments.refilter()

    def _expect(self, change: int) -> None:
        if self.post is not None:
            self._feed.comments.expect(self.post, change)

    def _counting(self, function: str, args: dict[str, Any], change: int):
        api = self._writable()[1].api
        return partial(counted, api, function, args, self._feed.comments, self.id, change)

    def _writable(self):
        if self._own is None or self._member is None:
            raise PermissionError("A guest can only look")
        return self._own, self._member

    def _on_post(self) -> None:
        if self.post is not None:
            self._feed.show(self.post)
        self.changed.emit(None)

    def _still_there(self, comment: Comment) -> bool:
        return self._own is None or not self._own.left(comment.id, comment.version)


def thread_of(feed: Feed, post_id: UUID) -> tuple[Thread, Unsubscribe]:
    """A post and its comments, until the returned function is called."""
    return (feed.member or feed.world).areas.use(("thread", post_id), lambda: Thread(feed, post_id))
