"""What notifications say, and what the tab's title does."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from components.notification_words import counted, looking_at, many, sentence
from state.models import Notification
from tests.components.rows import ADA, GRACE, MOMENT
from tests.components.test_people import ALAN, PEOPLE


def told(kind: str, title: str, *actors: UUID, times: int = 1, **more: Any) -> Notification:
    values: dict[str, Any] = {
        "id": uuid4(), "owner_id": ADA, "kind": kind, "subject_id": None, "title": title, "body": "", "path": "/feed",
        "actor_ids": list(actors), "times": times, "browser": True, "happened_at": MOMENT, "read_at": None, "created_at": MOMENT,
        "updated_at": MOMENT, "version": 1, **more,
    }  # fmt: skip
    return Notification.model_validate(values)


@pytest.mark.parametrize(
    ("notification", "said"),
    [
        (told("like", "dunes", GRACE), "Grace likes “dunes”"),
        (told("like", "dunes", GRACE, ALAN, times=2), "Grace and Alan like “dunes”"),
        (told("like", "dunes", GRACE, ALAN, UUID(int=9), times=3), "Grace and 2 others like “dunes”"),
        (told("comment", "dunes", UUID(int=9)), "Somebody commented on “dunes”"),
        (told("generation_finished", "dunes"), "“dunes” is finished"),
        (told("generation_finished", "dunes", times=4), "“dunes” and 3 more are finished"),
        (told("generation_failed", "dunes"), "“dunes” failed"),
        (told("task_assigned", "Soft rain", GRACE), "Grace gave you “Soft rain”"),
        (told("task_mention", "Soft rain", GRACE), "Grace named you in “Soft rain”"),
        (told("task_finished", "Soft rain", GRACE), "Grace finished “Soft rain”"),
        (told("task_finished", "Soft rain"), "“Soft rain” is finished"),
        (told("task_failed", "Soft rain"), "“Soft rain” failed"),
        (told("invitation", "Wrens", GRACE, ALAN), "Grace and Alan invite you to Wrens"),
        (told("mention", "Anna Bell", GRACE), "Grace named you in a comment on Anna Bell"),
        (told("import_finished", "people.csv"), "The import of people.csv is finished"),
        (told("chat_mention", "Release plan", GRACE), "Grace named you in “Release plan”"),
        (told("chat_invitation", "Release plan", GRACE), "Grace let you into “Release plan”"),
        (told("low_credits", "Eight credits left"), "Eight credits left"),
        (told("mentioned", "Release plan", GRACE), "Grace: Release plan"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_sentence_says_it(notification: Notification, said: str) -> None:
    people = {person.id: person for person in PEOPLE}
    assert sentence(notification, people.get) == said


def test_several_are_said_in_one() -> None:
    assert many("like")(3) == "3 more likes"
    assert many("mentioned")(3) == "3 more notifications"


@pytest.mark.parametrize(
    ("address", "path", "there"),
    [
        ("http://here/feed?post=1&x=2", "/feed?post=1", True),
        ("http://here/feed", "/feed?post=1", False),
        ("http://here/studio", "/feed", False),
        ("http://here/credits", "/credits", True),
        ("http://here/chat/1", "/chat/1?message=2", True),
        ("http://here/chat/1", "/chat/3?message=2", False),
    ],
)
def test_a_page_knows_what_is_looked_at_on_it(address: str, path: str, there: bool) -> None:
    assert looking_at(address, path) is there


def test_the_title_counts() -> None:
    assert counted("Studio", 0) == "Studio · Starling"
    assert counted("Studio", 3) == "(3) Studio · Starling"
    assert counted("Studio", 120) == "(99+) Studio · Starling"
