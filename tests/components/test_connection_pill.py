"""What the browser is told of a connection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from components.connection_pill import describe, worst
from state.realtime.status import Status

NOW = datetime(2026, 1, 1, 12, 4, tzinfo=UTC)


def test_waiting_times_are_told_from_now_because_clocks_differ() -> None:
    status = Status(state="offline", since=NOW, attempts=3, retry_at=NOW + timedelta(seconds=4), error="No answer")
    told = describe(status, NOW + timedelta(seconds=1))
    assert told["retryIn"] == 3000
    assert (told["state"], told["attempts"], told["error"]) == ("offline", 3, "No answer")


def test_a_time_that_has_passed_is_now() -> None:
    status = Status(state="offline", since=NOW, retry_at=NOW)
    assert describe(status, NOW + timedelta(seconds=9))["retryIn"] == 0


def test_the_round_trip_is_whole_milliseconds() -> None:
    assert describe(Status(state="live", since=NOW, round_trip_ms=4.4), NOW)["roundTrip"] == 4
    assert describe(Status(state="connecting", since=NOW), NOW)["roundTrip"] is None


def test_the_page_says_the_worst_of_what_it_depends_on() -> None:
    mine, everybodys = Status(state="live"), Status(state="offline")
    assert worst([mine, everybodys]) is everybodys
    everybodys.state = "live"
    assert worst([mine, everybodys]) is mine
    mine.state, everybodys.state = "degraded", "connecting"
    assert worst([mine, everybodys]) is everybodys
