"""Which jobs a worker takes next: the one statement that chooses, with what must be left where it is.

It reads, per priority, the due jobs in their order (`services.shares`) from partial indexes, so that neither jobs of
the future nor refused ones cost anything, nor what waits behind another in its order key (`services.heads`); it skips
shut lanes and targets and heads whose turn has not come.
"""

from __future__ import annotations

from models.enums import Priority

PER_LANE = 12
PER_TARGET = 8
"""How many jobs of one lane, or for one chat in it, a worker has under way: what has started cannot be overtaken."""

# ?1 now, ?2 lease until, ?3 token, ?4 shut names, ?5 room by name, ?6 limit, ?7 room in a lane, ?8 room for a target.
_SHUT = {
    False: "SELECT value AS name FROM json_each(?4)",
    True: "SELECT value AS name FROM json_array_elements_text(?4::json)",
}
_ROOM = {
    False: "SELECT key AS name, value AS free FROM json_each(?5)",
    True: "SELECT key AS name, value::int AS free FROM json_each_text(?5::json)",
}
# Earlier jobs of the key that are due go first, and one of them at a time. Two lookups, each in an index of its own:
# one over the whole key would read a long queue again for each job taken from it.
_OPEN = """
    j.lane NOT IN (SELECT name FROM shut)
    AND (j.target IS NULL OR j.target NOT IN (SELECT name FROM shut))
    AND j.lane || '#' || j.kind NOT IN (SELECT name FROM shut)
    AND (j.order_key IS NULL OR (
        NOT EXISTS (
            SELECT 1 FROM jobs e
            WHERE e.order_key = j.order_key AND e.seq < j.seq AND e.state <> 'refused'
              AND (e.state = 'running' OR e.due_at <= ?1))
        AND NOT EXISTS (
            SELECT 1 FROM jobs r
            WHERE r.order_key = j.order_key AND r.state = 'running' AND r.lease_until >= ?1 AND r.id <> j.id)))
"""
_DUE = """
SELECT * FROM (
    SELECT j.id, j.lane, j.target, j.priority, j.turn, j.run_at FROM jobs j
    WHERE j.state = 'queued' AND j.head AND NOT j.timed AND j.priority = {priority} AND j.run_at <= ?1 AND {open}
    ORDER BY j.turn, j.id LIMIT ?6) AS line_{name}
UNION ALL
SELECT * FROM (
    SELECT j.id, j.lane, j.target, j.priority, j.turn, j.run_at FROM jobs j
    WHERE j.state = 'queued' AND j.head AND j.timed AND j.priority = {priority} AND j.run_at <= ?1 AND {open}
    ORDER BY j.run_at, j.id LIMIT ?6) AS due_{name}
"""
_ABANDONED = """
SELECT * FROM (
    SELECT j.id, j.lane, j.target, j.priority, j.turn, j.run_at FROM jobs j
    WHERE j.state = 'running' AND j.lease_until < ?1 AND {open}
    ORDER BY j.priority, j.turn, j.run_at, j.id LIMIT ?6) AS abandoned
"""
_CLAIM = """
WITH shut AS ({shut} UNION ALL SELECT lane FROM lane_pauses WHERE until > ?1),
room AS ({room}),
due AS ({due}),
ranked AS (
    SELECT id, lane, target, priority, turn, run_at,
        row_number() OVER (PARTITION BY lane ORDER BY priority, turn, run_at, id) AS in_lane,
        row_number() OVER (PARTITION BY target ORDER BY priority, turn, run_at, id) AS in_target
    FROM due),
chosen AS (
    SELECT d.id FROM ranked d
    LEFT JOIN room l ON l.name = d.lane
    LEFT JOIN room t ON t.name = d.target
    WHERE d.in_lane <= COALESCE(l.free, ?7) AND (d.target IS NULL OR d.in_target <= COALESCE(t.free, ?8))
    ORDER BY d.priority, d.turn, d.run_at, d.id
    LIMIT ?6)
UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = ?3, lease_until = ?2,
    suspect = (suspect OR state = 'running')
WHERE id {ids}
RETURNING id, kind, lane, target, order_key, cancel_key, priority, attempts, suspect, lease_token, payload,
    project_id, due_at, run_at, created_at, turn
"""
_IDS = {
    False: "IN (SELECT id FROM chosen)",
    # Rows that an open transaction holds (it joins, hastens or cancels the job) are left to it, not waited for.
    # As arrays: planned while the table was nearly empty, a join would look anew for what to take for each of its rows.
    True: """= ANY (ARRAY(
        SELECT id FROM jobs
        WHERE id = ANY (ARRAY(SELECT id FROM chosen))
          AND (state = 'queued' AND run_at <= ?1 OR state = 'running' AND lease_until < ?1)
        FOR UPDATE SKIP LOCKED))""",
}


_RANKS = sorted(int(priority) for priority in Priority)
_VALUES = ", ".join(f"({rank})" for rank in _RANKS)


def _due(postgres: bool) -> str:
    """A lookup per priority. PostgreSQL plans one for all of them; SQLite, which cannot, plans faster anyway."""
    if postgres:
        each = _DUE.format(priority="ranks.priority", open=_OPEN, name="by_rank")
        return f"SELECT each.* FROM (VALUES {_VALUES}) AS ranks (priority) CROSS JOIN LATERAL ({each}) AS each"
    return " UNION ALL ".join(_DUE.format(priority=rank, open=_OPEN, name=rank) for rank in _RANKS)


def _statement(postgres: bool) -> str:
    return _CLAIM.format(
        shut=_SHUT[postgres],
        room=_ROOM[postgres],
        due=_due(postgres) + " UNION ALL " + _ABANDONED.format(open=_OPEN),
        ids=_IDS[postgres],
    )


CLAIM = {postgres: _statement(postgres) for postgres in (False, True)}
"""The claiming statement by whether it is for PostgreSQL."""
CLAIM_LOCK = "SELECT pg_advisory_xact_lock(7205741)"
"""Claims are made one after another on PostgreSQL: an earlier job that falls due between two could run beside a later
one of its order key."""

_NEXT = (
    "SELECT MIN(run_at) AS run_at FROM jobs WHERE state = 'queued' AND head AND timed AND priority = {} AND run_at > ?1"
)
_NEXT_OF_EACH = {
    False: " UNION ALL ".join(_NEXT.format(rank) for rank in _RANKS),
    True: f"SELECT next.run_at FROM (VALUES {_VALUES}) AS ranks (priority)"
    f" CROSS JOIN LATERAL ({_NEXT.format('ranks.priority')}) AS next",
}
UPCOMING = {
    postgres: f"SELECT MIN(run_at) AS next FROM (SELECT MIN(until) AS run_at FROM lane_pauses WHERE until > ?1"
    f" UNION ALL {each}) AS upcoming"
    for postgres, each in _NEXT_OF_EACH.items()
}
"""The next moment at which a job falls due or a pause ends. A lookup per priority: one over all would read every job
that waits."""
