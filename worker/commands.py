"""What members tell the assistant with a slash: picked out of what they wrote, and what each of them comes to.

What an answer says is for everybody in the chat. A balance is not: the card names whose it is, and the page shows the
number to that member alone.
"""

from __future__ import annotations

import difflib
import logging
import re
from dataclasses import dataclass, field
from typing import Any

from worker.api import Api
from worker.errors import Refused

log = logging.getLogger("worker.assistant")

_COMMAND = re.compile(r"/([A-Za-z]{1,30})(?:\s+(.*))?", re.DOTALL)
_SYMBOL = re.compile(r"[A-Z0-9]{2,10}")

COMMANDS = {
    "imagine": ("/imagine a lighthouse in fog", "Draws a picture with your credits, and posts it here"),
    "price": ("/price BTC", "What a coin costs just now"),
    "balance": ("/balance", "Your credits, shown to you alone"),
    "help": ("/help", "What I understand"),
}


@dataclass(frozen=True)
class Reply:
    """What an answer becomes. `action` is what the card shows; without one it is words."""

    content: str
    action: dict[str, Any] | None = None
    status: str = "delivered"
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def stored(self) -> dict[str, Any]:
        """As `finish_answer` takes it."""
        metadata = self.metadata | ({"action": self.action} if self.action else {})
        kind = "adapter_action" if self.action else "text"
        return {"content": self.content, "message_type": kind, "metadata": metadata, "status": self.status}


def command_of(question: str) -> tuple[str, str] | None:
    """The command and what comes behind it; None: these are words."""
    found = _COMMAND.fullmatch(question.strip())
    return (found[1].lower(), (found[2] or "").strip()) if found else None


async def obey(api: Api, command: str, rest: str, member: str) -> Reply:
    """Does all but /imagine, which the answer's lease is needed for. Raises ApiError."""
    match command:
        case "price":
            return await _price(api, rest)
        case "balance":
            return Reply("A balance, shown to whoever asked", {"name": "balance", "member": member})
        case "help":
            return Reply(
                "\n".join(f"{example}: {does}" for example, does in COMMANDS.values()),
                {"name": "help", "commands": [list(entry) for entry in COMMANDS.values()]},
            )
        case _:
            near = difflib.get_close_matches(command, COMMANDS, 1, 0.5)
            hint = f"Did you mean {COMMANDS[near[0]][0]}?" if near else "Write /help to see what I understand."
            return Reply(f"I do not know /{command}. {hint}")


async def _price(api: Api, rest: str) -> Reply:
    symbol = rest.split()[0].upper().lstrip("$") if rest else "BTC"
    if not _SYMBOL.fullmatch(symbol):
        return Reply("A symbol is two to ten letters: /price BTC")
    try:
        rows = await api.select("crypto_prices", symbol=f"eq.{symbol}", limit="1")
    except Refused as error:
        if error.status != 404:
            raise
        return Reply("There is no market in this studio, so I know no prices.")
    if not rows:
        return Reply(f"I follow no coin called {symbol}. The market page has the list.")
    row = rows[0]
    price, change = float(row["price"]), float(row["change_percentage_24h"])
    action = {
        "name": "price", "symbol": symbol, "label": row.get("name", symbol), "price": price, "change": change,
        "at": row["last_updated"], "simulated": bool(row.get("simulated", True)),
    }  # fmt: skip
    return Reply(f"{symbol} is at {dollars(price)}, {change:+.2f} % in a day", action)


def dollars(price: float) -> str:
    """With the digits that say something."""
    return f"${price:,.2f}" if price >= 1 else f"${price:.6f}"
