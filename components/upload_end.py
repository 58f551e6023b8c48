"""What takes a file from the browser, and lets go of its page when the page is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nicegui import ui

if TYPE_CHECKING:
    from nicegui.events import Handler, UploadEventArguments


def upload_end(on_upload: Handler[UploadEventArguments], *, max_file_size: int, **more: Any) -> ui.upload:
    """An uploader. FastAPI remembers the routes of thousands of them, and a route its uploader: what that holds has to go."""
    upload = ui.upload(on_upload=on_upload, max_file_size=max_file_size, **more)
    upload.client.on_delete(lambda: (upload._upload_handlers.clear(), upload._event_listeners.clear()))
    return upload
