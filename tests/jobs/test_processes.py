"""Real processes, one of them killed in the middle: all is done, in order, and only what was in flight twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services import sql
from tests.jobs.engine import Engine, job

ROOT = Path(__file__).parents[2]
LEASE = 3.0
"""Seconds; long enough for a busy machine not to lose one by itself."""
KEYS = 15
COUNT = 450


@dataclass(frozen=True)
class Line:
    pid: int
    key: str
    number: int
    attempt: int
    suspect: bool


@contextmanager
def worker(url: str, effects: Path) -> Iterator[subprocess.Popen[bytes]]:
    with effects.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py")), url, str(effects), str(LEASE)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def read(effects: Path) -> list[Line]:
    if not effects.exists():
        return []
    fields = [line.split() for line in effects.read_text().splitlines()]
    return [Line(int(one[0]), one[1], int(one[2]), int(one[3]), one[4] == "1") for one in fields]


async def wait_for(count: int, effects: Path, pid: int) -> None:
    async with asyncio.timeout(40):
        while True:
            if sum(line.pid == pid for line in read(effects)) >= count:
                return
            await asyncio.sleep(0.01)


async def all_done() -> None:
    async with asyncio.timeout(40):
        while True:
            if not await sql.fetch("SELECT 1 AS one FROM jobs LIMIT 1"):
                return
            await asyncio.sleep(0.05)


async def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """As a supervisor would; they end by themselves, without an error."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    assert [await asyncio.to_thread(process.wait, 20) for process in processes] == [0] * len(processes)


def check(lines: list[Line], killed: int) -> None:
    assert {line.number for line in lines} == set(range(COUNT))
    for key in {line.key for line in lines}:
        numbers = [line.number for line in lines if line.key == key]
        assert numbers == sorted(numbers), f"out of order: {key} {numbers}"
    first = {line.number: line for line in reversed(lines)}
    again = [line for line in lines if line is not first[line.number]]
    assert all(first[line.number].pid == killed and line.suspect for line in again)
    assert not [line for line in lines if line.suspect and line.attempt == 1]
    # At most one of each key was in flight.
    assert len(again) == len({line.key for line in again}) <= KEYS


@pytest.mark.timeout(100)
async def test_killed_worker_loses_nothing_and_disorders_nothing(engine: Engine, database: str, tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    await engine.put_all(job(lane=f"l{n % 3}", order_key=f"k{n % KEYS}", payload={"n": n}) for n in range(COUNT))
    with ExitStack() as running:
        workers = [running.enter_context(worker(database, effects)) for _ in range(3 if engine.postgres else 1)]
        killed = workers[0]
        await wait_for(30, effects, killed.pid)
        killed.kill()
        killed.wait()
        assert len({line.number for line in read(effects)}) < COUNT
        rest = workers[1:] or [running.enter_context(worker(database, effects))]
        await all_done()
        await stop(rest)
    check(read(effects), killed.pid)
    assert len({line.pid for line in read(effects)}) == 1 + len(rest)
