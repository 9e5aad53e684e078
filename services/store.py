"""The bytes of files: `<folder>/<shard>/<id>`, names made from ids alone, each file whole or not there at all."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from adapters.base import Rejected
from services.media_types import HEAD, sniff
from services.texts import N_

T = TypeVar("T")

SHARDS: Final = 256
TMP: Final = ".part"
LEFTOVER_SECONDS: Final = 24 * 3600
TOO_LARGE: Final = N_("The file is over {limit} MB.")
MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """What came to lie on the disk: bytes, and the media type that they show."""

    size: int
    mime: str


class Store:
    """The folder of files. Several machines share one folder. Slow work is done in threads."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, file_id: int) -> Path:
        """Where a file lies, or would lie."""
        return self._root / f"{file_id % SHARDS:02x}" / str(int(file_id))

    def fitted(self, file_id: int) -> Path:
        """Where a picture lies that was made of a file for platforms that take smaller ones."""
        path = self.path(file_id)
        return path.with_name(f"{path.name}-fitted")

    async def write(self, file_id: int, chunks: AsyncIterator[bytes], limit: int, claimed: str | None = None) -> Stored:
        """Keep the bytes of `chunks`. Raises Rejected past `limit` bytes, OSError where the disk will not take them,
        and whatever `chunks` raises; then nothing is kept."""
        async with self.receiving(file_id) as part:
            file = await _in_thread(part.open, "wb")
            try:
                size = 0
                async for chunk in chunks:
                    size += len(chunk)
                    check_size(size, limit)
                    await _in_thread(file.write, chunk)
            finally:
                await _in_thread(_close, file)
            return await self.keep(file_id, part, claimed)

    @asynccontextmanager
    async def receiving(self, file_id: int) -> AsyncIterator[Path]:
        """A path beside the file's own, to be written and then given to `keep`; whatever is left there is removed."""
        target = self.path(file_id)
        await _in_thread(_make_folder, target.parent)
        part = target.with_name(f"{target.name}-{os.getpid()}-{time.monotonic_ns()}{TMP}")
        try:
            yield part
        finally:
            await _in_thread(_remove, part)

    async def keep(self, file_id: int, part: Path, claimed: str | None = None) -> Stored:
        """Make a written part the file: on the disk for good, then in its place at once."""
        return await _in_thread(_keep, part, self.path(file_id), claimed)

    async def remove(self, file_id: int) -> None:
        """Forget the bytes; nothing happens where there are none."""
        for path in (self.path(file_id), self.fitted(file_id)):
            await _in_thread(_remove, path)

    async def sweep(self) -> int:
        """Remove parts that a crash left behind; returns how many."""
        return await _in_thread(_sweep, self._root)

    async def room(self) -> tuple[int, int]:
        """Free and total bytes of the disk."""
        await _in_thread(_make_folder, self._root)
        usage = await _in_thread(shutil.disk_usage, self._root)
        return usage.free, usage.total


def check_size(size: int, limit: int) -> None:
    """Raises Rejected where there are more bytes than are taken."""
    if size > limit:
        raise Rejected(TOO_LARGE, {"limit": f"{limit / MB:.0f}"})


async def _in_thread(call: Callable[..., T], *args: object) -> T:
    return await asyncio.to_thread(call, *args)


def _close(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _keep(part: Path, target: Path, claimed: str | None) -> Stored:
    with part.open("rb") as file:
        head = file.read(HEAD)
        size = os.fstat(file.fileno()).st_size
        os.fsync(file.fileno())
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return Stored(size, sniff(head, claimed))


def _make_folder(folder: Path) -> None:
    folder.mkdir(0o700, parents=True, exist_ok=True)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _sweep(root: Path) -> int:
    oldest = time.time() - LEFTOVER_SECONDS
    left = [path for path in root.glob(f"*/*{TMP}") if path.stat().st_mtime < oldest]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
