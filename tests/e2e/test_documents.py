"""Every command of docs/running.md and docs/growing.md is carried out word by word, on SQLite and on PostgreSQL.

A command that stands there and was neither carried out nor is named in ELSEWHERE fails the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator
from bot.backup import LEAP
from bot.direct import libpq
from tests.conftest import database_url, execute, run
from tests.e2e.conftest import Office, free_port

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
PAGES = ("running.md", "growing.md")
COMPOSE = "docker compose -f deploy/compose.yaml "
TOKEN = "123456:ABC…"
BACKUP = "data/backups/pult-….sqlite3"
ELSEWHERE = {
    "useradd": "needs root and systemd; tests/scale/test_deploy.py compares the units with the code",
    "install": "the same",
    "cp": "the same",
    "systemctl": "the same",
    ".venv/bin/pip": "asks a package registry",
    "curl": "tests/scale/test_processes.py asks a worker's port",
    "pytest": "a measurement",
}


def page(name: str) -> str:
    """Without its generated parts, which name commands and tell nobody to give them now."""
    text = (ROOT / "docs" / name).read_text("utf-8")
    return re.sub(r"<!-- begin:.*?<!-- end:[\w-]+ -->", "", text, flags=re.S)


def commands() -> set[str]:
    """The lines of the pages' shell blocks, and what stands among the words and begins as a command does."""
    found: set[str] = set()
    for name in PAGES:
        blocks = re.findall(r"^ *```sh\n(.*?)^ *```", page(name), re.S | re.M)
        lines = [line.strip() for block in blocks for line in block.splitlines()]
        found |= {line for line in lines if line and not line.startswith("#")}
        words = re.sub(r"^ *```.*?^ *```", "", page(name), flags=re.S | re.M)
        found |= {one for one in re.findall(r"`([^`]+)`", words) if _begins(one)}
    return found


def _begins(text: str) -> bool:
    first, *rest = text.split()
    programs = ("python", "make", "createdb", "pg_dump", "pg_restore", "psql", "docker", *ELSEWHERE)
    return bool(rest) and first.removeprefix(".venv/bin/") in programs


class Reader:
    """Somebody who does what the pages say, in a folder of their own."""

    def __init__(self, home: Path, server: str, name: str) -> None:
        self.home = home
        self.server = server
        self.name = name
        self.given: set[str] = set()
        self.values: dict[str, str] = {}
        self._environment = {
            **{one: value for one, value in os.environ.items() if not one.startswith(("PULT_", "PG"))},
            "PATH": f"{home}/.venv/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            **{one: value for one, value in libpq(server).items() if one != "PGDATABASE"},
        }

    def setting(self, name: str, value: str | None) -> None:
        """Write a setting into .env, in place of what it was."""
        path = self.home / ".env"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{name}=")]
        path.write_text("\n".join([*lines, *([f"{name}={value}"] if value is not None else [])]) + "\n")

    async def start(self, command: str) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
        """A command that goes on, and what keeps its log: ended when all that it has started have ended."""
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", self._said(command), cwd=self.home, env=self._environment, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        return process, asyncio.create_task(self._keep(process.stderr))

    async def _keep(self, said: asyncio.StreamReader) -> None:
        with (self.home / "pult.log").open("ab", buffering=0) as log:
            while lines := await said.read(65536):
                log.write(lines)

    async def give(self, command: str, code: int = 0) -> str:
        """Carry out a command of the pages; what it said."""
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", self._said(command), cwd=self.home, env=self._environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode == code, (command, out.decode())
        assert b"Traceback" not in out, out.decode()
        return out.decode()

    def _said(self, command: str) -> str:
        """With what a reader fills in; the containers' programs are this machine's, their names are this test's."""
        self.given.add(command)
        if command.startswith(COMPOSE):
            command = re.sub(r"\bpult\b(?!\.)", self.name, command.removeprefix(COMPOSE))
            command = command.replace("exec -T postgres ", "").replace("run --rm --no-deps -T migrate", "python -m bot")
            command = command.replace(f"-U {self.name}", f"-U {libpq(self.server)['PGUSER']}")
        command = command.replace("pult_again", f"{self.name}_again").replace("pult_before", f"{self.name}_before")
        for word, value in self.values.items():
            command = command.replace(word, value)
        return command


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as after `make install`."""
    home = tmp_path / "home"
    (home / ".venv" / "bin").mkdir(parents=True)
    python = home / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (home / name).write_bytes((ROOT / name).read_bytes())
    (home / ".venv" / ".installed").touch()
    return home


@pytest.fixture
def reader(home: Path, postgres_server: str) -> Iterator[Reader]:
    name = f"pult_read_{os.getpid()}"
    names = (name, f"{name}_again", f"{name}_before", f"{name}_moved")
    drop = [f'DROP DATABASE IF EXISTS "{one}" WITH (FORCE)' for one in names]
    run(execute(postgres_server, *drop, f'CREATE DATABASE "{name}"', f'CREATE DATABASE "{name}_moved"'))
    yield Reader(home, postgres_server, name)
    run(execute(postgres_server, *drop))


@contextlib.asynccontextmanager
async def running(reader: Reader, command: str) -> AsyncIterator[None]:
    process, log = await reader.start(command)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(60):
            await process.wait()
            await log


async def answers(office: Office, person: Person) -> None:
    """The control bot lives and knows the person."""
    before = len(office.sent(person))
    office.telegram.say(office.desk, person, "/menu")
    await office.until(lambda: len(office.sent(person)) > before, 60)


async def rows(reader: Reader, url: str, query: str) -> list[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(reader.home / url.removeprefix("sqlite://"))) as database:
            found = database.execute(query).fetchall()
            database.commit()
            return found
    connection = await asyncpg.connect(url.partition("?")[0])
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_an_installation_lives_by_the_words_of_the_documents(
    telegram: TelegramEmulator, reader: Reader, kind: str
) -> None:
    desk = telegram.create_bot("Пульт", "pult_bot", control=True)
    office = Office(telegram, desk, free_port())
    old = "sqlite://data/pult.sqlite3"
    if kind == "postgres":
        old = database_url(reader.server, reader.name) + "?minsize=1&maxsize=4"
    await first_start(reader, office, desk, old)
    olga = await lived_in(reader, office)
    url = await updated_and_undone(reader, office, olga, old, kind)
    url = await put_back_elsewhere(reader, office, olga, url, kind)
    await keys_changed(reader)
    url = await moved(reader, office, olga, url, kind)
    if kind == "sqlite":
        await by_other_programs(reader, office, olga, url)
    await followed(reader)
    assert reader.given <= commands(), "the test gives a command that no page names"
    undone = {one for one in commands() - reader.given if one.split()[0] not in ELSEWHERE}
    assert {one for one in undone if not _of_the_other(one, kind)} == set()


def _of_the_other(command: str, kind: str) -> bool:
    """What only concerns the other kind of database, and is carried out in its turn; the container's in SQLite's."""
    if kind == "sqlite":
        return command.startswith("createdb")
    return BACKUP in command or command.startswith(COMPOSE)


async def first_start(reader: Reader, office: Office, desk: BotAccount, url: str) -> None:
    await reader.give("make install                       # a virtual environment in .venv")
    reader.values[TOKEN] = desk.token
    await reader.give(f"(umask 077; echo 'PULT_BOT_TOKEN={TOKEN}' > .env)")
    reader.setting("PULT_DATABASE_URL", url)
    reader.setting("PULT_TELEGRAM_API", office.telegram.base)  # type: ignore[attr-defined]
    reader.setting("PULT_PORT", str(office.port))
    reader.setting("PULT_LOG_FORMAT", "json")
    for name in ("VIBER", "VK", "FACEBOOK"):
        reader.setting(f"PULT_{name}_API", "http://127.0.0.1:9")
    await reader.give(".venv/bin/python -m bot check      # settings, database, messengers: is everything there?")


async def lived_in(reader: Reader, office: Office) -> Person:
    """Somebody registers; what may be done beside a running Pult is done."""
    olga = office.telegram.person("Ольга", staff=True)
    async with running(reader, "make run"):
        office.telegram.start(office.desk, olga)
        await office.until(lambda: office.sent(olga), 60)
        (reader.home / "data/files/07").mkdir(parents=True)
        (reader.home / "data/files/07/7").write_bytes(b"a picture")
        await reader.give("python -m bot sweep")
        (reader.home / "data/files/07/7").write_bytes(b"a picture")
        await reader.give("python -m bot backup before-update")
    return olga


async def updated_and_undone(reader: Reader, office: Office, olga: Person, old: str, kind: str) -> str:
    """The newer version changes what is there and adds what refers to it; afterwards all is as it was."""
    await reader.give("make install")
    await reader.give("make migrate")
    await reader.give("python -m bot migrate")
    await rows(reader, old, "UPDATE people SET name = 'changed since'")
    await rows(reader, old, "CREATE TABLE newer (person_id BIGINT REFERENCES people (id))")
    (reader.home / "data/files/07/7").unlink()
    url = old
    if kind == "postgres":
        told = await reader.give("python -m bot restore before-update", code=1)
        assert "holds tables already" in told
        assert "before-update" in await reader.give("python -m bot backup before-update", code=1)
        await reader.give("createdb pult_again")
        url = old.replace(reader.name, f"{reader.name}_again")
        reader.setting("PULT_DATABASE_URL", url)
    await reader.give("python -m bot restore before-update")
    assert await rows(reader, url, "SELECT name FROM people") == [("Ольга",)]
    with pytest.raises((sqlite3.OperationalError, asyncpg.UndefinedTableError)):
        await rows(reader, url, "SELECT * FROM newer")
    assert (reader.home / "data/files/07/7").read_bytes() == b"a picture"
    await reader.give("python -m bot migrate")
    if kind == "sqlite":
        [aside] = (reader.home / "data").glob("pult.replaced-*.sqlite3")
        assert await rows(reader, f"sqlite://data/{aside.name}", "SELECT name FROM people") == [("changed since",)]
        reader.values[BACKUP] = f"data/{aside.name}"
        await reader.give(f"python -m bot restore {BACKUP}")
        assert await rows(reader, url, "SELECT name FROM people") == [("changed since",)]
        await rows(reader, url, "DROP TABLE newer")
    await reader.give("python -m bot restored")
    async with running(reader, "make run"):
        await answers(office, olga)
    return url


async def put_back_elsewhere(reader: Reader, office: Office, olga: Person, old: str, kind: str) -> str:
    """The database lies outside the data folder; before it is put back, no empty one is begun there."""
    reader.values["FOLDER"] = "of-today"
    await reader.give("python -m bot backup FOLDER")
    url = "sqlite://elsewhere/other.sqlite3"
    if kind == "postgres":
        url = database_url(reader.server, f"{reader.name}_moved")
    reader.setting("PULT_DATABASE_URL", url)
    assert "something of an earlier one is there (" in await reader.give("make run", code=2)
    await reader.give("python -m bot restore FOLDER")
    assert await rows(reader, url, "SELECT name FROM people") == await rows(reader, old, "SELECT name FROM people")
    async with running(reader, "make run"):
        await answers(office, olga)
    return url


async def keys_changed(reader: Reader) -> None:
    key = reader.home / "data" / "secret.key"
    before = key.read_text().split()
    await reader.give("python -m bot rotate-keys")
    assert key.read_text().split()[1:] == before
    fresh = (await reader.give("python -m bot new-key")).strip()
    reader.setting("PULT_SECRET_KEY", ",".join([fresh, *key.read_text().split()]))
    await reader.give("python -m bot rotate-keys")
    reader.setting("PULT_SECRET_KEY", fresh)
    key.write_text(fresh + "\n")


async def moved(reader: Reader, office: Office, olga: Person, old: str, kind: str) -> str:
    """To the other database, by way of a file."""
    await reader.give("python -m bot export pult.export.gz")
    url = database_url(reader.server, f"{reader.name}_moved") if kind == "sqlite" else "sqlite://moved/pult.sqlite3"
    reader.setting("PULT_DATABASE_URL", url)
    told = await reader.give("python -m bot replay", code=1)
    assert "There is nothing in the database" in told
    await reader.give("python -m bot import pult.export.gz")
    assert await rows(reader, url, "SELECT id FROM people") == await rows(reader, old, "SELECT id FROM people")
    async with running(reader, "make run"):
        await answers(office, olga)
    return url


async def by_other_programs(reader: Reader, office: Office, olga: Person, url: str) -> None:
    """With PostgreSQL's own programs, as they lie in its container."""
    reader.name = f"{reader.name}_moved"
    lines = [one for one in page("running.md").splitlines() if one.startswith(COMPOSE)]
    assert len(lines) == 5
    for line in lines:
        await reader.give(line)
    [(last,)] = await rows(reader, url, "SELECT last_value FROM pg_sequences WHERE sequencename = 'messages_id_seq'")
    assert last >= LEAP
    async with running(reader, "make run"):
        await answers(office, olga)
    await execute(reader.server, f'DROP DATABASE "{reader.name}_before" WITH (FORCE)')


async def followed(reader: Reader) -> None:
    """One message is followed through the log."""
    log = (reader.home / "pult.log").read_text()
    [id_] = re.findall(r'"request":"(q1\w+)"', page("running.md"))
    reader.values[id_] = re.findall(r'"request":"([\w-]+)"', log)[-1]
    told = [await reader.give(line) for line in sorted(commands()) if line.startswith("grep")]
    assert "job ended" in told[1] or "update stored" in told[1], told
