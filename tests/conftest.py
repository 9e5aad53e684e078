"""Fixtures of all tests: a database of each kind made by the real migrations, Redis, Chromium, a clock to move.

A server that is not there skips the tests that need it, with the reason; under PULT_CI=1 it fails them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from bot.app import YOUNG
from bot.database import close_database, open_database
from bot.migrate import migrate
from bot.migrate.state import RECORDS
from services import clock_trust
from tests.statements import collect, report

T = TypeVar("T")
POSTGRES = "postgresql://postgres@127.0.0.1:5432"

statements: set[collect.Statement] = set()
"""What the product has sent to its databases, in all processes of this run that have ended."""


# Empties the tables that have rows and starts their numbers anew: four times as fast as TRUNCATE of all.
EMPTY = f"""
DO $$
DECLARE t record; filled boolean; numbers text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR t IN SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relname <> '{RECORDS}'
             AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', t.name) INTO filled;
        CONTINUE WHEN NOT filled;
        EXECUTE format('DELETE FROM %s', t.name);
        SELECT pg_get_serial_sequence(t.name::text, a.attname) INTO numbers FROM pg_attribute a
            WHERE a.attrelid = t.name AND a.attnum > 0 AND pg_get_serial_sequence(t.name::text, a.attname)
                  IS NOT NULL LIMIT 1;
        IF numbers IS NOT NULL THEN PERFORM setval(numbers, 1, false); END IF;
    END LOOP;
END $$
"""


def pytest_configure(config: pytest.Config) -> None:
    # Noting takes its time, which no figure may hold.
    if config.option.markexpr != "bench":
        collect.start()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    statements.update(map(tuple, getattr(node, "workeroutput", {}).get("statements", ())))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """One process of several hands over what it noted; the last one asks the planners about all of it."""
    worker = getattr(session.config, "workeroutput", None)
    if worker is not None:
        worker["statements"] = collect.noted()
        return
    statements.update(collect.noted())
    if statements and not session.config.option.collectonly:
        refused = run(report.judged(statements, os.environ.get("PULT_TEST_POSTGRES", POSTGRES)))
        session.config.stash[REFUSED] = refused
        if refused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


REFUSED = pytest.StashKey[list[Any]]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    refused = config.stash.get(REFUSED, [])
    if refused:
        terminalreporter.section("statements that read a growing table whole")
        for fault in refused:
            terminalreporter.line(f"FAILED {fault}")


def pytest_collection_finish() -> None:
    """What collecting has made lasts to the end: to look through it again and again would take a minute of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def unavailable(reason: str) -> None:
    if os.environ.get("PULT_CI"):
        pytest.fail(f"PULT_CI is set, and {reason}", pytrace=False)
    pytest.skip(reason)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end where no loop may be touched: fixtures of the session."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), timeout=2):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of a PostgreSQL server on which databases may be made."""
    url = os.environ.get("PULT_TEST_POSTGRES", POSTGRES)
    if not answers(url):
        unavailable(f"no PostgreSQL answers at {urlsplit(url).hostname} (PULT_TEST_POSTGRES)")
    return url


@pytest.fixture(scope="session")
def redis_url() -> str:
    url = os.environ.get("PULT_TEST_REDIS", "redis://127.0.0.1:6379/15")
    if not answers(url):
        unavailable(f"no Redis answers at {urlsplit(url).hostname} (PULT_TEST_REDIS)")
    return url


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium for Playwright's `executable_path`."""
    path = os.environ.get("PULT_TEST_CHROMIUM") or shutil.which("chromium")
    if not path or not Path(path).exists():
        unavailable("no Chromium was found (PULT_TEST_CHROMIUM)")
    return str(path)


def database_url(server: str, name: str) -> str:
    parts = urlsplit(server)
    return urlunsplit(("postgres", parts.netloc, f"/{name}", "", ""))


async def execute(url: str, *statements: str) -> None:
    """Runs statements on a database, or on a server's own when the address names none."""
    connection = await asyncpg.connect(url, database=urlsplit(url).path.strip("/") or "postgres")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the real migrations, closed and so in one file."""
    path = tmp_path_factory.mktemp("template") / "pult.sqlite3"
    run(migrate(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[str]:
    """The address of a database of the real migrations, for this session alone."""
    name = f"pult_test_{os.getpid()}"
    run(execute(postgres_server, f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"'))
    try:
        run(migrate(database_url(postgres_server, name)))
        yield database_url(postgres_server, name)
    finally:
        run(execute(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty database, for this test alone."""
    name = f"pult_empty_{os.getpid()}"
    run(execute(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"'))
    yield database_url(postgres_server, name)
    run(execute(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that does not exist yet."""
    return f"sqlite://{tmp_path}/data/pult.sqlite3"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database that nobody has opened: for tests that start the service itself."""
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres_database"))
        yield url
        run(execute(url, EMPTY))
    else:
        copy = tmp_path / "pult.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), copy)
        yield f"sqlite://{copy}"


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[str]:
    """An open, empty database; the test runs on SQLite and on PostgreSQL. Gives its address."""
    await open_database(migrated_url)
    try:
        yield migrated_url
    finally:
        await close_database()


@pytest.fixture(autouse=True)
def believed() -> Iterator[None]:
    """What one test did to the clock is no matter of the next."""
    yield
    clock_trust.TRUST.acknowledge()


@pytest.fixture
def clock() -> Iterator[ModuleType]:
    """`services.clock`, to be moved by `clock.shift(timedelta(…))`; right again afterwards."""
    from services import clock

    yield clock
    clock.reset()
