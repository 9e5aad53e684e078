"""`python -m bot backup` and `python -m bot restored`: a copy that may be put back, and a database that was.

An older database knows nothing of what left after its moment: it would send that again as if for the first time, and
give numbers once more that stand in buttons and links out in the world. Hence the marks (`_MARKS`): what waits to leave
counts as perhaps having left, what the team asked for at that very moment is not done twice, numbers go on far above.
The copy of an SQLite database is made with them, so that nothing can be forgotten when it is put back; to PostgreSQL's
they are given by `restore`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from bot import dump
from bot.database import DatabaseBusy, is_sqlite, sqlite_path, use_lock
from bot.direct import LOCK_WAIT, connected
from bot.settings import Settings
from services.store import TMP

FOLDER: Final = "files"
MANIFEST: Final = "manifest.json"
DUMP: Final = "pult.dump"
LEAP: Final = 1_000_000
"""By so many every number goes on: more than an installation makes between two backups."""
BUSY: Final = "Pult is running on this database: stop it first"

_MARKS: Final = (
    # What runs at that moment will not be finished by its process; what it may join has a place of its own.
    "UPDATE jobs SET state = 'queued', cancel_key = NULL, lease_token = NULL, lease_until = NULL"
    " WHERE state = 'running'",
    "UPDATE jobs SET suspect = TRUE WHERE state <> 'refused'",
    "UPDATE messages SET repeated = TRUE WHERE direction = 'out' AND state IN ('queued', 'waiting_key')",
    "UPDATE control_updates SET state = 'failed', error = 'under way when this database was copied'"
    " WHERE state = 'received'",
    "DELETE FROM leases",
)
_POSTGRES_LEAP: Final = (
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, COALESCE(last_value, 0) + {leap})"
    " FROM pg_sequences WHERE schemaname = current_schema()"
)


class BackupRefused(Exception):
    """Nothing was written; the sentence says why."""


async def make(settings: Settings, target: Path, say: Callable[[str], None]) -> None:
    """Copy database and files of an installation, also while it runs. Raises BackupRefused, `dump.ProgramFailed`."""
    if target.exists() and any(target.iterdir()):
        raise BackupRefused(f"{target} holds something already: name an empty or a new folder")
    if settings.sqlite and not sqlite_path(settings.database_url).exists():
        raise BackupRefused(f"There is no database in {sqlite_path(settings.database_url)}")
    target.mkdir(0o700, parents=True, exist_ok=True)
    try:
        await _fill(settings, target)
    except BaseException as error:
        _empty(target)
        if isinstance(error, OSError | sqlite3.Error):
            raise BackupRefused(
                f"The copy could not be written: {error}. What there was of it is gone again"
            ) from error
        raise
    say(f"Copied to {target}: the database, and the files that it names")
    if not settings.secret_keys:
        say("The secret key is not among them: keep a copy of secret.key in another place")


async def _fill(settings: Settings, target: Path) -> None:
    # First the database: every file that it names is there by then, and stays for months.
    if settings.sqlite:
        copy = await asyncio.to_thread(_copy, settings, target)
    else:
        copy = target / DUMP
        await dump.dump(settings.database_url, copy)
    await asyncio.to_thread(_finish, settings, target, copy)


def _empty(target: Path) -> None:
    """Half a copy is taken for a whole one sooner or later."""
    for path in target.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _copy(settings: Settings, target: Path) -> Path:
    source = sqlite_path(settings.database_url)
    copy = target / source.name
    with closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=30, isolation_level=None)) as live:
        live.execute("VACUUM INTO ?", (str(copy),))
    copy.chmod(0o600)
    with closing(sqlite3.connect(copy)) as made:
        if (answer := made.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise BackupRefused(f"the copy is not sound: {answer}")
        mark(made)
    return copy


def _finish(settings: Settings, target: Path, copy: Path) -> None:
    listed = [[str(name), size] for name, size in _files(settings.data_dir / FOLDER, target / FOLDER)]
    manifest = {"made_at": datetime.now(UTC).isoformat(), "database": copy.name, "files": listed}
    path = target / MANIFEST
    path.touch(0o600)
    path.write_text(json.dumps(manifest, indent=1), "utf-8")


def _files(source: Path, target: Path) -> Iterator[tuple[Path, int]]:
    """A file never changes once it has its name, so that on one disk both may be the same bytes."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if not path.is_file() or path.name.endswith(TMP):
            continue
        (target / name).parent.mkdir(0o700, parents=True, exist_ok=True)
        try:
            os.link(path, target / name)
        except FileNotFoundError:
            continue
        except OSError:
            shutil.copyfile(path, target / name)
            (target / name).chmod(0o600)
        yield name, (target / name).stat().st_size


def mark(copy: sqlite3.Connection) -> None:
    """Mark an SQLite database as one that others have gone on from."""
    with copy:
        for statement in _MARKS:
            copy.execute(statement)
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
        copy.execute(
            f"INSERT INTO sqlite_sequence (name, seq) SELECT name, 0 FROM ({tables})"
            " WHERE name NOT IN (SELECT name FROM sqlite_sequence)"
        )
        copy.execute("UPDATE sqlite_sequence SET seq = seq + ?", (LEAP,))


async def restored(settings: Settings, say: Callable[[str], None]) -> None:
    """Mark the database after it was put back by other means than `make`'s copy. Raises DatabaseBusy."""
    if is_sqlite(settings.database_url):
        _mark_file(sqlite_path(settings.database_url))
    else:
        await _mark_postgres(settings.database_url)
    say("Marked: what waits to leave is sent as a possible repeat, numbers go on above all that were given")


def _mark_file(path: Path) -> None:
    lock = use_lock(path)
    if not lock.try_exclusive():
        raise DatabaseBusy(BUSY)
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=5)) as database:
            mark(database)
    finally:
        lock.release()


async def _mark_postgres(url: str) -> None:
    try:
        async with connected(url, LOCK_WAIT) as connection, connection.transaction():
            if await connection.fetchval("SELECT COUNT(*) FROM leases WHERE until > now() + interval '5 seconds'"):
                raise DatabaseBusy(f"{BUSY}, and wait half a minute")
            await mark_server(connection)
    except asyncpg.LockNotAvailableError:
        raise DatabaseBusy("Others change the tables of this database: stop them first") from None


async def mark_server(connection: Any) -> None:
    """Mark a PostgreSQL database as one that others have gone on from."""
    async with connection.transaction():
        for statement in _MARKS:
            await connection.execute(statement)
        await connection.execute(_POSTGRES_LEAP.format(leap=LEAP))
