"""Programs that a test starts, waits for, stops, kills and starts again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import aiohttp

PATIENCE = 60.0


async def until(true: Callable[[], Awaitable[object]], patience: float = PATIENCE) -> None:
    """Until it holds: databases and ports tell nobody of a change, so that they have to be asked."""
    deadline = time.monotonic() + patience
    while not await true():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.05)


class Process:
    """One program; what it prints goes to a file."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *self._command, env=self._environment, cwd=self._log.parent, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    @property
    def number(self) -> int:
        assert self._child is not None
        return self._child.pid

    def signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    async def wait(self, within: float = PATIENCE) -> int:
        """Its exit code. Raises TimeoutError."""
        assert self._child is not None
        async with asyncio.timeout(within):
            return await self._child.wait()

    async def stop(self) -> int:
        """As a supervisor does; the exit code."""
        self.signal(signal.SIGTERM)
        return await self.wait()

    async def kill(self) -> None:
        """At this instant, whatever it is doing."""
        if self.running:
            self.signal(signal.SIGKILL)
            await self.wait()

    def said(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


class WebProcess(Process):
    """A program that answers on a port."""

    def __init__(self, port: int, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        super().__init__(command, log, environment)
        self.port = port

    async def ready(self) -> bool:
        assert self.running, self.said()
        with contextlib.suppress(aiohttp.ClientError, OSError):
            address = f"http://127.0.0.1:{self.port}/health/ready"
            async with aiohttp.ClientSession() as client, client.get(address) as answer:
                return answer.status == 200
        return False

    async def start_and_wait(self) -> None:
        await self.start()
        await until(self.ready)
