"""A whole desk for tests: the emulated Telegram over HTTP, the real dispatcher, services, jobs and database.

    oleg = office.person("Олег")
    await office.start(oleg)
    await office.press(oleg, "Оставить")
    assert "канал" in office.last(oleg).text

Every step returns when the desk has come to rest: the update is handled and no due job waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from adapters.base import Adapter
from adapters.http import Http
from adapters.registry import build as build_registry
from adapters.telegram.emulator import BotAccount, Chat, Message, Person, TelegramEmulator
from handlers.chat import app, commands
from handlers.chat.context import Services
from handlers.chat.control import Control
from handlers.chat.desk import AiogramDesk
from handlers.chat.session import Bots, Session
from services import clock, control, sql
from services.accounts import Accounts, Registration
from services.channel_health import Watch
from services.channels import Channels
from services.completing import Completing
from services.conversations import Conversations
from services.delivery import Delivery
from services.files import Files
from services.inbox import Inbox
from services.jobs import Kind
from services.naming import Naming
from services.polling import Polling
from services.projects import Projects
from services.reminding import Reminding
from services.runner import Runner
from services.showing import Showing, file_ready
from services.sql import fetch
from services.store import Store
from services.team import Team
from services.withdrawing import Withdrawing

PATIENCE = 10.0


class Office:
    """The control bot, its people and everything behind it. `stop` and `begin` are a restart of the service."""

    def __init__(self, emulator: TelegramEmulator, base: str, folder: Path, postgres: bool) -> None:
        self.emulator = emulator
        self.base = base
        self.account: BotAccount = emulator.create_bot("Пульт", "pult_desk_bot", control=True)
        self.registration = Registration.OPEN
        self._folder = folder
        self._postgres = postgres
        self._tasks: list[asyncio.Task[None]] = []

    # The service

    async def begin(self, *, polling: bool = True) -> None:
        """Start the service. With `polling=False` updates come only through `control`."""
        self._https = [Http(), Http()]
        self.registry: Mapping[str, Adapter] = build_registry(lambda _platform: self._https[0])
        self.bots = Bots(Session(self.base))
        me = self.account
        self.row = await control.register_bot(me.token, me.id, me.username, me.name)
        self.bot = self.bots.add(self.row)
        self.services = self._services()
        self.runner = Runner(self._kinds(), postgres=self._postgres)
        sql.on_commit(self.runner.wake)
        self.dispatcher = app.build(self.services)
        self.control = Control(self.bots, self.dispatcher, base=self.base)
        self.inbox = Inbox()
        watch = Watch(self.services.channels)
        pollers = build_registry(lambda _platform: self._https[1])
        self.polling = Polling(pollers, self.services.channels, self.inbox, watch, wait=5.0, look_every=0.2)
        self._tasks = [asyncio.create_task(self.runner.run()), asyncio.create_task(self.polling.run())]
        if polling:
            self._tasks.append(asyncio.create_task(self.control.run(self.row.id)))

    def _services(self) -> Services:
        desk = AiogramDesk(self.bots.__getitem__)
        channels = Channels(self.registry, None)
        files = Files(Store(self._folder), source=channels.source, desk=desk, on_ready=file_ready)
        return Services(
            accounts=Accounts(self.registration),
            projects=Projects(),
            team=Team(),
            conversations=Conversations(self.registry),
            registry=self.registry,
            channels=channels,
            files=files,
            desk=desk,
        )

    def _kinds(self) -> dict[str, Kind]:
        services = self.services
        titles = {name: adapter.title for name, adapter in self.registry.items()}
        return {
            **Showing(services.desk, titles, services.files).kinds(),
            **Withdrawing(services.desk).kinds(),
            **Reminding(services.desk, titles).kinds(),
            **Delivery(self.registry, services.files).kinds(),
            **services.files.kinds(),
            **Naming(services.channels.source).kinds(),
            **Completing(services.channels.source).kinds(),
            **commands.kinds(self.bots, services.accounts),
        }

    async def stop(self) -> None:
        """Stop the service as SIGTERM does."""
        self.runner.stop()
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.control.stop()
        sql.on_commit(None)
        await self.bots.close()
        for http in self._https:
            await http.close()

    async def restart(self) -> None:
        await self.stop()
        await self.begin()

    async def rest(self) -> None:
        """Until every update is handled and no due job waits."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.emulator.wait_for(lambda: not self.account.pending, PATIENCE)
                await self.control.idle()
                if not await self._busy():
                    return
                await asyncio.sleep(0.01)

    async def _busy(self) -> bool:
        jobs = await fetch(
            "SELECT id FROM jobs WHERE state = 'running' OR state = 'queued' AND run_at <= ? LIMIT 1", clock.now()
        )
        updates = await fetch("SELECT id FROM control_updates WHERE state = 'received' LIMIT 1")
        return bool(jobs or updates or self.account.pending)

    # People

    def person(self, name: str, **more: Any) -> Person:
        """Somebody with Telegram; `language`, `username` as the emulator has them."""
        return self.emulator.person(name, staff=True, **more)

    async def owner(self, name: str = "Олег", **more: Any) -> Person:
        """Somebody who has registered."""
        person = self.person(name, **more)
        await self.start(person)
        return person

    async def member(self, owner: Person, name: str, role: str = "менеджера") -> Person:
        """Somebody who has joined the owner's project by an invitation ("менеджера" or "администратора")."""
        person = self.person(name)
        await self.say(owner, "/team")
        await self.press(owner, f"Пригласить {role}")
        await self.start(person, self.invitation(owner))
        return person

    def invitation(self, person: Person) -> str:
        """The start parameter of the newest invitation in the person's chat."""
        text = next(one.text for one in reversed(self.chat(person).sent()) if "?start=inv_" in one.text)
        return text.rpartition("?start=")[2].split()[0]

    def chat(self, person: Person) -> Chat:
        return self.emulator.chat(self.account, person)

    def last(self, person: Person) -> Message:
        """The newest message of the control bot in the person's chat."""
        return self.chat(person).sent()[-1]

    def texts(self, person: Person) -> list[str]:
        """Everything that the control bot wrote to the person, oldest first."""
        return [message.text for message in self.chat(person).sent()]

    def menu(self, person: Person) -> Message:
        """The newest message with buttons."""
        return next(message for message in reversed(self.chat(person).sent()) if message.labels())

    async def start(self, person: Person, payload: str | None = None) -> Message:
        self.emulator.start(self.account, person, payload)
        await self.rest()
        return self.last(person)

    async def say(self, person: Person, text: str, **more: Any) -> Message:
        """Write, and wait; returns the control bot's newest message."""
        self.emulator.say(self.account, person, text, **more)
        await self.rest()
        return self.last(person)

    async def press(self, person: Person, label: str, message: Message | None = None) -> str | None:
        """Press a button (a part of its caption is enough) of the newest message with buttons; what popped up."""
        message = message or self.menu(person)
        whole = next((one for one in message.labels() if one == label), None)
        whole = whole or next((one for one in message.labels() if label in one), label)
        answer = await self.emulator.press(message, whole)
        await self.rest()
        assert answer is not None, f"nobody answered the press of «{label}»"
        return answer.get("text")


@contextlib.asynccontextmanager
async def opened(folder: Path, postgres: bool, patch: Any) -> AsyncIterator[Office]:
    """An office at work, over the open database."""
    emulator = TelegramEmulator(hosts=dict.fromkeys(("other.test", "pult.test"), "http://127.0.0.1:9"))
    async with emulator.serve() as base:
        patch.setenv("PULT_TELEGRAM_API", base)
        office = Office(emulator, base, folder, postgres)
        await office.begin()
        try:
            yield office
        finally:
            await office.stop()
