"""What follows from each error: who waits, for how long, what is suspect, and who is told."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import asyncpg
import pytest
from tortoise.exceptions import DBConnectionError, OperationalError

from adapters.base import (
    Ambiguous,
    ChannelSuspended,
    CredentialsRevoked,
    RecipientGone,
    Rejected,
    Scope,
    Temporary,
    Throttled,
)
from models.enums import JobState
from services import clock, decisions, jobs, runner, sql
from services.decisions import Give, Retry
from services.jobs import Job, Kind
from services.sql import Steps, when
from tests.jobs.engine import Engine, Notes, job, until, until_async


def claimed(**more: object) -> Job:
    now = clock.now()
    one = Job(
        id=1, kind="note", lane="lane", target="lane:chat", order_key=None, cancel_key=None, priority=20, attempts=1,
        suspect=False, lease_token="t", payload={}, project_id=None, due_at=now, run_at=now, created_at=now,
    )  # fmt: skip
    return dataclasses.replace(one, **more)  # type: ignore[arg-type]


def kind(**more: object) -> Kind:
    return Kind(Notes().perform, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scope", "target", "paused"),
    [
        (Scope.RECIPIENT, "lane:chat", "lane:chat"),
        (Scope.RECIPIENT, None, "lane"),
        (Scope.CHANNEL, "lane:chat", "lane"),
        (Scope.METHOD, "lane:chat", "lane#note"),
        (Scope.PLATFORM, "lane:chat", "lane"),
    ],
)
def test_throttled_pauses_its_scope_and_counts_no_attempt(scope: Scope, target: str | None, paused: str) -> None:
    decision = decisions.decide(claimed(target=target), Throttled(retry_after=7, scope=scope), kind())
    assert isinstance(decision, Retry)
    assert decision.pause_lane == paused
    assert not decision.counted
    assert timedelta(seconds=7) < decision.run_at - clock.now() < timedelta(seconds=7.5)


def test_a_database_out_of_reach_is_no_mistake_of_the_job() -> None:
    for error in (DBConnectionError("gone"), OperationalError(asyncpg.DiskFullError("no space left"))):
        assert isinstance(decisions.decide(claimed(attempts=50), error, kind()), Retry)
    assert isinstance(decisions.decide(claimed(attempts=50), OperationalError("no such table"), kind()), Give)


@pytest.mark.parametrize(("repeatable", "suspect"), [(True, False), (False, True)])
def test_lost_answer_casts_doubt_only_on_what_may_not_be_done_twice(repeatable: bool, suspect: bool) -> None:
    for error in (Ambiguous(), ValueError("bug"), TimeoutError()):
        decision = decisions.decide(claimed(), error, kind(repeatable=repeatable))
        assert isinstance(decision, Retry)
        assert decision.suspect is suspect


def test_nothing_happened_casts_no_doubt_and_takes_none_away() -> None:
    for suspect in (False, True):
        decision = decisions.decide(claimed(suspect=suspect), Temporary(retry_after=3), kind(repeatable=False))
        assert isinstance(decision, Retry)
        assert decision.suspect is suspect


@pytest.mark.parametrize("error", [RecipientGone(), Rejected("too long")])
def test_final_refusals_are_given_up_at_once(error: Exception) -> None:
    assert isinstance(decisions.decide(claimed(), error, kind()), Give)


@pytest.mark.parametrize("error", [CredentialsRevoked(), ChannelSuspended()])
def test_dead_channel_pauses_its_lane_for_the_rest_of_the_jobs_life(error: Exception) -> None:
    decision = decisions.decide(claimed(due_at=clock.now() - timedelta(hours=4)), error, kind())
    assert isinstance(decision, Retry)
    assert decision.pause_lane == "lane"
    assert timedelta(hours=19, minutes=59) < decision.run_at - clock.now() <= timedelta(hours=20)


def test_pauses_grow_and_are_spread() -> None:
    pauses = [[decisions.backoff(attempt).total_seconds() for _ in range(50)] for attempt in range(1, 20)]
    for attempt, drawn in enumerate(pauses, 1):
        longest = min(decisions.LONGEST_PAUSE, 2 ** (attempt - 1))
        assert longest / 2 <= min(drawn) < max(drawn) <= longest


@pytest.mark.parametrize("error", [Temporary(), Ambiguous(), Throttled(), CredentialsRevoked()])
def test_nothing_is_tried_beyond_its_lifetime(error: Exception) -> None:
    old = claimed(due_at=clock.now() - timedelta(hours=25))
    assert isinstance(decisions.decide(old, error, kind()), Give)
    assert isinstance(decisions.decide(old, error, kind(lifetime=timedelta(days=2))), Retry)


def test_lifetime_counts_from_when_it_was_due_not_from_when_it_was_made() -> None:
    reminder = claimed(created_at=clock.now() - timedelta(days=3))
    assert isinstance(decisions.decide(reminder, Temporary(), kind()), Retry)


def test_mistakes_of_ours_are_given_up_after_a_few_tries() -> None:
    assert isinstance(decisions.decide(claimed(attempts=decisions.BUG_ATTEMPTS - 1), KeyError("x"), kind()), Retry)
    assert isinstance(decisions.decide(claimed(attempts=decisions.BUG_ATTEMPTS), KeyError("x"), kind()), Give)


async def test_refused_chat_waits_alone(engine: Engine) -> None:
    notes = Notes(
        fails=lambda one: Throttled(retry_after=30, scope=Scope.RECIPIENT) if one.target == "lane:1" else None
    )
    await engine.put(job(target="lane:1", payload={"n": 1}), job(target="lane:1", payload={"n": 2}))
    await engine.put(*(job(target="lane:2", payload={"n": n}) for n in (3, 4)))
    async with engine.working(notes):
        await until(lambda: sorted(notes.values) == [3, 4])
        await engine.put(job(target="lane:1", payload={"n": 5}), job(target="lane:2", payload={"n": 6}))
        await until(lambda: 6 in notes.values)
    assert {one.payload["n"] for one in notes.begun if one.target == "lane:1"} <= {1, 2}
    notes.fails = lambda _: None
    await engine.drain(notes, step=2)
    assert sorted(notes.values) == [1, 2, 3, 4, 5, 6]
    assert max(one.attempts for one in notes.done) == 1


@pytest.mark.parametrize(("apart", "whole"), [(1.5, True), (2.5, False)])
async def test_second_refused_chat_within_two_seconds_pauses_the_bot(engine: Engine, apart: float, whole: bool) -> None:
    notes = Notes(fails=lambda one: Throttled(retry_after=30, scope=Scope.RECIPIENT) if one.target else None)
    async with engine.working(notes):
        for place, chat in enumerate(["lane:1", "lane:2"]):
            if place:
                clock.shift(timedelta(seconds=apart))
            await engine.put(job(target=chat))
            await until(lambda place=place: len(notes.begun) == place + 1)
        await engine.put(job(lane="elsewhere", payload={"n": "elsewhere"}), job(payload={"n": "here"}))
        await until(lambda: len(notes.done) == (1 if whole else 2))
    paused = {row["lane"] for row in await sql.fetch("SELECT lane FROM lane_pauses")}
    assert ("lane" in paused) is whole
    assert notes.values == ["elsewhere"] if whole else sorted(notes.values) == ["elsewhere", "here"]


async def test_poisoned_job_does_not_block_its_lane_and_is_refused_with_its_reason(engine: Engine) -> None:
    told: list[str] = []

    def refused(one: Job, error: Exception) -> Steps[None]:
        yield "UPDATE lane_pauses SET reason = ? WHERE lane = 'told'", (str(error),)
        told.append(one.payload["n"])

    def fails(one: Job) -> Exception | None:
        return KeyError("poison") if one.payload["n"] == "bad" else None

    await sql.transact(lambda: jobs.pause("told", clock.now() + timedelta(days=9), ""))
    notes = Notes(fails=fails)
    [bad, *_] = await engine.put(
        job(order_key="a", payload={"n": "bad"}), job(order_key="b", payload={"n": 1}), job(payload={"n": 2})
    )
    await engine.put(job(order_key="a", payload={"n": 3}))
    kinds = {"note": Kind(notes.perform, refused=refused)}
    async with engine.working(kinds) as runner:
        await until(lambda: sorted(notes.values) == [1, 2])
        await until(lambda: len(notes.done) == 3, step=1, runner=runner)
    assert told == ["bad"]
    row = await engine.row(bad)
    assert row is not None
    assert (row["state"], row["last_error"], row["attempts"]) == (
        JobState.REFUSED.value, "KeyError: 'poison'", decisions.BUG_ATTEMPTS,
    )  # fmt: skip
    [note] = await sql.fetch("SELECT reason FROM lane_pauses WHERE lane = 'told'")
    assert note["reason"] == "'poison'"


async def test_failing_word_to_the_person_does_not_keep_the_refusal_open(engine: Engine) -> None:
    def refused(one: Job, error: Exception) -> Steps[None]:
        raise RuntimeError("no words")
        yield

    notes = Notes(fails=lambda _: Rejected("too long"))
    [one] = await engine.put(job())
    await engine.drain({"note": Kind(notes.perform, refused=refused)})
    row = await engine.row(one)
    assert row is not None
    assert (row["state"], row["last_error"]) == ("refused", "Rejected: too long")


async def test_revoked_token_pauses_the_lane_until_it_is_resumed(engine: Engine) -> None:
    dead = True
    heard: list[tuple[str, Exception]] = []
    notes = Notes(fails=lambda one: CredentialsRevoked("401") if dead and one.lane == "lane" else None)
    await engine.put(*(job(order_key="a", payload={"n": n}) for n in range(3)))
    await engine.put(job(lane="other", payload={"n": 9}))
    async with engine.working(notes, on_paused=lambda lane, error: heard.append((lane, error))):
        await until(lambda: notes.values == [9] and bool(heard))
        await engine.put(job(payload={"n": 3}))
        clock.shift(timedelta(hours=1))
        await engine.put(job(lane="other", payload={"n": 10}))
        await until(lambda: notes.values == [9, 10])
        dead = False
        await sql.transact(lambda: jobs.resume("lane"))
        await until(lambda: len(notes.done) == 6, step=1)
    assert [lane for lane, _ in heard] == ["lane"]
    assert [n for n in notes.values if n < 3] == [0, 1, 2]


async def test_a_lane_that_is_let_go_is_looked_at_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SHUT_FOR", timedelta(hours=1))
    dead = True
    heard: list[str] = []
    notes = Notes(fails=lambda one: CredentialsRevoked("401") if dead else None)
    await engine.put(job(payload={"n": 1}))
    async with engine.working(notes, on_paused=lambda lane, error: heard.append(lane)) as worker:
        await until(lambda: heard == ["lane"])
        dead = False
        await sql.transact(lambda: jobs.resume("lane"))
        worker.let_go("lane")
        await until(lambda: notes.values == [1])


async def test_lost_answer_is_told_to_the_second_attempt(engine: Engine) -> None:
    for repeatable in (True, False):
        notes = Notes(fails=lambda one: Ambiguous() if one.attempts == 1 else None)
        await engine.put(job())
        await engine.drain({"note": Kind(notes.perform, repeatable=repeatable)}, step=1)
        assert [one.suspect for one in notes.begun] == [False, not repeatable]


async def test_kind_that_only_a_newer_process_knows_is_left_to_it(engine: Engine) -> None:
    notes = Notes()
    [strange] = await engine.put(job("future", payload={"n": 1}))
    async with engine.working(notes):
        await engine.put(job(payload={"n": 2}))
        await until(lambda: notes.values == [2])
    row = await engine.row(strange)
    assert row is not None
    assert (row["state"], row["attempts"]) == ("queued", 0)
    assert when(row["run_at"]) > clock.now() + runner.UNKNOWN_KIND_PAUSE / 2
    clock.shift(jobs.LIFETIME + timedelta(minutes=1))
    await engine.drain(notes)
    assert await engine.count("refused") == 1


async def test_a_limit_that_lanes_share_keeps_all_of_them_still(engine: Engine) -> None:
    notes = Notes(fails=lambda one: Throttled(retry_after=30, scope=Scope.PLATFORM) if one.lane == "page:1" else None)

    def alike(lane: str) -> Steps[list[str]]:
        yield from ()
        return ["page:2", "page:3"]

    async def all_paused() -> bool:
        return len(await sql.fetch("SELECT lane FROM lane_pauses")) == 3

    async with engine.working(notes, alike=alike):
        await engine.put(job(lane="page:1"))
        await until(lambda: len(notes.begun) == 1)
        await until_async(all_paused)
        await engine.put(*(job(lane=lane, payload={"n": lane}) for lane in ("page:2", "page:3", "elsewhere")))
        await until(lambda: notes.values == ["elsewhere"])
    assert {one.lane for one in notes.begun} == {"page:1", "elsewhere"}
    notes.fails = lambda _: None
    await engine.drain(notes, step=2, alike=alike)
    assert {one.lane for one in notes.done} == {"page:1", "page:2", "page:3", "elsewhere"}
