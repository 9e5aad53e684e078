"""Whoever presses whatever button that was ever sent, also somebody else's, one of long ago, or forged: it is answered,
nothing breaks, nothing is shown to who lost the right, and the rows keep their sense.

    PULT_TEST_PRESSES=5000 PULT_TEST_SEED=7 python -m pytest tests/e2e/test_presses.py     # longer, and another order
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import structlog

from adapters.telegram.emulator import Message, Person, TelegramEmulator
from bot import logging as logs
from services import clock
from services.sql import fetch
from services.team import Team
from tests.e2e.conftest import Office, opened

STEPS = int(os.environ.get("PULT_TEST_PRESSES", "160"))
SEED = int(os.environ.get("PULT_TEST_SEED", "20"))
PATIENCE = 30.0
BROKEN = "Что-то пошло не так"
COMMANDS = ("/menu", "/inbox", "/connect", "/contacts", "/stats", "/team", "/people", "/settings", "/profile",
            "/project", "/plan", "/channels", "/help", "/cancel", "/start", "/find Анна", "/nonsense")  # fmt: skip

pytestmark = pytest.mark.timeout(120 + STEPS)


@pytest.fixture
def errors() -> Iterator[Callable[[], list[str]]]:
    """The lines of the log that tell of something broken."""
    root = logging.getLogger()
    before, level, hook = root.handlers, root.level, sys.excepthook
    stream = io.StringIO()
    logs.configure("warning", "json", stream)
    yield lambda: [
        line for line in stream.getvalue().splitlines() if json.loads(line)["level"] in ("error", "critical")
    ]
    root.handlers, sys.excepthook = before, hook
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def office(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, errors: object
) -> AsyncIterator[Office]:
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as running:
        yield running
    clock.reset()


class Crowd:
    """Everybody: a team, a stranger with a project of his own, customers; and all buttons that there ever were."""

    def __init__(self, office: Office, team: list[Person], stranger: Person, customers: list[Person]) -> None:
        self.office = office
        self.dice = random.Random(SEED)
        self.team, self.stranger, self.customers = team, stranger, customers
        self.data: list[str] = []
        self.said = 0
        self.lost: dict[str, int] = {str(stranger.id): 0}
        """Who must not learn of what was said from this number on."""
        self.answers: list[tuple[Person, int, str]] = []
        self._calls = 0

    @property
    def staff(self) -> list[Person]:
        return [*self.team, self.stranger]

    def collect(self) -> None:
        """Remember every button of the calls since the last time, whatever has become of its message."""
        calls = self.office.telegram.calls(bot=self.office.desk)
        for call in calls[self._calls :]:
            markup = call.params.get("reply_markup")
            markup = json.loads(markup) if isinstance(markup, str) else markup
            for row in (markup or {}).get("inline_keyboard", []):
                self.data += [key["callback_data"] for key in row if "callback_data" in key]
        self._calls = len(calls)

    async def press(self, person: Person, data: str, under: Message | None = None) -> None:
        """Under any message of the person's own chat, unless told; every press is answered."""
        under = under or self.dice.choice(self.office.sent(person))
        answer = await self.office.telegram.press_data(under, data, timeout=PATIENCE)
        assert answer is not None, f"nobody answered {data!r}"
        assert BROKEN not in answer["text"], data
        self.answers.append((person, self.said, answer["text"]))

    # What may happen, one after the other

    async def somebody_writes(self) -> None:
        self.said += 1
        self.office.say(self.dice.choice(self.customers), f"секрет-{self.said:04}.")

    async def somebody_commands(self) -> None:
        self.office.type(self.dice.choice(self.staff), self.dice.choice(COMMANDS))

    async def somebody_types(self) -> None:
        person = self.dice.choice(self.staff)
        under: Message | None = self.dice.choice([None, *self.office.sent(person)])
        self.office.type(person, f"слова {self.dice.randrange(999)}", reply_to=under)

    async def a_visible_button(self) -> None:
        person = self.dice.choice(self.staff)
        there = [
            (key["callback_data"], message)
            for message in self.office.sent(person)[-4:]
            for row in message.wire.get("reply_markup", {}).get("inline_keyboard", [])
            for key in row
            if "callback_data" in key
        ]
        if there:
            await self.press(person, *self.dice.choice(there))

    async def any_button(self) -> None:
        await self.press(self.dice.choice(self.staff), self.dice.choice(self.data))

    async def two_at_once(self) -> None:
        one, other = self.dice.sample(self.staff, 2)
        data = self.dice.choice(self.data)
        await asyncio.gather(self.press(one, data), self.press(other, data))

    async def an_altered_button(self) -> None:
        await self.press(self.dice.choice(self.staff), altered(self.dice, self.dice.choice(self.data)))

    async def a_customer_presses(self) -> None:
        customer = self.dice.choice(self.customers)
        if (got := self.office.answers(customer)) and self.office.shop.webhook is not None:
            data = self.dice.choice(self.data)
            answer = await self.office.telegram.press_data(self.dice.choice(got), data, timeout=PATIENCE)
            assert answer is not None or self.office.shop.webhook is None, data

    async def step(self) -> None:
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (12, self.somebody_writes), (14, self.somebody_commands), (8, self.somebody_types),
            (30, self.a_visible_button), (20, self.any_button), (4, self.two_at_once),
            (12, self.an_altered_button), (3, self.a_customer_presses),
        ]  # fmt: skip
        [act] = self.dice.choices([act for _, act in acts], [weight for weight, _ in acts])
        self.collect()
        await act()


def altered(dice: random.Random, data: str) -> str:
    """The data with another number, a letter changed, cut off, or longer."""
    place = dice.randrange(max(1, len(data)))
    match dice.randrange(5):
        case 0:
            return "".join(str(dice.randrange(10)) if sign.isdigit() else sign for sign in data)
        case 1:
            return data[:place] + chr(dice.randrange(33, 126)) + data[place + 1 :]
        case 2:
            return data[:place]
        case 3:
            return (data + data)[:64]
    return data[:place] + "-9" + data[place:][:60]


async def gathered(office: Office) -> Crowd:
    """A company at work, with every kind of thing to press."""
    team = await office.company("Олег", "Мария")
    shop = office.shop
    customers = [office.customer(name) for name in ("Анна", "Борис", "Вера")]
    office.say(customers[0], "секрет-0000.")
    await office.talk(team[1], "Анна")
    office.type(team[1], "ответ Анне")
    await office.hears(customers[0], "ответ Анне")
    for place, customer in enumerate(customers[1:], 1):
        office.say(customer, f"секрет-000{place}.")
    await office.until(lambda: all(office.card(one, "Вера") for one in team))
    stranger = await office.owner("Пётр")
    await office.connect(stranger, "bakery_bot")
    office.shop = shop
    crowd = Crowd(office, team, stranger, customers)
    for person in crowd.staff:
        for command in COMMANDS[:12]:
            office.type(person, command)
    await office.parts.control.idle()
    return crowd


async def leave(crowd: Crowd, oleg: Person) -> None:
    """Олег is removed by the owner: from here on he learns of nothing that is said."""
    owner_id, project_id = await crowd.office.place(crowd.team[0])
    rows = await fetch(
        "SELECT id FROM members WHERE name = 'Олег' AND removed_at IS NULL AND project_id = ?", project_id
    )
    if rows:
        await Team().remove(owner_id, project_id, rows[0]["id"])
    crowd.lost[str(oleg.id)] = crowd.said + 1


async def disconnect(crowd: Crowd) -> None:
    owner_id, project_id = await crowd.office.place(crowd.team[0])
    rows = await fetch("SELECT id FROM channels WHERE project_id = ? AND state = 'active'", project_id)
    for row in rows:
        await crowd.office.parts.channels.disconnect(owner_id, project_id, row["id"])


async def settle(office: Office) -> None:
    """Until nothing is handled, and nothing that can be done now waits."""
    async with asyncio.timeout(PATIENCE):
        await office.parts.control.idle()
        while await fetch("SELECT id FROM jobs WHERE state <> 'refused' AND run_at <= ?", clock.now()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await office.parts.control.idle()


def told_too_much(crowd: Crowd) -> list[str]:
    """What stands in the chats, or popped up, of those who had no right to it."""
    found = []
    for person in crowd.staff:
        since = crowd.lost.get(str(person.id))
        if since is None:
            continue
        secrets = [f"секрет-{number:04}." for number in range(since, crowd.said + 1)]
        texts = [one.text for one in crowd.office.sent(person)]
        texts += [text for who, _, text in crowd.answers if who is person]
        found += [text for text in texts if any(secret in text for secret in secrets)]
    return found


async def counted(query: str) -> int:
    [row] = await fetch(query)
    return int(next(iter(row.values())))


async def test_every_press_of_every_button_is_answered_and_harms_nothing(
    office: Office, errors: Callable[[], list[str]]
) -> None:
    crowd = await gathered(office)
    for number in range(STEPS):
        if number == STEPS * 2 // 5:
            await leave(crowd, crowd.team[1])
        if number == STEPS * 4 // 5:
            await disconnect(crowd)
        await crowd.step()
    await settle(office)
    crowd.collect()
    assert len(set(crowd.data)) > 30
    assert errors() == []
    assert await counted("SELECT COUNT(*) FROM control_updates WHERE state IN ('failed', 'skipped')") == 0
    assert not [one.text for person in crowd.staff for one in office.holding(person, BROKEN)]
    assert told_too_much(crowd) == []
    assert (
        await fetch("SELECT identity_id FROM inquiries WHERE state <> 'done' GROUP BY identity_id HAVING COUNT(*) > 1")
        == []
    )
    assert await fetch(
        "SELECT q.id FROM inquiries q JOIN members m ON m.id = q.assignee_id"
        " WHERE q.state = 'active' AND m.removed_at IS NOT NULL"
    ) == []  # fmt: skip
    assert await fetch(
        "SELECT p.id FROM projects p WHERE 1 <> (SELECT COUNT(*) FROM members m WHERE m.project_id = p.id"
        " AND m.role = 'owner' AND m.removed_at IS NULL)"
    ) == []  # fmt: skip
    ours = (
        "('RuntimeError', 'KeyError', 'TypeError', 'AttributeError', 'AssertionError', 'ValueError', 'IntegrityError')"
    )
    assert await fetch(
        "SELECT kind, last_error FROM jobs WHERE substr(last_error, 1, instr(last_error, ':') - 1)"
        f" IN {ours}"
    ) == []  # fmt: skip


def item(message: Message, after: int, prefix: str) -> tuple[Message, str] | None:
    """The first button of a list in a message that came after another."""
    rows = message.wire.get("reply_markup", {}).get("inline_keyboard", []) if message.id > after else []
    found = [key["callback_data"] for row in rows for key in row if prefix in key.get("callback_data", "")]
    return (message, found[0]) if found else None


async def test_forged_items_of_a_menu_are_a_menu_out_of_date(office: Office, errors: Callable[[], list[str]]) -> None:
    olga, _ = await office.company("Олег")
    for forged in ("x", "", "9" * 30, "-1"):
        known = office.sent(olga)[-1].id
        office.type(olga, "/team")
        menu, data = await office.until(lambda known=known: item(office.sent(olga)[-1], known, "member:"))
        answer = await office.telegram.press_data(menu, data.rpartition(":")[0] + ":" + forged, timeout=PATIENCE)
        assert answer is not None
        assert BROKEN not in answer["text"]
    assert errors() == []
    assert await counted("SELECT COUNT(*) FROM control_updates WHERE state = 'failed'") == 0
