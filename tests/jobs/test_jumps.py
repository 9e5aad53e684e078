"""The clock is set back while jobs wait: none of them waits for as long as the clock had been ahead."""

from __future__ import annotations

from datetime import timedelta

from adapters.base import Temporary, Throttled
from services import clock
from services.jobs import Job
from tests.jobs.engine import Engine, Notes, job, until

AHEAD = timedelta(hours=3)


async def test_what_was_made_and_what_failed_while_the_clock_was_ahead_runs_when_it_is_right_again(
    engine: Engine,
) -> None:
    errors = {"failed": [Temporary("away", 2.0)], "throttled": [Throttled("slow down", 2.0)], "late": []}

    def fails(one: Job) -> Exception | None:
        return errors[one.payload["n"]].pop() if errors[one.payload["n"]] else None

    notes = Notes(fails=fails)
    async with engine.working(notes):
        clock.shift(AHEAD)
        soon = clock.now() + timedelta(seconds=0.3)
        await engine.put(job(payload={"n": "failed"}, lane="a"), job(payload={"n": "throttled"}, lane="b"))
        await engine.put(job(payload={"n": "late"}, lane="c", run_at=soon))
        await until(lambda: len(notes.begun) >= 2)
        clock.shift(-AHEAD)
        await until(lambda: sorted(notes.values) == ["failed", "late", "throttled"])


async def test_what_is_found_at_the_start_from_a_clock_that_was_ahead_runs_too(engine: Engine) -> None:
    clock.shift(AHEAD)
    await engine.put(job(payload={"n": 1}, order_key="k"), job(payload={"n": 2}, order_key="k"))
    clock.shift(-AHEAD)
    notes = Notes()
    async with engine.working(notes):
        await until(lambda: notes.values == [1, 2])
