"""Locks between processes of one machine, on a file beside the thing that they guard. A dead process holds none."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path


class FileLock:
    """`share` and `try_exclusive` answer at once; `wait_exclusive` waits for as long as it takes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    @property
    def there(self) -> bool:
        """Whether anybody has ever locked it."""
        return self._path.exists()

    def share(self) -> bool:
        return self._take(fcntl.LOCK_SH | fcntl.LOCK_NB)

    def try_exclusive(self) -> bool:
        return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)

    async def wait_exclusive(self) -> None:
        while not self.try_exclusive():  # noqa: ASYNC110 - a lock on a file tells nobody when it is free
            await asyncio.sleep(0.1)

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _take(self, how: int) -> bool:
        if self._fd is not None:
            raise RuntimeError(f"{self._path} is locked by this object already")
        self._path.parent.mkdir(0o700, parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, how)
        except BlockingIOError:
            os.close(fd)
            return False
        self._fd = fd
        return True
