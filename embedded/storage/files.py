"""The folder that holds the bytes.

Invariants
1. A file's path is made of its version alone, a UUID of ours: no name that a client chose is ever part of a path.
2. A file never changes. It appears whole, by a rename; replacing an object writes another file.
3. Files come before their row and go after it: a row always has its file. A file without a row (a crash between the two)
   is out of everyone's reach.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from embedded.storage.errors import too_large

BLOCK = 1 << 20  # bytes that go to the disk at once
LARGEST = 50 * 1024 * 1024  # bytes of a file; the default of hosted projects


@dataclass(frozen=True)
class Stored:
    """A file that was written: its version, its size in bytes and its ETag."""

    version: str
    size: int
    etag: str


class Files:
    """Writes, copies and removes files below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arriving = folder / "arriving"

    async def prepare(self) -> None:
        """Makes the folder, and clears away uploads that a crash cut off."""
        await asyncio.to_thread(self._prepare)

    def path(self, version: str | None) -> Path:
        """Where the file of this version lies. Raises FileNotFoundError for what is no version of ours (invariant 1)."""
        try:
            name = str(UUID(version or ""))
        except ValueError:
            raise FileNotFoundError(f"no file has the version {version!r}") from None
        return self._folder / name[:2] / name

    async def write(self, chunks: AsyncIterator[bytes], largest: int) -> Stored:
        """A new file of what comes. Raises StorageError for more than `largest` bytes, and then leaves nothing."""
        version = str(uuid4())
        arriving = self._arriving / version
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        try:
            with await asyncio.to_thread(arriving.open, "wb") as file:
                async for block in _blocks(chunks):
                    size += len(block)
                    if size > largest:
                        raise too_large()
                    await asyncio.to_thread(_append, file, digest, block)
            await asyncio.to_thread(self._settle, arriving, version)
        finally:
            await asyncio.to_thread(arriving.unlink, missing_ok=True)
        return Stored(version, size, f'"{digest.hexdigest()}"')

    async def copy(self, version: str | None) -> str:
        """The version of a new file with the same bytes. Raises FileNotFoundError."""
        copied = str(uuid4())
        arriving = self._arriving / copied
        await asyncio.to_thread(shutil.copyfile, self.path(version), arriving)
        await asyncio.to_thread(self._settle, arriving, copied)
        return copied

    async def remove(self, *versions: str | None) -> None:
        """Removes files, if they are there."""
        for version in versions:
            with suppress(FileNotFoundError):
                await asyncio.to_thread(self.path(version).unlink)

    def _prepare(self) -> None:
        self._arriving.mkdir(parents=True, exist_ok=True)
        for leftover in self._arriving.iterdir():
            leftover.unlink()

    def _settle(self, arriving: Path, version: str) -> None:
        path = self.path(version)
        path.parent.mkdir(exist_ok=True)
        arriving.replace(path)


async def _blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Gathers what the socket brings, so that not every 64 KB costs a change of threads."""
    gathered = bytearray()
    async for chunk in chunks:
        gathered += chunk
        if len(gathered) >= BLOCK:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _append(file: BinaryIO, digest: hashlib._Hash, block: bytes) -> None:
    file.write(block)
    digest.update(block)
