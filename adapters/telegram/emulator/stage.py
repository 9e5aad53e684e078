"""The emulator as one platform of the sandbox: actions come in and views go out as plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from . import managed, people, shares
from .emulator import TelegramEmulator
from .faults import Fault
from .files import content
from .media import wire_of
from .model import Chat, Json, Message, Person
from .people import NotPossible
from .view import bot_view, call_view, chat_view, fault_view, message_view, person_view

Uploaded = tuple[str, str, bytes]


class TelegramStage:
    id = "telegram"
    title = "Telegram"

    def __init__(self, emulator: TelegramEmulator | None = None) -> None:
        self.emulator = emulator or TelegramEmulator()
        self._world = self.emulator.world

    def mount(self, app: web.Application) -> None:
        self.emulator.mount(app, "/telegram")

    def route_host(self, host: str, base: str) -> None:
        """Deliver what goes to https://host to this local address."""
        self.emulator.hosts[host] = base

    def reset(self) -> None:
        self.emulator.reset()

    # Views

    def bots(self) -> list[Json]:
        return [bot_view(self._world, bot) for bot in self._world.bots.values()]

    def people(self) -> list[Json]:
        return [person_view(person) for person in self._world.people.values()]

    def chats(self) -> list[Json]:
        everything = (chat for bot in self._world.bots.values() for chat in bot.chats.values())
        return [chat_view(self._world, chat) for chat in everything if chat.person is not None]

    def faults(self) -> list[Json]:
        return [fault_view(fault) for fault in self._world.faults.orders]

    def calls(self, bot: str | None, method: str | None, since: int) -> list[Json]:
        found = self.emulator.calls(method, bot)
        return [call_view(call) for call in found if call.number > since]

    def media(self, key: str) -> tuple[bytes, str, str] | None:
        file = self._world.files.find(key)
        return None if file is None else (content(file), file.mime, file.name)

    def listen(self, push: Callable[[Json], None]) -> Callable[[], None]:
        """Tell `push` of every change in the form of /api/live; the result stops it."""

        def listener(what: str, subject: Any) -> None:
            event = self._event(what, subject)
            if event is not None:
                push(event)

        self._world.changes.listeners.append(listener)
        return lambda: self._world.changes.listeners.remove(listener)

    def _event(self, what: str, subject: Any) -> Json | None:
        if what == "faults":
            return {"type": "faults", "faults": self.faults()}
        if what == "bot":
            return {"type": "bot", "bot": bot_view(self._world, subject)}
        if what == "person":
            return {"type": "person", "person": person_view(subject)}
        if what == "chat":
            view = chat_view(self._world, subject, messages=False)
            return {"type": "chat", "chat": view} if subject.person is not None else None
        chat, number = subject if what == "message_gone" else (subject.chat, 0)
        if chat.person is None:
            return None
        address = {"bot": str(chat.bot.id), "person": str(chat.id)}
        if what == "message_gone":
            return {"type": what, **address, "id": number}
        return {"type": "message", **address, "message": message_view(self._world, subject)}

    # Cast

    def add_person(self, number: int, name: str, username: str | None, language: str | None, staff: bool) -> Json:
        person = self.emulator.person(name, username=username, language=language, staff=staff, person_id=number)
        return person_view(person)

    def has_bot(self, bot: str) -> bool:
        return any(str(number) == bot for number in self._world.bots)

    def create_bot(self, name: str, username: str, control: bool) -> Json:
        return bot_view(self._world, self.emulator.create_bot(name, username, control=control))

    def allow_managing(self, bot: str, allowed: bool) -> Json:
        self.emulator.allow_managing(bot, allowed)
        return bot_view(self._world, self.emulator.bot(bot))

    def revoke(self, bot: str) -> str:
        return self.emulator.revoke(bot)

    def add_fault(self, data: Json) -> Json:
        bot = None if data.get("bot") is None else self.emulator.bot(str(data["bot"])).id
        person = None if data.get("person") is None else self.emulator.who(str(data["person"])).id
        fault = Fault(
            "",
            str(data.get("kind")),
            str(data.get("where", "api")),
            bot,
            person,
            str(data.get("method") or "*"),
            None if data.get("times") is None else max(1, int(data["times"])),
            max(1, int(data.get("retry_after") or 1)),
            float(data.get("seconds") or 1.0),
            float(1.0 if data.get("probability") is None else data["probability"]),
            data.get("description"),
        )
        return fault_view(self._world.faults.add(fault))

    def remove_fault(self, fault_id: str) -> bool:
        return self._world.faults.remove(fault_id)

    def clear_faults(self) -> None:
        self._world.faults.clear()

    # Actions

    def _chat(self, bot: str, person: str) -> tuple[Chat, Person]:
        return self.emulator.chat(bot, person), self.emulator.who(person)

    def _message(self, bot: str, person: str, data: Json) -> Message:
        return people.find(self._chat(bot, person)[0], number(data, "message_id"))

    def start(self, bot: str, person: str, payload: str | None) -> Json:
        return self._shown(self.emulator.start(bot, person, payload))

    def send(self, bot: str, person: str, data: Json) -> Json:
        chat, who = self._chat(bot, person)
        forward_from = data.get("forward_from")
        parts = self._content(chat, data)
        parts |= people.forwarded(self._world, forward_from)
        message = people.person_message(self._world, chat, who, parts, forwarded_from=forward_from)
        people.used_keyboard(self._world, chat, str(data.get("text") or ""))
        return self._shown(message)

    def _content(self, chat: Chat, data: Json) -> Json:
        parts = people.replied(chat, data.get("reply_to"), data.get("quote"))
        if data.get("text"):
            return parts | people.written(self._world, str(data["text"]), data.get("entities"))
        if place := data.get("venue") or data.get("location"):
            return parts | shares.place_content(
                float(place["latitude"]), float(place["longitude"]), place.get("title"), place.get("address")
            )
        if contact := data.get("contact"):
            return parts | shares.contact_content(str(contact["name"]), str(contact["phone"]))
        if data.get("sticker"):
            return parts | wire_of(self._world, chat.bot, shares.sticker(self._world))
        if data.get("dice"):
            emoji = data["dice"]
            return parts | shares.dice_content(self._world, emoji if isinstance(emoji, str) else "🎲")
        if poll := data.get("poll"):
            poll = poll if isinstance(poll, dict) else {}
            options = poll.get("options") or ["Да", "Нет"]
            return parts | shares.poll_content(self._world, str(poll.get("question") or "?"), options)
        raise NotPossible("The message is empty.")

    def send_files(
        self, bot: str, person: str, fields: Mapping[str, str], files: Sequence[Uploaded]
    ) -> tuple[list[Json], bool]:
        """The sent messages, and whether they are an album."""
        chat, who = self._chat(bot, person)
        kind, caption = fields.get("kind", "document"), fields.get("caption", "")
        if not files:
            raise NotPossible("There is no file.")
        kept = [shares.keep(self._world, kind_of(kind, mime), data, name, mime) for name, mime, data in files]
        if len(kept) > 1:
            sent = shares.send_album(self._world, chat, who, kept, caption)
            return [self._shown(message) for message in sent], True
        reply_to = int(fields["reply_to"]) if fields.get("reply_to") else None
        extra = people.replied(chat, reply_to, fields.get("quote"))
        extra |= people.forwarded(self._world, fields.get("forward_from"))
        message = shares.send_file(self._world, chat, who, kept[0], caption, extra)
        message.forwarded_from = fields.get("forward_from")
        return [self._shown(message)], False

    def share(self, bot: str, person: str, data: Json) -> Json:
        """Press a reply-keyboard button that shares the own contact or place, or creates a bot."""
        chat, who = self._chat(bot, person)
        if made := data.get("managed_bot"):
            username = str(made.get("username") or "").strip().lstrip("@")
            return self._shown(managed.create(self._world, chat, who, str(made.get("name") or "").strip(), username)[1])
        if data.get("contact"):
            phone = f"+7900{who.id:07d}"
            parts = shares.contact_content(who.name, phone, who.id)
        elif place := data.get("location"):
            parts = shares.place_content(float(place["latitude"]), float(place["longitude"]), None, None)
        else:
            raise NotPossible("One can share contact or location.")
        message = people.person_message(self._world, chat, who, parts)
        people.used_keyboard(self._world, chat, None)
        return self._shown(message)

    def edit(self, bot: str, person: str, data: Json) -> Json:
        message = self._message(bot, person, data)
        text = str(data.get("text") or "").strip()
        if not text and "text" in message.wire:
            raise NotPossible("The text is empty.")
        return self._shown(self.emulator.edit(message, text, entities=data.get("entities")))

    def delete(self, bot: str, person: str, data: Json) -> None:
        self.emulator.delete(self._message(bot, person, data))

    def react(self, bot: str, person: str, data: Json) -> Json:
        return self._shown(self.emulator.react(self._message(bot, person, data), data.get("emoji")))

    async def press(self, bot: str, person: str, data: Json) -> Json | None:
        place = (number(data, "row"), number(data, "column"))
        return await self.emulator.press(self._message(bot, person, data), place)

    def block(self, bot: str, person: str, blocked: bool) -> None:
        self.emulator.block(bot, person, blocked)

    def _shown(self, message: Message) -> Json:
        return message_view(self._world, message)


def number(data: Json, name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int):
        raise NotPossible(f"{name} must be a number.")
    return value


def kind_of(kind: str, mime: str) -> str:
    """In an album of pictures and films each file goes as what it is."""
    if kind in ("photo", "video") and mime.startswith(("image/", "video/")):
        return "video" if mime.startswith("video/") else "photo"
    return kind


def create_stage() -> TelegramStage:
    """What the sandbox calls in every emulator package that it finds."""
    return TelegramStage()
