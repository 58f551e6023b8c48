"""/training: datasets, the trainings on them, and the models that come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import ui

from components import session
from components.command_palette import Command
from components.dataset_editor import DatasetEditor
from components.shell import Shell, shell, sign_in_path
from components.tag import Tag
from components.theme import ICON
from components.toasts import Toast
from components.training_form import TrainingForm
from components.training_list import PATH, TrainingLists, dataset_path, run_path
from components.training_run import TrainingRun
from state.sync.rows import Rows
from state.training import Album, Run, Training, TrainingDraft, training_of

if TYPE_CHECKING:
    from components.session import Visitor
    from state.generation import Deletion
    from state.member import Member


@ui.page(PATH)
async def page(run: str = "", dataset: str = "", new: str = "") -> None:
    """`run` and `dataset` are ids of what to show; `new` asks for the form, with `dataset` chosen in it."""
    visitor = await session.visitor()
    with shell("Training", visitor) as around:
        if visitor.member is None:
            with ui.element("div").classes("empty card"):
                Tag("p", "Train a model on images of your own, and draw in their palette and texture.")
                ui.link("Sign in to train", sign_in_path(PATH)).classes("action")
            return
        TrainingPage(visitor, visitor.member, around).show(run=run, dataset=dataset, new=bool(new))


class TrainingPage:
    """Lists on one side, what was chosen on the other."""

    def __init__(self, visitor: Visitor, member: Member, around: Shell) -> None:
        self.visitor, self.member, self.around = visitor, member, around
        self.training: Training
        self.training, leave = training_of(member)
        self._client = ui.context.client
        self._client.on_delete(leave)

    def show(self, *, run: str, dataset: str, new: bool) -> None:
        """Lay it out."""
        around = self.around
        with ui.element("div").classes("training" if run or dataset or new else "training training--lists"):
            self._main = ui.element("div").classes("training__main")
            TrainingLists(
                self.training, run or dataset, create=self.create, begin=self.begin,
                delete=lambda model: self._delete(model.name, self.training.delete_model(model.id)),
            )  # fmt: skip
        self._main_chosen = False
        self._choice = (run, dataset, new)
        for table in self.training.tables:
            self._client.on_delete(table.subscribe(lambda _: self._choose()))
        self._choose()
        self.member.studio.failures.subscribe(around.toasts.failed)
        around.commands.add(
            Command("New dataset", icon=f"{ICON}add_photo_alternate", action=self.create, section="Training"),
            Command("New training", icon=f"{ICON}model_training", action=self.begin, section="Training"),
        )

    # What is shown -----------------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        """Once, as soon as it is known what there is."""
        if self._main_chosen:
            return
        run, dataset, new = self._choice
        jobs, datasets = self.training.jobs, self.training.datasets
        if new:
            self._main_chosen = True
            self._show_form(dataset)
            return
        if jobs.phase != "ready" or datasets.phase != "ready":
            return
        self._main_chosen = True
        if dataset:
            self._show_dataset(dataset)
        elif run:
            self._show_run(run)
        elif jobs.rows:
            self._show_run(str(jobs.rows[0].id))
        elif datasets.rows:
            self._show_dataset(str(datasets.rows[0].id))
        else:
            self._show_welcome()

    def _show_run(self, id: str) -> None:
        job = self.training.jobs.get(known(id))
        if job is None:
            self._show_gone("This training is gone.")
            return
        run, leave = Run.use(self.member, job.id)
        self._client.on_delete(leave)
        self._say_when_gone(self.training.jobs, job.id, "This training is gone.")
        with self._main:
            TrainingRun(
                self.training, run, job, models=self.visitor.studio.models, media=self.member.media, mode=self.around.mode,
                delete=lambda job: self._delete(job.name, self.training.delete(job.id)),
                go=lambda again: ui.navigate.to(run_path(again)),
            )  # fmt: skip

    def _show_dataset(self, id: str) -> None:
        dataset = self.training.datasets.get(known(id))
        if dataset is None:
            self._show_gone("This dataset is gone.")
            return
        album, leave = Album.use(self.member, dataset.id)
        self._client.on_delete(leave)
        self._say_when_gone(self.training.datasets, dataset.id, "This dataset is gone.")
        with self._main:
            DatasetEditor(
                self.training, album, dataset, tell=self.around.toasts.failed,
                train=lambda: ui.navigate.to(f"{dataset_path(dataset.id)}&new=1"),
                delete=lambda row: self._delete(row.name, self.training.delete_dataset(row.id)),
                remove=lambda image: self._delete(image.name, album.remove(image.id)),
            )  # fmt: skip

    def _show_form(self, dataset: str) -> None:
        with self._main:
            TrainingForm(
                self.training.datasets,
                self.visitor.studio.models,
                self.start,
                create=self.create,
                purse=self.member.credits,
                dataset=dataset,
            )

    def _show_welcome(self) -> None:
        with self._main, ui.element("div").classes("card empty training__welcome"):
            ui.icon(f"{ICON}model_training").props("aria-hidden=true")
            Tag("h2", "Teach Starling your look", "title")
            Tag(
                "p",
                "Collect a few images that share a palette and a texture. The model that is trained on them draws in both.",
            )
            ui.button("New dataset", color=None, on_click=self.create).props("unelevated").classes("btn--primary")

    def _show_gone(self, sentence: str) -> ui.element:
        with self._main, ui.element("div").classes("card empty") as card:
            Tag("p", sentence)
            ui.link("All trainings", PATH).classes("action")
        return card

    def _say_when_gone(self, rows: Rows[Any], id: UUID, sentence: str) -> None:
        """What is deleted here or elsewhere can come back: by an undo."""
        card = self._show_gone(sentence)
        card.set_visibility(False)

        def look(_: object) -> None:
            card.set_visibility(rows.get(id) is None)

        self._client.on_delete(rows.subscribe(look))

    # What one does -----------------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make a dataset and go there."""
        number = len(self.training.datasets.rows) + 1
        ui.navigate.to(dataset_path(self.training.create_dataset(f"Dataset {number}")))

    def begin(self) -> None:
        """Go to the form."""
        ui.navigate.to(f"{PATH}?new=1")

    def start(self, draft: TrainingDraft) -> None:
        """Queue a training and go there."""
        ui.navigate.to(run_path(self.training.start(draft)))

    def _delete(self, name: str, deletion: Deletion) -> None:
        undo: tuple[str, Any] = ("Undo", deletion.undo)
        said = f"Deleted “{name if len(name) <= 34 else name[:33] + '…'}”"
        self.around.toasts.show(Toast(said, icon=f"{ICON}delete", action=undo, seconds=deletion.seconds, urgent=True))


def known(id: str) -> UUID | None:
    """The id in an address, if it is one."""
    try:
        return UUID(id)
    except ValueError:
        return None
