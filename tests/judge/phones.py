"""What stands on people's phones, read off any of the emulators: the only witness of what was really said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from adapters.facebook.emulator import FacebookEmulator
from adapters.telegram.emulator import TelegramEmulator
from adapters.viber.emulator import ViberEmulator
from adapters.vk.emulator import VkEmulator

MEDIA = ("photo", "video", "video_note", "voice", "audio", "animation", "document", "sticker")


@dataclass(frozen=True, slots=True)
class Said:
    """A message as the phone shows it now.

    key: the messenger's own id of it. media: what each medium's bytes are, in short. place: latitude and longitude.
    """

    key: str
    outgoing: bool
    text: str = ""
    media: tuple[str, ...] = ()
    place: tuple[float, float] | None = None
    contact: str | None = None
    edited: bool = False
    deleted: bool = False
    marked_up: bool = False


@dataclass(frozen=True, slots=True)
class Phone:
    """A customer's chat with a channel. user: the person's id on this channel; name: as the person calls himself."""

    user: str
    name: str
    messages: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A channel as those who write to it have it: `home` is its bot, community or page."""

    platform: str
    title: str
    external_id: str
    phones: Callable[[], Iterator[Phone]]


def fingerprint(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=6).hexdigest()


def short(text: str) -> str:
    """For a report."""
    return text if len(text) <= 60 else f"{text[:40]}…{text[-18:]} ({len(text)})"


# Telegram


def telegram(emulator: TelegramEmulator, bot: Any) -> Line:
    def phones() -> Iterator[Phone]:
        for chat in bot.chats.values():
            if chat.person is not None:
                messages = tuple(telegram_message(one) for one in chat.all() if one.service is None)
                name = " ".join(part for part in (chat.person.name, chat.person.last_name) if part)
                yield Phone(str(chat.person.id), name, messages)

    return Line("telegram", "Telegram", str(bot.id), phones)


def telegram_message(message: Any) -> Said:
    wire = message.wire
    place, card = (wire.get("venue") or {}).get("location") or wire.get("location"), wire.get("contact")
    return Said(
        str(message.id), message.outgoing, message.text, telegram_media(message),
        None if place is None else (place["latitude"], place["longitude"]),
        None if card is None else card["phone_number"], "edit_date" in wire, marked_up=bool(message.entities),
    )  # fmt: skip


def telegram_media(message: Any) -> tuple[str, ...]:
    kind = next((one for one in MEDIA if one in message.wire), None)
    if kind is None:
        return ()
    medium = message.wire[kind]
    number = (medium[-1] if kind == "photo" else medium)["file_id"]
    file = message.chat.bot.files.get(number)
    return (fingerprint(file.data) if file is not None else number,)


# The others


def vk(emulator: VkEmulator, community: Any) -> Line:
    def phones() -> Iterator[Phone]:
        for dialog in community.dialogs.values():
            person = dialog.person
            name = " ".join(part for part in (person.name, person.last_name) if part)
            yield Phone(str(person.id), name, tuple(_vk_message(one) for one in dialog))

    return Line("vk", "VK", str(community.id), phones)


def _vk_message(message: Any) -> Said:
    media = tuple(fingerprint(one.data) for one in message.attachments if hasattr(one, "data"))
    point = (message.geo or {}).get("coordinates")
    return Said(
        str(message.cmid), message.out, message.text, media,
        None if point is None else (point["latitude"], point["longitude"]), edited=message.update_time is not None,
    )  # fmt: skip


def viber(emulator: ViberEmulator, bot: Any) -> Line:
    def phones() -> Iterator[Phone]:
        for chat in (chat for chat in emulator.world.chats.values() if chat.bot is bot):
            messages = tuple(_viber_message(one) for one in chat if one.service is None)
            yield Phone(chat.user, chat.person.name, messages)

    return Line("viber", "Viber", bot.id, phones)


def _viber_message(message: Any) -> Said:
    media = () if message.file is None else (fingerprint(message.file.data),)
    point, card = message.wire.get("location"), message.wire.get("contact")
    return Said(
        str(message.token), message.outgoing, message.text, media,
        None if not point else (float(point["lat"]), float(point["lon"])),
        None if not card else card.get("phone_number"),
    )  # fmt: skip


def facebook(emulator: FacebookEmulator, page: Any) -> Line:
    def phones() -> Iterator[Phone]:
        for thread in (one for one in emulator.world.threads.values() if one.page is page):
            messages = tuple(_facebook_message(one) for one in thread.messages.values() if one.service is None)
            yield Phone(thread.psid, thread.person.name, messages)

    return Line("facebook", "Facebook", str(page.id), phones)


def _facebook_message(message: Any) -> Said:
    media = tuple(fingerprint(one.data) for one in message.files)
    point = message.location
    return Said(
        message.mid, message.outgoing, message.text, media,
        None if not point else (point["latitude"], point["longitude"]), edited=message.edits > 0, deleted=message.gone,
    )  # fmt: skip
