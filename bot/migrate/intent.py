"""What the statements of a migration say that they take away or rename, and which losses nothing has asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.migrate.structure import Index, Structure

_NAME = r'"?(\w+)"?'
_DROP = re.compile(rf"\bDROP\s+(?:TABLE|INDEX|CONSTRAINT)\s+(?:CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?{_NAME}", re.I)
_DROP_COLUMN = re.compile(rf"\bALTER\s+TABLE\s+{_NAME}\s+DROP\s+COLUMN\s+(?:IF\s+EXISTS\s+)?{_NAME}", re.I)
_RENAME = re.compile(rf"\bALTER\s+(?:TABLE|INDEX)\s+{_NAME}\s+RENAME\s+TO\s+{_NAME}", re.I)
_RENAME_CONSTRAINT = re.compile(rf"\bRENAME\s+CONSTRAINT\s+{_NAME}\s+TO\s+{_NAME}", re.I)
_RENAME_COLUMN = re.compile(rf"\bALTER\s+TABLE\s+{_NAME}\s+RENAME\s+COLUMN\s+{_NAME}\s+TO\s+{_NAME}", re.I)


@dataclass(slots=True)
class Intent:
    """Collected while migrations run. Names of tables, indexes and constraints share one space, as in the databases.

    `may_lose`: names of tables whose rows, and of tables and indexes which, a migration takes away by its own Python or
    SQL: its class says so with `may_lose = ("table", "index")`.
    """

    may_lose: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    dropped_columns: set[tuple[str, str]] = field(default_factory=set)
    dropped_uniques: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    renamed_columns: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def note(self, sql: str) -> None:
        self.dropped.update(_DROP.findall(sql))
        for table, column in _DROP_COLUMN.findall(sql):
            self.dropped_columns.add((table, column))
        for old, new in _RENAME.findall(sql) + _RENAME_CONSTRAINT.findall(sql):
            self.renamed[old] = new
        for table, old, new in _RENAME_COLUMN.findall(sql):
            self.renamed_columns[(table, old)] = (table, new)

    def name_now(self, name: str) -> str:
        seen = set()
        while name in self.renamed and name not in seen:
            seen.add(name)
            name = self.renamed[name]
        return name

    def column_now(self, table: str, column: str) -> tuple[str, str]:
        """Follows a column through renames of itself and of its table, in whichever order they came."""
        place, seen = (table, column), set()
        while place not in seen:
            seen.add(place)
            if place in self.renamed_columns:
                place = self.renamed_columns[place]
            elif place[0] in self.renamed:
                place = (self.renamed[place[0]], place[1])
        return place


def lost(before: Structure, after: Structure, intent: Intent) -> Iterator[str]:
    """Everything that `before` had, `after` lacks and no statement took away by name."""
    for table, columns in before.columns.items():
        now = intent.name_now(table)
        if now not in after.columns:
            if not {table, now} & (intent.dropped | intent.may_lose):
                yield f"the table {table} is gone"
            continue
        for column in columns:
            place = intent.column_now(table, column)
            if place[1] not in after.columns[now] and not _column_dropped(intent, (table, column), place):
                yield f"the column {table}.{column} is gone"
    names = {index.name for index in after.indexes}
    shapes = {(index.table, index.columns, index.unique) for index in after.indexes}
    for index in before.indexes:
        if not _kept(index, names, shapes, intent) and not _given_up(index, after, intent):
            yield f"the {index} is gone"


def fewer_rows(before: dict[str, int], after: dict[str, int], intent: Intent) -> Iterator[str]:
    for table, count in before.items():
        now = intent.name_now(table)
        left = after.get(now)
        if left is not None and left < count and not {table, now} & intent.may_lose:
            yield f"the table {now} has {left} rows, it had {count}"


def _kept(index: Index, names: set[str], shapes: set[tuple[str, tuple[str, ...], bool]], intent: Intent) -> bool:
    if index.name and intent.name_now(index.name) in names:
        return True
    if " WHERE " in index.body.upper():
        return False
    columns = tuple(intent.column_now(index.table, column)[1] for column in index.columns)
    return (intent.name_now(index.table), columns, index.unique) in shapes


def _given_up(index: Index, after: Structure, intent: Intent) -> bool:
    table = intent.name_now(index.table)
    if table not in after.columns:
        return True
    if {index.name, intent.name_now(index.name)} & (intent.dropped | intent.may_lose):
        return True
    places = [intent.column_now(index.table, column) for column in index.columns]
    if any(place[1] not in after.columns[table] for place in places):
        return True
    return (table, tuple(place[1] for place in places)) in intent.dropped_uniques


def _column_dropped(intent: Intent, *places: tuple[str, str]) -> bool:
    return any(place in intent.dropped_columns or place[0] in intent.may_lose for place in places)
