"""A copy is made while messages come and go, put back into an empty folder, and the service goes on from there."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.telegram.emulator import Person, TelegramEmulator
from bot.backup import LEAP, BackupRefused, make, restored
from bot.database import DatabaseBusy
from bot.restoring import restore
from bot.settings import load
from services import clock
from services.sql import fetch
from tests.conftest import EMPTY, database_url, execute
from tests.e2e.conftest import Office, opened

JPEG = (
    bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb0043000101010101010101010101010101010101") + b"\0" * 64
)


@pytest.fixture(autouse=True)
async def now() -> AsyncIterator[None]:
    yield
    clock.reset()


async def worked(office: Office) -> tuple[Person, Person]:
    """A dialog with words of both sides, and a picture."""
    (olga,) = await office.company()
    anna = office.customer("Анна")
    office.say(anna, "до копии")
    copy = await office.sees(olga, "до копии")
    office.type(olga, "ответ до копии", reply_to=copy)
    await office.hears(anna, "ответ до копии")
    return olga, anna


async def chatter(office: Office, person: Person, over: asyncio.Event) -> int:
    """Somebody writes without a pause."""
    number = 0
    while not over.is_set():
        number += 1
        office.say(person, f"непрерывно {number:04}.")
        await asyncio.sleep(0.005)
    return number


async def hands_full(office: Office, olga: Person, anna: Person) -> str:
    """An answer is on its way, and waits at Telegram; the fault's id."""
    held = office.telegram.fault("held", bot=office.shop, person=anna, method="sendMessage", times=None)
    office.type(olga, "в пути", reply_to=office.find(olga, "до копии"))
    async with asyncio.timeout(15):
        while not await fetch("SELECT id FROM jobs WHERE kind = 'send' AND state = 'running'"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return str(held.id)


async def goes_on(again: Office, olga: Person, anna: Person) -> None:
    """The history and the tokens are there; what had left after the copy comes again, and says so."""
    await again.until(lambda: [one.text for one in again.answers(anna)].count("в пути") == 2)
    await again.sees(olga, "Возможен повтор")
    again.say(anna, "после возвращения")
    shown = await again.sees(olga, "после возвращения")
    again.type(olga, "ответ после возвращения", reply_to=shown)
    await again.hears(anna, "ответ после возвращения")
    texts = [one.text for one in again.answers(anna)]
    assert texts == ["ответ до копии", "в пути", "в пути", "ответ после возвращения"]
    [row] = await fetch("SELECT MIN(id) AS first, MAX(id) AS last FROM messages")
    assert row["first"] < LEAP < row["last"]
    assert len(again.holding(olga, "до копии")) >= 1


async def test_a_copy_made_under_load_is_put_back_and_nothing_leaves_twice_without_a_mark(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, target, fresh = tmp_path / "data", tmp_path / "copy", tmp_path / "fresh"
    async with opened(telegram, sqlite_copy, data, monkeypatch) as office:
        olga, anna = await worked(office)
        boris, over = office.customer("Борис"), asyncio.Event()
        writing = asyncio.create_task(chatter(office, boris, over))
        await office.sees(olga, "непрерывно 0005.")
        held = await hands_full(office, olga, anna)
        (data / "files" / "07").mkdir(parents=True, exist_ok=True)
        (data / "files" / "07" / "7").write_bytes(JPEG)
        with monkeypatch.context() as environment:
            environment.setenv("PULT_DATABASE_URL", sqlite_copy)
            environment.setenv("PULT_DATA_DIR", str(data))
            settings = load()
            said: list[str] = []
            await make(settings, target, said.append)
            with pytest.raises(BackupRefused):
                await make(settings, target, said.append)
            with pytest.raises(DatabaseBusy):
                await restored(settings, said.append)
        assert "secret key is not among them" in said[1]
        telegram.world.faults.remove(held)
        await office.hears(anna, "в пути")
        over.set()
        last = await writing
        await office.sees(olga, f"непрерывно {last:04}.")
    assert [oct(path.stat().st_mode & 0o077) for path in target.rglob("*") if path.is_file()].count("0o0") >= 2
    assert json.loads((target / "manifest.json").read_text())["files"] == [["07/7", len(JPEG)]]
    assert stat.S_IMODE((target / "pult.sqlite3").stat().st_mode) == 0o600

    fresh.mkdir()
    shutil.copy(data / "secret.key", fresh)
    with monkeypatch.context() as environment:
        environment.setenv("PULT_DATABASE_URL", f"sqlite://{fresh}/pult.sqlite3")
        environment.setenv("PULT_DATA_DIR", str(fresh))
        await restore(load(), target, said.append)
    async with opened(telegram, f"sqlite://{fresh}/pult.sqlite3", fresh, monkeypatch, desk=office.desk) as again:
        again.shop = office.shop
        await goes_on(again, olga, anna)
        assert (fresh / "files/07/7").read_bytes() == JPEG
        for number in range(1, last + 1):
            shown = again.holding(olga, f"непрерывно {number:04}.")
            assert all("повтор" in one.text.lower() for one in shown[1:]), [one.text for one in shown]


@pytest.mark.postgres
async def test_a_dump_of_postgres_is_put_back_and_marked(
    telegram: TelegramEmulator, postgres_database: str, postgres_server: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    name, copy, data = f"pult_restored_{os.getpid()}", tmp_path / "copy", tmp_path / "data"
    url = database_url(postgres_server, name)
    await execute(postgres_server, f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
    try:
        async with opened(telegram, postgres_database, data, monkeypatch) as office:
            olga, anna = await worked(office)
            held = await hands_full(office, olga, anna)
            with monkeypatch.context() as environment:
                environment.setenv("PULT_DATABASE_URL", postgres_database + "?minsize=1&maxsize=4")
                environment.setenv("PULT_DATA_DIR", str(data))
                await make(load(), copy, lambda _: None)
            telegram.world.faults.remove(held)
            await office.hears(anna, "в пути")
        with monkeypatch.context() as environment:
            environment.setenv("PULT_DATABASE_URL", url)
            environment.setenv("PULT_DATA_DIR", str(data))
            await restore(load(), copy, lambda _: None)
            await restored(load(), lambda _: None)
        async with opened(telegram, url, data, monkeypatch, desk=office.desk) as again:
            again.shop = office.shop
            await goes_on(again, olga, anna)
    finally:
        await execute(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await execute(postgres_database, EMPTY)
