"""What can keep the embedded stack from starting or running.

StackError                 its text is one line that a person can act on
├── DataInUse              another process works on this data folder
├── PortTaken              somebody listens on a port we were told to use
├── PostgresFailed         Postgres did not start, or ended by itself; retrying may help
└── MigrationFailed        a migration or the seed was refused; nothing of it was applied
"""

from __future__ import annotations

SETTINGS = {"--port": "STARLING_API_PORT", "--db-port": "STARLING_DB_PORT"}  # who starts the app knows them by these


class StackError(Exception):
    """Any reason why the embedded stack cannot go on."""


class DataInUse(StackError):
    """The data folder belongs to another running stack."""


class PortTaken(StackError):
    """The address is in use; `port` says which."""

    def __init__(self, port: int, holder: str, option: str) -> None:
        setting = SETTINGS.get(option)
        way = f"`{option} 0`" + (f" (of `make run`: {setting}=0)" if setting else "")
        super().__init__(f"Port {port} is taken by {holder}. Free it, or take any free one: {way}.")
        self.port = port


class PostgresFailed(StackError):
    """Postgres ended, or would not start; the text ends with what its log says."""


class MigrationFailed(StackError):
    """One migration file was refused by Postgres; the text names the file and the reason."""
