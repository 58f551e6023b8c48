"""Training as a member uses it, on the real stack. Nobody trains here: the tests play the worker."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest
from nicegui import ElementFilter, ui
from nicegui.elements.upload_files import SmallFileUpload
from nicegui.testing import User
from PIL import Image

from components.dataset_editor import DatasetEditor
from components.drop_zone import DropZone, sentence
from components.loss_chart import LossChart, smoothed
from components.prompt_form import PromptForm
from components.training_form import TrainingForm
from components.training_run import TrainingRun
from components.training_words import rate

if TYPE_CHECKING:
    from embedded.stack import Address

LONG = 300  # retries of 0.1 s
PATIENCE_S = 30


@pytest.fixture
async def ada(user: User, supabase: Address) -> AsyncIterator[User]:
    """Ada, who has trained nothing yet."""
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Here now", retries=LONG)
    yield user
    database = await asyncpg.connect(supabase.db_url)
    await database.execute(
        "delete from public.training_jobs; delete from public.datasets; delete from public.models where kind = 'trained'"
    )
    await database.close()


async def work(supabase: Address, function: str, **arguments: Any) -> Any:
    """What a worker asks of the database."""
    async with httpx.AsyncClient(base_url=supabase.api_url, headers={"apikey": supabase.secret_key}) as http:
        answer = await http.post(f"/rest/v1/rpc/{function}", json={"worker": "hand", **arguments})
    answer.raise_for_status()
    return answer.json()


def only(user: User, kind: type[Any]) -> Any:
    with user:
        return next(iter(ElementFilter(kind=kind)))


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  (nothing tells when a page has changed)
            await asyncio.sleep(0.02)


def file(name: str, colour: str = "#c83c28") -> SmallFileUpload:
    content = io.BytesIO()
    Image.new("RGB", (96, 80), colour).save(content, "PNG")
    return SmallFileUpload(name, "image/png", content.getvalue())


async def dataset_with(ada: User, *files: SmallFileUpload) -> DatasetEditor:
    """A new dataset, open, with these files dropped into it."""
    await ada.open("/training")
    await ada.should_see("Teach Starling your look", retries=LONG)
    ada.find(kind=ui.button, content="New dataset").click()
    await ada.should_see("Drop 2 to 200 that share a look", retries=LONG)
    with ada:
        await only(ada, DropZone).handle_uploads(list(files))
    return only(ada, DatasetEditor)


async def form_of(ada: User) -> TrainingForm:
    """The form, with a dataset of two images and a model chosen."""
    editor = await dataset_with(ada, file("a.png"), file("b.png"))
    await until(lambda: editor._train.enabled)
    await ada.open(f"/training?dataset={editor._dataset.id}&new=1")
    form = only(ada, TrainingForm)
    await until(lambda: form._fields["base_model_id"].value and form._fields["dataset_id"].value)
    return form


async def test_guests_are_invited(user: User):
    await user.open("/training")
    await user.should_see("Sign in to train")


async def test_images_are_dropped_into_a_dataset_and_what_is_none_is_said(ada: User):
    editor = await dataset_with(ada, file("a.png"), file("b.png"), SmallFileUpload("notes.png", "image/png", b"notes"))
    await until(lambda: len(editor._list.items) == 2)
    await ada.should_see("Not a PNG, JPEG or WebP image that can be read", retries=LONG)
    await ada.should_see("2 images", retries=LONG)
    await until(lambda: editor._train.enabled)
    image = next(iter(editor._list.items.values()))
    assert image.element.props["title"].endswith("96 × 80")
    with ada:
        editor._name.value = "Embers"
        editor._rename()
    await ada.should_see("Embers", retries=LONG)


async def test_one_image_is_not_enough(ada: User):
    editor = await dataset_with(ada, file("a.png"))
    await ada.should_see("1 image more to train on it", retries=LONG)
    assert not editor._train.enabled


async def test_what_is_wrong_is_said_at_the_field_and_costs_are_said_before(ada: User, supabase: Address):
    form = await form_of(ada)
    await ada.should_see("Costs 40 credits", retries=LONG)
    with ada:
        form._fields["total_steps"].value = 50
        form.submit()
    assert form._fields["name"].error == "A name of 1 to 60 characters, please"
    assert form._fields["total_steps"].error == "A whole number from 100 to 4,000"
    with ada:
        form._fields["total_steps"].value = 40_000
        form._fields["total_steps"].sanitize()  # as when one leaves the field
    assert form._fields["total_steps"].error is None, "it is being corrected"
    assert (form._fields["total_steps"].value, form._price.text) == (40_000, ""), "no other number than was written"
    database = await asyncpg.connect(supabase.db_url)
    post = "select private.post(id, $1, $2, 'training', '', gen_random_uuid()::text) from public.profiles where username = 'ada'"
    await database.execute(post, "hold", -400)
    with ada:
        form._fields["total_steps"].value = 4000
    await ada.should_see("This costs 200 credits, and you have", retries=LONG)
    await database.execute(post, "grant", 400)
    await database.close()


async def test_a_training_is_followed_to_its_model_and_into_the_studio(ada: User, supabase: Address):
    form = await form_of(ada)
    with ada:
        form._name.value = "Ember"
        form._fields["total_steps"].value = 500
        form.submit()
    await ada.should_see("The curve begins with the first steps.", retries=LONG)
    assert only(ada, LossChart).visible, "it has its width before there is anything to draw"
    claimed: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while not claimed:
            claimed = await work(supabase, "claim_training_jobs", n=9)
    job = claimed[-1]["id"]
    report = {"id": job, "attempt": 1, "progress": 40, "stage": "Training", "eta_s": 9, "current_step": 200, "loss": 0.3217,
              "previews": [{"step": 125, "path": "x/125.webp"}],
              "metrics": [{"step": s, "loss": 0.5, "learning_rate": 4e-4} for s in range(0, 201, 2)]}  # fmt: skip
    await work(supabase, "report_training", reports=[report])
    await ada.should_see("Training · 40 %", retries=LONG)
    await ada.should_see("200 / 500", retries=LONG)
    await ada.should_see("0.322", retries=LONG)
    await ada.should_see("Step 125", retries=LONG)
    chart, run = only(ada, LossChart), only(ada, TrainingRun)
    await until(lambda: len(chart.series[0]["data"]) == 101)
    report |= {"progress": 60, "current_step": 300, "metrics": [{"step": 202, "loss": 0.4, "learning_rate": 3e-4}]}
    await work(supabase, "report_training", reports=[report])
    await until(lambda: len(chart.series[0]["data"]) == 102)
    assert only(ada, LossChart) is chart, "it is never made again"
    await until(lambda: run._numbers["Learning rate"].text == "3e-4")
    style = {"family": "aurora", "palette": ["#101010", "#ffffff"]}
    await work(supabase, "complete_training", job_id=job, attempt=1, loss=0.1, previews=report["previews"], style=style)
    await ada.should_see("Use in the studio", retries=LONG)
    link = next(iter(ada.find("Use in the studio").elements)).parent_slot
    assert link is not None
    target = link.parent.props["href"]
    assert target.startswith("/studio?model=ember-")
    await ada.open(target)
    await until(lambda: (model := only(ada, PromptForm)._model.model) and model.name == "Ember")


async def test_a_training_that_is_cancelled_can_be_retried(ada: User):
    form = await form_of(ada)
    with ada:
        form._name.value = "Ember"
        form.submit()
    await ada.should_see("The curve begins with the first steps.", retries=LONG)
    ada.find("Cancel").click()
    await ada.should_see("After 0 of 800 steps", retries=LONG)
    ada.find("Retry").click()
    await ada.should_see("Next in line", retries=LONG)


async def test_what_does_not_exist_is_said(ada: User):
    for address in ("/training?run=nonsense", "/training?run=5d3c1e0a-0001-4000-8000-000000000001"):
        await ada.open(address)
        await ada.should_see("This training is gone.", retries=LONG)


def test_words_for_what_was_turned_away():
    assert sentence([["accept", "notes.txt"]]) == "“notes.txt” is no PNG, JPEG or WebP image"
    assert (
        sentence([["max-file-size", "a.png"], ["accept", "b"]])
        == "“a.png” is larger than 8 MB, and 1 more was turned away"
    )
    assert rate(4e-4) == "4e-4"
    assert rate(0.00015) == "1.5e-4"


def test_the_smoothed_line_follows_and_is_quieter():
    noisy = [1 - i / 100 + (0.2 if i % 2 else -0.2) for i in range(100)]
    line = smoothed(noisy)
    jumps = [abs(a - b) for a, b in pairwise(line[50:])]
    assert max(jumps) < 0.12
    assert abs(line[-1] - 0.01) < 0.15
