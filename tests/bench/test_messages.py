"""Webhooks accepted a second beside a bare handler; customers' messages shown beside a bot that stores nothing.

Ratios taken side by side in one run count: absolute figures move from machine to machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from adapters.telegram.emulator import Person, TelegramEmulator
from bot import app
from bot.settings import Role, load
from models.fields import unseal
from services.sql import fetch
from tests.bench.conftest import Report, kind_of
from tests.e2e.conftest import HOST, Office, emulated, free_port, opened

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 64
BODIES = 6000
CUSTOMERS = 200
MESSAGES = 1600
WARM = 200
"""Messages before it is measured: aiogram makes its models when they are first used."""
GENTLE = 150
"""Messages one after another, for the median."""


def bodies(path: Path, first: int, count: int) -> Path:
    """Updates of texts by CUSTOMERS people, as Telegram sends them."""
    lines = []
    for number in range(first, first + count):
        person = 900_000 + number % CUSTOMERS
        user = {"id": person, "is_bot": False, "first_name": f"Клиент {person}", "language_code": "ru"}
        chat = {"id": person, "first_name": user["first_name"], "type": "private"}
        message = {
            "message_id": number,
            "from": user,
            "chat": chat,
            "date": int(time.time()),
            "text": f"слово {number}",
        }
        lines.append(json.dumps({"update_id": number, "message": message}))
    path.write_text("\n".join(lines))
    return path


async def loaded(port: int, path: str, secret: str, file: Path) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", str(port), path, secret, str(CONNECTIONS), str(file),
        stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    spent = time.process_time()
    out, _ = await process.communicate()
    figures: dict[str, float] = json.loads(out)
    figures["cpu"] = (time.process_time() - spent) / len(file.read_bytes().splitlines()) * 1e3
    return figures


@contextlib.asynccontextmanager
async def served(application: web.Application) -> AsyncIterator[int]:
    port = free_port()
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield port
    finally:
        await runner.cleanup()


async def bare(file: Path) -> dict[str, float]:
    """A handler that reads the body and answers."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    application = web.Application()
    application.router.add_post("/hooks/telegram/{key}", answer)
    async with served(application) as port:
        return await loaded(port, "/hooks/telegram/x", "x", file)


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with emulated(parallel=CONNECTIONS) as emulator:
        yield emulator


async def test_webhooks_accepted_a_second(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    async with opened(telegram, migrated_url, tmp_path / "data", monkeypatch) as office:
        await office.company()
        [channel] = await fetch("SELECT hook_key, credentials FROM channels")
        secret = json.loads(unseal(channel["credentials"]))["hook_secret"]
    path = f"/hooks/telegram/{channel['hook_key']}"
    environment = {
        "PULT_BOT_TOKEN": office.desk.token, "PULT_TELEGRAM_API": telegram.base, "PULT_DATABASE_URL": migrated_url,  # type: ignore[attr-defined]
        "PULT_DATA_DIR": str(tmp_path / "data"), "PULT_PORT": str(office.port), "PULT_PUBLIC_URL": f"https://{HOST}",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    pairs = []
    async with app.serving(load(), Role.WEB):
        app.settle()
        for turn in range(3):
            file = bodies(tmp_path / f"{turn}.jsonl", 1_000_000 * (turn + 1), BODIES)
            pairs.append((await bare(file), await loaded(office.port, path, secret, file)))
        [stored] = await fetch("SELECT COUNT(*) AS n FROM messages")
    assert stored["n"] == 3 * BODIES
    assert all(ours["refused"] == 0 for _, ours in pairs)
    # The middle of the runs, by their ratio: a neighbour on the machine spoils one of them at most.
    alone, ours = sorted(pairs, key=lambda pair: pair[1]["rate"] / pair[0]["rate"])[len(pairs) // 2]
    head = ("", "bare, a second", "stored, a second", "ratio", "median and p99, ms", "CPU of each, ms")
    report.row(
        "webhooks", head, kind_of(migrated_url), f"{alone['rate']:,.0f}", f"{ours['rate']:,.0f}",
        f"{ours['rate'] / alone['rate']:.2f}", f"{ours['median']:.1f} and {ours['p99']:.1f}",
        f"{alone['cpu']:.3f} and {ours['cpu']:.3f}",
    )  # fmt: skip


@dataclass
class Figures:
    """Messages a second, the median in milliseconds, CPU of the process in milliseconds a message."""

    rate: float
    median: float
    cpu: float


async def measured(office: Office, people: list[Person], member: Person) -> Figures:
    """How fast what people write comes into the member's chat: all at once, then one after another."""
    chat = office.telegram.chat(office.desk, member)
    app.settle()

    def came(word: str, count: int) -> Callable[[], bool]:
        """Whether so many messages with the word have come after those that are there; each is looked at once."""
        looked, found = len(chat.messages), 0

        def enough() -> bool:
            nonlocal looked, found
            new = list(islice(reversed(chat.messages.values()), len(chat.messages) - looked))
            looked += len(new)
            found += sum(word in one.text for one in new)
            return found >= count

        return enough

    done = came("вначале", WARM)
    for number in range(WARM):
        office.say(people[number % len(people)], "вначале")
    await office.until(done, 60)
    done = came("слово", MESSAGES)
    started, spent = time.perf_counter(), time.process_time()
    for number in range(MESSAGES):
        office.say(people[number % len(people)], f"слово {number}")
    await office.until(done, 300)
    rate = MESSAGES / (time.perf_counter() - started)
    cpu = (time.process_time() - spent) / MESSAGES * 1e3
    times = []
    for number in range(GENTLE):
        done = came("по одному", 1)
        started = time.perf_counter()
        office.say(people[number % len(people)], "по одному")
        await office.until(done)
        times.append(time.perf_counter() - started)
    return Figures(rate, statistics.median(times) * 1e3, cpu)


async def relayed(telegram: TelegramEmulator) -> Figures:
    """A bot that copies each message to one chat and stores nothing."""
    account = telegram.create_bot("Эхо", "relay_bot")
    member = telegram.person("Ольга", staff=True)
    office = Office(telegram, account, 0)
    office.shop = account
    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.base))  # type: ignore[attr-defined]
    relay, dispatcher = Bot(account.token, session=session), Dispatcher()

    @dispatcher.message()
    async def copy(message: types.Message) -> None:
        if message.chat.id != member.id:
            await message.copy_to(member.id)

    application = web.Application()
    SimpleRequestHandler(dispatcher, relay).register(application, path="/relay")
    telegram.start(account, member)
    async with served(application) as port:
        telegram.hosts["relay.test"] = f"http://127.0.0.1:{port}"
        await relay.set_webhook("https://relay.test/relay")
        people = [telegram.person(f"Клиент {number:03}") for number in range(CUSTOMERS)]
        figures = await measured(office, people, member)
        await relay.delete_webhook()
        await session.close()
    return figures


async def shown(url: str, telegram: TelegramEmulator, folder: Path, monkeypatch: Any) -> Figures:
    async with opened(telegram, url, folder, monkeypatch) as office:
        (olga,) = await office.company()
        people = [telegram.person(f"Клиент {number:03}") for number in range(CUSTOMERS)]
        figures = await measured(office, people, olga)
        await office.until(lambda: not office.shop.pending)
        [stored] = await fetch("SELECT COUNT(*) AS n FROM messages")
        assert stored["n"] == WARM + MESSAGES + GENTLE
        # Each word of each customer once: none lost, none shown twice.
        words = Counter(line for one in office.sent(olga) for line in one.text.splitlines() if "слово" in line)
        assert len(words) == MESSAGES
        assert set(words.values()) == {1}
    return figures


async def test_customers_messages_shown_a_second(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    before = await relayed(telegram)
    ours = await shown(migrated_url, telegram, tmp_path / "data", monkeypatch)
    telegram.reset()
    after = await relayed(telegram)
    rate, median, cpu = ((getattr(before, n) + getattr(after, n)) / 2 for n in ("rate", "median", "cpu"))
    head = ("", "relay, a second", "Pult, a second", "ratio", "medians, ms", "ratio", "CPU of each, ms")
    report.row(
        "messages", head, kind_of(migrated_url), f"{rate:,.0f}", f"{ours.rate:,.0f}", f"{ours.rate / rate:.2f}",
        f"{median:.1f} and {ours.median:.1f}", f"{ours.median / median:.1f}", f"{cpu:.2f} and {ours.cpu:.2f}",
    )  # fmt: skip
