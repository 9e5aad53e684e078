"""A small company in rows: projects, members, a channel, and customers who write to it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet

from adapters.base import Content, Event, MessageReceived, Profile
from adapters.content import MessageId, UserId
from adapters.http import Http
from adapters.registry import build
from models import Account, Channel, ControlBot, Member, Person, Project
from models.enums import ChannelState, Receiving, Role
from models.fields import use_cipher
from services import clock
from services.answering import Typed
from services.conversations import Conversations
from services.inbox import ChannelRow, Inbox
from services.sql import fetch, from_json

_numbers = itertools.count(1000)


class Company:
    """One project of an account. `members` by name; the channel is a Telegram bot."""

    def __init__(self, project: Project, bot: ControlBot, channel: Channel, conversations: Conversations) -> None:
        self.project = project
        self.bot = bot
        self.channel = ChannelRow(channel.id, project.id, channel.platform, confirmed=True)
        self.inbox = Inbox()
        self.conversations = conversations
        self.members: dict[str, Member] = {}
        self._updates = itertools.count(1)

    async def join(self, name: str, role: Role = Role.MANAGER, **more: Any) -> Member:
        person = await Person.create(
            control_bot=self.bot, telegram_id=next(_numbers), name=name, language="ru", created_at=clock.now()
        )
        member = await Member.create(
            project=self.project, person=person, role=role, name=name, created_at=clock.now(), **more
        )
        self.members[name] = member
        return member

    def person(self, name: str) -> int:
        return self.members[name].person_id

    def said(self, who: str, text: str = "Здравствуйте", *, at: datetime | None = None, **more: Any) -> MessageReceived:
        number = next(self._updates)
        content = more.pop("content", Content(text=text))
        return MessageReceived(
            key=f"update:{number}",
            user=UserId(who),
            at=at or clock.now(),
            sequence=number,
            profile=Profile(name=who),
            message_id=MessageId(str(number)),
            content=content,
            raw={"update_id": number},
            **more,
        )

    async def hear(self, *events: Event) -> int:
        return await self.inbox.accept(self.channel, events)

    def typed(self, name: str, text: str, *, reply_to: int | None = None, **more: Any) -> Typed:
        number = next(self._updates)
        content = more.pop("content", Content(text=text))
        origin = f"{self.bot.id}:{self.members[name].person_id}:{number}"
        return Typed(origin, number, content, reply_to=reply_to, **more)

    async def inquiries(self) -> list[dict[str, Any]]:
        return await fetch("SELECT * FROM inquiries WHERE project_id = ? ORDER BY id", self.project.id)

    async def messages(self) -> list[dict[str, Any]]:
        return await fetch("SELECT * FROM messages WHERE project_id = ? ORDER BY id", self.project.id)

    async def jobs(self, kind: str) -> list[dict[str, Any]]:
        rows = await fetch("SELECT * FROM jobs WHERE project_id = ? AND kind = ? ORDER BY id", self.project.id, kind)
        return [row | {"payload": from_json(row["payload"])} for row in rows]

    async def shown_as(self, name: str, inquiry_id: int, telegram_id: int, *, kind: str = "copy") -> None:
        """The inquiry stands in the member's chat as this Telegram message."""
        from models import OperatorCopy

        member = self.members[name]
        person = await Person.get(id=member.person_id)
        await OperatorCopy.create(
            project=self.project, control_bot=self.bot, member=member, person=person, inquiry_id=inquiry_id, kind=kind,
            chat_id=person.telegram_id, telegram_id=telegram_id, created_at=clock.now(),
        )  # fmt: skip


async def found(name: str, conversations: Conversations) -> Company:
    """A company with a project, a control bot and a channel, and nobody in it."""
    number = next(_numbers)
    now = clock.now()
    account = await Account.create(name=name, created_at=now)
    project = await Project.create(account=account, name=name, time_zone="Europe/Moscow", language="ru", created_at=now)
    bot = await ControlBot.create(
        telegram_id=number, username=f"pult{number}_bot", name="Пульт", token=f"{number}:secret", hook_key=str(number),
        hook_secret="secret", created_at=now,
    )  # fmt: skip
    channel = await Channel.create(
        project=project, platform="telegram", external_id=str(number), state=ChannelState.ACTIVE, name="Кофейня",
        credentials='{"token": "1:x"}', receiving=Receiving.WEBHOOK, hook_key=f"key{number}", created_at=now,
    )  # fmt: skip
    return Company(project, bot, channel, conversations)


@pytest.fixture
def conversations() -> Conversations:
    return Conversations(build(lambda _: Http()))


@pytest.fixture
async def company(database: str, conversations: Conversations) -> AsyncIterator[Company]:
    """A café with two managers, Олег and Мария, under its owner Ольга."""
    use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
    cafe = await found("Кофейня", conversations)
    await cafe.join("Ольга", Role.OWNER)
    await cafe.join("Олег")
    await cafe.join("Мария")
    yield cafe
    clock.reset()


MINUTE = timedelta(minutes=1)
