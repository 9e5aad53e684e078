"""Asks the planners of both databases how they answer a statement, and refuses what reads a growing table whole.

Judged on tables of the real migrations: SQLite's planner looks at no figures, and PostgreSQL's, which does, is shown
some rows in each; it is told, as it is in life, to read no table whole where any index answers. A read of a whole index
counts as one of the table, unless the index is one of few rows or a LIMIT ends it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from bot.database import POSTGRES
from services import driving
from tests.statements.collect import Statement

SMALL: Final = frozenset({
    "control_bots", "leases", "lane_pauses", "tortoise_migrations", "workers", "accounts",
    "app_bodies",
})  # fmt: skip
"""Tables with a row for each bot of ours, process, pause or body that nobody could read; whoever reads an account has
its id."""


FEW: Final = frozenset({
    "idx_jobs_running", "idx_events_failed", "idx_control_updates_waiting", "idx_control_updates_undone",
    "idx_channels_connecting", "idx_inquiries_waiting",
})  # fmt: skip
"""Partial indexes that hold few rows however much there is: whoever asks for all of those may read all of it."""


@dataclass(frozen=True, slots=True)
class Excused:
    """Statements of a place (module, or module:function) that may read a growing table whole, and why."""

    place: str
    table: str
    reason: str


EXCUSED: Final[tuple[Excused, ...]] = (
    Excused("services.backlog", "jobs", "counted for whoever watches, beside everybody's work (`services.aside`)"),
    Excused("services.backlog", "channels", "the same"),
    Excused("services.jobs:sweep", "order_keys", "once an hour; an index would have to be changed by every job"),
    Excused("services.jobs:sweep", "jobs", "the same"),
    Excused("services.heads:mend", "jobs", "at the start alone: it looks for what must not be there"),
    Excused("services.jumps", "jobs", "when the machine's clock was set back, which moves all that waits"),
    Excused("services.withdrawing:_shown", "jobs", "once, when somebody is removed"),
    Excused("services.channels:align", "channels", "at the start alone, when every channel is looked at anyway"),
    Excused("handlers.chat.storage:_delete_all", "wizard_states", "where a stored step cannot be read any more"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A statement that reads a growing table whole."""

    database: str
    place: str
    table: str
    how: str
    statement: str

    def __str__(self) -> str:
        text = " ".join(self.statement.split())
        return f"{self.place} on {self.database}: {self.table}: {self.how}\n    {text[:400]}"


def excused(fault: Fault) -> bool:
    places = (fault.place, fault.place.partition(":")[0])
    return any(one.place in places and one.table == fault.table for one in EXCUSED)


def on_sqlite(path: Path, statements: Iterable[Statement]) -> list[Fault]:
    """The faults of the statements that SQLite is sent, on a migrated database."""
    connection = sqlite3.connect(path)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} - SMALL
    faults = []
    for (place, text), sent in _each(statements, 1):
        try:
            plan = _sqlite_plan(connection, text)
        except sqlite3.OperationalError:
            if "sqlite" in sent:
                raise
            continue  # It has other words for SQLite.
        faults += [Fault("SQLite", place, *scan, text) for scan in _sqlite_scans(plan, text, tables)]
    connection.close()
    return faults


def _each(statements: Iterable[Statement], words: int) -> Iterable[tuple[tuple[str, str], set[str]]]:
    """Each place with each of its statements once, in the words of one database, and the databases that got it."""
    found: dict[tuple[str, str], set[str]] = {}
    for statement in statements:
        if _plannable(statement[words]):
            found.setdefault((statement[0], statement[words]), set()).add(statement[3])
    return found.items()


def _plannable(text: str) -> bool:
    return re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text, re.I) is not None


def _sqlite_scans(plan: list[str], text: str, tables: set[str]) -> Iterator[tuple[str, str]]:
    for detail in plan:
        found = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$", detail)
        if not found or found[2] in FEW:
            continue
        table = named(text, found[1])
        if table in tables and not (found[2] and "LIMIT" in text):
            yield table, detail


def _sqlite_plan(connection: sqlite3.Connection, text: str) -> list[str]:
    for count in range(200):
        try:
            rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * count).fetchall()
        except sqlite3.ProgrammingError:
            continue
        return [row[3] for row in rows]
    raise AssertionError(f"too many parameters: {text}")


def named(text: str, alias: str) -> str:
    """The table that this name stands for in the statement."""
    for table, other in re.findall(
        r"(?:FROM|JOIN|UPDATE|INTO|,)\s+\"?(\w+)\"?(?:\s+AS)?(?:\s+\"?(\w+)\"?)?", text, re.I
    ):
        if other == alias:
            return str(table)
    return alias


async def on_postgres(url: str, statements: Iterable[Statement]) -> list[Fault]:
    """The same for PostgreSQL, with plans that know no values."""
    connection = await asyncpg.connect(url, server_settings=POSTGRES["server_settings"])
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await _fill(connection)
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    tables = {row["relname"] for row in rows} - SMALL
    rows = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid, 1, true) AS head FROM pg_index"
    )
    heads = {row["name"]: row["head"] for row in rows}
    faults = []
    for (place, text), sent in _each(statements, 2):
        try:
            plan = await _postgres_plan(connection, text)
        except asyncpg.PostgresError:
            if "postgres" in sent:
                raise
            continue  # It has other words for PostgreSQL.
        scanned = [scan for scan in scans(plan, heads) if scan[0] in tables]
        faults += [Fault("PostgreSQL", place, *scan, text) for scan in scanned]
    await connection.close()
    return faults


ROWS: Final = 2000
TIMES: Final = 1000
"""As how many rows each of them counts for the planner."""
_VALUES: Final = {
    "bigint": "g", "integer": "g", "smallint": "g % 7", "boolean": "g % 2 = 0", "double precision": "g",
    "timestamp with time zone": "now() - g * interval '1 minute'", "jsonb": "'{}'", "json": "'{}'",
}  # fmt: skip
_STATES: Final = "(ARRAY['new', 'active', 'done', 'queued', 'sent', 'received', 'applied'])[g % 7 + 1]"


async def _fill(connection: asyncpg.Connection) -> None:
    """Rows by which the planner sees that tables grow; they mean nothing."""
    await connection.execute("SET session_replication_role = replica")
    columns = await connection.fetch(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name IN (SELECT relname FROM pg_class WHERE relkind = 'r') ORDER BY table_name, ordinal_position"
    )
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in columns:
        value = _STATES if column in ("state", "kind") else _VALUES.get(kind, "'x' || g")
        tables.setdefault(table, []).append((column, value))
    for table, parts in tables.items():
        names, values = ", ".join(f'"{name}"' for name, _ in parts), ", ".join(value for _, value in parts)
        await connection.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {values} FROM generate_series(1, {ROWS}) AS g'
            " ON CONFLICT DO NOTHING"
        )
    await connection.execute("ANALYZE")
    await connection.execute(f"UPDATE pg_class SET reltuples = reltuples * {TIMES} WHERE reltuples > 0")


async def _postgres_plan(connection: asyncpg.Connection, text: str) -> dict[str, Any]:
    numbered = driving._numbered(text)
    count = max((int(number) for number in re.findall(r"\$(\d+)", numbered)), default=0)
    await connection.execute(f"PREPARE asked AS {numbered}")
    values = f"({', '.join(['NULL'] * count)})" if count else ""
    rows = await connection.fetch(f"EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE asked{values}")
    await connection.execute("DEALLOCATE asked")
    plan: dict[str, Any] = json.loads(rows[0][0])[0]["Plan"]
    return plan


def scans(plan: dict[str, Any], heads: dict[str, str], ended: bool = False) -> Iterator[tuple[str, str]]:
    """Tables that a node of PostgreSQL's plan, or one below it, reads whole.

    heads: the first column of each index; a condition that does not name it is looked for in the whole of the index.
    ended: a LIMIT above ends it early.
    """
    kind, table = plan["Node Type"], plan.get("Relation Name", "")
    if kind == "Seq Scan":
        yield table, "Seq Scan"
    elif kind in ("Index Scan", "Index Only Scan", "Bitmap Index Scan"):
        index, condition = plan["Index Name"], plan.get("Index Cond", "")
        found = heads[index] in condition or index in FEW or (ended and not condition and "Filter" not in plan)
        if not found:
            yield table, f"the whole of {index}"
    ends = kind == "Limit" or (ended and kind in ("LockRows", "Subquery Scan", "Result"))
    for child in plan.get("Plans", ()):
        child.setdefault("Relation Name", table)
        yield from scans(child, heads, ends)
