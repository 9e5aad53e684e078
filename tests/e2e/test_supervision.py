"""Parts of the running service that end are begun again and readiness says so; what only people can mend ends it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.telegram.emulator import TelegramEmulator
from services.sql import fetch
from tests.bot.test_cli import pult
from tests.e2e.conftest import Office, free_port, opened

PARTS = {"database", "jobs", "control bot", "left channels", "polling", "ticks"}


async def ready(office: Office) -> dict[str, Any]:
    address = f"http://127.0.0.1:{office.port}/health/ready"
    async with aiohttp.ClientSession() as client, client.get(address) as response:
        found: dict[str, Any] = await response.json()
        assert (response.status == 200) is (found["status"] == "ok")
        return found


async def metric(office: Office, line: str) -> float:
    address = f"http://127.0.0.1:{office.port}/metrics"
    async with aiohttp.ClientSession() as client, client.get(address) as response:
        text = await response.text()
    return next((float(one.split()[-1]) for one in text.splitlines() if one.startswith(line)), 0.0)


async def becomes(office: Office, well: bool, part: str) -> None:
    async with asyncio.timeout(60):
        while (await ready(office))["parts"][part] is not well:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_all_parts_are_named_by_the_readiness(office: Office, migrated_url: str) -> None:
    await office.owner()
    workers = set() if migrated_url.startswith("sqlite") else {"workers"}
    found = await ready(office)
    assert found["status"] == "ok"
    assert set(found["parts"]) == PARTS | workers


async def test_a_token_that_is_refused_for_a_while_ends_nothing(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = telegram.person("Админ", staff=True)
    async with opened(telegram, sqlite_copy, tmp_path, monkeypatch, PULT_OPERATORS=str(operator.id)) as office:
        telegram.start(office.desk, operator)
        olga = await office.owner()
        counted = await metric(office, 'pult_part_failures_total{part="control bot"}')
        del telegram.world.by_token[office.desk.token]
        telegram.say(office.desk, olga, "/help")
        await becomes(office, False, "control bot")
        assert (await ready(office))["status"] == "not ready"
        assert await metric(office, 'pult_part_down{part="control bot"}') == 1
        async with asyncio.timeout(60):
            line = 'pult_part_failures_total{part="control bot"}'
            while await metric(office, line) < counted + 3:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        telegram.world.by_token[office.desk.token] = office.desk
        await becomes(office, True, "control bot")
        before = len(office.sent(olga))
        telegram.say(office.desk, olga, "/menu")
        await office.until(lambda: len(office.sent(olga)) > before)
        # It was to leave while the token was refused, and waits for a day no more.
        await office.until(lambda: office.find(operator, "Бот ничего не получает"), 60)


async def test_a_part_that_dies_with_its_table_comes_back_with_it(office: Office, migrated_url: str) -> None:
    """What holds a lease is no exception: here the ticks, and the journal that the control bot reads at its start."""
    olga = await office.owner()
    await fetch("ALTER TABLE control_updates RENAME TO aside")
    try:
        del telegram_token(office)[office.desk.token]
        await becomes(office, False, "control bot")
    finally:
        telegram_token(office)[office.desk.token] = office.desk
    await becomes(office, False, "control bot")
    await fetch("ALTER TABLE aside RENAME TO control_updates")
    await becomes(office, True, "control bot")
    before = len(office.sent(olga))
    office.telegram.say(office.desk, olga, "/menu")
    await office.until(lambda: len(office.sent(olga)) > before, 60)


async def test_a_new_token_lets_go_what_waited_for_it(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(telegram, sqlite_copy, tmp_path, monkeypatch) as office:
        (olga,) = await office.company()
        telegram.revoke(office.desk)
        office.say(office.customer("Анна"), "вопрос")
        async with asyncio.timeout(60):
            while not await fetch("SELECT lane FROM lane_pauses WHERE reason LIKE 'CredentialsRevoked%'"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    async with opened(telegram, sqlite_copy, tmp_path, monkeypatch, desk=office.desk) as again:
        await again.sees(olga, "вопрос")


def telegram_token(office: Office) -> dict[str, Any]:
    return office.telegram.world.by_token


@contextlib.asynccontextmanager
async def taken_port() -> AsyncIterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def environment(telegram: TelegramEmulator, url: str, folder: Path, token: str, port: int) -> dict[str, str]:
    return {
        "PULT_BOT_TOKEN": token,
        "PULT_TELEGRAM_API": telegram.base,  # type: ignore[attr-defined]
        "PULT_DATABASE_URL": url,
        "PULT_DATA_DIR": str(folder),
        "PULT_PORT": str(port),
    }


def sentence(err: str) -> str:
    """What whoever started it is left with: the last line, the log being before it."""
    return err.strip().splitlines()[-1]


async def test_a_refused_token_ends_the_run_with_a_sentence(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path
) -> None:
    settings = environment(telegram, migrated_url, tmp_path, "1234567:wrong-token-of-nobody", free_port())
    code, out, err = await asyncio.wait_for(pult(tmp_path, "run", **settings), 60)
    assert code == 1
    assert "Telegram refuses PULT_BOT_TOKEN" in sentence(err)
    assert "Traceback" not in out + err
    assert "wrong-token-of-nobody" not in out + err


async def test_a_busy_port_ends_the_run_with_a_sentence(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path
) -> None:
    desk = telegram.create_bot("Пульт", "pult_bot", control=True)
    async with taken_port() as port:
        settings = environment(telegram, migrated_url, tmp_path, desk.token, port)
        code, out, err = await asyncio.wait_for(pult(tmp_path, "run", **settings), 60)
        settings |= {"PULT_PORT": str(free_port()), "PULT_WATCH_PORT": str(port)}
        watching, _, told = await asyncio.wait_for(pult(tmp_path, "run", **settings), 60)
    assert (code, watching) == (1, 1)
    assert f"127.0.0.1:{port}" in sentence(err)
    assert f"127.0.0.1:{port}" in sentence(told)
    assert "Traceback" not in out + err + told


async def test_a_second_run_on_one_file_is_refused_and_commands_go_beside_it(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as office:
        settings = environment(telegram, sqlite_copy, tmp_path / "data", office.desk.token, free_port())
        code, out, err = await asyncio.wait_for(pult(tmp_path, "run", **settings), 60)
        assert code == 1
        assert "runs on" in sentence(err)
        assert "Traceback" not in out + err
        for command in (("check",), ("replay",), ("sweep",), ("backup", "copy"), ("export", "all.gz")):
            code, out, err = await pult(tmp_path, *command, **settings)
            assert "Traceback" not in out + err, command
            assert code == 0 or command == ("check",), (command, err)
        code, _, err = await pult(tmp_path, "migrate", **settings)
        assert (code, "stop it first" in err) == (1, True)
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch, desk=office.desk) as again:
        await again.owner()
