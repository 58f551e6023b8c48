"""What the browser is told of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from components.connection_pill import describe, reconnect, worst
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


def test_quality_is_told_in_one_word_while_there_is_a_socket() -> None:
    assert describe(Status(state="live", since=NOW, round_trip_ms=200.0, quality="fair"), NOW)["quality"] == "fair"
    assert describe(Status(state="degraded", since=NOW, quality="poor"), NOW)["quality"] == "poor"
    assert describe(Status(state="offline", since=NOW), NOW)["quality"] is None


def test_whoever_waits_for_the_next_attempt_can_be_hurried() -> None:
    mine, everybodys, well = (Hurried(Status(state="live")) for _ in range(3))
    everybodys.status = Status(state="connecting", retry_at=NOW)
    reconnect(mine, everybodys, well, own=True)  # type: ignore[arg-type]
    assert (mine.times, everybodys.times, well.times) == (1, 1, 0)
    everybodys.status = Status(state="offline")  # an attempt is being made, which nobody else's guest may cut off
    reconnect(mine, everybodys, well, own=False)  # type: ignore[arg-type]
    assert (mine.times, everybodys.times, well.times) == (1, 1, 0)


@dataclass
class Hurried:
    """Counts how often it was asked to reconnect."""

    status: Status
    times: int = 0

    def reconnect(self) -> None:
        self.times += 1


def test_the_page_says_the_worst_of_what_it_depends_on() -> None:
    mine, everybodys = Status(state="live"), Status(state="offline")
    assert worst([mine, everybodys]) is everybodys
    everybodys.state = "live"
    assert worst([mine, everybodys]) is mine
    mine.state, everybodys.state = "degraded", "connecting"
    assert worst([mine, everybodys]) is everybodys
