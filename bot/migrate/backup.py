"""The copy of an SQLite database that a migration starts from, and putting it back.

While a migration runs, `<file>.migrating` names the backup: found at the next start, it tells that the migration died
half way, and the backup goes back first.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path


def marker(database: Path) -> Path:
    return database.with_name(database.name + ".migrating")


def make(database: Path, before: str) -> Path:
    """Copies the database, checks the copy, leaves the marker. OSError or sqlite3.Error: nothing was changed."""
    folder = database.parent / "backups"
    folder.mkdir(0o700, exist_ok=True)
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    target = folder / f"{database.stem}-{stamp}-before-{before}.sqlite3"
    with closing(sqlite3.connect(database, timeout=5, isolation_level=None)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    shutil.copymode(database, target)
    with closing(sqlite3.connect(target)) as copy:
        if (answer := copy.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"the backup {target} is not sound: {answer}")
    sync(target)
    _write(marker(database), str(target))
    return target


def finish(database: Path) -> None:
    """The migration is good: the marker goes, the backup stays."""
    marker(database).unlink(missing_ok=True)
    sync(database.parent)


def restore(database: Path, backup: Path) -> None:
    """Puts the backup in the database's place; every connection must be closed.

    The write-ahead log and its index belong to the file that is replaced: left behind, they would be read into the
    restored one.
    """
    fresh = database.with_name(database.name + ".restoring")
    shutil.copy2(backup, fresh)
    status = database.stat() if database.exists() else backup.stat()
    os.chown(fresh, status.st_uid, status.st_gid)
    sync(fresh)
    for ending in ("-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)
    fresh.replace(database)
    sync(database.parent)
    finish(database)


def unfinished(database: Path) -> Path | None:
    """The backup of a migration that died half way, or None."""
    try:
        return Path(marker(database).read_text("utf-8"))
    except FileNotFoundError:
        return None


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    sync(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """What was written to this file or folder outlives a loss of power."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
