"""What the rows of the queue say."""

from __future__ import annotations

from components.job_menu import nth
from components.job_row import Words, describe, duration, place_in_line
from state.sync.mutation import Pending
from tests.components.rows import job


async def send() -> None:
    return None


def test_an_active_job_says_what_is_done_how_far_it_is_and_how_long_it_takes() -> None:
    row = job(status="active", progress=62, stage="Refining", eta_s=4)
    assert describe(row) == Words("", "", "Refining · 62 % · 4 s left")


def test_the_seconds_run_down_between_two_reports() -> None:
    row = job(status="active", progress=62, stage="Refining", eta_s=4)
    assert describe(row, elapsed_s=2.6).text == "Refining · 62 % · 1 s left"
    assert describe(row, elapsed_s=6).text == "Refining · 62 % · nearly done"
    assert describe(row, elapsed_s=60).text == "Refining · 62 % · taking longer"  # its worker may be gone


def test_a_job_without_estimate_names_none() -> None:
    assert describe(job(status="active", progress=3)).text == "Preparing · 3 %"


def test_a_waiting_job_says_its_place() -> None:
    assert describe(job(), line=2) == Words("waiting", "wait", "second in line")
    assert describe(job(failures=1), line=1).text == "trying again · next in line"


def test_a_job_of_a_paused_queue_says_that_and_no_place() -> None:
    assert describe(job(), line=2, held=True) == Words("paused", "wait", "")
    assert describe(job(status="active", progress=3), held=True).text == "Preparing · 3 %"


def test_tries_are_counted_as_one_says_them() -> None:
    assert [nth(n) for n in (2, 3, 4, 11, 12, 21, 111)] == ["2nd", "3rd", "4th", "11th", "12th", "21st", "111th"]


def test_a_failed_job_says_why_and_what_was_given_back() -> None:
    row = job(status="failed", error="Out of memory", cost=8)
    assert describe(row) == Words("failed", "fail", "Out of memory · 8 credits given back")
    free = row.model_copy(update={"cost": 0})
    assert describe(free) == Words("failed", "fail", "Out of memory")


def test_what_was_not_sent_yet_or_refused_says_so() -> None:
    pending = Pending("key", "insert", send)
    assert describe(job(), pending=pending).badge == "sending"
    pending.failed = "A hundred jobs are waiting already"
    assert describe(job(), pending=pending) == Words("not sent", "fail", "A hundred jobs are waiting already")


def test_places_and_durations_read_naturally() -> None:
    assert [place_in_line(n) for n in (1, 2, 10, 11, 21, 100)] == [
        "next in line", "second in line", "tenth in line", "11th in line", "21st in line", "100th in line",
    ]  # fmt: skip
    assert [duration(s) for s in (8, 60, 80)] == ["8 s", "1 min 0 s", "1 min 20 s"]
