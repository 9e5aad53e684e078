"""The other three messengers beside Telegram: a channel of each, connected by the team, with a dialog or two."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.facebook.emulator import FacebookEmulator
from adapters.telegram.emulator import Message, Person
from adapters.viber.emulator import ViberEmulator
from adapters.vk.emulator import VkEmulator
from tests.e2e.conftest import HOST
from tests.e2e.test_crash import House

PAUSES = (0.2, 0.5, *([1.0] * 200))
"""Seconds between deliveries of a webhook that was not taken: these messengers give up after so many."""


@dataclass
class Line:
    """A channel of another messenger, as those who write to it see it. `home` is its bot, community or page."""

    name: str
    title: str
    emulator: Any
    home: Any

    def newcomer(self, number: int) -> Any:
        person = self.emulator.person(f"Гость {number:05}")
        if self.name == "viber":
            self.emulator.subscribe(self.home, person)
        return person

    def say(self, person: Any, text: str) -> None:
        self.emulator.say(self.home, person, text)

    def texts(self, person: Any) -> list[str]:
        """What the channel wrote to somebody, oldest first."""
        chat = (self.emulator.dialog if self.name == "vk" else self.emulator.chat)(self.home, person)
        return [message.text for message in chat.sent()]


class Others:
    """The three emulators."""

    def __init__(self) -> None:
        self.viber = ViberEmulator(pauses=PAUSES, webhook_timeout=10, attempts=len(PAUSES), log=2000)
        self.vk = VkEmulator(pauses=PAUSES, stopped_after=10_000, log=2000)
        self.facebook = FacebookEmulator(pauses=PAUSES, log=2000)
        self.lines: list[Line] = []

    async def serve(self, stack: contextlib.AsyncExitStack) -> dict[str, str]:
        """Begin; the settings by which a service finds them."""
        viber = await stack.enter_async_context(self.viber.serve())
        vk = await stack.enter_async_context(self.vk.serve())
        facebook = await stack.enter_async_context(self.facebook.serve())
        return {"PULT_VIBER_API": viber, "PULT_VK_API": vk} | self.facebook.settings(facebook)

    def route(self, address: str) -> None:
        """Deliver to this address what goes to the service's host."""
        for emulator in (self.viber, self.vk, self.facebook):
            emulator.hosts[HOST] = address

    async def connect(self, house: House, owner: Person) -> None:
        """A channel of each, as the owner does it."""
        homes = (
            Line("viber", "Viber", self.viber, self.viber.create_bot("Кофейня Viber", "coffee_viber")),
            Line("vk", "VK", self.vk, self.vk.create_community("Кофейня VK", "coffee_vk")),
            Line("facebook", "Facebook", self.facebook, self.facebook.create_page("Кофейня FB", "coffee.fb")),
        )
        for line in homes:
            asked = house.type(owner, "/connect")
            await house.push(owner, line.title, asked)
            await house.sees(owner, f"Подключаем {line.title}")
            pasted = house.type(owner, line.home.token)
            await house.push(owner, "Подключить", pasted)
            if line.name == "facebook":
                await house.push(owner, "Оставить «Бизнес-продуктивность»", pasted)
            await house.until(lambda since=pasted: self._waits(house, owner, since), 60)
            self.lines.append(line)

    @staticmethod
    def _waits(house: House, owner: Person, since: Message) -> bool:
        return any(one.id > since.id and "Жду первое сообщение" in one.text for one in house.sent(owner))

    @contextlib.contextmanager
    def faulty(self, kind: str, **how: Any) -> Iterator[None]:
        """The same fault at all of them."""
        ordered = [(one, one.fault(kind, times=None, **how)) for one in (self.viber, self.vk, self.facebook)]
        try:
            yield
        finally:
            for emulator, fault in ordered:
                emulator.world.faults.remove(fault.id)
