"""Where files are dropped or chosen: the browser turns away what is too large or no image, and shows how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui
from nicegui.events import GenericEventArguments, UploadEventArguments

from state.images import MAX_BYTES, TYPES
from state.uploads import Read

# Quasar's uploader does the work; this is what it looks like.
HEADER = """
<div class="drop__inner">
  <q-icon name="sym_r_add_photo_alternate" class="drop__icon" aria-hidden="true" />
  <div class="drop__words">
    <div class="strong">{{ props.isUploading ? 'Sending to Starling' : 'Drop images here' }}</div>
    <div class="meta num" v-if="props.isUploading" role="status">{{ props.uploadProgressLabel }} of {{ props.uploadSizeLabel }}</div>
    <div class="meta" v-else>PNG, JPEG or WebP, up to 8 MB each</div>
  </div>
  <q-btn flat no-caps type="a" class="drop__choose" label="Choose images" @click="props.pickFiles"><q-uploader-add-trigger /></q-btn>
  <div class="bar drop__bar" v-if="props.isUploading" role="progressbar" :aria-valuenow="Math.round(props.uploadProgress * 100)">
    <div class="bar__fill" :style="{ transform: 'scaleX(' + props.uploadProgress + ')' }" />
  </div>
</div>
"""
REASONS = {
    "max-file-size": f"is larger than {MAX_BYTES // 2**20} MB",
    "accept": "is no PNG, JPEG or WebP image",
    "max-files": "is more than a dataset holds",
    "duplicate": "is here already",
}
TELL = "(entries) => emit(entries.slice(0, 50).map(entry => [entry.failedPropValidation, entry.file.name]))"


class DropZone(ui.upload):
    """`take` gets name, size and content of each file; `refused` a sentence about those that the browser turned away."""

    def __init__(self, take: Callable[[str, int, Read], object], refused: Callable[[str], object], most: int) -> None:
        super().__init__(
            multiple=True, auto_upload=True, max_file_size=MAX_BYTES, max_files=most, on_upload=self._uploaded
        )
        self._take, self._refused = take, refused
        self.classes("drop").props(f'flat accept="{",".join(TYPES.values())}"')
        self.add_slot("header", HEADER)
        self.add_slot("list", "<span />")
        self.on("rejected", self._rejected, js_handler=TELL)
        self.on("finish", js_handler=f"() => getElement({self.id}).$refs.qRef.removeUploadedFiles()")

    def _uploaded(self, event: UploadEventArguments) -> None:
        self._take(event.file.name, event.file.size(), event.file.read)

    def _rejected(self, event: GenericEventArguments) -> None:
        self._refused(sentence(event.args))


def sentence(rejected: Sequence[Sequence[str]]) -> str:
    """“notes.txt” is no PNG, JPEG or WebP image; 3 files …"""
    first = rejected[0] if rejected else ("accept", "A file")
    reason = REASONS.get(str(first[0]), "cannot be taken")
    name = str(first[1])
    said = f"“{name if len(name) <= 40 else name[:39] + '…'}” {reason}"
    others = len(rejected) - 1
    return said if not others else f"{said}, and {others} more {'was' if others == 1 else 'were'} turned away"
