"""A link that leads to one picture: it opens as soon as it is known, however far behind the loaded gallery it lies."""

from __future__ import annotations

from uuid import UUID

from components.session import Visitor
from components.theme import ICON
from components.toasts import Toast, Toasts
from components.viewer import Viewer
from state.models import Generation
from state.one_picture import OnePicture
from state.signal import Unsubscribe, leave_all
from state.sync.rows import Rows


class DeepLink:
    """Opens `viewer` once: at the picture of `gallery`, or at the one that is then fetched alone; or says that there is none."""

    def __init__(
        self, visitor: Visitor, gallery: Rows[Generation], viewer: Viewer, toasts: Toasts, picture: str
    ) -> None:
        self._visitor, self._gallery, self._viewer, self._toasts = visitor, gallery, viewer, toasts
        self._beyond: Rows[Generation] | None = None
        self._leave: list[Unsubscribe] = []
        try:
            self._id = UUID(picture)
        except ValueError:
            self._say_gone()
            return
        self._leave.append(gallery.subscribe(lambda _: self._look()))
        viewer.client.on_delete(lambda: leave_all(self._leave))
        self._look()

    def _look(self) -> None:
        if not self._leave or self._viewer.is_deleted:
            return
        if self._viewer.show_id(self._id):
            leave_all(self._leave)
        elif self._beyond is None and self._gallery.phase == "ready":
            self._reach()
        elif self._beyond is not None and self._beyond.phase == "ready":
            leave_all(self._leave)
            self._say_gone()

    def _reach(self) -> None:
        one, leave = OnePicture.use(self._visitor.world, self._visitor.member, self._id)
        self._viewer.client.on_delete(leave)
        self._beyond = one.rows
        self._viewer.reach(one.rows)
        self._leave.append(one.rows.subscribe(lambda _: self._look()))
        self._look()

    def _say_gone(self) -> None:
        said = "That picture is gone, or it is private"
        self._toasts.show(Toast(said, icon=f"{ICON}hide_image", urgent=True))
