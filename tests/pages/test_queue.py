"""The queue of the studio as its owner handles it: paused, put in order, filled and emptied."""

from __future__ import annotations

from functools import partial
from typing import Any

from nicegui import ElementFilter, ui
from nicegui.testing import User

from components.job_row import JobRow
from components.prompt_form import PromptForm
from components.queue import Queue
from components.queue_controls import QueueButtons
from tests.pages.test_studio import LONG, Worker, ada, choose, click, generate, only, until, worker, write

__all__ = ["ada", "worker"]


def rows(user: User) -> list[JobRow]:
    """Ada's and the others', from the first to the last."""
    return list(only(user, Queue)._list.items.values())


def prompts(user: User) -> list[str]:
    return [row._job.prompt for row in rows(user)]


async def queued(user: User, *names: str) -> None:
    """Queues one after the other."""
    for name in names:
        write(user, name)
        generate(user)
        await until(partial(is_last, user, name))


def is_last(user: User, name: str) -> bool:
    return prompts(user)[-1:] == [name] and rows(user)[-1]._pending is None


def buttons(user: User) -> QueueButtons:
    found = only(user, Queue).buttons
    assert found is not None
    return found


def press(user: User, text: str) -> None:
    """The button with this text."""
    with user:
        button = next(e for e in ElementFilter(kind=ui.button) if e.text == text)
        listener = next(one for one in button._event_listeners.values() if one.type == "click")
        button._handle_event({"listener_id": listener.id, "args": {}})


async def open_menu(user: User) -> None:
    with user:
        buttons(user)._fill()


async def test_a_paused_queue_says_so_on_every_row_and_goes_on(ada: User, worker: Worker) -> None:
    await queued(ada, "salt flats", "winter orchard")
    await ada.should_see("second in line", retries=LONG)
    click(ada, "Pause the queue")
    await ada.should_see("Paused. Nothing of yours is begun until you resume.", retries=LONG)
    await until(lambda: [row._badge.text for row in rows(ada)] == ["paused", "paused"])
    await ada.should_not_see("second in line")
    assert await worker.call("claim_generation_jobs", worker="hand", n=5, lease_s=60) == []
    click(ada, "Resume the queue")
    await ada.should_see("second in line", retries=LONG)
    await ada.should_not_see("Paused. Nothing of yours is begun until you resume.")
    assert await worker.claim("salt flats")


async def test_a_job_is_moved_by_drop_by_key_and_by_menu(ada: User) -> None:
    await queued(ada, "a", "b", "c")
    queue = only(ada, Queue)
    first, _, last = rows(ada)

    def heard(event: str, **args: Any) -> None:
        element = next(e for e in queue.descendants() if "queue__rows" in e.classes)
        listener = next(one for one in element._event_listeners.values() if one.type.startswith(event))
        element._handle_event({"listener_id": listener.id, "args": args})

    with ada:
        heard("pointerdown", job=str(last._job.id), before=str(first._job.id))
    await until(lambda: prompts(ada) == ["c", "a", "b"])
    assert queue._said.text == "Now 1 of your 3 that wait"
    with ada:
        heard("keydown", job=str(last._job.id), by=1)
    await until(lambda: prompts(ada) == ["a", "c", "b"])
    with ada:
        rows(ada)[0]._on_grip()
    choose(ada, "Move to the end")
    await until(lambda: prompts(ada) == ["c", "b", "a"])
    await until(lambda: [row._text.text for row in rows(ada)] == ["next in line", "second in line", "third in line"])
    with ada:
        heard("pointerdown", job="nonsense", before=7)  # from a browser that makes things up
    assert prompts(ada) == ["c", "b", "a"]


async def test_what_waits_is_cancelled_when_that_is_confirmed(ada: User, worker: Worker) -> None:
    await queued(ada, "kept", "b", "c")
    await worker.call("claim_generation_jobs", worker="hand", n=1, lease_s=60)
    await until(lambda: rows(ada)[0]._job.status == "active")
    await open_menu(ada)
    choose(ada, "Cancel what waits (2)")
    await ada.should_see("Cancel 2 jobs that wait?")
    press(ada, "Keep them")
    assert len(rows(ada)) == 3
    await open_menu(ada)
    choose(ada, "Cancel what waits (2)")
    press(ada, "Cancel 2 jobs")
    await until(lambda: prompts(ada) == ["kept"])


async def test_variations_are_jobs_of_their_own(ada: User) -> None:
    form = only(ada, PromptForm)
    with ada:
        form._amount._vary(4)
    assert form._amount._label.text == "1 picture × 4"
    write(ada, "basalt cathedral")
    generate(ada)
    await until(lambda: prompts(ada) == ["basalt cathedral"] * 4)
    assert len({row._job.params["seed"] for row in rows(ada)}) == 4  # type: ignore[index,call-overload]
    await ada.should_see("fourth in line", retries=LONG)


async def test_a_second_try_says_so_and_what_the_first_came_to(ada: User, worker: Worker) -> None:
    await queued(ada, "glass octopus")
    await worker.fail(await worker.claim("glass octopus"), "Out of memory")
    await ada.should_see("Out of memory", retries=LONG)
    click(ada, "Retry")
    await until(lambda: [row._job.tries for row in rows(ada)] == [2])
    await ada.should_see("2nd try")
    with ada:
        rows(ada)[0]._on_tries()
    await ada.should_see("1st try: failed")
    await ada.should_see("Out of memory")


async def test_guests_have_nothing_to_pause(user: User) -> None:
    await user.open("/studio")
    await user.should_see("Queue", retries=LONG)
    assert only(user, Queue).buttons is None
    with user:
        assert not [e for e in ElementFilter(kind=ui.element) if e.props.get("aria-label") == "Pause the queue"]
