"""Feed: what one visitor sees of the public posts, and what they do to them.

F1  The posts are read once for everybody in the process. What a member writes is in tables of their own, and joined to
    them: nobody else sees it before the database has it.
F2  A member has one like for each post, whatever they click and wherever: toggling goes through that row, in order, and
    the database keeps one for each of them.
F3  Likes are read in the order of the posts, as far down as posts are shown: whoever has liked thousands is told of
    those they see.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from state.api import Api
from state.areas import Area
from state.errors import StateError, Unreachable
from state.models import Like, Post
from state.publications import Publications
from state.signal import Signal, Unsubscribe, leave_all
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.sync.rows import Batch, Rows
from state.sync.union import Union
from state.sync.view import View
from state.tally import Tally
from state.tasks import Tasks

if TYPE_CHECKING:
    from state.member import Member
    from state.world import World

PAGE = 60
LIKES_PAGE = 500
LATEST = (Order("created_at", descending=True),)

log = logging.getLogger("starling.feed")


@dataclass(frozen=True)
class Standing:
    """How a post stands with one visitor."""

    liked: bool
    likes: int
    comments: int


class PublicPosts(Area):
    """The posts of everybody, newest first: an area of the world."""

    def __init__(self, world: World) -> None:
        self.posts: LiveTable[Post] = world.table(Query("posts", order=LATEST), Post, limit=PAGE)

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        return (self.posts,)


class Feed:
    """An area of a member, or of the world for guests. `changed` tells of posts that stand otherwise than before."""

    def __init__(self, world: World, member: Member | None) -> None:
        self.world = world
        self.member = member
        self.changed: Signal[UUID] = Signal()
        self._leave: list[Unsubscribe] = []
        self._public, leave = world.areas.use("posts", lambda: PublicPosts(world))
        self._leave.append(leave)
        self.publications: Publications | None = None
        self._likes: LiveTable[Like] | None = None
        if member is not None:
            self.publications, leave = member.areas.use("publications", lambda: Publications(member))
            self._leave.append(leave)
            in_order = (Order("posted_at", descending=True),)
            mine = Query("likes", (Where("member_id", "eq", member.id),), in_order)
            self._likes = member.table(mine, Like, limit=LIKES_PAGE)
        own: list[Rows[Post]] = [self.publications.posts] if self.publications else []
        self._posts: Union[Post] = Union(
            [*own, self._public.posts], sort_key=self._public.posts.query.sort_key, keep=self._still_there, paged=True
        )
        self.view = View((self._public.posts, world.connection.freshness))
        self.likes = Tally(lambda post: post.like_count, self.changed.emit)
        self.comments = Tally(lambda post: post.comment_count, self.changed.emit)
        self._mine: dict[UUID, Like] = {}  # by post
        self._deepest: datetime | None = None  # F3: of the posts that somebody was shown beside the loaded ones
        self._reaching = False
        self._tasks = Tasks(f"feed of {(member or world.connection).name}")
        self._unsubscribe: list[Unsubscribe] = []

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        return (self._likes,) if self._likes is not None else ()

    @property
    def posts(self) -> Rows[Post]:
        """Everybody's, newest first, with what oneself is about to publish or remove."""
        return self._posts

    def open(self) -> None:
        """Starts to follow."""
        self._posts.open()
        if self._likes is not None:
            self._unsubscribe = [self._likes.subscribe(self._on_likes), self._posts.subscribe(lambda _: self._reach())]
            self._likes.open()

    async def close(self) -> None:
        """Sends what waits, and stops."""
        leave_all(self._unsubscribe)
        await self._tasks.close()
        self._posts.close()
        if self._likes is not None:
            await self._likes.close()
        leave_all(self._leave)

    def mine(self, post: Post) -> bool:
        """Whether the visitor is its author."""
        return self.member is not None and post.author_id == self.member.id

    def removed(self, post_id: UUID) -> bool:
        """Whether the visitor has just removed it, though it may still be undone."""
        pending = self.publications.posts.pending(post_id) if self.publications else None
        return pending is not None and pending.kind == "delete"

    # Likes ---------------------------------------------------------------------------------------------------------

    def standing(self, post: Post) -> Standing:
        """How it stands now, with what oneself has just done."""
        mine = self._mine.get(post.id)
        return Standing(mine is not None and mine.liked, self.likes.of(post), self.comments.of(post))

    def like(self, post: Post, on: bool) -> None:
        """Likes a post, or no longer; shown at once. F2"""
        if self.member is None or self._likes is None:
            raise PermissionError("A guest can only look")
        mine = self._mine.get(post.id)
        if on == (mine is not None and mine.liked):
            return
        id, change = (mine.id if mine else uuid4()), 1 if on else -1
        args = {"like_id": str(id), "post_id": str(post.id), "liked": on}
        send = partial(counted, self.member.api, "like_post", args, self.likes, post.id, change)
        self.likes.expect(post, change)
        if mine is None:
            now = datetime.now(UTC)
            row = Like(
                id=id, post_id=post.id, member_id=self.member.id, liked=True, posted_at=post.created_at,
                created_at=now, updated_at=now, version=0,
            )  # fmt: skip
            self._likes.mutations.insert(row, id, send)
        else:
            self._likes.mutations.update(id, {"liked": on}, send)
        self._likes.flush()  # the next click is about this state

    def show(self, post: Post) -> None:
        """A post is shown that may lie far behind the loaded ones: whether one likes it will be known. F3"""
        self._deepest = post.created_at if self._deepest is None else min(self._deepest, post.created_at)
        self._reach()

    def _on_likes(self, batch: Batch[Like]) -> None:
        assert self._likes is not None
        for like in batch.deleted:
            if (held := self._mine.get(like.post_id)) is not None and held.id == like.id:
                del self._mine[like.post_id]
        for like in [*batch.inserted, *batch.updated]:
            self._mine[like.post_id] = like
        unconfirmed = self._likes.mutations.keys()
        for key in unconfirmed:
            pending = self._likes.pending(key)
            if pending is not None and pending.failed:
                pending.discard()  # a heart is not retried by hand: it is clicked again
        for like in {like.post_id: like for like in [*batch.deleted, *batch.inserted, *batch.updated]}.values():
            self.changed.emit(like.post_id)
        self._reach()

    def _known(self) -> bool:
        """F3."""
        assert self._likes is not None
        depths = [self._posts.rows[-1].created_at] if self._posts.rows else []
        depths += [self._deepest] if self._deepest is not None else []
        last = self._likes.last
        return not depths or self._likes.complete or last is None or last.posted_at < min(depths)

    def _reach(self) -> None:
        if self._likes is not None and self._likes.phase == "ready" and not self._reaching and not self._known():
            self._reaching = True
            self._tasks.start(self._load_likes(self._likes), "load likes")

    async def _load_likes(self, likes: LiveTable[Like]) -> None:
        try:
            while not self._known():
                await likes.load_more()
        except StateError as error:  # the next batch asks again
            log.info("likes could not be loaded yet: %s", error)
        finally:
            self._reaching = False

    def _still_there(self, post: Post) -> bool:
        """What has left its author's table is gone, though the world may not have heard of it yet."""
        return not (self.publications and self.mine(post) and self.publications.posts.left(post.id, post.version))


async def counted(
    api: Api, function: str, args: dict[str, Any], tally: Tally, post_id: UUID, change: int
) -> dict[str, Any] | None:
    """Calls a function that answers with a row, and with the number that a tally waits for. Raises StateError."""
    try:
        answer = await api.rpc(function, args)
    except Unreachable:
        raise
    except StateError:
        tally.failed(post_id, change)
        raise
    if answer is None:
        tally.failed(post_id, change)
        return None
    tally.answered(post_id, answer["count"], answer["post_version"])
    return answer.get("row")


def feed_of(world: World, member: Member | None) -> tuple[Feed, Unsubscribe]:
    """The feed as this visitor sees it, until the returned function is called."""
    return (member or world).areas.use("feed", lambda: Feed(world, member))


async def post_by_id(world: World, id: UUID) -> Post | None:
    """One post, wherever in the feed it is; None: it is gone. Raises as `Api` does."""
    rows = await world.api.select(Query("posts", (Where("id", "eq", id),)), 1)
    return Post.model_validate(rows[0]) if rows else None
