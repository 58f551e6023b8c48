"""Tracking: what readers of e-mail do, told by their programs; counted only when a person did it.

K1  A token opens one door: a letter's counts its opening and ends what it belongs to, a link's leads where the database says. What is
    no token is not even asked for.
K2  What asks without somebody reading (HEAD, prefetching, previews) is answered alike and not counted.
K3  Machines are told apart by what they call themselves, and by the database, by their haste.
K4  The same again within two seconds is answered from memory; within ten minutes the database counts it once.
K5  One address asks for so much and no more; beyond that it is answered, and nothing is counted.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from state.api import Api

TOKEN = re.compile(r"[0-9a-f]{32}")
WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"\\]+")
BURST, PER_S = 300.0, 30.0  # of one address: a proxy of a large mail provider asks for many readers
MOST_ADDRESSES = 10_000
RECENT_S = 2.0  # no longer than haste makes machines of people
MOST_RECENT = 10_000
AHEAD = ("purpose", "sec-purpose", "x-purpose", "x-moz")
MACHINES = re.compile(
    r"bot\b|crawl|spider|slurp|scan|preview|proxy|monitor|fetch|ggpht|facebookexternalhit|whatsapp|telegram|slack|discord"
    r"|barracuda|mimecast|proofpoint|symantec|fireeye|trendmicro|safelinks|urldefense|curl|wget|python|httpx|aiohttp|go-http"
    r"|okhttp|java/|libwww|node-fetch|axios|headless|phantom|^mozilla/\d\.\d$",
    re.IGNORECASE,
)


def is_token(text: str) -> bool:
    """Whether it looks like one."""
    return TOKEN.fullmatch(text) is not None


def is_machine(agent: str) -> bool:
    """Whether whoever calls itself so reads for nobody: proxies, scanners, scripts, and who does not say. K3"""
    return not agent.strip() or MACHINES.search(agent.strip()) is not None


def is_ahead(method: str, headers: Mapping[str, str]) -> bool:
    """Whether nobody has asked to see it yet. K2"""
    asked = " ".join(headers.get(name, "") for name in AHEAD).lower()
    return method == "HEAD" or "prefetch" in asked or "preview" in asked or "prerender" in asked


class Pace:
    """What each address has left. K5"""

    def __init__(
        self,
        burst: float = BURST,
        per_s: float = PER_S,
        *,
        most: int = MOST_ADDRESSES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst, self._per_s, self._most, self._clock = burst, per_s, most, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def allows(self, address: str) -> bool:
        """Whether one more is not too much."""
        now = self._clock()
        left, since = self._left.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_s)
        allowed = left >= 1
        self._left[address] = (left - allowed, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return allowed


class Recent:
    """What was answered just now. K4"""

    def __init__(
        self, seconds: float = RECENT_S, *, most: int = MOST_RECENT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._answers: OrderedDict[tuple[object, ...], tuple[str | None, float]] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> tuple[bool, str | None]:
        """Whether there is an answer, and which."""
        answer, until = self._answers.get(key, (None, 0.0))
        return self._clock() < until, answer

    def put(self, key: tuple[object, ...], answer: str | None) -> None:
        """Remembers it for a while."""
        self._answers.pop(key, None)
        self._answers[key] = (answer, self._clock() + self._seconds)
        if len(self._answers) > self._most:
            self._answers.popitem(last=False)


class Tracking:
    """Says to the database what readers do, as nobody in particular. Every call may raise StateError."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._recent = Recent()

    async def opened(self, token: str, agent: str) -> None:
        """A letter's picture was asked for."""
        key = ("open", token, is_machine(agent))
        if not is_token(token) or self._recent.get(key)[0]:
            return
        await self._api.rpc("track_open", {"token": token, "machine": is_machine(agent), "agent": agent[:200]})
        self._recent.put(key, None)

    async def clicked(self, token: str, agent: str, *, counted: bool) -> str | None:
        """Where a link leads: to the web, and where the database says. None: there is no such link. K1"""
        if not is_token(token):
            return None
        key = ("click", token, is_machine(agent), counted)
        known, answer = self._recent.get(key)
        if known:
            return answer
        said = {"token": token, "machine": is_machine(agent), "agent": agent[:200], "counted": counted}
        url = await self._api.rpc("track_click", said)
        if not isinstance(url, str) or not WEB.fullmatch(url):
            return None
        self._recent.put(key, url)
        return url

    async def unsubscribed(self, token: str, *, sure: bool = True) -> bool:
        """Whoever has this letter wants no more, or only asks (`sure`). False: nobody has such a letter."""
        return is_token(token) and await self._api.rpc("unsubscribe", {"token": token, "sure": sure}) is True
