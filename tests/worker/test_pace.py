"""Progress, stages and ETA as functions of time; accidents as a function of the attempt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.pace import Pace
from worker.simulation import mishap

PARAMS = {"width": 1024, "height": 1024, "steps": 28, "count": 1, "duration": 4}


def test_a_picture_takes_some_five_seconds_and_more_when_it_is_more() -> None:
    one = Pace.of("image", PARAMS, 1).seconds
    assert 4 <= one <= 7
    assert Pace.of("image", PARAMS | {"count": 4}, 1).seconds > one
    assert Pace.of("image", PARAMS | {"steps": 50}, 1).seconds > one
    assert Pace.of("image", PARAMS | {"width": 512}, 1).seconds < one
    assert Pace.of("video", PARAMS, 1).seconds > 2 * one
    assert Pace.of("image", PARAMS, 0).seconds == 0


@given(st.floats(0, 100), st.floats(0, 1000), st.floats(0, 10))
def test_progress_never_falls_and_never_runs_ahead_of_what_is_made(
    seconds: float, elapsed: float, later: float
) -> None:
    pace = Pace(seconds)
    assert 0 <= pace.progress(elapsed) <= pace.progress(elapsed + later) <= 94
    assert pace.progress(elapsed, drawn=True) <= 99
    assert pace.progress(elapsed, drawn=True, stored=True) <= 100
    assert pace.eta_s(elapsed) >= 1


def test_stages_follow_each_other() -> None:
    pace = Pace(10)
    assert [pace.stage(p) for p in (0, 10, 40, 70, 95, 100)] == [
        "Preparing",
        "Sketching",
        "Refining",
        "Detailing",
        "Encoding",
        "Encoding",
    ]


def test_accidents_happen_at_their_rate_and_always_to_the_same() -> None:
    assert not any(mishap(str(i), 1, 0) for i in range(500))
    assert all(mishap(str(i), 1, 1) for i in range(500))
    share = sum(mishap(str(i), 1, 0.02) is not None for i in range(10_000)) / 10_000
    assert 0.014 < share < 0.027
    assert mishap("a job", 1, 1) == mishap("a job", 1, 1)
