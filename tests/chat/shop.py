"""A flower shop at work: a team in the control bot, a customers' bot, and those who write to it.

shop = await opened_shop(office, team=("Мария",))
await shop.write(shop.anna, "Есть пионы?")
await office.press(shop.maria, "Взять")
await office.say(shop.maria, "Да, есть", reply_to=…)
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from adapters.base import Credentials
from adapters.telegram.emulator import BotAccount, Message, Person
from services import clock
from services.sql import fetch
from tests.chat.office import Office


@dataclass
class Shop:
    """Олег owns it; `team` are his managers; Анна and Борис are customers."""

    office: Office
    bot: BotAccount
    oleg: Person
    anna: Person
    boris: Person
    team: list[Person] = field(default_factory=list)

    @property
    def maria(self) -> Person:
        return self.team[0]

    async def rest(self) -> None:
        """Until what customers wrote has been taken in, and everything that follows is done."""
        async with asyncio.timeout(15):
            await self.office.emulator.wait_for(lambda: not self.bot.pending, 10)
            await self.office.rest()

    async def settle(self) -> None:
        """Until nothing is left to do within the next seconds either (albums, updates of cards, media)."""
        async with asyncio.timeout(20):
            while True:
                await self.rest()
                # What fell due since the last look may be under way by now.
                soon = "SELECT id FROM jobs WHERE state = 'running' OR state = 'queued' AND run_at < ? LIMIT 1"
                if not await fetch(soon, clock.now() + timedelta(seconds=10)):
                    return
                await asyncio.sleep(0.05)

    async def write(self, customer: Person, text: str, **more: Any) -> Message:
        message = self.office.emulator.say(self.bot, customer, text, **more)
        await self.rest()
        return message

    async def send(self, customer: Person, kind: str, data: bytes, **more: Any) -> Message:
        message = self.office.emulator.send_media(self.bot, customer, kind, data, **more)
        await self.settle()
        return message

    def heard(self, customer: Person) -> list[str]:
        """What the customers' bot wrote to somebody."""
        return [message.text for message in self.office.emulator.chat(self.bot, customer).sent()]

    def got(self, customer: Person) -> list[Message]:
        return self.office.emulator.chat(self.bot, customer).sent()

    def with_text(self, member: Person, part: str) -> Message:
        """The newest message in a member's chat with this in it."""
        return next(one for one in reversed(self.office.chat(member).sent()) if part in one.text)

    def has(self, member: Person, part: str) -> bool:
        return any(part in one.text for one in self.office.chat(member).sent())


async def opened_shop(office: Office, *team: str) -> Shop:
    """A shop with its bot connected and its customers in the chat with it."""
    oleg = await office.owner()
    managers = [await office.member(oleg, name) for name in team]
    emulator = office.emulator
    bot = emulator.create_bot("Цветы на Ленина", "flowers_test_bot")
    rows = await fetch("SELECT p.id, p.current_project_id FROM people p WHERE p.telegram_id = ?", oleg.id)
    person_id, project_id = rows[0]["id"], rows[0]["current_project_id"]
    channels = office.services.channels
    proposal = await channels.identify(person_id, project_id, "telegram", Credentials(token=bot.token))
    await channels.connect(person_id, project_id, proposal.ticket)
    shop = Shop(office, bot, oleg, emulator.person("Анна"), emulator.person("Борис"), managers)
    for customer in (shop.anna, shop.boris):
        emulator.start(bot, customer)
    await shop.rest()
    return shop
