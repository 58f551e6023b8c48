"""A language model behind an OpenAI-compatible endpoint: `POST {url}/chat/completions`, answered as server-sent events.

M1  Before the first word it is asked again, with pauses that double and jitter, or as long as it asks for: 429, 5xx, no answer.
M2  After the first word nothing is repeated: what has come stays, and the answer says that it broke off.
M3  Nobody waits longer than `READ_S` for the next word, or than `WHOLE_S` for all of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx

from worker.errors import TalkFailed
from worker.talk import Asked

log = logging.getLogger("worker.assistant")

CONNECT_S, READ_S, WHOLE_S = 5.0, 30.0, 180.0
TRIES = 3
PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
MOST_TOKENS = 1_200
MOST_HISTORY = 12_000  # characters
MOST_LINE = 200_000  # characters of one event

MANNER = """You are the assistant in a chat of Starling, a live creative studio: members generate pictures and clips with credits, \
train models, publish to a feed, watch a market and work in teams. Answer briefly and kindly, in the language of the question, \
in plain Markdown without HTML. You can do nothing by yourself: members use /imagine <prompt> to draw, /price <symbol> for a coin, \
/balance for their credits and /help. Never say what anybody's balance is: you do not know it."""


class _Again(Exception):
    """It may work later. `pause_s` is what the server asks for."""

    def __init__(self, reason: str, pause_s: float | None = None) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


class ModelTalk:
    """`url` ends before `/chat/completions`; `pause_s` is the first pause."""

    simulated = False

    def __init__(
        self, url: str, model: str, key: str | None = None, *, read_s: float = READ_S, pause_s: float = PAUSE_S,
        dice: random.Random | None = None,
    ) -> None:  # fmt: skip
        self._model = model
        self._pause_s = pause_s
        self._dice = dice or random.Random()
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(read_s, connect=CONNECT_S),
        )

    async def close(self) -> None:
        """Lets go of its connections."""
        await self._http.aclose()

    async def answer(self, asked: Asked) -> AsyncGenerator[str, None]:
        """As `Talker` says."""
        body = {"model": self._model, "messages": conversation(asked), "stream": True, "max_tokens": MOST_TOKENS}
        for attempt in range(1, TRIES + 1):
            begun = False
            try:
                async with asyncio.timeout(WHOLE_S), aclosing(self._words(body)) as words:  # M3
                    async for word in words:
                        begun = True
                        yield word
                if begun:
                    return
                raise _Again("it said nothing")
            except (_Again, httpx.TransportError, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                log.warning("the language model, attempt %s: %s", attempt, reason)
                if begun:
                    raise TalkFailed("The language model broke off.") from error  # M2
                if attempt == TRIES:
                    raise TalkFailed("The language model does not answer.") from error
                asked_for = error.pause_s if isinstance(error, _Again) else None
                pause_s = self._pause_s * 2 ** (attempt - 1) * self._dice.uniform(0.5, 1.5)
                await asyncio.sleep(min(LONGEST_PAUSE_S, asked_for if asked_for is not None else pause_s))  # M1

    async def _words(self, body: dict[str, Any]) -> AsyncGenerator[str, None]:
        async with self._http.stream("POST", "chat/completions", json=body) as answer:
            if answer.status_code == 429 or answer.status_code >= 500:
                raise _Again(f"it answered {answer.status_code}", _seconds(answer.headers.get("retry-after")))
            if not answer.is_success:
                said = (await answer.aread())[:300].decode(errors="replace")
                log.error("the language model refused: %s %s", answer.status_code, said)
                raise TalkFailed("The language model refuses this studio: whoever runs it has to look at its settings.")
            async for line in answer.aiter_lines():
                if not line.startswith("data:") or len(line) > MOST_LINE:
                    continue
                if (data := line[5:].strip()) == "[DONE]":
                    return
                if word := _word(data):
                    yield word
            raise _Again("it ended before it was done")


def _word(data: str) -> str:
    """What one event adds. Raises _Again for an error in mid-stream."""
    try:
        event = json.loads(data)
        if "error" in event:
            raise _Again(str(event["error"])[:200])
        choices = event.get("choices") or [{}]
        return str(choices[0].get("delta", {}).get("content") or "")
    except (ValueError, TypeError, AttributeError, KeyError, IndexError):
        return ""  # not for us


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


def conversation(asked: Asked) -> list[dict[str, str]]:
    """What the model is told: its manner, what it may know, the last that was said, the question."""
    prices = ", ".join(f"{model.name} {model.cost} credits ({'/'.join(model.makes)})" for model in asked.models)
    facts = f"Models: {prices or 'none'}. A clip costs four times a picture. Queue: {asked.active} made, {asked.waiting} waiting."
    room = f"{asked.people} people are in this chat." if asked.people > 1 else "You are alone with one member."
    told: list[dict[str, str]] = []
    left = MOST_HISTORY
    for line in reversed(asked.history):
        left -= len(line.content)
        if left < 0:
            break
        told.append(_said(line.role, line.name, line.content))
    system = {"role": "system", "content": f"{MANNER}\n{facts} {room}"}
    return [system, *reversed(told), _said("user", asked.name, asked.question)]


def _said(role: str, name: str, content: str) -> dict[str, str]:
    if role == "assistant":
        return {"role": "assistant", "content": content}
    return {"role": "user", "content": f"{name}: {content}"}
