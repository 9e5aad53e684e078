"""Messengers that refuse, break off and forget: nothing is lost, nothing comes out of order, repeats are marked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.base import Credentials
from adapters.telegram.emulator import BotAccount, Message, Person
from services import clock
from services.sql import fetch
from tests.e2e.conftest import Office, emulated, opened

CUSTOMERS = 200
ANSWERED_ONES = 60
SAID = re.compile(r"к(\d+):(\d+)$")
ANSWERED = re.compile(r"о(\d+):(\d+)$")


@pytest.fixture
async def busy(sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """The running service, with webhooks delivered forty at a time."""
    async with emulated(parallel=40) as telegram, opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as one:
        yield one
    clock.reset()


def marked(message: Message) -> bool:
    return "возможен повтор" in message.text


def matching(messages: list[Message], pattern: re.Pattern[str]) -> dict[int, list[tuple[int, Message]]]:
    """Numbers and messages by customer, in the order in which they stand in the chat."""
    found = defaultdict(list)
    for message in messages:
        if match := pattern.search(message.text):
            found[int(match[1])].append((int(match[2]), message))
    return found


def trouble(office: Office, bot: BotAccount) -> None:
    """Every kind of failure at once, for a while."""
    order = office.telegram.fault
    order("429", bot=bot, method="sendMessage", times=2, retry_after=1, probability=0.05)
    order("500", bot=bot, times=12, probability=0.1)
    order("reset_before", bot=bot, method="sendMessage", times=12, probability=0.1)
    order("reset_after", bot=bot, method="sendMessage", times=12, probability=0.1)
    order("timeout", bot=bot, method="sendMessage", times=2, seconds=0.3, probability=0.05)


def everybody_writes(office: Office, times: int = 2) -> list[Person]:
    people = [office.customer(f"Клиент {number:03}") for number in range(CUSTOMERS)]
    for turn in range(times):
        for number, person in enumerate(people):
            office.say(person, f"к{number}:{turn}")
    return people


def told(office: Office, member: Person, pattern: re.Pattern[str]) -> set[tuple[int, int]]:
    return {(number, turn) for number, found in matching(office.sent(member), pattern).items() for turn, _ in found}


def in_order_and_doubled_only_where_marked(found: dict[int, list[tuple[int, Message]]]) -> None:
    for number, copies in found.items():
        turns = [turn for turn, message in copies if not marked(message)]
        assert turns == sorted(set(turns)), (number, turns)


async def test_faults_of_both_bots_lose_nothing_while_two_hundred_write_and_are_answered(busy: Office) -> None:
    (olga,) = await busy.company()
    trouble(busy, busy.desk)
    people = everybody_writes(busy)
    everything = {(number, turn) for number in range(CUSTOMERS) for turn in range(2)}
    await busy.until(lambda: told(busy, olga, SAID) == everything, 60)
    copies = matching(busy.sent(olga), SAID)
    in_order_and_doubled_only_where_marked(copies)
    trouble(busy, busy.shop)
    for turn in range(2):
        for number in range(ANSWERED_ONES):
            # The newest: of a repeated copy the bot knows the repeat alone.
            busy.type(olga, f"о{number}:{turn}", reply_to=copies[number][-1][1])
    await busy.until(lambda: settled(busy, olga, people), 60)
    for number in range(ANSWERED_ONES):
        turns = [turn for _, turn in answered(busy, people[number])]
        assert list(dict.fromkeys(turns)) == sorted(set(turns)), turns
        assert all(turns.count(turn) <= 2 for turn in turns), turns
    doubled = sum(len(answered(busy, one)) - len(set(answered(busy, one))) for one in people)
    unsure = len(refusals(busy, olga))
    assert doubled
    await busy.until(lambda: len(busy.holding(olga, "Возможен повтор")) + unsure >= doubled, 30)
    await another_try_for_what_did_not_arrive(busy, olga, people)


def settled(office: Office, olga: Person, people: list[Person]) -> bool:
    """Each answer is at its customer, or its author was told that this is not known."""
    arrived = sum(len(set(answered(office, person))) for person in people)
    missing = [person for person in people[:ANSWERED_ONES] if len(set(answered(office, person))) < 2]
    unsure = {one.text.split(" · ")[0] for one in refusals(office, olga)}
    return arrived == 2 * ANSWERED_ONES or all(person.name in unsure for person in missing)


def refusals(office: Office, olga: Person) -> list[Message]:
    return office.holding(olga, "Неизвестно, дошло ли сообщение")


async def another_try_for_what_did_not_arrive(office: Office, olga: Person, people: list[Person]) -> None:
    office.telegram.world.faults.clear()
    for person in people[:ANSWERED_ONES]:
        if len(set(answered(office, person))) == 2:
            continue
        for refusal in [one for one in refusals(office, olga) if one.text.startswith(person.name)]:
            await office.press(refusal, "Повторить")
    await office.until(lambda: all(len(set(answered(office, person))) == 2 for person in people[:ANSWERED_ONES]))


def answered(office: Office, customer: Person) -> list[tuple[int, int]]:
    texts = [ANSWERED.search(one.text) for one in office.answers(customer)]
    return [(int(match[1]), int(match[2])) for match in texts if match]


async def test_a_chat_that_is_refused_for_a_while_holds_up_nobody_else(busy: Office) -> None:
    olga, oleg = await busy.company("Олег")
    busy.telegram.fault("429", bot=busy.desk, person=oleg, times=None, retry_after=30)
    for number in range(10):
        busy.say(busy.customer(f"Клиент {number}"), f"к{number}:0")
    await busy.until(lambda: len(told(busy, olga, SAID)) == 10, 5)
    assert told(busy, oleg, SAID) == set()


async def test_a_key_that_dies_in_the_middle_stops_answers_and_nothing_that_arrives(busy: Office) -> None:
    (olga,) = await busy.company()
    people = [busy.customer(f"Клиент {number:03}") for number in range(40)]
    for number, person in enumerate(people):
        busy.say(person, f"к{number}:0")
    await busy.until(lambda: len(told(busy, olga, SAID)) == 40)
    copies = matching(busy.sent(olga), SAID)
    token = ""
    for number, person in enumerate(people):
        busy.type(olga, f"о{number}:0", reply_to=copies[number][0][1])
        busy.say(person, f"к{number}:1")
        if number == 10:
            token = busy.telegram.revoke(busy.shop)
    await busy.until(lambda: len(told(busy, olga, SAID)) == 80)
    await busy.sees(olga, "больше не принимает токен")
    before = sum(len(answered(busy, person)) for person in people)
    assert before < 40
    [channel] = await fetch("SELECT id FROM channels")
    where = await busy.place(olga)
    await busy.parts.channels.replace_credentials(*where, channel["id"], Credentials(token=token))
    await busy.until(lambda: all(answered(busy, person) for person in people))
    assert all(len(answered(busy, person)) == 1 for person in people)


async def test_webhooks_three_times_and_in_any_order_change_nothing(busy: Office) -> None:
    (olga,) = await busy.company()
    busy.telegram.fault("duplicate", where="webhook", times=None)
    busy.telegram.fault("shuffle", where="webhook", times=None, seconds=0.001)
    busy.telegram.fault("500", where="webhook", times=60, probability=0.1)
    people = everybody_writes(busy)
    everything = {(number, turn) for number in range(CUSTOMERS) for turn in range(2)}
    await busy.until(lambda: told(busy, olga, SAID) == everything and not busy.shop.pending, 60)
    [counts] = await fetch("SELECT COUNT(*) AS n FROM messages")
    assert counts["n"] == len(people) * 2
    for number, copies in matching(busy.sent(olga), SAID).items():
        assert sorted(turn for turn, _ in copies) == [0, 1], number
    [inquiries] = await fetch("SELECT COUNT(*) AS n FROM inquiries")
    assert inquiries["n"] == len(people)
