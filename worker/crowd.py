"""`--demo`: the demo members go on living. Now and then one of them likes something, says a word, publishes a picture, has
one made, chats, or looks after a contact or a task of their team (`crowd_floor.py`), at the pace of people.

C1  It acts for demo members only, and not for one that somebody is signed in as; the database refuses everybody else. What
    it makes costs no credits.
C2  However many workers there are, there is one crowd: the database gives the turns.
C3  Nobody likes or comments on anything twice, or on what is theirs; at most `MOST_OPEN` pictures of the crowd wait or are made.
C4  While no member is here, it does a tenth of it, but for the opening.
C5  Of what it made the newest `KEEP` pictures stay.
C6  A feed that has just begun fills at once, watched or not: `OPENING_POSTS` pictures are published as they are finished, and
    some are liked and talked about, before the crowd falls into its pace.
C7  Of contacts and tasks it touches only those that no visitor made and that have rested, and of what it said, whom it met and
    what it planned the newest stay (`KEEP_MESSAGES`, `KEEP_CONTACTS`, `KEEP_TASKS`).
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Any

from worker import crowd_floor
from worker.api import Api
from worker.errors import Refused

log = logging.getLogger("worker.crowd")

CROWD_LOOKS_EVERY_S = 1.0
CROWD_PRUNES_EVERY_S = 600.0
KEEP = 300
MOST_OPEN = 2
QUIET = 0.1  # of its acts while nobody is here
SHORTEST, LONGEST = 0.3, 3.0  # of the pace: people are not regular

OPENING_POSTS = 8
OPENING_S = 240.0  # from the start; a feed that is not full by then stays as it is
OPENING_PAUSE_S = 1.0

LIKELIHOOD = {
    "like": 8, "comment": 4, "publish": 3, "generate": 3,
    "talk": 6, "move": 3, "note": 2, "meet": 1, "task": 3, "plan": 1,
}  # fmt: skip
AT_FIRST = {"like": 5, "comment": 2, "publish": 6, "generate": 0}

PROMPTS = (
    "a harbour of paper boats at dawn", "snow on a copper roof, late light", "an orchard under two moons",
    "salt marsh in fog, herons", "a greenhouse at night, seen from outside", "tide pools like stained glass",
    "a long bridge into cloud", "red sandstone after rain", "a kite festival above the dunes",
    "a reading room with green lamps", "glacier, cobalt and white", "lanterns on a slow river",
    "an old observatory in tall grass", "ink storm over a pale sea", "a terrace of lemon trees at noon",
    "northern forest, first frost", "a market street under awnings", "a comet above a sleeping village",
    "waves of folded silk, teal and gold", "a lighthouse made of glass", "poppies along a railway line",
    "a city of canals in winter", "basalt columns and sea spray", "a quiet square with one tree",
)  # fmt: skip
CAPTIONS = (
    "", "", "", "Kept the seed, changed one word.", "The light did what I hoped.", "Third try.", "For the wall above my desk.",
    "Almost did not keep this one.", "Somewhere I would like to be right now.", "Short prompt, long look.",
    "Same words as yesterday, another model.", "Not what I asked for. Better.",
)  # fmt: skip
COMMENTS = (
    "The light in this one.", "I would hang that.", "How many steps is this?", "Those colours together.",
    "It gets better the longer I look.", "Reminds me of the coast in October.", "Would love a wide version.",
    "Lovely texture in the shadows.", "Trying the same words with another model now.", "The quiet corner on the left is my favourite.",
    "This belongs on a book cover.", "So calm.", "What did you leave out of the prompt?", "The edges are beautiful.",
)  # fmt: skip
MODELS = ("aurora", "basalt", "gouache", "filament")


class Crowd:
    """`pace_s`: seconds between two acts on average. Called by the scheduler; `random` and `clock` are the tests' to give."""

    def __init__(
        self, api: Api, pace_s: float, *, rng: random.Random | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._api = api
        self._pace_s = pace_s
        self._rng = rng or random.Random()
        self._clock = clock
        self._opening_ends = clock() + OPENING_S
        self._due = clock() + OPENING_PAUSE_S

    async def act_when_due(self) -> str | None:
        """One act, if its time has come and no other worker's crowd was sooner; its name. C2"""
        if self._clock() < self._due:
            return None
        opening = self._clock() < self._opening_ends
        pause_s = OPENING_PAUSE_S if opening else self.pause_s()
        self._due = self._clock() + pause_s
        scene: dict[str, Any] | None = await self._api.call("crowd_turn", pause_s=pause_s)
        if scene is None:
            return None
        if opening and len(scene["posts"]) >= OPENING_POSTS:
            self._opening_ends = self._clock()
            self._due = self._clock() + self.pause_s()
            return None
        if not opening and not scene["watched"] and self._rng.random() >= QUIET:
            return None
        try:
            if opening:
                return await self.act(scene, AT_FIRST)
            return await self.act(scene | {"floor": await self._api.call("crowd_floor")})
        except Refused as error:  # the post went meanwhile, or somebody did too much
            log.info("thought better of it: %s", error)
            return None

    def pause_s(self) -> float:
        """Until the next act: as chance has it, but neither at once nor never."""
        drawn = self._rng.expovariate(1.0)
        return self._pace_s * min(LONGEST, max(SHORTEST, drawn))

    async def act(self, scene: dict[str, Any], likelihood: dict[str, int] = LIKELIHOOD) -> str | None:
        """Does one of the things that can be done in a scene, as `crowd_turn` and `crowd_floor` describe it; its name. C3"""
        rng, members = self._rng, scene["members"]
        likes = [(member, p["id"]) for p in scene["posts"] for member in members if may(member, p, "liked_by")]
        words = [(member, p["id"]) for p in scene["posts"] for member in members if may(member, p, "said_by")]
        floor = crowd_floor.possible(scene["floor"], members, rng) if "floor" in scene else {}
        possible = {act: bool(calls) for act, calls in floor.items()} | {
            "like": bool(likes),
            "comment": bool(words),
            "publish": bool(scene["pictures"]),
            "generate": bool(members) and scene["open_jobs"] < MOST_OPEN,
        }
        acts = [act for act, can in possible.items() if can and likelihood.get(act)]
        if not acts:
            return None
        act = rng.choices(acts, [likelihood[act] for act in acts])[0]
        match act:
            case "like":
                member, post = rng.choice(likes)
                await self._api.call("crowd_like", member=member, post_id=post)
            case "comment":
                member, post = rng.choice(words)
                await self._api.call("crowd_comment", member=member, post_id=post, body=rng.choice(COMMENTS))
            case "publish":
                picture = rng.choice(scene["pictures"])
                await self._api.call(
                    "crowd_publish", member=picture["owner"], generation_id=picture["id"], caption=rng.choice(CAPTIONS)
                )
            case _ if act in floor:
                function, arguments = rng.choice(floor[act])
                await self._api.call(function, **arguments)
            case _:
                await self._api.call(
                    "crowd_generate",
                    member=rng.choice(members),
                    prompt=rng.choice(PROMPTS),
                    model=rng.choice(MODELS),
                    seed=rng.randrange(2**32),
                )
        log.info("somebody did: %s", act)
        return act

    async def prune(self) -> None:
        """Lets go of what the crowd made long ago. C5, C7"""
        await self._api.call(
            "prune_crowd_floor",
            messages=crowd_floor.KEEP_MESSAGES, contacts=crowd_floor.KEEP_CONTACTS, tasks=crowd_floor.KEEP_TASKS,
        )  # fmt: skip
        pictures = await self._api.call("prune_crowd", keep=KEEP)
        if pictures:
            log.info("pruned %s pictures of the crowd", pictures)


def may(member: str, post: dict[str, Any], done: str) -> bool:
    """Whether a member has something to like or to say: not of what is theirs, and once. C3"""
    return member != post["author"] and member not in post[done]
