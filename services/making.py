"""The statement that makes a job: its place in its order key, whether it is a head there, whether it joins another."""

from __future__ import annotations

from itertools import product
from typing import Final

from services import heads, shares
from services.sql import either

# The place of a job in its order key is the microsecond, or one more than the last. SQLite has one writer, which sees
# every job that is left; on PostgreSQL a counter's row lock makes those wait who make jobs of one key at a time.
# It needs no jobs to remember, so that it can be forgotten (`sweep`).
# ?1 project, ?2 kind, ?3 lane, ?4 target, ?5 order key, ?6 cancel key, ?7 priority, ?8 due, ?9 run, ?10 suspect,
# ?11 payload, ?12 created, ?13 the microsecond at which it is to run, ?14 whether that is later, ?15 the present one.
_COLUMNS = (
    "INSERT INTO jobs (project_id, kind, lane, target, order_key, seq, cancel_key, priority, due_at, run_at, state,"
    " attempts, suspect, payload, created_at, timed, head, turn)"
    " VALUES (?1, ?2, ?3, ?4, ?5, {seq}, ?6, ?7, ?8, ?9, 'queued', 0, ?10, ?11, ?12, ?14, {head}, {turn})"
)


def _turn(greatest: str) -> str:
    return shares.turn(
        greatest=greatest, timed="CAST(?14 AS boolean)", run="CAST(?13 AS bigint)", lane="CAST(?3 AS varchar)",
        priority="CAST(?7 AS int)", project="CAST(?1 AS bigint)",
    )  # fmt: skip


_LITE_TURN, _POSTGRES_TURN = _turn("MAX"), _turn("GREATEST")
_UNORDERED = _COLUMNS.format(seq="0", head="TRUE", turn=_LITE_TURN)
_UNORDERED_POSTGRES = _COLUMNS.format(seq="0", head="TRUE", turn=_POSTGRES_TURN)
_LAST = heads.LAST.format(key="?5")
_ORDERED = _COLUMNS.format(
    turn=_LITE_TURN,
    seq=f"MAX(?15, COALESCE((SELECT seq + 1 {_LAST}), 0))",
    head=f"COALESCE((SELECT due_at {_LAST}) > MAX(?9, ?12), TRUE)",
)
# Held after the counter: whoever makes two jobs of a key and ends one waits for nobody who waits for the counter.
_HELD = heads.HELD.format(ids=f"= (SELECT id {heads.LAST.format(key='(SELECT key FROM counter)')})")
_COUNTED = (
    "WITH counter AS (INSERT INTO order_keys (key, number) VALUES (?5, ?15) ON CONFLICT (key) DO UPDATE SET"
    " number = CASE WHEN excluded.number > order_keys.number THEN excluded.number ELSE order_keys.number + 1 END"
    f" RETURNING key, number), last AS MATERIALIZED (SELECT due_at FROM jobs {_HELD}) "
    + _COLUMNS.format(
        turn=_POSTGRES_TURN,
        seq="(SELECT number FROM counter)",
        head="COALESCE((SELECT due_at FROM last) > GREATEST(CAST(?9 AS timestamptz), CAST(?12 AS timestamptz)), TRUE)",
    )
)
# A joined job is updated even where nothing changes: the row lock keeps a worker from taking it, and from reading the
# old state, before this transaction commits.
JOIN = """
ON CONFLICT (cancel_key) WHERE state = 'queued' AND cancel_key IS NOT NULL DO UPDATE SET
    priority = CASE WHEN excluded.priority < jobs.priority THEN excluded.priority ELSE jobs.priority END,
"""
EARLIEST = """
    head = jobs.head OR excluded.run_at < jobs.run_at,
    turn = CASE WHEN excluded.turn < jobs.turn THEN excluded.turn ELSE jobs.turn END,
    run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END,
    due_at = CASE WHEN excluded.due_at < jobs.due_at THEN excluded.due_at ELSE jobs.due_at END
"""
POSTPONE = "timed = TRUE, turn = excluded.turn, run_at = excluded.run_at, due_at = excluded.due_at"


def _making(ordered: bool, joins: bool, postpone: bool) -> str:
    """The statement that makes a job, or has it join the one that waits."""
    end = f" {JOIN + (POSTPONE if postpone else EARLIEST) if joins else ''} RETURNING id, order_key, seq"
    here, there = (_ORDERED, _COUNTED) if ordered else (_UNORDERED, _UNORDERED_POSTGRES)
    return either(here + end, there + end)


MAKE: Final = {key: _making(*key) for key in product((False, True), repeat=3)}
"""By: it has an order key, it has a cancel key, it postpones."""
