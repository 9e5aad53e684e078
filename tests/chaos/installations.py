"""The two installations under test, as processes of their own: `run` on SQLite; two web and two workers behind a proxy
on PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from cryptography.fernet import Fernet

from adapters.telegram.emulator import BotAccount, TelegramEmulator
from bot.migrate import migrate
from tests.chaos.launch import MESSENGER
from tests.chaos.others import Others
from tests.chaos.proxy import RoundRobin
from tests.chaos.servers import Postgres, Redis, SmallDisk, in_thread, small_disk
from tests.e2e.conftest import HOST, free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 4.0
"""Seconds that a call of the service waits for its answer."""
REMIND = 6.0
READY_WITHIN = 60.0
DISK = 192
"""Megabytes of the small disk."""


class Process:
    """One process of an installation, killed and started at will."""

    def __init__(self, role: str, environment: dict[str, str], folder: Path, number: int = 1) -> None:
        self.role = role
        self.port = free_port()
        self._environment = environment | {"PULT_PORT": str(self.port)}
        self.log = folder / f"{role}{number}.log"
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.chaos.launch", self.role, env=self._environment, cwd=ROOT,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    async def ready(self) -> None:
        """Until it serves; a worker has no address to ask."""
        if self.role == "worker":
            return
        async with aiohttp.ClientSession() as client, asyncio.timeout(READY_WITHIN):
            while True:
                if self._child is None or self._child.returncode is not None:
                    raise RuntimeError(f"{self.role} ended: {self.log.read_text()[-2000:]}")
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(f"http://127.0.0.1:{self.port}/health/ready") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        """kill -9, at this instant."""
        if self._child is not None and self._child.returncode is None:
            self._child.send_signal(signal.SIGKILL)
            await self._child.wait()


class Installation:
    """What both have in common: an emulated messenger, a clock to move, names to lose, rows to look at."""

    name = ""
    title = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.clock = folder / "clock"
        self.names_lost = folder / "names.lost"
        self.processes: dict[str, list[Process]] = {}
        self.disk: SmallDisk | None = None
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self.telegram: TelegramEmulator = None  # type: ignore[assignment]
        self.desk: BotAccount = None  # type: ignore[assignment]
        self.url = ""
        self.others = Others()
        self._others: dict[str, str] = {}

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        self.data.mkdir(parents=True)
        self.clock.write_text("0")
        emulator = TelegramEmulator(pauses=(0.2, 0.5, 1.0), webhook_timeout=10, parallel=16, log=2000)
        async with emulator.serve() as base, contextlib.AsyncExitStack() as stack:
            self.telegram = emulator
            self.desk = emulator.create_bot("Пульт", "pult_bot", control=True)
            self._others = await self.others.serve(stack)
            await self._begin(base, stack)
            yield

    def environment(self, api: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULT_")}
        messengers = {"PULT_TELEGRAM_API": api} | self._others
        return (
            kept
            | {name: value.replace("127.0.0.1", MESSENGER) for name, value in messengers.items()}
            | {
                "PYTHONPATH": str(ROOT),
                "PULT_BOT_TOKEN": self.desk.token,
                "PULT_PUBLIC_URL": f"https://{HOST}",
                "PULT_DATABASE_URL": self.url,
                "PULT_DATA_DIR": str(self.data),
                "PULT_LOG_LEVEL": "warning",
                "PULT_CLOCK_OFFSET_FILE": str(self.clock),
                "CHAOS_PATIENCE": str(PATIENCE),
                "CHAOS_REMIND": str(REMIND),
                "CHAOS_NAMES_LOST": str(self.names_lost),
            }
        )

    async def _begin(self, api: str, stack: contextlib.AsyncExitStack) -> None:
        raise NotImplementedError

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        every = [one for group in self.processes.values() for one in group]
        for one in every:
            stack.push_async_callback(one.kill)
            await one.start()
        for one in every:
            await one.ready()

    def _route(self, port: int) -> None:
        self.telegram.hosts[HOST] = f"http://127.0.0.1:{port}"
        self.others.route(f"http://127.0.0.1:{port}")

    def move_clock(self, seconds: float) -> None:
        new = self.clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.clock)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Somebody else holds what every writer needs."""
        raise NotImplementedError
        yield


class Small(Installation):
    name = "sqlite"
    title = "SQLite, `run`"

    async def _begin(self, api: str, stack: contextlib.AsyncExitStack) -> None:
        self.disk = small_disk(self.data, DISK)
        if self.disk:
            stack.callback(self.disk.close)
        self.path = self.data / "pult.sqlite3"
        self.url = f"sqlite://{self.path}"
        await migrate(self.url)
        self.processes = {"run": [Process("run", self.environment(api), self.folder)]}
        self._route(self.processes["run"][0].port)
        await self._start(stack)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)) as connection:
                connection.row_factory = sqlite3.Row
                return [dict(row) for row in connection.execute(query).fetchall()]

        return await asyncio.to_thread(read)

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        other = sqlite3.connect(self.path, isolation_level=None, timeout=10, check_same_thread=False)
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()

    def use_up_log(self) -> None:
        """Fold SQLite's log into the file, so that the next change needs room at once."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=10)) as other, contextlib.suppress(sqlite3.Error):
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Large(Installation):
    name = "postgres"
    title = "PostgreSQL and Redis, `web` ×2 and `worker` ×2"

    async def _begin(self, api: str, stack: contextlib.AsyncExitStack) -> None:
        self.disk = small_disk(self.folder / "disk", DISK)
        if self.disk:
            stack.callback(self.disk.close)
        self.postgres = Postgres(self.folder, self.disk)
        stack.callback(self.postgres.close)
        await in_thread(self.postgres.create)
        self.redis = Redis(self.folder)
        stack.callback(self.redis.close)
        await in_thread(self.redis.start)
        self.url = self.postgres.url
        await migrate(self.url)
        environment = self.environment(api) | {
            "PULT_REDIS_URL": self.redis.url, "PULT_SECRET_KEY": Fernet.generate_key().decode(),
        }  # fmt: skip
        self.processes = {
            role: [Process(role, environment, self.folder, number) for number in (1, 2)] for role in ("web", "worker")
        }
        proxy = RoundRobin([one.port for one in self.processes["web"]])
        front = free_port()
        await proxy.start(front)
        stack.push_async_callback(proxy.stop)
        self._route(front)
        await self._start(stack)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 30
        while True:
            try:
                connection = await asyncpg.connect(self.url, timeout=5)
                break
            except (OSError, asyncpg.PostgresError, TimeoutError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        other = await asyncpg.connect(self.url)
        try:
            async with other.transaction():
                await other.execute("LOCK TABLE messages, events, jobs IN ACCESS EXCLUSIVE MODE")
                yield
        finally:
            await other.close()


INSTALLATIONS: dict[str, type[Installation]] = {"sqlite": Small, "postgres": Large}


def text_of(content: Any) -> str:
    """The words of a message's stored content."""
    return str((json.loads(content) if isinstance(content, str) else content).get("text", ""))
