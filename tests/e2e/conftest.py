"""The whole service against the emulator, over real HTTP: members' chats, customers, webhooks by the host table."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Credentials
from adapters.telegram.emulator import BotAccount, Message, Person, TelegramEmulator
from bot.app import serving
from bot.assembly import Parts
from bot.settings import load
from services import clock
from services.sql import fetch

HOST = "pult.test"
PATIENCE = 15.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    emulator = TelegramEmulator(pauses=(0.05, 0.1, 0.2), webhook_timeout=5)
    async with emulator.serve() as base:
        emulator.base = base  # type: ignore[attr-defined]
        yield emulator


class Office:
    """What tests say: who writes what, and what stands in whose chat."""

    def __init__(self, telegram: TelegramEmulator, desk: BotAccount) -> None:
        self.telegram = telegram
        self.desk = desk
        self.shop: BotAccount = None  # type: ignore[assignment]
        self.parts: Parts = None  # type: ignore[assignment]

    async def until(self, true: Callable[[], Any]) -> Any:
        return await self.telegram.wait_for(true, PATIENCE)

    async def owner(self, name: str = "Ольга") -> Person:
        """A person registers with /start."""
        person = self.telegram.person(name, staff=True)
        self.telegram.start(self.desk, person)
        await self.until(lambda: self.sent(person))
        return person

    async def manager(self, owner: Person, name: str) -> Person:
        """A person joins by an invitation of the owner."""
        from models.enums import Role
        from services.team import Team

        owner_id, project_id = await self.place(owner)
        invitation = await Team().invite(owner_id, project_id, Role.MANAGER)
        person = self.telegram.person(name, staff=True)
        self.telegram.start(self.desk, person, invitation.start)
        await self.until(lambda: self.sent(person))
        return person

    async def place(self, person: Person) -> tuple[int, int]:
        """The ids of a person and of the current project."""
        rows = await fetch("SELECT id, current_project_id FROM people WHERE telegram_id = ?", int(person.id))
        return rows[0]["id"], rows[0]["current_project_id"]

    async def connect(self, owner: Person, username: str = "coffee_bot") -> BotAccount:
        """A customers' bot is made at BotFather and connected."""
        bot = self.telegram.create_bot("Кофейня", username)
        person_id, project_id = await self.place(owner)
        proposal = await self.parts.channels.identify(person_id, project_id, "telegram", Credentials(token=bot.token))
        await self.parts.channels.connect(person_id, project_id, proposal.ticket)
        self.shop = bot
        return bot

    def customer(self, name: str) -> Person:
        person = self.telegram.person(name)
        self.telegram.start(self.shop, person)
        return person

    def say(self, person: Person, text: str) -> Message:
        return self.telegram.say(self.shop, person, text)

    def type(self, member: Person, text: str, reply_to: Message | None = None) -> Message:
        return self.telegram.say(self.desk, member, text, reply_to=reply_to.id if reply_to else None)

    def sent(self, member: Person) -> list[Message]:
        """What the control bot wrote to a member."""
        return list(self.telegram.chat(self.desk, member).sent())

    def answers(self, customer: Person) -> list[Message]:
        """What the customers' bot wrote to a customer."""
        return list(self.telegram.chat(self.shop, customer).sent())

    def find(self, member: Person, text: str) -> Message | None:
        """The newest message of the control bot that holds this text."""
        return next((one for one in reversed(self.sent(member)) if text in (one.text or "")), None)

    async def sees(self, member: Person, text: str) -> Message:
        await self.until(lambda: self.find(member, text))
        found = self.find(member, text)
        assert found is not None
        return found

    async def press(self, message: Message, label: str) -> dict[str, Any] | None:
        return await self.telegram.press(message, label)


@contextlib.asynccontextmanager
async def opened(
    telegram: TelegramEmulator, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, public: bool = True,
    desk: BotAccount | None = None, **more: str,
) -> AsyncIterator[Office]:  # fmt: skip
    """Run the service in this process against the emulator."""
    port = free_port()
    telegram.hosts[HOST] = f"http://127.0.0.1:{port}"
    desk = desk or telegram.create_bot("Пульт", "pult_bot", control=True)
    values = {
        "PULT_BOT_TOKEN": desk.token,
        "PULT_TELEGRAM_API": telegram.base,  # type: ignore[attr-defined]
        "PULT_DATABASE_URL": url,
        "PULT_DATA_DIR": str(folder),
        "PULT_PORT": str(port),
        **({"PULT_PUBLIC_URL": f"https://{HOST}"} if public else {}),
        **more,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    office = Office(telegram, desk)
    async with serving(load()) as parts:
        office.parts = parts
        yield office


@pytest.fixture
async def office(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """The running service, on SQLite and on PostgreSQL; nobody has registered yet."""
    async with opened(telegram, migrated_url, tmp_path / "data", monkeypatch) as running:
        yield running
    clock.reset()
