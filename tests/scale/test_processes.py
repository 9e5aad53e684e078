"""Two webs behind a proxy and two workers: each message once, whoever is killed, restarted or gone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

import pytest
from redis.asyncio import Redis

from services.wake import CHANNEL
from tests.scale.processes import until
from tests.scale.town import LEASES, Company, Town, start_redis

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
    pytest.mark.postgres,
    pytest.mark.redis,
]
LEASE = 25.0
"""Seconds after which a dead process holds nothing; another looks within three more."""


async def test_each_message_of_each_customer_and_each_answer_arrives_once(town: Town) -> None:
    company = await town.company()
    owner = company.team[0]
    people = [company.customer(f"Анна {number}") for number in range(8)]
    for person in people:
        company.say(person, f"вопрос от {person.name}!")
    for person in people:
        copy = await company.sees(owner, f"вопрос от {person.name}!")
        company.type(owner, f"ответ для {person.name}!", reply_to=copy)
    for person in people:
        await company.hears(person, f"ответ для {person.name}!")
    await town.idle()
    for person in people:
        assert len(company.holding(owner, f"вопрос от {person.name}!")) == 1
        assert len(company.answers(person)) == 1
    assert town.throttled() == []


async def test_workers_together_keep_to_the_rate_of_a_bot(town: Town) -> None:
    """The emulator counts as Telegram does, and answers 429 to what is too much: to nothing."""
    company = await town.company()
    crowd = await company.hire(150)
    anna = company.customer("Анна")
    company.say(anna, "кто первый?")
    await company.until(lambda: all(company.find(member, "кто первый?") for member in crowd))
    times = sorted(company.holding(member, "кто первый?")[0].sent_at for member in crowd)
    # Alone each worker would take half as long. The burst that begins it is a few at most.
    assert times[-1] - times[0] > 0.9 * (len(crowd) - 5) / 30
    assert town.throttled() == []


async def test_another_takes_over_within_thirty_seconds_from_a_worker_that_was_killed(town: Town) -> None:
    company = await town.company()
    owner, anna = company.team[0], company.customer("Анна")
    await company.copied(anna, "до")
    # What it had begun would be tried again, marked, when the job's own lease is over: other tests are about that.
    await town.idle()
    one, two = town.workers
    killed, other = (one, two) if await town.held_by(LEASES[0], one) else (two, one)
    await killed.kill()
    left = await town.rows("SELECT name, EXTRACT(EPOCH FROM until)::float8 AS until FROM leases")
    assert max(row["until"] for row in left) - town.telegram.world.clock() <= LEASE
    copy = await company.copied(anna, "после")
    company.type(owner, "ответ", reply_to=copy)
    town.forward(LEASE + 1)
    for name in LEASES:
        await until(lambda name=name: town.held_by(name, other))
    await company.hears(anna, "ответ")
    await town.idle()
    assert [len(company.holding(owner, word)) for word in ("до", "после")] == [1, 1]
    assert len(company.answers(anna)) == 1
    await killed.start()
    await until(town.complete)


async def test_webs_are_restarted_one_after_another_and_no_webhook_is_refused(town: Town) -> None:
    company = await town.company("Мария")
    people = [company.customer(f"Борис {number}") for number in range(6)]
    channel = await company.channel_id()
    said: list[str] = []

    async def stream() -> None:
        for number, person in enumerate(itertools.cycle(people)):
            said.append(company.say(person, f"сообщение {number}").text)
            await asyncio.sleep(0.1)

    streaming = asyncio.create_task(stream())
    for web in town.webs:
        assert await web.stop() == 0
        before = len(said)
        await web.start_and_wait()
        assert len(said) > before
    streaming.cancel()
    await asyncio.gather(streaming, return_exceptions=True)
    await company.until(lambda: not company.shop.pending)
    stored = await town.rows(
        "SELECT content ->> 'text' AS text FROM messages WHERE identity_id IN"
        " (SELECT id FROM identities WHERE channel_id = $1)",
        channel,
    )
    assert sorted(row["text"] for row in stored) == sorted(said)
    hook = company.shop.webhook
    assert hook is not None
    assert hook.last_error_message in (None, "")


async def test_redis_may_go_and_come_back(town: Town) -> None:
    company = await town.company()
    owner, anna = company.team[0], company.customer("Анна")
    await town.redis.kill()
    copy = await company.copied(anna, "без Redis")
    company.type(owner, "всё равно", reply_to=copy)
    await company.hears(anna, "всё равно")
    await start_redis(town)
    await _told_again(town, company)
    await town.idle()
    assert len(company.holding(owner, "без Redis")) == 1
    assert len(company.answers(anna)) == 1
    assert town.throttled() == []


async def _told_again(town: Town, company: Company) -> None:
    """Until a web says again that it has taken something in, and a worker listens to it."""
    async with Redis.from_url(town.redis_url) as redis, redis.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(CHANNEL)

        async def listened() -> bool:
            return bool((await redis.pubsub_numsub(CHANNEL))[0][1] == 1 + len(town.workers))

        await until(listened)
        for number in range(3):
            company.say(company.customer(f"Вера {number}"), "слышно?")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    while await channel.get_message(timeout=5) is None:
                        continue
                    return
    raise AssertionError("nothing was said over Redis")
