"""The service is asked to stop while customers write and answers leave: what has begun ends, the rest is next."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.telegram.emulator import Person
from tests.e2e.test_crash import House, settled

pytestmark = pytest.mark.timeout(240)
GRACE = 30.0
CUSTOMERS, MESSAGES = 3, 16
SAID = re.compile(r"К(\d) слово (\d{3})\.")


async def write(house: House, customers: list[Person], stop_at: asyncio.Event) -> None:
    """Everybody writes; once half of it is said it may come to the stop."""
    for number in range(MESSAGES):
        for place, customer in enumerate(customers):
            house.say(customer, f"К{place} слово {number:03}.")
        if number == MESSAGES // 2:
            stop_at.set()
        await asyncio.sleep(0.01)


async def answer(house: House, olga: Person) -> None:
    """Ольга answers every copy that comes, in turn."""
    answered: set[int] = set()
    while True:
        for copy in house.sent(olga):
            if copy.id not in answered and (found := SAID.search(copy.text)):
                answered.add(copy.id)
                house.type(olga, f"ответ {found[1]}-{found[2]}.", reply_to=copy)
        await asyncio.sleep(0.01)


async def push(address: str, hook: Any, customer: Person, answers: dict[int, int], over: asyncio.Event) -> None:
    """A second stream of webhooks over one connection, to see each answer."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret}
    chat = {"id": customer.id, "type": "private", "first_name": "Поток"}
    async with aiohttp.ClientSession() as client:
        for number in itertools.count(1):
            message = {"message_id": 50_000 + number, "date": 1_900_000_000, "chat": chat, "from": customer.user(),
                       "text": f"поток {number}"}  # fmt: skip
            body = {"update_id": 900_000_000 + number, "message": message}
            try:
                async with client.post(address, json=body, headers=headers) as response:
                    answers[number] = response.status
            except aiohttp.ClientConnectorError:
                over.set()
                return
            except aiohttp.ClientError:
                answers[number] = 0
            await asyncio.sleep(0.02)


async def ready(port: int) -> int:
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/health/ready") as response:
        return response.status


async def turned_away(port: int) -> int:
    """The first answer of the readiness that is no success."""
    async with asyncio.timeout(GRACE):
        while (status := await ready(port)) == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return status


async def test_a_stop_in_the_middle_of_the_work_loses_doubles_and_shuffles_nothing(
    tmp_path: Path, sqlite_template: Path
) -> None:
    async with settled(tmp_path, sqlite_template, module=["tests.e2e.lifted"]) as house:
        (olga,) = house.team
        customers = [house.customer(f"Клиент{place}") for place in range(CUSTOMERS)]
        stream, half, over = house.customer("Поток"), asyncio.Event(), asyncio.Event()
        statuses: dict[int, int] = {}
        address = house.telegram.delivery.route(house.shop.webhook.url)[0]
        work = [
            asyncio.create_task(write(house, customers, half)),
            asyncio.create_task(push(address, house.shop.webhook, stream, statuses, over)),
        ]
        answering = asyncio.create_task(answer(house, olga))
        await half.wait()
        await house.until(lambda: all(house.answers(one) for one in customers), GRACE)
        held = house.telegram.fault("held", bot=house.shop, person=customers[0], method="sendMessage", times=None)
        stopping = asyncio.create_task(house.process.stop(GRACE))
        try:
            assert await turned_away(house.port) == 503
            house.telegram.world.faults.remove(held.id)
            assert await stopping == 0
            await asyncio.gather(*work)
            assert over.is_set()
            assert set(statuses.values()) <= {200, 0}
            await house.process.start()
            await house.until(lambda: all(len(house.answers(one)) >= MESSAGES for one in customers), 60)
            await house.idle()
        finally:
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
        shown: dict[int, list[int]] = defaultdict(list)
        for copy in house.sent(olga):
            for found in SAID.finditer(copy.text):
                shown[int(found[1])].append(int(found[2]))
        assert {place: sorted(numbers) for place, numbers in shown.items()} == {
            place: list(range(MESSAGES)) for place in range(CUSTOMERS)
        }
        assert all(numbers == sorted(numbers) for numbers in shown.values())
        for place, customer in enumerate(customers):
            said = [one.text for one in house.answers(customer)]
            assert said == [f"ответ {place}-{number:03}." for number in range(MESSAGES)]
        stored = {row["external_id"] for row in house.rows("SELECT external_id FROM messages")}
        said_stored = [number for number, status in statuses.items() if status == 200]
        assert said_stored
        assert [number for number in said_stored if str(50_000 + number) not in stored] == []
        assert "Traceback" not in (tmp_path / "service.log").read_text()
