"""Jobs a second through the worker, next to bare claims of the same batch size in the same run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from models.fields import to_text
from services import clock, sql
from services.jobs import Job, Kind
from services.runner import Runner
from services.taking import BATCH
from tests.bench.conftest import Report, kind_of

pytestmark = pytest.mark.bench

COUNT = 4000
LANES = 40
_CLAIM = """
UPDATE jobs SET state = 'running', lease_token = ? WHERE id IN (
    SELECT id FROM jobs WHERE state = 'queued' AND priority = 20 AND run_at <= ? ORDER BY run_at, id LIMIT ? {})
RETURNING id, payload
"""


@pytest.fixture(autouse=True)
async def no_hook(database: str) -> AsyncIterator[None]:
    yield
    sql.on_commit(None)


async def fill(keys: int) -> None:
    at = to_text(clock.now())
    key = f"'k' || (n % {keys})" if keys else "NULL"
    numbers = ", ".join(f"({n})" for n in range(COUNT))
    await sql.fetch(
        "INSERT INTO jobs (kind, lane, order_key, seq, priority, due_at, run_at, state, attempts, suspect, payload,"
        f" created_at) SELECT 'note', 'l' || (n % {LANES}), {key}, n, 20, '{at}', '{at}', 'queued', 0, FALSE, '{{}}',"
        f" '{at}' FROM (WITH numbers (n) AS (VALUES {numbers}) SELECT n FROM numbers) AS counted"
    )
    await sql.fetch("ANALYZE")


async def bare(postgres: bool) -> float:
    """Claim in batches and delete: the least that a queue in a table can cost."""
    claim = _CLAIM.format("FOR UPDATE SKIP LOCKED" if postgres else "")
    started = time.perf_counter()
    while rows := await sql.transact(lambda: sql.one(claim, "token", clock.now(), BATCH)):
        ids = [row["id"] for row in rows]
        await sql.transact(lambda ids=ids: sql.one(f"DELETE FROM jobs WHERE id IN ({sql.marks(ids)})", *ids))
    return COUNT / (time.perf_counter() - started)


async def worked(postgres: bool) -> float:
    left = COUNT
    done = asyncio.Event()

    async def perform(_: Job) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    worker = Runner({"note": Kind(perform)}, postgres=postgres)
    sql.on_commit(worker.wake)
    started = time.perf_counter()
    task = asyncio.create_task(worker.run())
    await done.wait()
    worker.stop()
    await task
    rate = COUNT / (time.perf_counter() - started)
    assert await sql.fetch("SELECT id FROM jobs") == []
    return rate


@pytest.mark.parametrize("keys", [0, 400])
async def test_jobs_through_the_worker(database: str, keys: int, report: Report) -> None:
    postgres = database.startswith("postgres")
    await fill(keys)
    least = await bare(postgres)
    await fill(keys)
    rate = await worked(postgres)
    order = f"{keys} order keys" if keys else "no order"
    head = ("", "jobs a second", "bare claims a second", "ratio")
    report.row("jobs", head, f"{kind_of(database)}, {order}", f"{rate:,.0f}", f"{least:,.0f}", f"{rate / least:.2f}")
