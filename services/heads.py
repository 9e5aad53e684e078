"""Which jobs of an order key may be next: its heads, the only ones that a claim looks at.

Whoever makes a job behind another of its key that is due marks it as no head; whatever ends, takes back or postpones a
job has those after it move up, as far as the first that is due. A head too many costs a claim a look, one too few would
never run. So where two transactions meet (PostgreSQL) a job is rather a head:

- Whoever makes a job holds the last of its key until the commit, so that its end comes later and sees the new one. It
  waits for nobody: where somebody else holds the last (to end it, perhaps), the new job is a head.
- Whoever has jobs move up waits for whoever holds them, and looks again if they are gone then.
"""

from __future__ import annotations

from typing import Final

from services import clock
from services.sql import WAKE, Steps, either

LAST: Final = "FROM jobs WHERE order_key = {key} AND state <> 'refused' ORDER BY seq DESC LIMIT 1"
HELD: Final = "WHERE id {ids} FOR SHARE SKIP LOCKED"
"""Of the last of a key, on PostgreSQL. Not FOR KEY SHARE, which would not see that it is postponed at this moment."""

_AFTER: Final = (
    "order_key = ?1 AND seq > ?2 AND state <> 'refused' AND seq <= COALESCE((SELECT d.seq FROM jobs d"
    " WHERE d.order_key = ?1 AND d.seq > ?2 AND d.state <> 'refused' AND d.due_at <= ?3 ORDER BY d.seq LIMIT 1),"
    " 9223372036854775807)"
)
_MOVE_UP: Final = either(
    f"UPDATE jobs SET head = TRUE WHERE {_AFTER} RETURNING FALSE AS missed, TRUE AS behind",
    f"WITH after AS MATERIALIZED (SELECT id FROM jobs WHERE {_AFTER}),"
    " moved AS (UPDATE jobs SET head = TRUE WHERE id = ANY (ARRAY(SELECT id FROM after)) RETURNING id)"
    " SELECT (SELECT COUNT(*) FROM moved) < (SELECT COUNT(*) FROM after) AS missed,"
    " EXISTS (SELECT 1 FROM jobs WHERE order_key = ?1 AND state <> 'refused') AS behind",
)
_LEFT: Final = "SELECT id FROM jobs WHERE order_key = ? AND state <> 'refused' LIMIT 1"


def move_up(order_key: str | None, seq: int) -> Steps[None]:
    """The job at this place of its key has ended, is taken back or makes way: those after it may be next.

    To be run after the statement that did it, not with it: only then what was made meanwhile is seen.
    """
    if order_key is None:
        return
    while True:
        rows = yield _MOVE_UP, (order_key, seq, clock.now())
        if not (rows and rows[0]["missed"]):
            break
    if rows[0]["behind"] if rows else (yield _LEFT, (order_key,)):
        yield WAKE


def mend() -> Steps[int]:
    """Make heads of jobs that wait behind nothing; returns how many there were, which is to be none."""
    rows = yield (
        "UPDATE jobs SET head = TRUE WHERE state = 'queued' AND NOT head AND NOT EXISTS (SELECT 1 FROM jobs e"
        " WHERE e.order_key = jobs.order_key AND e.seq < jobs.seq AND e.state <> 'refused') RETURNING id",
        (),
    )
    return len(rows)
