"""An installation of several processes: two webs behind a proxy, two workers, PostgreSQL, a Redis of its own.

The emulated Telegram stays in the test. Every company is made as people make it, in the control bot's chat.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.fernet import Fernet

from adapters.telegram.emulator import BotAccount, Call, Message, Person, TelegramEmulator
from adapters.telegram.emulator.budgets import CHAT_BURST, Budgets
from sandbox import demo
from tests.conftest import answers, unavailable
from tests.e2e.conftest import HOST, Office, emulated, free_port
from tests.scale.processes import PATIENCE, Process, WebProcess, until
from tests.scale.proxy import proxied

LEASES = ("control bot 1", "poll channels", "tick")
_numbers = itertools.count(1)


class Town:
    """The processes, the emulator and what the database holds."""

    def __init__(self, telegram: TelegramEmulator, desk: BotAccount, database: asyncpg.Connection, clock: Path) -> None:
        self.telegram = telegram
        self.desk = desk
        self.database = database
        self.webs: list[WebProcess] = []
        self.workers: list[Process] = []
        self.redis: Process
        self.redis_url = ""
        self.ahead = 0.0
        """By how many seconds the clock of the service is ahead."""
        self._clock = clock

    def forward(self, seconds: float) -> None:
        """Move the clock of all processes at once."""
        self.ahead += seconds
        moved = self._clock.with_suffix(".new")
        moved.write_text(str(self.ahead))
        moved.replace(self._clock)

    async def rows(self, query: str, *values: Any) -> list[asyncpg.Record]:
        found: list[asyncpg.Record] = await self.database.fetch(query, *values)
        return found

    async def holders(self) -> dict[str, str]:
        """Who holds which lease now."""
        now = datetime.fromtimestamp(self.telegram.world.clock(), UTC)
        rows = await self.rows("SELECT name, holder FROM leases WHERE until >= $1", now)
        return {row["name"]: row["holder"] for row in rows}

    async def held_by(self, name: str, worker: Process | None = None) -> bool:
        """Whether a lease is held, or held by this worker."""
        holder = (await self.holders()).get(name)
        return holder is not None and (worker is None or holder.startswith(f"{worker.number}-"))

    async def complete(self) -> bool:
        """Whether everything is held by somebody, and all workers are at work."""
        assert all(worker.running for worker in self.workers), [worker.said() for worker in self.workers]
        with contextlib.suppress(asyncpg.UndefinedTableError):
            held = await self.holders()
            return set(LEASES) <= set(held) and len(held) >= len(LEASES) + len(self.workers)
        return False

    async def idle(self) -> None:
        """Until nothing that is due waits, and nothing is under way."""

        async def nothing() -> bool:
            return not await self.under_way()

        try:
            await until(nothing)
        except TimeoutError:
            raise AssertionError(await self.under_way()) from None

    async def under_way(self) -> list[asyncpg.Record]:
        """The jobs that run or are due within seconds."""
        soon = datetime.fromtimestamp(self.telegram.world.clock() + 5, UTC)
        return await self.rows(
            "SELECT kind, lane, state, attempts, run_at, lease_until, last_error FROM jobs"
            " WHERE state = 'running' OR (state = 'queued' AND run_at <= $1)",
            soon,
        )

    def throttled(self) -> list[Call]:
        """The calls that Telegram found too many."""
        return [call for call in self.telegram.calls() if call.outcome.startswith("429")]

    async def company(self, *managers: str) -> Company:
        """A project with an owner, these managers and a bot for customers of its own."""
        company = Company(self)
        await company.assemble(*managers)
        return company


class Company(Office):
    """One project's people and bot, in a town with others."""

    patience = PATIENCE

    def __init__(self, town: Town) -> None:
        super().__init__(town.telegram, town.desk, 0)
        self.town = town
        self.number = next(_numbers)

    async def push(self, member: Person, label: str, after: Message) -> None:
        """Press the button of this name that came after a message of the member's."""

        def found() -> Message | None:
            return next((one for one in self.sent(member) if one.id > after.id and label in one.labels()), None)

        message = await self.until(found)
        await self.press(message, label)

    def invitations(self, owner: Person) -> set[str]:
        return {code for one in self.sent(owner) for code in re.findall(r"\?start=(inv_[\w-]+)", one.text)}

    async def join(self, owner: Person, name: str) -> Person:
        known = self.invitations(owner)
        await self.push(owner, "Пригласить менеджера", self.type(owner, "/team"))
        await self.until(lambda: self.invitations(owner) - known)
        person = self.telegram.person(name, staff=True)
        self.telegram.start(self.desk, person, (self.invitations(owner) - known).pop())
        await self.until(lambda: self.sent(person))
        return person

    async def assemble(self, *managers: str) -> None:
        owner = self.telegram.person(f"Ольга {self.number}", staff=True)
        self.telegram.start(self.desk, owner)
        await self.until(lambda: self.sent(owner))
        self.team = [owner, *[await self.join(owner, name) for name in managers]]
        self.shop = self.telegram.create_bot("Кофейня", f"coffee_{self.number}_bot")
        asked = self.type(owner, "/connect")
        await self.push(owner, "Telegram", asked)
        await self.until(lambda: self.find(owner, "BotFather"))
        self.type(owner, self.shop.token)
        await self.push(owner, "Подключить", asked)
        await self.until(lambda: self.find(owner, "Жду первое сообщение"))

    async def copied(self, customer: Person, text: str) -> Message:
        """A customer writes; the copy in the owner's chat."""
        self.say(customer, text)
        await self.until(lambda: self.find(self.team[0], text))
        return await self.sees(self.team[0], text)

    async def hire(self, number: int) -> list[Person]:
        """So many members at once, who have all pressed «START» some day."""
        people = [self.telegram.person(f"Менеджер {one}", staff=True) for one in range(number)]
        for person in people:
            self.telegram.chat(self.desk, person).started = True
        await self.town.database.execute(
            "WITH place AS (SELECT p.control_bot_id, p.current_project_id, p.created_at FROM people p"
            " WHERE p.telegram_id = $1), hired AS (INSERT INTO people (control_bot_id, telegram_id, name, language,"
            " current_project_id, reachable, created_at) SELECT control_bot_id, unnest($2::bigint[]), 'Менеджер', 'ru',"
            " current_project_id, true, created_at FROM place RETURNING id, current_project_id, created_at)"
            " INSERT INTO members (project_id, person_id, role, name, denied, on_duty, cards, created_at)"
            " SELECT current_project_id, id, 'manager', 'Менеджер', '[]', true, 'sound', created_at FROM hired",
            self.team[0].id, [person.id for person in people],
        )  # fmt: skip
        return people

    async def channel_id(self) -> int:
        rows = await self.town.rows("SELECT id FROM channels WHERE external_id = $1", str(self.shop.id))
        return int(rows[0]["id"])


def redis_server(port: int, folder: Path) -> Process:
    program = shutil.which("redis-server")
    if program is None:
        unavailable("no redis-server was found")
    command = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    return Process(command, folder / "redis.log")


async def start_redis(town: Town) -> None:
    await town.redis.start()
    port = town.redis_url

    async def there() -> bool:
        return answers(port)

    await until(there)


@contextlib.asynccontextmanager
async def town_of(url: str, folder: Path, webs: int = 2, workers: int = 2) -> AsyncIterator[Town]:
    """The running installation on an empty database, which the first of its processes fills with tables."""
    async with contextlib.AsyncExitStack() as stack:
        (folder / "clock").write_text("0")
        telegram = await stack.enter_async_context(emulated(clock=lambda: time.time() + town.ahead, parallel=8))
        telegram.world.budgets = Budgets(chat_burst=CHAT_BURST + 10)
        database = await asyncpg.connect(url)
        stack.push_async_callback(database.close)
        desk = telegram.create_bot("Пульт", "pult_bot", control=True)
        town = Town(telegram, desk, database, folder / "clock")
        redis_port = free_port()
        town.redis, town.redis_url = redis_server(redis_port, folder), f"redis://127.0.0.1:{redis_port}/0"
        stack.push_async_callback(town.redis.kill)
        await start_redis(town)
        environment = _environment(town, url, folder)
        for number in range(workers):
            log = folder / f"worker{number}.log"
            town.workers.append(Process([sys.executable, "-m", "bot", "worker"], log, environment))
        for number in range(webs):
            port, log = free_port(), folder / f"web{number}.log"
            its_own = environment | {"PULT_PORT": str(port)}
            town.webs.append(WebProcess(port, [sys.executable, "-m", "bot", "web"], log, its_own))
        for one in (*town.workers, *town.webs):
            stack.push_async_callback(one.kill)
        await asyncio.gather(*(one.start() for one in (*town.workers, *town.webs)))
        telegram.hosts[HOST] = await stack.enter_async_context(proxied([web.port for web in town.webs], folder))
        for web in town.webs:
            await until(web.ready)
        await until(town.complete)
        yield town


def _environment(town: Town, url: str, folder: Path) -> dict[str, str]:
    api: str = town.telegram.base  # type: ignore[attr-defined]
    environment = demo.environment(town.desk.token, api.removesuffix("/telegram"), 8080, str(folder / "data"))
    level = os.environ.get("PULT_LOG_LEVEL", "info")
    return environment | {
        "PULT_DATABASE_URL": url,
        "PULT_REDIS_URL": town.redis_url,
        "PULT_SECRET_KEY": Fernet.generate_key().decode(),
        "PULT_CLOCK_OFFSET_FILE": str(folder / "clock"),
        "PULT_LOG_LEVEL": level,
    }
