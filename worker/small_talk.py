"""The simulated assistant: no language model, only what it knows of Starling, said in its own few ways.

The same question of the same answer and attempt is answered with the same words; asked anew, perhaps with others.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncGenerator, Callable
from hashlib import blake2b

from worker.talk import Asked

WORD_S = 0.035  # about as fast as one reads along
_MENTION = re.compile(r"@(assistant|starling)\b[\s,:]*", re.IGNORECASE)
_ABOUT = re.compile(
    r"^(?:an?|the|some|me)?\s*(?:prompts?|ideas?|pictures?|images?|drawings?)\s+(?:of|for|about|with)\s+", re.IGNORECASE
)
_PIECES = re.compile(r"\S+\s*|\s+")


class SmallTalk:
    """`pace`: 1 is as people read, 0 as fast as it can."""

    simulated = True

    def __init__(self, pace: float = 1.0) -> None:
        self._pace = pace

    async def answer(self, asked: Asked) -> AsyncGenerator[str, None]:
        """As `Talker` says."""
        dice = _dice(asked)
        for word in _PIECES.findall(say(asked, dice)):
            await asyncio.sleep(self._pace * WORD_S * dice.uniform(0.5, 1.5))
            yield word


def _dice(asked: Asked) -> random.Random:
    seed = f"{asked.id} {asked.attempt} {asked.question}".encode()
    return random.Random(int.from_bytes(blake2b(seed, digest_size=8).digest(), "big"))


def say(asked: Asked, dice: random.Random) -> str:
    """What it says, whole."""
    words = _MENTION.sub("", asked.question).strip()
    for pattern, topic in TOPICS:
        if pattern.search(words):
            return topic(asked, words, dice)
    return _lost(asked, words, dice)


def _greeting(asked: Asked, words: str, dice: random.Random) -> str:
    first = asked.name.split()[0] if asked.name else "there"
    return dice.choice((f"Hello {first}.", f"Good to see you, {first}.", f"Hello {first}, I am listening.")) + " " + dice.choice(
        (
            "Shall we make something? Write `/imagine` and a few words, and I draw it with your credits.",
            "Ask me about models, prices or the queue, or let me draw with `/imagine` and a prompt.",
        )
    )  # fmt: skip


def _thanks(asked: Asked, words: str, dice: random.Random) -> str:
    return dice.choice(("Gladly.", "With pleasure.", "Any time.")) + " " + dice.choice(
        ("Call me when the next idea comes.", "I am here if there is more.")
    )  # fmt: skip


def _who(asked: Asked, words: str, dice: random.Random) -> str:
    return (
        "I am Starling's assistant, and a simulated one: no language model is behind me, only what I was told of this "
        "studio. I know its models, what they cost, and how long the queue is. `/help` lists what I can do."
    )


def _costs(asked: Asked, words: str, dice: random.Random) -> str:
    pictures = [model for model in asked.models if "image" in model.makes]
    if not pictures:
        return "What a job costs stands on the button in the studio before you queue it."
    named = [model for model in pictures if model.name.lower() in words.lower()] or pictures
    lines = "\n".join(f"- **{model.name}**: {credits(model.cost)} a picture" for model in named)
    close = "\n\nA clip costs four times as much. What fails or is cancelled is given back."
    return f"{dice.choice(('This is what it costs:', 'The prices, for one picture each:'))}\n\n{lines}{close}"


def _balance(asked: Asked, words: str, dice: random.Random) -> str:
    alone = "" if asked.people == 1 else " Others in this chat do not see the number."
    return f"Write `/balance`, and I show you your credits.{alone} The page Credits has all that came and went."


def _queue(asked: Asked, words: str, dice: random.Random) -> str:
    if not asked.waiting and not asked.active:
        return "The queue is empty: whatever you queue now begins at once."
    are = "is one job" if asked.active == 1 else f"are {asked.active} jobs"
    wait = "none waits" if not asked.waiting else f"{asked.waiting} {'waits' if asked.waiting == 1 else 'wait'}"
    return (
        f"In the whole studio there {are} being made, and {wait}. Turns go round between members, so nobody's long list "
        "holds up yours. In the studio you can move, pause and cancel what is your own."
    )


def _prompt(asked: Asked, words: str, dice: random.Random) -> str:
    subject = _subject(words) or dice.choice(
        ("a lighthouse on basalt cliffs", "a greenhouse at night", "paper boats in a harbour")
    )
    light = dice.sample(
        ("low winter sun", "blue hour", "overcast and soft", "lit from inside", "after rain, reflections"), 3
    )
    look = dice.sample(
        ("seen from far away, much sky", "close, shallow focus", "symmetrical, from the front", "from above"), 3
    )
    ideas = "\n".join(
        f"{n}. `/imagine {subject}, {a}, {b}`" for n, (a, b) in enumerate(zip(light, look, strict=True), 1)
    )
    return (
        f"Three ways to begin:\n\n{ideas}\n\nKeep the seed of the one you like, and change one word at a time: then you see "
        "what that word does."
    )  # fmt: skip


def _draw(asked: Asked, words: str, dice: random.Random) -> str:
    subject = _subject(words) or "a wren on a wet branch, overcast"
    cost = min((model.cost for model in asked.models if "image" in model.makes), default=0)
    price = f" It costs you {credits(cost)}." if cost else ""
    return f"I draw when you say so with a command, because it takes your credits: `/imagine {subject}`.{price}"


def _train(asked: Asked, words: str, dice: random.Random) -> str:
    return (
        "Give the page Training ten to fifty pictures of one thing, choose a base model and the number of steps. The loss "
        "falls while you watch; when it is done, your model is in the studio's list at once."
    )


def _feed(asked: Asked, words: str, dice: random.Random) -> str:
    return (
        "In the studio, open a picture and choose Publish: it appears in everybody's feed at once, with likes and comments. "
        "Private pictures stay yours. What I draw in a chat is private, and shown only to those in it."
    )


def _team(asked: Asked, words: str, dice: random.Random) -> str:
    return (
        "The menu above the pages names your team: there you invite people by their user name, as editors or as viewers. "
        "Contacts, e-mail and boards belong to a team. A chat is apart: let people in with the button above the messages."
    )


def _market(asked: Asked, words: str, dice: random.Random) -> str:
    found = re.search(r"\b(BTC|ETH|SEI|SOL|USDC|USDT|bitcoin|ethereum)\b", words, re.IGNORECASE)
    symbol = {"BITCOIN": "BTC", "ETHEREUM": "ETH"}.get(found[1].upper(), found[1].upper()) if found else "BTC"
    return f"Write `/price {symbol}` for the price at this moment. On the page Market it moves by itself, and can wake you."


def _offline(asked: Asked, words: str, dice: random.Random) -> str:
    return (
        "What you write is shown at once and sent when there is a connection; it is never said twice. After a gap every "
        "page fetches what it missed. The mark at the top says how the connection is, and reconnects by hand."
    )


def _video(asked: Asked, words: str, dice: random.Random) -> str:
    return "In the studio, choose Video instead of Image: clips of one to eight seconds, for four times the price of a picture."


def _can(asked: Asked, words: str, dice: random.Random) -> str:
    return (
        "I can\n\n- draw: `/imagine` and a prompt\n- look up a coin: `/price BTC`\n- show you your credits: `/balance`\n- tell "
        "you of models, prices, the queue, training and the feed\n- find words for a prompt: ask me for ideas"
    )


def _lost(asked: Asked, words: str, dice: random.Random) -> str:
    start = dice.choice(
        ("I am only simulated, and this is beyond me.", "This one is beyond a simulated assistant like me.")
    )
    return f"{start} I know this studio: ask me about models, costs, the queue or training, or for ideas for a prompt. `/help` lists what I do."


Topic = Callable[[Asked, str, random.Random], str]


def _on(words: str, topic: Topic) -> tuple[re.Pattern[str], Topic]:
    return re.compile(rf"\b({words})", re.IGNORECASE), topic


TOPICS = (
    _on(r"what can you|what do you do|help\b|how do you work", _can),
    _on(r"who are you|what are you|are you (a |real|human|sim)", _who),
    _on(r"balance|my credits|how many credits|credits? (left|do i)", _balance),
    _on(r"idea|inspir|prompt|suggest", _prompt),
    _on(r"cost|price of (a |the )?(model|picture|image|clip|video)|expensive|cheap|how much (is|does|do|for) (a|the|one|it)", _costs),
    _on(r"queue|how long|waiting|busy|when will", _queue),
    _on(r"train|dataset|fine.?tun|loss\b|own model", _train),
    _on(r"publish|share|feed|private|public", _feed),
    _on(r"bitcoin|btc|eth\b|ethereum|coin|crypto|market|price|sei\b|sol\b|usd[ct]", _market),
    _on(r"video|clip|animat", _video),
    _on(r"draw|paint|picture|image|generate|create|make me|render", _draw),
    _on(r"team|invite|member|colleague", _team),
    _on(r"offline|connection|reconnect|lost|network", _offline),
    _on(r"models?\b|aurora|basalt|gouache|filament", _costs),
    _on(r"thanks?|thank you|great|perfect|nice|cheers", _thanks),
    _on(r"hello|hi\b|hey\b|good (morning|evening|day)|howdy", _greeting),
)  # fmt: skip


def _subject(words: str) -> str:
    """What a prompt shall be about, as far as it can be heard."""
    found = re.search(
        r"\b(?:of|for|about|with|draw|paint|make me|generate|create|render)\s+(?:me\s+)?(.+)", words, re.IGNORECASE
    )
    subject = re.sub(r"[`\s]+", " ", found[1]).strip(" ?.,") if found else ""
    subject = _ABOUT.sub("", subject)  # "a prompt about foxes": foxes
    return subject[:120] if subject.lower() not in ("a prompt", "prompts", "ideas", "some ideas") else ""


def credits(n: int) -> str:
    """In words."""
    return "1 credit" if n == 1 else f"{n} credits"
