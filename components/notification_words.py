"""What a notification says, in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from state.generation import first_name
from state.models import Notification, Profile

Lookup = Callable[[UUID], Profile | None]

# A symbol and its tone, by kind; others have those of LOOK.
LOOKS: dict[str, tuple[str, str]] = {
    "generation_finished": ("imagesmode", "tone-live"),
    "generation_failed": ("error", "tone-fail"),
    "training_finished": ("model_training", "tone-live"),
    "training_failed": ("error", "tone-fail"),
    "low_credits": ("toll", "tone-wait"),
    "price_alert": ("candlestick_chart", "tone-info"),
    "like": ("favorite", ""),
    "comment": ("chat_bubble", ""),
    "email_opened": ("drafts", "tone-live"),
    "invitation": ("group_add", "tone-info"),
    "mention": ("chat_bubble", ""),
    "import_finished": ("upload_file", "tone-live"),
    "chat_mention": ("chat_bubble", ""),
    "chat_invitation": ("group_add", "tone-info"),
    "task_assigned": ("view_kanban", "tone-info"),
    "task_mention": ("chat_bubble", ""),
    "task_finished": ("check_circle", "tone-live"),
    "task_failed": ("error", "tone-fail"),
}
LOOK = ("notifications", "tone-info")
# What a toast says of several that came within its second.
MANY: dict[str, Callable[[int], str]] = {
    "generation_finished": lambda n: f"{n} more of your prompts are finished",
    "generation_failed": lambda n: f"{n} more of your prompts failed",
    "price_alert": lambda n: f"{n} more price alerts fired",
    "like": lambda n: f"{n} more likes",
    "comment": lambda n: f"{n} more comments",
    "email_opened": lambda n: f"{n} more of your e-mails were opened",
}


def sentence(told: Notification, person: Lookup) -> str:
    """Mira and 2 others like “a lighthouse”; “a lighthouse” is finished; …"""
    who, several = names(told, person), len(told.actor_ids) > 1
    match told.kind:
        case "generation_finished" if told.times > 1:
            return f"“{told.title}” and {told.times - 1} more are finished"
        case "generation_finished":
            return f"“{told.title}” is finished"
        case "generation_failed":
            return f"“{told.title}” failed"
        case "training_finished":
            return f"{told.title} is trained"
        case "training_failed":
            return f"The training of {told.title} failed"
        case "like" if who:
            return f"{who} {'like' if several else 'likes'} “{told.title}”"
        case "comment" if who:
            return f"{who} commented on “{told.title}”"
        case "task_assigned" if who:
            return f"{who} gave you “{told.title}”"
        case "task_mention" if who:
            return f"{who} named you in “{told.title}”"
        case "task_finished":
            return f"{who} finished “{told.title}”" if who else f"“{told.title}” is finished"
        case "task_failed":
            return f"“{told.title}” failed"
        case "invitation" if who:
            return f"{who} {'invite' if several else 'invites'} you to {told.title}"
        case "mention" if who:
            return f"{who} named you in a comment on {told.title}"
        case "import_finished":
            return f"The import of {told.title} is finished"
        case "chat_mention" if who:
            return f"{who} named you in “{told.title}”"
        case "chat_invitation" if who:
            return f"{who} let you into “{told.title}”"
        case "email_opened":
            return f"“{told.title}” was opened by {told.body}"
        case _:  # a kind of another area: its title says it
            return f"{who}: {told.title}" if who else told.title


def names(told: Notification, person: Lookup) -> str:
    """Mira; Mira and Ada; Mira and 2 others; nothing when nobody in particular did it."""
    if not told.actor_ids:
        return ""
    first, *others = told.actor_ids
    name = first_name(person(first))
    if not others:
        return name
    return f"{name} and {first_name(person(others[0])) if len(others) == 1 else f'{len(others)} others'}"


def many(kind: str) -> Callable[[int], str]:
    """The text for several of a kind."""
    return MANY.get(kind, lambda n: f"{n} more notifications")


def looking_at(address: str, path: str) -> bool:
    """Whether a page at `address` is the one that `path` leads to: all that `path` asks for is in it. A chat that is open
    shows what is said as it comes, whichever message it was opened at."""
    here, there = urlsplit(address), urlsplit(path)
    wanted = {(name, value) for name, value in parse_qsl(there.query) if name != "message"}
    return here.path == there.path and wanted <= set(parse_qsl(here.query))


def counted(title: str, unread: int) -> str:
    """(3) Studio · Starling"""
    number = f"({unread if unread < 100 else '99+'}) " if unread else ""
    return f"{number}{title} · Starling"
