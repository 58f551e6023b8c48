"""Starling: the root object of the app process. It holds the world, the members and the sessions."""

from __future__ import annotations

import secrets
from pathlib import Path

from settings import Settings
from state.api import Project
from state.diagnostics import Diagnostics
from state.member import Members
from state.selftest.desk import Desk
from state.sign_in import Sessions
from state.world import World


class Starling:
    """`open` on the running loop, `close` at the end."""

    def __init__(self, settings: Settings) -> None:
        url, key = settings.project
        self.settings = settings
        self.project = Project.connect(url, key)
        self.world = World(self.project)
        secret = storage_secret(settings)
        self.sessions = Sessions(self.project, settings.data / "sessions", secret, demo=not settings.hosted)
        self.members = Members(self.project, self.world, self.sessions)
        self.diagnostics = Diagnostics(self)
        self.selftest = Desk(self.project)

    def open(self) -> None:
        """Connects."""
        self.diagnostics.open()
        self.world.open()
        self.members.open()

    async def close(self) -> None:
        """Sends what waits, and disconnects."""
        await self.selftest.close()
        await self.members.close()
        await self.world.close()
        await self.project.close()
        await self.diagnostics.close()


def storage_secret(settings: Settings) -> str:
    """What signs cookies and encrypts sessions: as set, else made once and kept in the data folder, mode 600."""
    if settings.storage_secret is not None:
        return settings.storage_secret.get_secret_value()
    file: Path = settings.data / "storage_secret"
    if not file.exists() or not file.stat().st_size:  # empty: whoever made it was killed
        settings.data.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text().strip()
