"""Is a migrated database what it must be? One sentence for each thing that is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.migrate.intent import Intent, fewer_rows, lost
from bot.migrate.structure import Structure, broken_foreign_keys, count_rows, read


class MigrationRefused(Exception):
    """A migration failed, or would have lost something. The database is as it was before."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The migration was undone, the database is as it was: " + "; ".join(faults))


@contextmanager
def refusing() -> Iterator[None]:
    """Whatever goes wrong inside is a refusal: the caller sees to it that nothing has changed."""
    try:
        yield
    except MigrationRefused:
        raise
    except Exception as exc:
        raise MigrationRefused([f"{type(exc).__name__}: {exc}"]) from exc


@dataclass(frozen=True, slots=True)
class Snapshot:
    structure: Structure
    rows: dict[str, int]
    broken: dict[tuple[str, str], int]


async def snapshot(db: BaseDBAsyncClient) -> Snapshot:
    return Snapshot(await read(db), await count_rows(db), await broken_foreign_keys(db))


def faults(before: Snapshot, after: Snapshot, fresh: Structure, intent: Intent) -> list[str]:
    """`fresh`: the structure that the same migrations make from nothing."""
    return list(
        dict.fromkeys(
            [
                *differences(after.structure, fresh, before.structure),
                *lost(before.structure, after.structure, intent),
                *fewer_rows(before.rows, after.rows, intent),
                *_broken(before, after),
            ]
        )
    )


def differences(found: Structure, wanted: Structure, before: Structure) -> Iterator[str]:
    """What `found` lacks of `wanted`, or has too much; what somebody had added by hand `before` may stay."""
    for table in sorted(found.columns.keys() - wanted.columns.keys() - before.columns.keys()):
        yield f"there is a table {table} too many"
    for table, columns in wanted.columns.items():
        if table not in found.columns:
            yield f"the table {table} is missing"
            continue
        for column, nullable in columns.items():
            if column not in found.columns[table]:
                yield f"the column {table}.{column} is missing"
            elif found.columns[table][column] != nullable:
                yield f"the column {table}.{column} {'must' if nullable else 'must not'} be allowed to be empty"
    for index in sorted(wanted.indexes - found.indexes, key=str):
        yield f"the {index} is missing"
    for table, column, parent in sorted(wanted.foreign_keys - found.foreign_keys):
        yield f"the foreign key {table}.{column} to {parent} is missing"


def _broken(before: Snapshot, after: Snapshot) -> Iterator[str]:
    for (table, parent), count in after.broken.items():
        if count > before.broken.get((table, parent), 0):
            yield f"{count} rows of {table} point to nothing in {parent}"
