"""An installation in small: the emulated Telegram, the web server on a real port, and a company with its channels."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.fernet import Fernet, MultiFernet

from adapters.base import Credentials
from adapters.http import Http
from adapters.registry import Registry
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator
from adapters.telegram.settings import TelegramSettings
from handlers.web.app import build_app
from handlers.web.context import Web
from handlers.web.server import Runner
from models import Account, ControlBot, Member, Project
from models import Person as PersonRow
from models.enums import Role
from models.fields import use_cipher
from services import clock
from services.channel_health import Watch
from services.channel_rows import ChannelView, Connected, load
from services.channels import Channels
from services.files import Files
from services.inbox import Inbox
from services.links import Links
from services.polling import Polling
from services.sql import fetch, from_json
from services.store import Store

PUBLIC = "https://pult.test"
ANOTHER = "other.test"
"""The host of another service, which answers nobody."""
_numbers = itertools.count(5_000_001)


@dataclass
class Installation:
    """Everything under test, and those who use it: Ольга owns the café, Адам administers it, Олег answers in it."""

    emulator: TelegramEmulator
    adapters: Registry
    channels: Channels
    watch: Watch
    inbox: Inbox
    files: Files
    links: Links
    polling: Polling
    web: Web
    project: Project
    control: ControlBot
    bot: BotAccount
    anna: Person
    address: str
    people: dict[str, Member] = field(default_factory=dict)

    @property
    def olga(self) -> tuple[int, int]:
        """The owner: person and project, as service calls want them."""
        return self.people["Ольга"].person_id, self.project.id

    def as_person(self, name: str, project: Project | None = None) -> tuple[int, int]:
        return self.people[name].person_id, (project or self.project).id

    async def join(self, name: str, role: Role, project: Project | None = None) -> Member:
        person = await PersonRow.create(
            control_bot=self.control, telegram_id=next(_numbers), name=name, language="ru", created_at=clock.now()
        )
        member = await Member.create(
            project=project or self.project, person=person, role=role, name=name, created_at=clock.now()
        )
        self.people[name] = member
        return member

    async def other_project(self, name: str, *, account: Account | None = None) -> Project:
        now = clock.now()
        account = account or await Account.create(name=name, created_at=now)
        return await Project.create(
            account=account, name=name, time_zone="Europe/Moscow", language="ru", created_at=now
        )

    def key(self, bot: BotAccount | None = None) -> Credentials:
        return Credentials(token=(bot or self.bot).token)

    async def connect(self, bot: BotAccount | None = None, who: tuple[int, int] | None = None) -> ChannelView:
        person_id, project_id = who or self.olga
        proposal = await self.channels.identify(person_id, project_id, "telegram", self.key(bot))
        return await self.channels.connect(person_id, project_id, proposal.ticket)

    async def connected(self, channel_id: int) -> Connected:
        found = await load(channel_id)
        assert found is not None
        return found

    async def rows(self) -> list[dict[str, Any]]:
        return await fetch("SELECT * FROM channels ORDER BY id")

    async def notices(self) -> list[dict[str, Any]]:
        rows = await fetch("SELECT payload FROM jobs WHERE kind = 'notice' ORDER BY id")
        return [from_json(row["payload"]) for row in rows]

    async def told(self) -> list[str]:
        return [notice["what"] for notice in await self.notices()]


@asynccontextmanager
async def installed(
    tmp_path: Path, *, public_url: str | None = PUBLIC, poll_wait: float = 0.2, key: str | None = None
) -> AsyncIterator[Installation]:
    """An installation on a database that is open already. key: the secret one, else a new one."""
    keys = [key or Fernet.generate_key().decode()]
    use_cipher(MultiFernet([Fernet(key) for key in keys]))
    emulator = TelegramEmulator(hosts={ANOTHER: "http://127.0.0.1:9"})
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(emulator.serve())
        http = await stack.enter_async_context(Http())
        settings = TelegramSettings(api=api, _env_file=None)  # type: ignore[call-arg]
        adapters = Registry([TelegramAdapter(http, settings)])
        channels = Channels(adapters, public_url)
        watch, inbox, links = Watch(channels), Inbox(), Links(keys, public_url)
        files = Files(Store(tmp_path / "files"), source=channels.source, links=links)
        polling = Polling(adapters, channels, inbox, watch, wait=poll_wait, look_every=0.1)
        services = Web(adapters, channels.known, inbox, files, links)
        address = await stack.enter_async_context(serving(build_app(services)))
        emulator.hosts["pult.test"] = address
        place = Installation(
            emulator, adapters, channels, watch, inbox, files, links, polling, services,
            bot=emulator.create_bot("Flowers", "flowers_test_bot"), anna=emulator.person("Anna", username="anna"),
            address=address, **await _company(emulator),
        )  # fmt: skip
        await place.join("Ольга", Role.OWNER)
        await place.join("Адам", Role.ADMINISTRATOR)
        await place.join("Олег", Role.MANAGER)
        try:
            yield place
        finally:
            clock.reset()


async def _company(emulator: TelegramEmulator) -> dict[str, Any]:
    now = clock.now()
    bot = emulator.create_bot("Пульт", "pult_test_bot", control=True)
    control = await ControlBot.create(
        telegram_id=bot.id, username=bot.username, name=bot.name, token=bot.token, hook_key="control-key",
        hook_secret="control-secret", created_at=now,
    )  # fmt: skip
    account = await Account.create(name="Кофейня", created_at=now)
    project = await Project.create(
        account=account, name="Кофейня", time_zone="Europe/Moscow", language="ru", created_at=now
    )
    return {"control": control, "project": project}


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """The application on a port of its own; its address."""
    runner = Runner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
