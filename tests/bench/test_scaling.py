"""One process and several on the same machine: messages a second to a member, one at a time, and what they cost.

All share the cores with the emulator, the database and nginx: only several machines show what several processes give.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from sandbox import demo
from tests.conftest import database_url, execute
from tests.e2e.conftest import HOST, emulated, free_port
from tests.scale.processes import Process, WebProcess, until
from tests.scale.proxy import proxied
from tests.scale.town import Company, Town, redis_server

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
CUSTOMERS = 100
MESSAGES = 600
ALONE = 40


async def company_of(telegram, environment: dict[str, str], folder: Path, webs: int, workers: int, stack) -> Company:  # type: ignore[no-untyped-def]
    """The service in as many processes, without the platforms' rates; 0 workers: everything in one."""
    command = [sys.executable, "-m", "tests.e2e.lifted"]
    started: list[WebProcess] = []
    working_too: list[Process] = []
    for number in range(max(1, webs)):
        port = free_port()
        role = "web" if workers else "run"
        process = WebProcess(
            port, [*command, role], folder / f"{role}{number}.log", environment | {"PULT_PORT": str(port)}
        )
        stack.push_async_callback(process.kill)
        await process.start()
        started.append(process)
    for number in range(workers):
        one = Process([*command, "worker"], folder / f"worker{number}.log", environment)
        stack.push_async_callback(one.kill)
        await one.start()
        working_too.append(one)
    for process in started:
        await until(process.ready)
    ports = [process.port for process in started]
    telegram.hosts[HOST] = (
        await stack.enter_async_context(proxied(ports, folder)) if workers else f"http://127.0.0.1:{ports[0]}"
    )
    town = Town(telegram, telegram.bot("pult_bot"), None, folder / "clock")  # type: ignore[arg-type]
    town.webs, town.workers = started, working_too
    company = Company(town)
    await company.assemble()
    return company


def cpu(processes: Sequence[Process]) -> float:
    """Seconds of a core that they have used so far."""
    used = 0
    for process in processes:
        fields = Path(f"/proc/{process.number}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def working(kind: str, postgres: str, folder: Path) -> AsyncIterator[Company]:
    webs, workers = {"1+1": (1, 1), "2+2": (2, 2)}.get(kind, (0, 0))
    async with contextlib.AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(emulated(parallel=64))
        desk = telegram.create_bot("Пульт", "pult_bot", control=True)
        api: str = telegram.base  # type: ignore[attr-defined]
        environment = demo.environment(desk.token, api.removesuffix("/telegram"), 8080, str(folder / "data"))
        environment |= {"PULT_LOG_LEVEL": "warning", "PULT_SECRET_KEY": Fernet.generate_key().decode()}
        if kind != "run, SQLite":
            name = f"pult_scaling_{os.getpid()}"
            drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
            await execute(postgres, drop, f'CREATE DATABASE "{name}"')
            stack.push_async_callback(execute, postgres, drop)
            environment["PULT_DATABASE_URL"] = database_url(postgres, name)
        if workers:
            port = free_port()
            redis = redis_server(port, folder)
            stack.push_async_callback(redis.kill)
            await redis.start()
            environment["PULT_REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        yield await company_of(telegram, environment, folder, webs, workers, stack)


@pytest.mark.postgres
@pytest.mark.redis
async def test_messages_by_number_of_processes(postgres_server: str, tmp_path: Path) -> None:
    for number, kind in enumerate(("run, SQLite", "run, PostgreSQL", "1+1", "2+2")):
        folder = tmp_path / str(number)
        (folder / "data").mkdir(parents=True)
        async with working(kind, postgres_server, folder) as company:
            rate, median, webs, workers = await measured(company)
        print(f"\n{kind:>16}: {rate:4.0f} a second, one alone {median * 1000:3.0f} ms", end="")
        print(f"; ms of a core a message: {webs * 1000:4.1f} webs or run, {workers * 1000:4.1f} workers", end="")


async def measured(company: Company) -> tuple[float, float, float, float]:
    town = company.town
    owner = company.team[0]
    people = [company.customer(f"Анна {number}") for number in range(CUSTOMERS)]
    for person in people:
        company.say(person, f"начало {person.name}!")
    await company.until(lambda: len(company.holding(owner, "начало")) == CUSTOMERS, 120)
    alone = []
    for number in range(ALONE):
        begun = time.monotonic()
        company.say(people[0], f"одно {number}!")
        await company.until(lambda number=number: company.find(owner, f"одно {number}!"), 30)
        alone.append(time.monotonic() - begun)
        await asyncio.sleep(0.02)
    used = cpu(town.webs), cpu(town.workers)
    begun = time.monotonic()
    for number in range(MESSAGES):
        company.say(people[number % CUSTOMERS], f"много {number}!")
    before = len(company.sent(owner))
    await company.until(lambda: len(company.sent(owner)) >= before + MESSAGES, 300)
    rate = MESSAGES / (time.monotonic() - begun)
    await company.until(lambda: len(company.holding(owner, "много")) == MESSAGES, 60)
    webs, workers = cpu(town.webs) - used[0], cpu(town.workers) - used[1]
    return rate, statistics.median(alone), webs / MESSAGES, workers / MESSAGES
