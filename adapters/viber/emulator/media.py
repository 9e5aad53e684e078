"""The phones' side: what a bot sent appears there, media is fetched by its address, and what cannot be shown fails."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
from PIL import Image, UnidentifiedImageError

from .checks import Bad, check_message
from .delivery import Delivery
from .model import Chat, File, Json, Message
from .world import World

PICTURE_BYTES = 1024 * 1024
_MEDIA = ("picture", "video", "file")


class CannotShow(Exception):
    """Why a phone does not show a message: the `desc` of the event that the bot gets."""


class Phones:
    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        self._tasks: set[asyncio.Task[None]] = set()
        delivery.welcome = self.welcome

    def card(self, chat: Chat) -> Json:
        """The person as a callback shows them."""
        person, bot = chat.person, chat.bot
        card: Json = {"id": chat.user, "country": "UA", "api_version": person.api_version}
        if person.language:
            card["language"] = person.language
        if bot.send_name:
            card["name"] = person.name
        if bot.send_photo:
            card["avatar"] = f"https://media-direct.cdn.viber.com/download_photo?dlid={person.number}"
        return card

    def event(self, chat: Chat, name: str, token: int | None = None, **more: Any) -> None:
        """Tell the bot; without a token the event has one of its own."""
        self._world.announce(
            chat,
            {
                "event": name,
                "timestamp": int(self._world.clock() * 1000),
                "chat_hostname": "SN-CHAT-05_",
                "message_token": token if token is not None else self._world.token(),
                **more,
            },
        )

    def welcome(self, chat: Chat, body: Json) -> None:
        """The answer to conversation_started holds a message without receiver."""
        try:
            check_message(body, welcome=True)
        except Bad:
            return
        chat.greeted = True
        self.received(chat, body)

    def received(self, chat: Chat, body: Json) -> Message:
        """A message comes to the phone: delivered, unless it cannot be shown."""
        kept = {name: value for name, value in body.items() if name not in ("receiver", "auth_token", "sender")}
        message = self._world.message(
            chat, outgoing=True, wire=kept, keyboard=body.get("keyboard"), tracking=body.get("tracking_data")
        )
        if body.get("type") not in _MEDIA:
            self.event(chat, "delivered", message.token, user_id=chat.user)
            return message
        task = asyncio.get_running_loop().create_task(self._show(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return message

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def seen(self, chat: Chat) -> None:
        """The person looks: everything that the bot wrote is read."""
        for message in chat.sent():
            if not message.seen and message.failed is None and not self._loading(message):
                message.seen = True
                self.event(chat, "seen", message.token, user_id=chat.user)

    @staticmethod
    def _loading(message: Message) -> bool:
        return message.wire.get("type") in _MEDIA and message.file is None

    async def _show(self, message: Message) -> None:
        chat = message.chat
        try:
            message.file = await self._fetch(message.wire)
        except CannotShow as failure:
            message.failed = str(failure)
            self.event(chat, "failed", message.token, user_id=chat.user, desc=message.failed)
        else:
            self.event(chat, "delivered", message.token, user_id=chat.user)
        self._world.changed("message", message)

    async def _fetch(self, wire: Json) -> File:
        """The medium by its address, as a phone fetches it."""
        address, headers = self._world.route(wire["media"])
        try:
            limit = aiohttp.ClientTimeout(total=20)
            async with self._delivery.session().get(address, headers=headers, timeout=limit) as response:
                data = await response.read()
                if response.status != 200:
                    raise CannotShow(f"media: HTTP {response.status}")
                mime = response.content_type
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            raise CannotShow("media: unreachable") from None
        name = str(wire.get("file_name") or wire["media"].rpartition("/")[2])
        self._judge(wire, data, mime)
        return self._world.file(wire["type"], data, name, mime)

    @staticmethod
    def _judge(wire: Json, data: bytes, mime: str) -> None:
        if wire["type"] == "picture":
            if mime not in ("image/jpeg", "image/png") or len(data) > PICTURE_BYTES:
                raise CannotShow("picture: JPEG or PNG up to 1 MB")
            try:
                with Image.open(io.BytesIO(data)) as picture:
                    picture.verify()
            except (OSError, SyntaxError, UnidentifiedImageError, ValueError):
                raise CannotShow("picture: cannot be read") from None
        elif len(data) != wire["size"]:
            raise CannotShow("size: is not that of the file")
        if wire["type"] == "video" and mime != "video/mp4":
            raise CannotShow("video: MP4 only")
