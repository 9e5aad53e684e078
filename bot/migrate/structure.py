"""What a database looks like: tables, columns, indexes, uniques, foreign keys, read back from the database itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

_SPACES = re.compile(r"\s+")
_AROUND = re.compile(r"\s*([(),=<>])\s*")


@dataclass(frozen=True, slots=True)
class Index:
    """An index or a uniqueness. `name` is empty for a constraint that SQLite keeps inside its table; `body` is what it
    covers, from the opening parenthesis on, written in one way; `sql` makes it anew."""

    table: str
    columns: tuple[str, ...]
    unique: bool
    body: str
    name: str = field(default="", compare=False)
    sql: str = field(default="", compare=False)

    def __str__(self) -> str:
        what = "unique" if self.unique else "index"
        return f"{what} {self.name + ' ' if self.name else ''}on {self.table}{self.body}"


@dataclass(frozen=True, slots=True)
class Structure:
    """`columns`: table → column → may it be null. `foreign_keys`: (table, column, other table)."""

    columns: dict[str, dict[str, bool]]
    indexes: frozenset[Index]
    foreign_keys: frozenset[tuple[str, str, str]]


async def read(db: BaseDBAsyncClient) -> Structure:
    if db.capabilities.dialect == "sqlite":
        return await _read_sqlite(db)
    return await _read_postgres(db)


async def table_names(db: BaseDBAsyncClient) -> list[str]:
    if db.capabilities.dialect == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
    else:
        sql = (
            "SELECT table_name AS name FROM information_schema.tables"
            " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name"
        )
    return [row["name"] for row in await db.execute_query_dict(sql)]


async def count_rows(db: BaseDBAsyncClient) -> dict[str, int]:
    counts = {}
    for table in await table_names(db):
        rows = await db.execute_query_dict(f'SELECT count(*) AS n FROM "{table}"')
        counts[table] = int(rows[0]["n"])
    return counts


async def broken_foreign_keys(db: BaseDBAsyncClient) -> dict[tuple[str, str], int]:
    """SQLite only: (table, other table) → how many rows point to nothing."""
    if db.capabilities.dialect != "sqlite":
        return {}
    broken: dict[tuple[str, str], int] = {}
    for row in await db.execute_query_dict("PRAGMA foreign_key_check"):
        key = (row["table"], row["parent"])
        broken[key] = broken.get(key, 0) + 1
    return broken


async def sqlite_indexes(db: BaseDBAsyncClient, table: str) -> list[Index]:
    """All but the primary key, in the order in which they were made."""
    made = await db.execute_query_dict("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
    sql = {row["name"]: row["sql"] for row in made}
    found = []
    for row in reversed(await db.execute_query_dict(f'PRAGMA index_list("{table}")')):
        if row["origin"] == "pk":
            continue
        info = await db.execute_query_dict(f'PRAGMA index_info("{row["name"]}")')
        columns = tuple(part["name"] for part in info if part["name"] is not None)
        text = sql[row["name"]]
        body = text.partition("(")[2] if text else ", ".join(columns) + ")"
        name = row["name"] if text else ""
        found.append(Index(table, columns, bool(row["unique"]), one_way("(" + body), name, text or ""))
    return found


async def _read_sqlite(db: BaseDBAsyncClient) -> Structure:
    columns, indexes, keys = {}, set(), set()
    for table in await table_names(db):
        info = await db.execute_query_dict(f'PRAGMA table_info("{table}")')
        columns[table] = {row["name"]: not row["notnull"] for row in info}
        indexes.update(await sqlite_indexes(db, table))
        for row in await db.execute_query_dict(f'PRAGMA foreign_key_list("{table}")'):
            keys.add((table, row["from"], row["table"]))
    return Structure(columns, frozenset(indexes), frozenset(keys))


async def _read_postgres(db: BaseDBAsyncClient) -> Structure:
    columns: dict[str, dict[str, bool]] = {table: {} for table in await table_names(db)}
    for row in await db.execute_query_dict(
        "SELECT table_name, column_name, is_nullable FROM information_schema.columns"
        " WHERE table_schema = current_schema()"
    ):
        if row["table_name"] in columns:
            columns[row["table_name"]][row["column_name"]] = row["is_nullable"] == "YES"
    indexes = {_postgres_index(row) for row in await db.execute_query_dict(_POSTGRES_INDEXES)}
    keys = {
        (row["child"], row["column_name"], row["parent"]) for row in await db.execute_query_dict(_POSTGRES_FOREIGN_KEYS)
    }
    return Structure(columns, frozenset(indexes), frozenset(keys))


_POSTGRES_INDEXES = """
SELECT t.relname AS table_name, i.relname AS name, x.indisunique AS is_unique, pg_get_indexdef(x.indexrelid) AS sql,
       ARRAY(SELECT a.attname::text FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k(num, ord)
             JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.num ORDER BY k.ord) AS columns
FROM pg_index x
JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND NOT x.indisprimary
"""

_POSTGRES_FOREIGN_KEYS = """
SELECT c.relname AS child, a.attname AS column_name, p.relname AS parent
FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid
JOIN pg_class p ON p.oid = f.confrelid
JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = ANY(f.conkey)
WHERE f.contype = 'f' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
"""


def _postgres_index(row: dict[str, Any]) -> Index:
    body = row["sql"].partition(" USING ")[2].partition(" ")[2]
    return Index(row["table_name"], tuple(row["columns"]), row["is_unique"], one_way(body), row["name"], row["sql"])


def one_way(sql: str) -> str:
    """The same SQL without quotes of names and with spaces in one way only, so that equals look equal."""
    return _AROUND.sub(r"\1", _SPACES.sub(" ", sql.replace('"', "").replace("`", "")).strip())
