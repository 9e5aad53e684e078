"""Many jobs at once: made by a statement for all of them, with the same outcome as one after another. Steps only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from models.fields import to_text
from services import clock
from services.heads import HELD, LAST, move_up
from services.jobs import NewJob, payload_of
from services.making import EARLIEST, JOIN, POSTPONE
from services.shares import STEP, instant, turn
from services.sql import WAKE, Steps, either, to_json

Wanted = tuple[NewJob, str | None]
"""A job and the request that it follows from."""

# c0 project, c1 kind, c2 lane, c3 target, c4 order key, c5 cancel key, c6 priority, c7 due, c8 run, c9 payload,
# c10 which job of its order key it is here, from 0, c11 how many there are, c12 the microsecond at which it is to run,
# c13 whether that is later, c14 which of its project, lane and priority it is here. ?2 the microsecond, ?3 now.
_COLUMNS: Final = (
    "INSERT INTO jobs (project_id, kind, lane, target, order_key, cancel_key, priority, due_at, run_at, payload, seq,"
    " state, attempts, suspect, created_at, timed, head, turn)"
    " SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, {seq}, 'queued', 0, FALSE, {now}, c13, {head},"
    f" {{turn}} + CASE WHEN c13 THEN 0 ELSE c14 END * {STEP} FROM {{rows}}"
)
_LAST: Final = LAST.format(key="r.c4")
_LITE_SEQ: Final = f"CASE WHEN c4 IS NULL THEN 0 ELSE MAX(?2, COALESCE((SELECT seq + 1 {_LAST}), 0)) + c10 END"
# Whoever comes second here is a head where the first is: it may have joined another, so that it is not there.
_LITE_HEAD: Final = f"COALESCE((SELECT due_at {_LAST}) > MAX(c8, ?3), TRUE)"
_LITE_ROWS: Final = (
    f"(SELECT {', '.join(f'value->>{n} AS c{n}' for n in range(15))} FROM json_each(?1)) AS r WHERE TRUE"
)
_CASTS: Final = ("bigint", "text", "text", "text", "text", "text", "int", "timestamptz", "timestamptz", "jsonb",
                 "bigint", "bigint", "bigint", "boolean", "bigint")  # fmt: skip
_ROWS: Final = (
    f"SELECT {', '.join(f'CAST(value->>{n} AS {kind}) AS c{n}' for n, kind in enumerate(_CASTS))}"
    " FROM json_array_elements(CAST(?1 AS json))"
)


def _turn(greatest: str) -> str:
    return turn(greatest=greatest, timed="c13", run="c12", lane="c2", priority="c6", project="c0")


_HELD: Final = HELD.format(ids=f"= ANY (ARRAY(SELECT (SELECT id {LAST.format(key='k.key')}) FROM counters k))")
# The counters are taken in the order of their keys, so that two transactions wait for each other one way only.
_COUNTED: Final = (
    f"WITH wanted AS MATERIALIZED ({_ROWS}), counters AS ("
    " INSERT INTO order_keys (key, number) SELECT c4, CAST(?2 AS bigint) + c11 - 1 FROM wanted"
    " WHERE c4 IS NOT NULL AND c10 = 0 ORDER BY c4"
    " ON CONFLICT (key) DO UPDATE SET number = GREATEST(excluded.number,"
    " order_keys.number + excluded.number - CAST(?2 AS bigint) + 1) RETURNING key, number),"
    f" lasts AS MATERIALIZED (SELECT order_key, due_at FROM jobs {_HELD}) "
    + _COLUMNS.format(
        seq="COALESCE(k.number - c11 + 1 + c10, 0)",
        now="CAST(?3 AS timestamptz)",
        turn=_turn("GREATEST"),
        head="COALESCE(l.due_at > GREATEST(c8, CAST(?3 AS timestamptz)), TRUE)",
        rows="wanted LEFT JOIN counters k ON k.key = c4 LEFT JOIN lasts l ON l.order_key = c4",
    )
)
_LITE: Final = _COLUMNS.format(seq=_LITE_SEQ, now="?3", head=_LITE_HEAD, turn=_turn("MAX"), rows=_LITE_ROWS)
_MADE: Final = " RETURNING order_key, seq"
_MAKE: Final = {
    postpone: either(_LITE + JOIN + rest + _MADE, _COUNTED + JOIN + rest + _MADE)
    for postpone, rest in ((False, EARLIEST), (True, POSTPONE))
}


def enqueue_all(wanted: Sequence[Wanted]) -> Steps[None]:
    """Make these jobs in the transaction of their cause, as `jobs.enqueue` would one after another."""
    now = clock.now()
    left = list(wanted)
    while left:
        # One statement makes a row at most once: what joins another of these comes after it.
        batch, left = _distinct(left)
        postpone = batch[0][0].postpone
        made = yield _MAKE[postpone], (to_json(_rows(batch, now)), int(now.timestamp() * 1_000_000), now)
        for row in made if postpone else ():
            yield from move_up(row["order_key"], row["seq"])
    if wanted:
        yield WAKE


def _distinct(wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[Wanted]]:
    """As many as one statement can make, and the rest: of each order key in their order."""
    batch: list[Wanted] = []
    rest: list[Wanted] = []
    keys: set[str] = set()
    held: set[str | None] = set()
    postpone = wanted[0][0].postpone
    for one in wanted:
        job = one[0]
        if job.postpone != postpone or job.cancel_key in keys or (job.order_key and job.order_key in held):
            rest.append(one)
            held.add(job.order_key)
            continue
        batch.append(one)
        if job.cancel_key is not None:
            keys.add(job.cancel_key)
    return batch, rest


def _rows(batch: Sequence[Wanted], now: datetime) -> list[tuple[Any, ...]]:
    counts = Counter(job.order_key for job, _ in batch)
    before: Counter[str | None] = Counter()
    taking_turns: Counter[tuple[int | None, str, int]] = Counter()
    at_once = to_text(now)
    rows = []
    for job, request in batch:
        run_at = at_once if job.run_at is None else to_text(job.run_at)
        moment = job.run_at or now
        share = (job.project_id, job.lane, int(job.priority))
        rows.append((
            job.project_id, job.kind, job.lane, job.target, job.order_key, job.cancel_key, int(job.priority),
            at_once if job.hold else run_at, run_at, to_json(payload_of(job, request)),
            before[job.order_key], counts[job.order_key], instant(moment), moment > now, taking_turns[share],
        ))  # fmt: skip
        before[job.order_key] += 1
        if moment <= now:
            taking_turns[share] += 1
    return rows
