"""`python -m bot restore`: what `backup` made, or a database alone, goes to where this installation keeps its own.

Whole or not at all: everything is looked at first, files come before the database that names them, an SQLite file takes
its place in one step, PostgreSQL is filled in one transaction. Nothing that was there is deleted.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import dump, keys
from bot.backup import FOLDER, MANIFEST, mark, mark_server
from bot.beside import SQLITE_HEAD
from bot.database import sqlite_path
from bot.direct import connected
from bot.migrate import backup as marker
from bot.migrate import sqlite as locks
from bot.migrate.state import RECORDS, look
from bot.settings import Settings
from services.store import TMP


class RestoreRefused(Exception):
    """Nothing was put back; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Copy:
    """`files`: names below the copy's folder of files, with their bytes' number."""

    database: Path
    sqlite: bool
    folder: Path | None = None
    files: tuple[tuple[str, int], ...] = ()


async def restore(settings: Settings, source: Path, say: Callable[[str], None]) -> None:
    """Put back a folder of `backup`, or a file of a database. Raises `RestoreRefused`, `bot.dump.ProgramFailed`,
    `bot.database.DatabaseBusy`: then nothing has changed but files that may lie there already."""
    copy = await asyncio.to_thread(_looked_at, source)
    if copy.sqlite is not settings.sqlite:
        raise RestoreRefused(_other_kind(copy))
    if copy.sqlite:
        await _into_file(settings, copy, say)
    else:
        await _into_server(settings, copy, say)
    say(f"Restored from {source}")
    await _what_next(settings, say)


def _looked_at(source: Path) -> Copy:
    if not source.is_dir():
        return Copy(source, _is_sqlite(source))
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text("utf-8"))
        name, files = manifest["database"], tuple((str(one), int(size)) for one, size in manifest["files"])
    except FileNotFoundError:
        raise RestoreRefused(f"{source} has no {MANIFEST}: it is no copy of `backup`, or one that broke off") from None
    except (ValueError, KeyError, TypeError):
        raise RestoreRefused(f"{source / MANIFEST} cannot be read: the copy is damaged, take another") from None
    database = source / Path(name).name
    lacking = [one for one, size in files if _size(source / FOLDER / one) != size]
    if lacking:
        raise RestoreRefused(f"{len(lacking)} files of the copy are missing or cut ({lacking[0]}, …): take another")
    return Copy(database, _is_sqlite(database), source / FOLDER, files)


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(len(SQLITE_HEAD))
    except OSError as error:
        raise RestoreRefused(f"{path} cannot be read: {error.strerror}") from None
    if head != SQLITE_HEAD and not head.startswith(dump.HEAD):
        raise RestoreRefused(f"{path} is neither an SQLite database nor a dump in PostgreSQL's own form (custom)")
    return head == SQLITE_HEAD


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _other_kind(copy: Copy) -> str:
    here, there = ("PostgreSQL", "SQLite") if copy.sqlite else ("SQLite", "PostgreSQL")
    return (
        f"{copy.database} is of {there}, PULT_DATABASE_URL names {here}: restore to {there}, then move with"
        " `export` and `import`"
    )


async def _into_file(settings: Settings, copy: Copy, say: Callable[[str], None]) -> None:
    """Nobody has the file open meanwhile."""
    path = sqlite_path(settings.database_url)
    async with locks.locked(settings.database_url, say):
        fresh = path.with_name(path.name + ".restoring")
        try:
            await asyncio.to_thread(_prepare, copy, fresh)
            await asyncio.to_thread(_put_files, settings, copy)
            if path.exists():
                say(f"What was in {path} lies in {_set_aside(path)}")
            marker.finish(path)
            fresh.replace(path)
            marker.sync(path.parent)
        finally:
            fresh.unlink(missing_ok=True)


def _prepare(copy: Copy, fresh: Path) -> None:
    """A sound copy of the copy, marked as one that others have gone on from."""
    shutil.copyfile(copy.database, fresh)
    fresh.chmod(0o600)
    try:
        with closing(sqlite3.connect(fresh)) as database:
            answer = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if answer != "ok":
                raise RestoreRefused(f"{copy.database} is damaged ({answer}): take another copy")
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (RECORDS,)).fetchone():
                raise RestoreRefused(f"{copy.database} is a database, but none of Pult's")
            # `backup` has marked its own.
            if copy.folder is None:
                mark(database)
    except sqlite3.DatabaseError as error:
        raise RestoreRefused(f"{copy.database} is damaged ({error}): take another copy") from None
    marker.sync(fresh)


def _set_aside(path: Path) -> Path:
    """The write-ahead log goes with its file: left behind, it would be read into the other."""
    aside = path.with_name(f"{path.stem}.replaced-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}{path.suffix}")
    for ending in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


async def _into_server(settings: Settings, copy: Copy, say: Callable[[str], None]) -> None:
    await dump.refuse_full(settings.database_url)
    await asyncio.to_thread(_put_files, settings, copy)
    await dump.put_back(settings.database_url, copy.database)
    async with connected(settings.database_url) as connection:
        await mark_server(connection)


def _put_files(settings: Settings, copy: Copy) -> None:
    """A file never changes once it has its name, so that on one disk both may be the same bytes."""
    if copy.folder is None:
        return
    for name, size in copy.files:
        place = settings.data_dir / FOLDER / name
        if _size(place) == size:
            continue
        place.parent.mkdir(0o700, parents=True, exist_ok=True)
        part = place.with_name(place.name + TMP)
        part.unlink(missing_ok=True)
        try:
            os.link(copy.folder / name, part)
        except OSError:
            shutil.copyfile(copy.folder / name, part)
            part.chmod(0o600)
        part.replace(place)


async def _what_next(settings: Settings, say: Callable[[str], None]) -> None:
    """What is to be done before the start."""
    state = await look(settings.database_url)
    if state.unknown:
        say(f"It was written by a newer Pult (it knows {state.unknown[-1]}): install that version before the start")
    elif state.pending:
        say("It is of an older version: install that one, or run: python -m bot migrate")
    else:
        try:
            await keys.prove(settings, keys.known(settings))
        except keys.KeyLost as error:
            say(f"Before the start: {error}")
