"""Who belongs to no project is answered a few times at once, then now and then, and last what was asked last."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.telegram.emulator import Message, Person
from handlers.chat import strangers
from handlers.chat.strangers import AT_ONCE, BURST, PAUSE, Later, Strangers
from services import clock
from services.sql import fetch
from tests.chat.office import Office


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    yield
    clock.reset()


def test_whoever_asks_without_end_is_heard_now_and_then() -> None:
    met = Strangers()
    assert sum(not met.ask(1) for _ in range(3 * BURST)) <= BURST + 1
    assert not met.ask(2)
    assert timedelta() < met.ask(1) <= PAUSE
    clock.shift(PAUSE + timedelta(milliseconds=100))
    assert not met.ask(1)
    assert met.ask(1)
    clock.shift(PAUSE * BURST * 2)
    assert not any(met.ask(1) for _ in range(BURST))


def test_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "REMEMBERED", 3)
    met = Strangers()
    for number in range(10):
        met.ask(number)
    assert len(met._until) == 3


def test_strangers_leave_places_to_others_while_they_are_answered() -> None:
    met = Strangers()
    under_way = [met.admitted(number) for number in range(AT_ONCE + 1)]
    for one in under_way[:-1]:
        one.__enter__()
    with pytest.raises(Later):
        under_way[-1].__enter__()
    under_way[0].__exit__(None, None, None)
    with met.admitted(AT_ONCE + 1):
        pass


def answered(office: Office, person: Person) -> list[int]:
    """The numbers of the person's messages to which the control bot replied, in its order."""
    return [one.wire["reply_to_message"]["message_id"] for one in office.chat(person).sent()]


def most(seconds: float) -> int:
    """How many answers there may be after that time."""
    return BURST + int(seconds / PAUSE.total_seconds()) + 1


async def test_the_last_that_somebody_unknown_wrote_is_answered(office: Office) -> None:
    began = asyncio.get_running_loop().time()
    eva = office.person("Ева")
    written = [office.emulator.say(office.account, eva, f"есть тут кто? {n}").id for n in range(2 * BURST)]
    await office.rest()
    replied = answered(office, eva)
    assert replied[:BURST] == written[:BURST]
    assert replied[-1] == written[-1]
    assert replied == sorted(set(replied))
    assert len(replied) <= most(asyncio.get_running_loop().time() - began) < 2 * BURST
    states = await fetch("SELECT DISTINCT state FROM control_updates")
    assert [row["state"] for row in states] == ["done"]


async def test_no_button_spins_and_the_last_press_is_answered(office: Office) -> None:
    eva = office.person("Ева")
    under = await office.say(eva, "привет")
    presses = [asyncio.create_task(pressed(office, under, n)) for n in range(2 * BURST)]
    answers = await asyncio.gather(*presses)
    assert None not in answers
    said = [bool(answer["text"]) for answer in answers if answer is not None]
    assert said[: BURST - 1] == [True] * (BURST - 1)
    assert said[-1]
    assert not all(said)


async def pressed(office: Office, under: Message, number: int) -> dict[str, Any] | None:
    return await office.emulator.press_data(under, f"forged{number}")


async def test_what_waits_for_its_moment_outlives_a_restart(office: Office) -> None:
    eva = office.person("Ева")
    for number in range(BURST + 1):
        office.emulator.say(office.account, eva, f"{number}")
    last = office.emulator.say(office.account, eva, "последнее").id
    await office.emulator.wait_for(lambda: len(answered(office, eva)) >= BURST and not office.account.pending, 10)
    await office.restart()
    await office.rest()
    assert answered(office, eva)[-1] == last


async def test_edits_beyond_the_share_are_left_out_and_keep_nothing_from_its_answer(office: Office) -> None:
    eva = office.person("Ева")
    for number in range(BURST):
        await office.say(eva, f"{number}")
    last = office.emulator.say(office.account, eva, "последнее")
    office.emulator.edit(last, "исправлено")
    await office.rest()
    assert answered(office, eva)[-1] == last.id
