"""A commit whose acknowledgement is lost has happened: what it wrote down is carried on, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.telegram.emulator import TelegramEmulator
from services import clock
from services.sql import fetch
from tests.conftest import EMPTY, execute
from tests.e2e.conftest import Office, opened
from tests.lossy import Line, lossy

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]


@pytest.fixture
async def line(postgres_database: str) -> AsyncIterator[Line]:
    async with lossy(postgres_database) as line:
        yield line
    await execute(postgres_database, EMPTY)
    clock.reset()


@pytest.fixture(params=["polling", "webhook"])
async def office(
    request: pytest.FixtureRequest, telegram: TelegramEmulator, line: Line, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Office]:  # fmt: skip
    """The running service, whose control bot is polled or pushed."""
    async with opened(telegram, line.url, tmp_path, monkeypatch, PULT_UPDATES=request.param) as office:
        if request.param == "webhook":
            await office.until(lambda: office.desk.webhook)
        yield office


async def test_an_update_of_the_team_is_handled(office: Office, line: Line) -> None:
    olga, _oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    await office.talk(olga, "Анна")
    line.lose(b"INSERT INTO control_updates")
    office.type(olga, "ответ")
    await office.hears(anna, "ответ")
    assert line.lost == 1
    office.type(olga, "ещё")
    await office.hears(anna, "ещё")
    assert [one.text for one in office.answers(anna)] == ["ответ", "ещё"]


async def test_what_follows_from_an_update_is_done_once(office: Office, line: Line) -> None:
    olga, _oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, "вопрос")
    await office.until(lambda: office.card(olga, "Анна"))
    line.lose(b"INSERT INTO messages")
    await office.talk(olga, "Анна")
    office.type(olga, "ответ")
    await office.hears(anna, "ответ")
    line.lose(b"UPDATE control_updates SET state = 'done'")
    office.type(olga, "ещё")
    await office.hears(anna, "ещё")
    assert [one.text for one in office.answers(anna)] == ["ответ", "ещё"]
    assert line.lost == 2


async def test_an_event_of_a_customer_is_shown(office: Office, line: Line) -> None:
    olga, _oleg = await office.company("Олег")
    anna = office.customer("Анна")
    line.lose(b"INSERT INTO events")
    office.say(anna, "вопрос")
    await office.sees(olga, "вопрос")
    await office.talk(olga, "Анна")
    line.lose(b"INSERT INTO events")
    office.say(anna, "ещё вопрос")
    await office.sees(olga, "ещё вопрос")
    assert line.lost == 2
    assert len(office.holding(olga, "ещё вопрос")) == 1


async def test_many_lost_acknowledgements_lose_and_double_nothing_unmarked(office: Office, line: Line) -> None:
    olga, _oleg = await office.company("Олег")
    people = [office.customer(f"Клиент{number}") for number in range(3)]
    cards = {}
    for person in people:
        office.say(person, "вопрос")
        cards[person.id] = await office.talk(olga, person.name)
    line.lose_every(5)
    for number in range(8):
        for person in people:
            office.say(person, f"{person.name} слово {number}.")
            office.type(olga, f"ответ {number}.", reply_to=cards[person.id])
        await asyncio.sleep(0.05)
    words = [f"{person.name} слово {number}." for person in people for number in range(8)]
    for word in words:
        await office.until(lambda word=word: office.find(olga, word), 90)
    line.lose_every(0)
    for person in people:
        wanted = {f"ответ {number}." for number in range(8)}
        await office.until(
            lambda person=person, wanted=wanted: wanted <= {one.text for one in office.answers(person)}, 90
        )
    assert line.lost > 10
    for person in people:
        said = [one.text for one in office.answers(person)]
        assert len(said) == len(set(said)) or await doubted() > 0
    for word in words:
        shown = office.holding(olga, word)
        assert sum("повтор" not in one.text for one in shown) <= 1
    assert await waiting() == []


async def doubted() -> int:
    [row] = await fetch("SELECT COUNT(*) AS n FROM messages WHERE repeated")
    return int(row["n"])


async def waiting() -> list[Any]:
    return await fetch("SELECT id FROM control_updates WHERE state = 'received'")
