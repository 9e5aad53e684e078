"""The whole service against the emulator, over real HTTP: members' chats, customers, webhooks by the host table."""

from __future__ import annotations

import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Credentials, Rates
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.emulator import BotAccount, Call, Message, Person, TelegramEmulator
from bot import app
from bot.assembly import Parts, assemble
from bot.settings import load
from models.enums import Role
from services import clock
from services.sql import fetch
from services.team import Team
from tests.judge import phones
from tests.judge.judge import Judge
from tests.judge.phones import Line

HOST = "pult.test"
PATIENCE = 15.0
LIFTED = Rates(10_000, None, 10_000)
"""Rates for tests that are about something else: the platforms' own allow a chat one message a second."""
SENDING = ("sendMessage", "sendPhoto", "sendVideo", "sendVideoNote", "sendVoice", "sendAudio", "sendDocument",
           "sendSticker", "sendAnimation", "sendMediaGroup", "sendLocation", "sendVenue", "sendContact")  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with emulated() as emulator:
        yield emulator


@contextlib.asynccontextmanager
async def emulated(**more: Any) -> AsyncIterator[TelegramEmulator]:
    emulator = TelegramEmulator(pauses=(0.05, 0.1, 0.2), webhook_timeout=5, **more)
    async with emulator.serve() as base:
        emulator.base = base  # type: ignore[attr-defined]
        yield emulator


class Office:
    """What tests say: who writes what, and what stands in whose chat."""

    patience = PATIENCE

    def __init__(self, telegram: TelegramEmulator, desk: BotAccount, port: int) -> None:
        self.telegram = telegram
        self.desk = desk
        self.port = port
        self.shop: BotAccount = None  # type: ignore[assignment]
        self.team: list[Person] = []
        self.parts: Parts = None  # type: ignore[assignment]

    async def until(self, true: Callable[[], Any], patience: float | None = None) -> Any:
        return await self.telegram.wait_for(true, patience or self.patience)

    # The team

    async def owner(self, name: str = "Ольга") -> Person:
        """A person registers with /start."""
        person = self.telegram.person(name, staff=True)
        self.telegram.start(self.desk, person)
        await self.until(lambda: self.sent(person))
        return person

    async def manager(self, owner: Person, name: str) -> Person:
        """A person joins by an invitation of the owner."""
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

    async def company(self, *managers: str) -> list[Person]:
        """A project of Ольга with these managers and a connected bot."""
        olga = await self.owner()
        self.team = [olga, *[await self.manager(olga, name) for name in managers]]
        await self.connect(olga)
        return self.team

    async def truth(self, *lines: Line) -> None:
        """What stands in all chats is what was really said; `lines` are channels beside the Telegram bot."""
        shops = [phones.telegram(self.telegram, self.shop)] if self.shop is not None else []
        await Judge(self.telegram, self.desk, [*shops, *lines], fetch).found_true(self.patience)

    # Customers

    def customer(self, name: str) -> Person:
        person = self.telegram.person(name)
        self.telegram.start(self.shop, person)
        return person

    def say(self, person: Person, text: str, **more: Any) -> Message:
        return self.telegram.say(self.shop, person, text, **more)

    def answers(self, customer: Person) -> list[Message]:
        """What the customers' bot wrote to a customer."""
        return list(self.telegram.chat(self.shop, customer).sent())

    async def hears(self, customer: Person, text: str) -> Message:
        """The answer that holds this text has come to the customer."""
        await self.until(lambda: [one for one in self.answers(customer) if text in one.text])
        return next(one for one in reversed(self.answers(customer)) if text in one.text)

    # Members

    def type(self, member: Person, text: str, reply_to: Message | None = None) -> Message:
        return self.telegram.say(self.desk, member, text, reply_to=reply_to.id if reply_to else None)

    def sent(self, member: Person) -> list[Message]:
        """What the control bot wrote to a member."""
        return list(self.telegram.chat(self.desk, member).sent())

    def holding(self, member: Person, text: str) -> list[Message]:
        """The messages of the control bot to a member that hold this text, oldest first."""
        return [one for one in self.sent(member) if text in one.text]

    def find(self, member: Person, text: str) -> Message | None:
        """The newest message of the control bot that holds this text."""
        return next(reversed(self.holding(member, text)), None)

    async def sees(self, member: Person, text: str) -> Message:
        await self.until(lambda: self.find(member, text))
        found = self.find(member, text)
        assert found is not None
        return found

    async def press(self, message: Message, label: str) -> dict[str, Any] | None:
        return await self.telegram.press(message, label)

    async def take(self, member: Person, customer: str) -> Message:
        """The member takes the customer's inquiry; the card as it then stands."""
        await self.until(lambda: self.card(member, customer))
        card = self.card(member, customer)
        await self.press(card, "Взять")
        await self.until(lambda: "Ответить" in card.labels())
        return card

    async def talk(self, member: Person, customer: str) -> Message:
        """The member takes the inquiry, which opens its dialog; the card."""
        card = await self.take(member, customer)
        await self.sees(member, f"Отвечаете: {customer}")
        return card

    def card(self, member: Person, customer: str) -> Any:
        """The newest card of this customer that can be taken."""
        return next((one for one in reversed(self.holding(member, customer)) if "Взять" in one.labels()), None)

    def uploads(self, bot: BotAccount) -> list[Call]:
        """The calls by which a bot uploaded bytes."""
        return [
            call
            for call in self.telegram.calls(bot=bot)
            if call.outcome == "ok" and any(" bytes>" in str(value) for value in call.params.values())
        ]


@contextlib.asynccontextmanager
async def opened(
    telegram: TelegramEmulator, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, public: bool = True,
    desk: BotAccount | None = None, lifted: bool = True, **more: str,
) -> AsyncIterator[Office]:  # fmt: skip
    """Run the service in this process against the emulator; `lifted`: without the platforms' rates."""
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
    if lifted:
        monkeypatch.setattr(app, "assemble", functools.partial(assemble, control_rates=LIFTED))
        monkeypatch.setattr(
            TelegramAdapter, "capabilities", replace(TelegramAdapter.capabilities, rates=LIFTED), raising=True
        )
    with monkeypatch.context() as environment:
        for name, value in values.items():
            environment.setenv(name, value)
        settings = load()
        office = Office(telegram, desk, port)
        async with app.serving(settings) as parts:
            office.parts = parts
            yield office


async def judged(request: pytest.FixtureRequest, office: Office, *lines: Line) -> None:
    """The end of tests marked so: what stands in all chats by then is true; a mark `untrue` says why it cannot be."""
    if request.node.get_closest_marker("judged") and not request.node.get_closest_marker("untrue"):
        await office.truth(*lines)


@pytest.fixture
async def office(
    request: pytest.FixtureRequest,
    telegram: TelegramEmulator,
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Office]:
    """The running service, on SQLite and on PostgreSQL; nobody has registered yet."""
    async with opened(telegram, migrated_url, tmp_path / "data", monkeypatch) as running:
        yield running
        await judged(request, running)
    clock.reset()


@pytest.fixture
async def lite(
    request: pytest.FixtureRequest,
    telegram: TelegramEmulator,
    sqlite_copy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Office]:
    """The running service on SQLite alone, for what no database changes."""
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as running:
        yield running
        await judged(request, running)
    clock.reset()


@pytest.fixture
def sqlite_copy(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of an empty, migrated SQLite database."""
    copy = tmp_path / "pult.sqlite3"
    copy.write_bytes(sqlite_template.read_bytes())
    return f"sqlite://{copy}"
