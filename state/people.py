"""People: what can be known of somebody whose profile is looked at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from state.areas import Area
from state.models import Generation, Post, Profile
from state.sync.cached_query import CachedQuery
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where

if TYPE_CHECKING:
    from state.world import World

PUBLIC = Where("visibility", "eq", "public")
NEWEST = (Order("created_at", descending=True),)


def public_pictures(world: World, id: UUID) -> CachedQuery[int]:
    """How many pictures and clips of somebody everybody may see; kept right while it is observed."""
    query = Query("generations", (PUBLIC, Where("owner_id", "eq", id)))
    return world.queries.query(("unified-generations", "count", "person", id), partial(world.api.count, query))


def posts_of(world: World, id: UUID) -> CachedQuery[int]:
    """How many posts of somebody are in the feed; kept right while it is observed."""
    query = Query("posts", (Where("author_id", "eq", id),))
    return world.queries.query(("posts", "count", "person", id), partial(world.api.count, query))


async def by_name(world: World, username: str) -> Profile | None:
    """Whoever has this user name; None: nobody. Raises as `Api` does."""
    known = next((one for one in world.people.rows if one.username == username), None)
    return known or await _find(world, Where("username", "eq", username))


async def by_id(world: World, id: UUID) -> Profile | None:
    """Whoever this is; None: they have left. Raises as `Api` does."""
    return world.people.get(id) or await _find(world, Where("id", "eq", id))


async def _find(world: World, who: Where) -> Profile | None:
    rows = await world.api.select(Query("profiles", (who,)), 1)
    return Profile.model_validate(rows[0]) if rows else None


class Portfolio(Area):
    """The area of pages that show what somebody has made for everybody to see, and what of it they have published."""

    def __init__(self, world: World, id: UUID) -> None:
        self.pictures: LiveTable[Generation] = world.table(
            Query("generations", (PUBLIC, Where("owner_id", "eq", id)), NEWEST), Generation, limit=60
        )
        self.posts: LiveTable[Post] = world.table(
            Query("posts", (Where("author_id", "eq", id),), NEWEST), Post, limit=60
        )

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """Both."""
        return (self.pictures, self.posts)
