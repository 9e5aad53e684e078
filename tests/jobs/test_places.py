"""A worker's places: a messenger that answers late has a part of them, and its channels leave some to each other."""

from __future__ import annotations

import asyncio

import pytest

from services.jobs import Job, Kind
from services.places import PER_PLATFORM, RESERVED, Places
from services.taking import CONCURRENCY
from tests.jobs.engine import Engine, job, until


class Messengers:
    """Channels of "slow" answer only once `gate` is open; those of others at once."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.begun: list[str] = []
        self.done: list[str] = []

    async def perform(self, one: Job) -> None:
        self.begun.append(one.lane)
        if one.lane.startswith("slow") and one.lane != "slow:new":
            await self.gate.wait()
        self.done.append(one.lane)

    def kinds(self) -> dict[str, Kind]:
        return {"note": Kind(self.perform)}


async def test_messenger_that_hangs_leaves_places_to_the_others(engine: Engine) -> None:
    there = Messengers()
    await engine.put_all(job(lane=f"slow:{n % 40}") for n in range(2 * CONCURRENCY))
    async with engine.working(there.kinds()):
        await until(lambda: len(there.begun) >= PER_PLATFORM // 2)
        await engine.put_all(job(lane=f"quick:{n}") for n in range(20))
        await until(lambda: len(there.done) == 20)
        assert len(there.begun) - 20 <= PER_PLATFORM + RESERVED
        there.gate.set()
        await until(lambda: len(there.done) == 2 * CONCURRENCY + 20)


async def test_channels_that_hang_leave_places_to_others_of_their_messenger(engine: Engine) -> None:
    there = Messengers()
    await engine.put_all(job(lane=f"slow:{n % 20}") for n in range(2 * CONCURRENCY))
    async with engine.working(there.kinds()):
        await until(lambda: len(there.begun) >= PER_PLATFORM // 2)
        await engine.put_all(job(lane="slow:new") for _ in range(5))
        await until(lambda: there.done == ["slow:new"] * 5)
        there.gate.set()
        await until(lambda: len(there.done) == 2 * CONCURRENCY + 5)


@pytest.mark.parametrize("lanes", [1, 3, 50, 500])
def test_no_lane_is_ever_without_a_place_for_long(lanes: int) -> None:
    places = Places(lambda lane: "viber")
    for _ in range(20):
        for number in range(lanes):
            lane = f"channel:{number}"
            if places.left().get(lane, 1) > 0:
                places.take(lane)
                if not places.admit(lane):
                    places.give_back(lane)
    assert sum(places.of_lane(f"channel:{n}") for n in range(lanes)) <= PER_PLATFORM + RESERVED
    fewest = min(places.of_lane(f"channel:{n}") for n in range(lanes))
    assert fewest > 0 or lanes > PER_PLATFORM


def test_channel_whose_messenger_is_learned_meanwhile_is_counted_once() -> None:
    known: dict[str, str] = {}
    places = Places(lambda lane: known.get(lane, "unknown"))
    places.take("channel:1")
    known["channel:1"] = "vk"
    places.take("channel:1")
    places.give_back("channel:1")
    places.give_back("channel:1")
    assert (places._platforms, places._lanes, places._known) == ({}, {}, {})
