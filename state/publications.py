"""Publications: a member's own posts, and how pictures become posts. An area of the member: the gallery uses it, too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from state.areas import Area
from state.generation import UNDO_S, Deletion
from state.models import Generation, Post
from state.signal import Unsubscribe
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where

if TYPE_CHECKING:
    from state.member import Member

MAX_CAPTION = 500


class Publications(Area):
    """`posts` are one's own, newest first, the unsent ones among them."""

    def __init__(self, member: Member) -> None:
        self._member = member
        mine = Query("posts", (Where("author_id", "eq", member.id),), (Order("created_at", descending=True),))
        self.posts: LiveTable[Post] = member.table(mine, Post)

    @property
    def tables(self) -> Sequence[LiveTable[Any]]:
        return (self.posts,)

    def of(self, generation_id: UUID) -> Post | None:
        """The post of a picture, if it is among those that are held."""
        return next((post for post in self.posts.rows if post.generation_id == generation_id), None)

    async def find(self, generation_id: UUID) -> Post | None:
        """The post of a picture, if there is one, however old it is. Raises StateError."""
        if (post := self.of(generation_id)) is not None or (self.posts.complete and self.posts.phase == "ready"):
            return post
        of_picture = Query("posts", (Where("generation_id", "eq", generation_id),))
        return next((Post.model_validate(row) for row in await self._member.api.select(of_picture, 1)), None)

    def publish(self, picture: Generation, caption: str) -> UUID:
        """Puts one's own picture into the feed, where everybody sees it; the post's id."""
        id, now, words = uuid4(), datetime.now(UTC), caption.strip()
        post = Post(
            id=id, author_id=self._member.id, generation_id=picture.id, caption=words, kind=picture.kind,
            prompt=picture.prompt, media_path=picture.media_path, poster_path=picture.poster_path,
            media_type=picture.media_type, width=picture.width, height=picture.height, duration=picture.duration,
            colour=picture.colour, like_count=0, comment_count=0, created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        args = {"post_id": str(id), "generation_id": str(picture.id), "caption": words}
        self.posts.mutations.insert(post, id, partial(self._member.api.rpc, "publish_post", args))
        self.posts.flush()
        return id

    def remove(self, post_id: UUID) -> Deletion:
        """Hides one's own post at once, and removes it unless that is undone. The picture stays."""
        send = partial(self._member.api.delete, "posts", post_id)
        pending = self.posts.mutations.delete(post_id, send, hold_s=UNDO_S)
        self.posts.flush()
        return Deletion(pending)


def publications_of(member: Member) -> tuple[Publications, Unsubscribe]:
    """A member's own posts, until the returned function is called."""
    return member.areas.use("publications", lambda: Publications(member))
