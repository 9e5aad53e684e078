"""Bringing a database to what the models want, without losing anything: `python -m bot migrate`.

One migration runs at a time. What comes out is compared with a database made from nothing by the same migrations, and
with what the old one had; if anything is missing that no statement took away by name, all is put back as it was:
on SQLite from a backup, on PostgreSQL by the one transaction that everything runs in.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from bot.database import PULT, Schema, is_sqlite
from bot.migrate import postgres, sqlite
from bot.migrate.compare import MigrationRefused
from bot.migrate.state import State, look

__all__ = [
    "ForeignDatabase",
    "Migrated",
    "MigrationRefused",
    "NewerDatabase",
    "OldDatabase",
    "WrongDatabase",
    "ensure_current",
    "migrate",
]


class WrongDatabase(Exception):
    """This code cannot work with the database as it is."""


class OldDatabase(WrongDatabase):
    """Migrations are to be applied, or one has died half way."""


class NewerDatabase(WrongDatabase):
    """Written by a newer Pult."""


class ForeignDatabase(WrongDatabase):
    """Has tables, but none of ours."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """`applied`: names of the migrations, oldest first. `backup`: the copy made before; SQLite with rows only."""

    applied: tuple[str, ...]
    backup: Path | None = None


async def migrate(url: str, schema: Schema = PULT, say: Callable[[str], None] = lambda _: None) -> Migrated:
    """Apply what is missing; wait for a migration that is under way elsewhere.

    Raises `MigrationRefused` with the database as it was, `WrongDatabase` when it is not ours or too new,
    `bot.database.DatabaseBusy` when Pult is running on an SQLite file.
    """
    if is_sqlite(url):
        async with sqlite.locked(url, say):
            sqlite.recover(url, say)
            _refuse_wrong(await look(url, schema))
            applied, backup = await sqlite.migrate(url, schema, say)
            return Migrated(applied, backup)
    _refuse_wrong(await look(url, schema))
    return Migrated(await postgres.migrate(url, schema, say))


async def ensure_current(
    url: str,
    schema: Schema = PULT,
    say: Callable[[str], None] = lambda _: None,
    before_making: Callable[[], None] = lambda: None,
) -> None:
    """Make the tables of an empty database; raise `WrongDatabase` for one that this code cannot work with.

    `before_making` may raise where there is reason to make none. An old database is never changed here: `OldDatabase`
    names the command that does.
    """
    async with sqlite.turn(url, say) if is_sqlite(url) else nullcontext():
        state = await look(url, schema)
    _refuse_wrong(state)
    if state.empty:
        before_making()
        await migrate(url, schema, say)
    elif state.pending or state.died:
        what = "a migration of it died half way" if state.died else f"{len(state.pending)} migrations are missing"
        raise OldDatabase(f"The database is not up to date ({what}). Stop Pult, then run: python -m bot migrate")


def _refuse_wrong(state: State) -> None:
    if state.foreign:
        raise ForeignDatabase("The database holds tables, but none of Pult's: give Pult a database of its own")
    if state.unknown:
        raise NewerDatabase(f"The database was written by a newer Pult (it knows {state.unknown[-1]}): update Pult")
