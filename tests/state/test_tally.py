"""Tally: a number while one is changing it. The numbers are those of the module's docstring."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from state.models import Post
from state.tally import Tally

NOW = datetime.now(UTC)
ID = uuid4()


def post(likes: int, version: int) -> Post:
    return Post(
        id=ID, author_id=ID, generation_id=ID, caption="", kind="image", prompt="a", media_path="m", poster_path="p",
        media_type="image/webp", width=1, height=1, duration=None, colour="#102030", like_count=likes, comment_count=0,
        created_at=NOW, updated_at=NOW, version=version,
    )  # fmt: skip


def tally(told: list[UUID] | None = None) -> Tally:
    return Tally(lambda post: post.like_count, [].append if told is None else told.append)


def test_what_one_does_counts_at_once_and_once_whichever_comes_first():  # T1, T2
    for answer_first in (True, False):
        likes = tally()
        likes.expect(post(5, 10), 1)
        assert likes.of(post(5, 10)) == 6
        if answer_first:
            likes.answered(ID, 6, 11)
            assert likes.of(post(5, 10)) == 6
        else:
            assert likes.of(post(6, 11)) == 6
            likes.answered(ID, 6, 11)
        assert likes.of(post(6, 11)) == 6
        assert likes.of(post(9, 12)) == 9
        assert len(likes) == 0


def test_what_others_did_meanwhile_comes_with_the_answer():  # T2
    told: list[UUID] = []
    likes = tally(told)
    likes.expect(post(5, 10), 1)
    likes.answered(ID, 8, 13)
    assert likes.of(post(7, 12)) == 8
    assert told == [ID, ID]


def test_what_was_refused_counts_no_longer():  # T3
    likes = tally()
    likes.expect(post(5, 10), 1)
    likes.expect(post(5, 10), -1)
    likes.failed(ID, 1)
    assert likes.of(post(5, 10)) == 4
    likes.failed(ID, -1)
    assert likes.of(post(5, 10)) == 5
    likes.failed(ID, -1)  # nothing is left of it
    likes.answered(ID, 3, 9)
    assert likes.of(post(5, 10)) == 5


@given(st.lists(st.tuples(st.sampled_from(["like", "other", "answer", "arrive", "refuse"])), max_size=40))
def test_after_everything_was_answered_the_post_has_the_last_word(steps: list[tuple[str]]):
    """Whatever others do, in whatever order answers and posts arrive."""
    likes, count, version, liked = tally(), 5, 10, False
    shown = post(count, version)
    open_: list[int] = []
    for (step,) in steps:
        match step:
            case "like":
                change = -1 if liked else 1
                liked = not liked
                likes.expect(shown, change)
                open_.append(change)
            case "other":
                count, version = count + 1, version + 1
            case "answer" if open_:
                count, version = count + open_.pop(0), version + 1
                likes.answered(ID, count, version)
            case "refuse" if open_:
                likes.failed(ID, open_.pop(0))
            case "arrive":
                shown = post(count, version)
    for change in open_:
        count, version = count + change, version + 1
        likes.answered(ID, count, version)
    assert likes.of(post(count, version)) == count
    assert len(likes) == 0
