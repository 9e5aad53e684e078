"""The four paths at once: what people do, each message with a number of its own, and what must have come of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adapters.telegram.emulator import Message, Person
from tests.chaos.installations import Installation
from tests.chaos.others import Line
from tests.e2e.test_crash import House
from tests.judge import phones
from tests.judge.judge import Judge
from tests.judge.lies import Lie

PRESS_PATIENCE = 6.0
LOOK = 0.2


@dataclass(frozen=True)
class Size:
    """How much of everything there is in one cell; `span` seconds it is spread over."""

    inbound: int = 200
    answers: int = 160
    races: int = 15
    reminders: int = 12
    others: int = 30
    span: float = 9.0
    dialogs: int = 8


QUICK = Size(inbound=40, answers=32, races=4, reminders=4, others=6, span=6.0)
FULL = Size()


@dataclass
class Expected:
    """What must stand in a chat: `mark` once, in the order of `place` within `key`."""

    mark: str
    bot: str
    reader: Any
    key: str
    place: int
    customer: str = ""
    optional: bool = False
    """Nothing is lost where it is not there: a card need not come any more for what a colleague has taken."""


@dataclass
class Played:
    """What was done on each path, and what a path found wrong that no chat shows."""

    expected: dict[str, list[Expected]] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    messages: int = 0


@dataclass
class Dialog:
    customer: Any
    owner: Person
    card: Message
    line: Line | None = None
    """Where the customer writes, if not on Telegram."""


class Town:
    """A team and its customers, who go on from one fault to the next."""

    def __init__(self, where: Installation) -> None:
        self.where = where
        self.house = House(where.telegram, where.desk, 0, None, None)  # type: ignore[arg-type]
        self.dialogs: list[Dialog] = []
        self.unread: list[Dialog] = []
        self.abroad: list[Dialog] = []
        self._numbers = itertools.count(1)
        self._people = itertools.count(1)
        self._dice = random.Random(7)
        self.untrue: list[Lie] = []
        """What the judge has found so far."""

    def mark(self) -> str:
        return f"№{next(self._numbers):06}."

    async def found(self, dialogs: int) -> None:
        """From /start to dialogs at work."""
        house = self.house
        # The last call before it polls; a poll itself is written down when it is over, which may take a minute.
        await house.telegram.wait_for(lambda: house.telegram.calls("setMyCommands"), 60)
        await house.assemble("Олег", "Мария")
        owners = house.team[1:]
        for place in range(dialogs + dialogs // 2):
            customer = self.newcomer("Собеседник")
            owner = owners[place % len(owners)]
            house.say(customer, f"начало {self.mark()}")
            await house.until(lambda owner=owner, customer=customer: house.card(owner, customer.name), 30)
            card = house.card(owner, customer.name)
            await house.press(card, "Взять")
            await house.until(lambda card=card: "Ответить" in card.labels(), 30)
            (self.dialogs if place < dialogs else self.unread).append(Dialog(customer, owner, card))
        await self._found_abroad(owners)

    async def _found_abroad(self, owners: list[Person]) -> None:
        """A dialog on each of the other messengers."""
        await self.where.others.connect(self.house, self.house.team[0])
        for line, owner in zip(self.where.others.lines, itertools.cycle(owners), strict=False):
            customer, mark = line.newcomer(next(self._people)), self.mark()
            line.say(customer, f"начало {mark}")
            await self.house.until(lambda owner=owner, mark=mark: self.house.holding(owner, mark), 60)
            card = self.house.holding(owner, mark)[-1]
            await self.house.press(card, "Взять")
            await self.house.until(lambda card=card: "Ответить" in card.labels(), 30)
            self.abroad.append(Dialog(customer, owner, card, line))

    async def judged(self, patience: float) -> list[str]:
        """What stands untrue in a chat, and did not before, after so many seconds."""
        others = self.where.others
        judge = Judge(
            self.where.telegram, self.where.desk,
            [
                phones.telegram(self.where.telegram, self.house.shop),
                *(getattr(phones, one.name)(one.emulator, one.home) for one in others.lines),
            ],
            self.where.rows,
        )  # fmt: skip
        found = await judge.lasting(patience, self.untrue)
        self.untrue += found
        return [str(lie) for lie in found]

    def newcomer(self, kind: str) -> Person:
        return self.house.customer(f"{kind} {next(self._people):05}")

    async def play(self, size: Size, still: Callable[[], bool]) -> Played:
        """Do everything, spread over the size's span; presses go on for as long as `still`."""
        played = Played()
        await asyncio.gather(
            self._customers_write(played, size),
            self._members_answer(played, size),
            self._members_race(played, size, still),
            self._nobody_takes(played, size),
            self._others(played, size),
        )
        return played

    async def _spread(self, count: int, span: float, act: Callable[[int], Any]) -> None:
        started = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, started + span * number / count - time.monotonic()))
            act(number)

    async def _customers_write(self, played: Played, size: Size) -> None:
        expected = played.expected.setdefault("in", [])

        def write(number: int) -> None:
            dialog = self.dialogs[number % len(self.dialogs)]
            mark = self.mark()
            self.house.say(dialog.customer, f"пишу {mark}")
            expected.append(Expected(mark, "desk", dialog.owner, f"{dialog.owner.id}:{dialog.customer.id}", number))
            played.messages += 1

        await self._spread(size.inbound, size.span, write)

    async def _members_answer(self, played: Played, size: Size) -> None:
        expected = played.expected.setdefault("out", [])

        def answer(number: int) -> None:
            dialog = self.dialogs[number % len(self.dialogs)]
            mark = self.mark()
            self.house.type(dialog.owner, f"отвечаю {mark}", reply_to=dialog.card)
            expected.append(Expected(mark, "shop", dialog.customer, str(dialog.customer.id), number))
            played.messages += 1

        await self._spread(size.answers, size.span, answer)

    async def _members_race(self, played: Played, size: Size, still: Callable[[], bool]) -> None:
        played.expected.setdefault("claim", [])
        played.wrong.setdefault("claim", [])
        running: list[asyncio.Task[None]] = []

        def begin(_: int) -> None:
            customer = self.newcomer("Новый")
            mark = self.mark()
            self.house.say(customer, f"возьмите {mark}")
            played.messages += 1
            running.append(asyncio.create_task(self._race(played, customer, mark, still)))

        await self._spread(size.races, size.span, begin)
        await asyncio.gather(*running)

    async def _race(self, played: Played, customer: Person, mark: str, still: Callable[[], bool]) -> None:
        """Олег and Мария press at once; whoever hears nothing presses again, as people do."""
        runners = self.house.team[1:]
        presses = [asyncio.create_task(self._press(one, customer, still)) for one in runners]
        await asyncio.wait(presses, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(presses, timeout=PRESS_PATIENCE)
        told = [None if not one.done() else one.result() for one in presses]
        for one in presses:
            one.cancel()
        winners = [one for one, text in zip(runners, told, strict=True) if "ваше" in (text or "")]
        if len(winners) > 1:
            played.wrong["claim"].append(f"{customer.name}: two were told that it is theirs")
        expected = played.expected["claim"]
        for member in self.house.team:
            key = f"{member.id}:{customer.id}"
            expected.append(Expected(mark, "desk", member, key, 0, customer.name, optional=member not in winners))
        if len(winners) == 1:
            mark = self.mark()
            self.house.say(customer, f"и ещё {mark}")
            played.messages += 1
            key = f"{winners[0].id}:{customer.id}"
            expected.append(Expected(mark, "desk", winners[0], key, 1, customer.name))

    async def _press(self, member: Person, customer: Person, still: Callable[[], bool]) -> str | None:
        """What the press was answered with; None where nobody answered in the end."""
        while still():
            card = self._card(member, customer)
            if card is None:
                await asyncio.sleep(LOOK)
                continue
            # The card may change under the finger: the button that it had is pressed whatever it says by now.
            data = f"q:take:{self._inquiry(card)}"
            with contextlib.suppress(Exception):
                answer = await self.house.telegram.press_data(card, data, timeout=PRESS_PATIENCE)
                if answer and ("ваше" in str(answer.get("text")) or "уже взял" in str(answer.get("text"))):
                    return str(answer["text"])
            await asyncio.sleep(LOOK)
        return None

    def _card(self, member: Person, customer: Person) -> Message | None:
        for one in reversed(self.house.telegram.chat(self.where.desk, member).all()):
            if one.outgoing and customer.name in one.text and one.buttons:
                return one
        return None

    @staticmethod
    def _inquiry(card: Message) -> int:
        return int(str(card.buttons[0][0]["callback_data"]).rpartition(":")[2])

    async def _nobody_takes(self, played: Played, size: Size) -> None:
        """New customers whom nobody takes, and messages in dialogs that nobody reads."""
        expected = played.expected.setdefault("reminder", [])
        unread = self._dice.sample(self.unread, min(len(self.unread), size.reminders // 3))

        def write(number: int) -> None:
            played.messages += 1
            if number < len(unread):
                dialog = unread[number]
                self.house.say(dialog.customer, f"прочтите {self.mark()}")
                words = f"{dialog.customer.name}|не прочитано"
                expected.append(Expected(words, "desk", dialog.owner, words, 0))
                return
            customer = self.newcomer("Ничей")
            mark = self.mark()
            self.house.say(customer, f"кто-нибудь? {mark}")
            for member in self.house.team:
                key = f"{member.id}:{customer.id}"
                expected.append(Expected(mark, "desk", member, key, 0))
                expected.append(Expected(f"{customer.name}|никто не взял", "desk", member, key, 1))

        await self._spread(size.reminders, size.span, write)

    async def _others(self, played: Played, size: Size) -> None:
        """Both ways over the other messengers."""
        expected = played.expected.setdefault("other", [])

        def write(number: int) -> None:
            dialog = self.abroad[number // 2 % len(self.abroad)]
            line, mark = dialog.line, self.mark()
            assert line is not None
            played.messages += 1
            if number % 2:
                line.say(dialog.customer, f"пишу {mark}")
                expected.append(Expected(mark, "desk", dialog.owner, f"{line.name}:in", number))
            else:
                self.house.type(dialog.owner, f"отвечаю {mark}", reply_to=dialog.card)
                expected.append(Expected(mark, line.name, dialog.customer, f"{line.name}:out", number))

        await self._spread(size.others, size.span, write)
