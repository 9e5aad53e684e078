"""No empty database is begun, without a word, where there was another: it may only have been put in another place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.database import sqlite_path
from bot.direct import libpq
from bot.keys import FILE
from bot.migrate import WrongDatabase
from bot.settings import Settings

SHOWN: Final = 4
SQLITE_HEAD: Final = b"SQLite format 3\0"


class NoDatabase(WrongDatabase):
    """There is nothing where the database should be, and this is no moment to begin one."""


def place_of(settings: Settings) -> str:
    """Where the database is, without what is secret in its address."""
    if settings.sqlite:
        return str(sqlite_path(settings.database_url))
    given = libpq(settings.database_url)
    return f"{given.get('PGDATABASE')} at {given.get('PGHOST')}"


def refuse_beside_old(settings: Settings) -> None:
    """For a start that would make the tables. Raises `NoDatabase` where something is left of another database."""
    if sentence := told(settings):
        raise NoDatabase(sentence)


def refuse_missing(settings: Settings) -> None:
    """For commands that work on what is there."""
    raise NoDatabase(
        told(settings) or f"There is nothing yet in the database of PULT_DATABASE_URL ({place_of(settings)})"
    )


def told(settings: Settings) -> str | None:
    """What is left of another database, in a sentence with the ways out; None where nothing is."""
    left = [str(path) for path in _left(settings)]
    if not left:
        return None
    shown = ", ".join(left[:SHOWN]) + (", …" if len(left) > SHOWN else "")
    return (
        f"There is nothing in the database of PULT_DATABASE_URL ({place_of(settings)}), but something of an earlier one"
        f" is there ({shown}): name that one in PULT_DATABASE_URL, or put it back (python -m bot restore, import)."
        " To begin with an empty one all the same: python -m bot migrate"
    )


def _left(settings: Settings) -> Iterator[Path]:
    """Databases, the key, customers' files: none of them is there before there is a database."""
    own = sqlite_path(settings.database_url).absolute() if settings.sqlite else None
    found = [path for path in _files(settings.data_dir.absolute()) if path.name == FILE or _is_sqlite(path)]
    if own is not None:
        found += [path for path in _files(own.parent) if path.stem.startswith(own.stem) and _database(path, own)]
    yield from (path for path in dict.fromkeys(found) if path != own)
    if any((settings.data_dir / "files").glob("*/*")):
        yield settings.data_dir / "files"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())


def _database(path: Path, own: Path) -> bool:
    """Another database of a like name, or what the own one had not yet taken in when it went away."""
    return _is_sqlite(path) or (path.name == f"{own.name}-wal" and not own.exists() and path.stat().st_size > 0)


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE_HEAD)) == SQLITE_HEAD
