"""The service as a process of its own, to be killed and started again; the emulator stays in the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator
from tests.e2e.conftest import HOST, Office, free_port

ROOT = Path(__file__).resolve().parents[2]
STOPS_WITHIN = 30.0


class Child:
    """One installation whose process comes and goes."""

    def __init__(self, telegram: TelegramEmulator, desk: BotAccount, url: str, folder: Path) -> None:
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        telegram.hosts[HOST] = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULT_")}
        self._environment = kept | {
            "PYTHONPATH": str(ROOT),
            "PULT_BOT_TOKEN": desk.token,
            "PULT_TELEGRAM_API": telegram.base,  # type: ignore[attr-defined]
            "PULT_PUBLIC_URL": f"https://{HOST}",
            "PULT_DATABASE_URL": url,
            "PULT_DATA_DIR": str(folder),
            "PULT_PORT": str(self.port),
            "PULT_LOG_LEVEL": "warning",
        }
        self._log = folder.parent / "child.log"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.e2e.unhurried", env=self._environment, cwd=ROOT, stdout=log, stderr=log
            )
        async with aiohttp.ClientSession() as client, asyncio.timeout(30):
            while True:
                assert self._process.returncode is None, self._log.read_text()
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(f"http://127.0.0.1:{self.port}/health/ready") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it as an operator does; its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        process = self._process
        assert process is not None
        if process.returncode is None:
            process.send_signal(how)
        async with asyncio.timeout(STOPS_WITHIN):
            return await process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextlib.asynccontextmanager
async def installation(telegram: TelegramEmulator, url: str, folder: Path) -> AsyncIterator[tuple[Office, Child]]:
    desk = telegram.create_bot("Пульт", "pult_bot", control=True)
    child = Child(telegram, desk, url, folder)
    folder.mkdir(parents=True, exist_ok=True)
    await child.start()
    try:
        yield Office(telegram, desk, child.port), child
    finally:
        await child.kill()


async def company(office: Office, *managers: str) -> list[Person]:
    """A project of Ольга with these managers and a connected bot, by what people press and type alone."""
    olga = await office.owner()
    bot: Any = office.telegram.create_bot("Кофейня", "coffee_bot")
    office.type(olga, "/connect")
    await office.sees(olga, "Telegram")
    return [olga, bot]
