"""A VK community in the whole service: customers write in VK, the team answers from Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Credentials
from adapters.telegram.emulator import Message as TelegramMessage
from adapters.telegram.emulator import Person, TelegramEmulator
from adapters.vk.adapter import VkAdapter
from adapters.vk.emulator import Community, Message, VkEmulator
from adapters.vk.emulator import Person as Customer
from services import clock
from services.sql import fetch
from tests.e2e.conftest import HOST, LIFTED, PATIENCE, Office, judged, opened
from tests.judge import phones


class Shop:
    """The office with a connected community, and a customer in VK."""

    def __init__(self, office: Office, vk: VkEmulator, community: Community, anna: Customer, olga: Person) -> None:
        self.office = office
        self.vk = vk
        self.community = community
        self.anna = anna
        self.olga = olga

    def say(self, text: str, **more: Any) -> Message:
        return self.vk.say(self.community, self.anna, text, **more)

    def got(self) -> list[Message]:
        return self.vk.dialog(self.community, self.anna).sent()

    def answers(self) -> list[str]:
        return [message.text for message in self.got()]

    async def until(self, true: Callable[[], Any]) -> None:
        """Something comes true in VK."""
        await self.vk.wait_for(true, PATIENCE)

    async def hears(self, text: str) -> None:
        await self.until(lambda: text in self.answers())

    async def talk(self, text: str = "Есть столик?") -> None:
        """The customer writes, and the only member answers from then on by replying to the copy."""
        self.say(text)
        self.copy = await self.office.sees(self.olga, text)

    def answer(self, text: str) -> TelegramMessage:
        return self.office.type(self.olga, text, reply_to=self.copy)

    async def marked(self, answer: TelegramMessage, mark: str) -> None:
        await self.office.until(lambda: mark in str(answer.reactions))

    async def watch(self) -> None:
        """A round of the health watch."""
        await self.office.parts.watch.watch()

    async def settled(self) -> None:
        """Everything that the team is to be told has been."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if not await fetch("SELECT id FROM jobs WHERE kind = 'notice' AND state <> 'refused'"):
                    return
                await asyncio.sleep(0.01)

    async def check(self) -> None:
        """«Проверить» on the channel's card."""
        person_id, project_id = await self.office.place(self.olga)
        channel_id = (await fetch("SELECT id FROM channels"))[0]["id"]
        await self.office.parts.channels.check(person_id, project_id, channel_id)


@asynccontextmanager
async def vk_office(
    telegram: TelegramEmulator, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, public: bool = True
) -> AsyncIterator[tuple[Office, VkEmulator]]:
    monkeypatch.setattr(VkAdapter, "capabilities", replace(VkAdapter.capabilities, rates=LIFTED))
    vk = VkEmulator(pauses=(0.05, 0.1, 0.2))
    async with (
        vk.serve() as address,
        opened(telegram, url, folder, monkeypatch, public=public, PULT_VK_API=address) as office,
    ):
        vk.hosts[HOST] = f"http://127.0.0.1:{office.port}"
        yield office, vk
    clock.reset()


async def connect(office: Office, vk: VkEmulator, olga: Person, community: Community) -> None:
    person_id, project_id = await office.place(olga)
    key = Credentials(token=community.token)
    proposal = await office.parts.channels.identify(person_id, project_id, "vk", key)
    await office.parts.channels.connect(person_id, project_id, proposal.ticket)


async def furnished(office: Office, vk: VkEmulator) -> Shop:
    olga = await office.owner()
    community = vk.create_community("Кофейня", "coffee_club")
    await connect(office, vk, olga, community)
    return Shop(office, vk, community, vk.person("Анна", last_name="Петрова"), olga)


@pytest.fixture
async def shop(
    request: pytest.FixtureRequest,
    telegram: TelegramEmulator,
    sqlite_copy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    async with vk_office(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as (office, vk):
        made = await furnished(office, vk)
        yield made
        await judged(request, office, phones.vk(vk, made.community))
