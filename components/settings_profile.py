"""The settings of one's profile: picture, name, user name, what one says of oneself, colour."""

from __future__ import annotations

from functools import partial

from nicegui import ui
from nicegui.events import UploadEventArguments

from components.avatar import Avatar
from components.field import Field
from components.settings_part import Part, SettingsForm
from components.tag import Tag
from components.theme import ICON
from components.toasts import Toasts
from components.upload_end import upload_end
from state.account import COLOURS, MAX_BIO, MAX_NAME, Account, ProfileDraft
from state.avatars import MOST_BYTES
from state.errors import StateError
from state.member import Member

NAMES = {"#9bdcff": "Sky", "#c3f0ca": "Mint", "#ffd6a5": "Apricot", "#ffb4a2": "Coral"} | {
    "#d0c4ff": "Lilac", "#ffc8dd": "Pink", "#a8e6cf": "Jade", "#f6e58d": "Lemon",
}  # fmt: skip
PICK = "() => getElement({id}).$refs.qRef.pickFiles()"  # browsers open their dialog in the click itself alone
ARROWS = "(event) => starling.moveInChoice(event)"


class ProfilePart(Part):
    """What it shows is as it was when the page was opened; the picture follows."""

    def __init__(self, member: Member, account: Account, toasts: Toasts) -> None:
        super().__init__("profile", "Profile", "What everybody can see of you, guests included.")
        self._member, self._account, self._toasts = member, account, toasts
        profile = member.profile
        self._colour = profile.colour if profile else COLOURS[0]
        with self:
            self._draw_picture()
            with SettingsForm("Save", self._save) as self._form:
                self._fields = {
                    "display_name": Field(
                        "Name", name="name", autocomplete="name", value=profile.display_name if profile else ""
                    ),
                    "username": Field(
                        "User name", name="nickname", autocomplete="nickname", value=profile.username if profile else "",
                        hint="In the address of your profile: a to z, 0 to 9 and _",
                    ),
                }  # fmt: skip
                self._fields["display_name"].props(f"maxlength={MAX_NAME}")
                self._fields["username"].props("maxlength=24 prefix=@ autocapitalize=none spellcheck=false")
                with ui.element("div").classes("field"):
                    Tag("label", "About you", "field__label").props("for=bio")
                    self._bio = ui.textarea(value=profile.bio if profile else "", on_change=self._forgive)
                    self._bio.props(f"outlined autogrow for=bio name=bio counter maxlength={MAX_BIO} no-error-icon")
                with ui.element("div").classes("field"):
                    Tag("span", "Colour", "field__label").props("id=colour-label")
                    choice = ui.element("div").classes("swatches").props("role=radiogroup aria-labelledby=colour-label")
                    choice.on("keydown", js_handler=ARROWS)
                    with choice:
                        colours = COLOURS if self._colour in COLOURS else (self._colour, *COLOURS)
                        self._swatches = {colour: self._swatch(colour) for colour in colours}
                self._form.finish()
        self._choose(self._colour)
        self.client.on_delete(member.world.people.subscribe(lambda _: self._show()))
        self._show()

    # The picture ---------------------------------------------------------------------------------------------------

    def _draw_picture(self) -> None:
        with ui.element("div").classes("portrait"):
            self._avatar = Avatar(self._member.profile, card=False).classes("avatar--huge")
            with ui.element("div").classes("portrait__words"):
                with ui.element("div").classes("portrait__actions"):
                    upload = self._upload()
                    self._choose_file = ui.button("Choose a picture", icon=f"{ICON}upload", color=None)
                    self._choose_file.props("flat").on("click", js_handler=PICK.format(id=upload.id))
                    self._remove = ui.button("Remove", color=None, on_click=self._remove_picture).props("flat")
                Tag("p", "PNG, JPEG, WebP or GIF, up to 10 MB. The middle is shown.", "meta")

    def _upload(self) -> ui.upload:
        upload = upload_end(self._on_upload, max_file_size=MOST_BYTES, auto_upload=True, on_rejected=self._rejected)
        return upload.classes("portrait__upload").props('accept="image/png,image/jpeg,image/webp,image/gif"')

    def _rejected(self) -> None:
        self._toasts.failed("This is no picture, or it is larger than 10 MB")

    async def _on_upload(self, event: UploadEventArguments) -> None:
        self._choose_file.props("loading")
        try:
            if event.file.size() > MOST_BYTES:
                self._rejected()
            else:
                await self._account.set_picture(await event.file.read())
        except StateError as error:
            self._toasts.failed(f"{error}")
        finally:
            if not self.is_deleted:
                self._choose_file.props(remove="loading")
                event.sender.run_method("reset")
                self._show()

    async def _remove_picture(self) -> None:
        try:
            await self._account.remove_picture()
        except StateError as error:
            self._toasts.failed(f"{error}")
        self._show()

    def _show(self) -> None:
        profile = self._member.profile
        if self.is_deleted or profile is None:
            return
        self._avatar.show(profile.model_copy(update={"colour": self._colour}))
        self._remove.set_visibility(profile.avatar_path is not None)

    # The words -----------------------------------------------------------------------------------------------------

    def _swatch(self, colour: str) -> ui.element:
        swatch = ui.element("button").classes("swatch").props("type=button role=radio").style(f"--colour:{colour}")
        swatch.props["aria-label"] = swatch.props["title"] = NAMES.get(colour, "The present one")
        return swatch.on("click", partial(self._choose, colour), args=[])

    def _choose(self, colour: str) -> None:
        self._colour = colour
        for one, swatch in self._swatches.items():
            swatch.props["aria-checked"] = str(one == colour).lower()
            swatch.props["tabindex"] = "0" if one == colour else "-1"
        self._show()

    def _forgive(self) -> None:
        self._bio.error = None

    async def _save(self) -> str | None:
        draft = ProfileDraft.check(
            **{name: field.value or "" for name, field in self._fields.items()},
            bio=self._bio.value or "",
            colour=self._colour,
        )
        wrong = draft if isinstance(draft, dict) else await self._account.save(draft)
        for name, sentence in wrong.items():
            if name in self._fields:
                self._fields[name].say(sentence)
            else:
                self._bio.error = sentence
        if isinstance(draft, ProfileDraft) and not wrong:
            self._fields["display_name"].value = draft.display_name
            self._bio.value = draft.bio
            return "Saved"
        return None
