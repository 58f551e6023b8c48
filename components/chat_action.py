"""What the assistant did, as a card: what `chat_message.js` draws of a message's `metadata.action`.

The card of a balance says whose it is, and nothing else: the number is put in here, on that member's own screens only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from state.answers import metadata_of
from state.generation import first_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from state.member import Member
    from state.models import Message, Profile
    from state.sync.rows import Rows

WORDS = {
    "waiting": "Waits in the queue",
    "active": "Being made",
    "completed": "",
    "cancelled": "Cancelled",
    "failed": "It failed",
    "refused": "Not drawn",
}
MOST_COMMANDS = 12


def card_of(message: Message, member: Member, people: Rows[Profile]) -> dict[str, Any] | None:
    """None: it is no card, or one that makes no sense, and its text is shown."""
    action = metadata_of(message).get("action")
    if message.message_type != "adapter_action" or not isinstance(action, dict):
        return None
    match action.get("name"):
        case "imagine":
            return _picture(action)
        case "price":
            return _price(action)
        case "balance":
            return _balance(action, member, people)
        case "help":
            return _help(action)
        case _:
            return None


def _picture(action: Mapping[str, Any]) -> dict[str, Any] | None:
    status = str(action.get("status"))
    if status not in WORDS:
        return None
    progress, stage = action.get("progress"), str(action.get("stage") or "")
    percent = min(100, max(0, int(progress))) if isinstance(progress, int | float) else 0
    words = stage if status == "active" and stage else WORDS[status]
    return {
        "kind": "imagine", "prompt": str(action.get("prompt") or "")[:1000], "words": words, "percent": percent,
        "trouble": stage[:200] if status in ("failed", "refused") else "", "busy": status in ("waiting", "active"),
        "about": " · ".join(str(action[key]) for key in ("model",) if action.get(key)), "done": status == "completed",
    }  # fmt: skip


def _price(action: Mapping[str, Any]) -> dict[str, Any] | None:
    price, change = action.get("price"), action.get("change")
    if not isinstance(price, int | float) or not isinstance(change, int | float):
        return None
    return {
        "kind": "price", "symbol": str(action.get("symbol"))[:12], "label": str(action.get("label") or "")[:60],
        "price": f"${price:,.2f}" if price >= 1 else f"${price:.6f}", "change": f"{change:+.2f} %", "up": change >= 0,
        "simulated": action.get("simulated") is True,
    }  # fmt: skip


def _balance(action: Mapping[str, Any], member: Member, people: Rows[Profile]) -> dict[str, Any] | None:
    try:
        whose = UUID(str(action.get("member")))
    except ValueError:
        return None
    if whose != member.id:
        name = first_name(people.get(whose))
        return {"kind": "balance", "mine": False, "words": f"Shown to {name} alone"}
    balance = member.credits.balance
    return {
        "kind": "balance",
        "mine": True,
        "words": "Only you see this",
        "amount": "…" if balance is None else f"{balance:,}",
    }


def _help(action: Mapping[str, Any]) -> dict[str, Any] | None:
    listed = action.get("commands")
    if not isinstance(listed, list):
        return None
    rows = [row for row in listed if isinstance(row, list) and len(row) == 2][:MOST_COMMANDS]
    return {"kind": "help", "commands": [[str(example)[:80], str(does)[:160]] for example, does in rows]}
