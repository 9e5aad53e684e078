"""The emulator as one platform of the sandbox: actions come in and views go out as plain JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from . import actions
from .actions import NotPossible
from .emulator import VkEmulator
from .faults import Fault
from .model import Dialog, Json, Message
from .view import REACTIONS, bot_view, call_view, chat_view, fault_view, message_view, person_view

Uploaded = tuple[str, str, bytes]


class VkStage:
    id = "vk"
    title = "VK"

    def __init__(self, emulator: VkEmulator | None = None) -> None:
        self.emulator = emulator or VkEmulator()
        self._world = self.emulator.world

    def mount(self, app: web.Application) -> None:
        self.emulator.mount(app, "/vk")

    def route_host(self, host: str, base: str) -> None:
        """Deliver what goes to https://host to this local address."""
        self.emulator.hosts[host] = base

    def environment(self, base: str) -> dict[str, str]:
        """What the service needs to speak to this VK."""
        return self.emulator.settings(f"{base}/vk")

    def reset(self) -> None:
        self.emulator.reset()

    # Views

    def bots(self) -> list[Json]:
        return [bot_view(self._world, community) for community in self._world.communities.values()]

    def people(self) -> list[Json]:
        return [person_view(person) for person in self._world.people.values()]

    def chats(self) -> list[Json]:
        everything = (dialog for one in self._world.communities.values() for dialog in one.dialogs.values())
        return [chat_view(self._world, dialog) for dialog in everything]

    def faults(self) -> list[Json]:
        return [fault_view(fault) for fault in self._world.faults.orders]

    def calls(self, bot: str | None, method: str | None, since: int) -> list[Json]:
        return [call_view(call) for call in self.emulator.calls(method, bot) if call.number > since]

    def media(self, key: str) -> tuple[bytes, str, str] | None:
        file = self._world.files.get(key)
        return None if file is None else (file.data, file.mime, file.name)

    def listen(self, push: Callable[[Json], None]) -> Callable[[], None]:
        """Tell `push` of every change in the form of /api/live; the result stops it."""

        def listener(what: str, subject: Any) -> None:
            push(self._event(what, subject))

        self._world.changes.listeners.append(listener)
        return lambda: self._world.changes.listeners.remove(listener)

    def _event(self, what: str, subject: Any) -> Json:
        match what:
            case "faults":
                return {"type": what, "faults": self.faults()}
            case "bot":
                return {"type": what, "bot": bot_view(self._world, subject)}
            case "person":
                return {"type": what, "person": person_view(subject)}
            case "chat":
                return {"type": what, "chat": chat_view(self._world, subject, messages=False)}
            case "message_gone":
                dialog, number = subject
                return {"type": what, **_address(dialog), "id": number}
        return {"type": "message", **_address(subject.dialog), "message": message_view(self._world, subject)}

    # Cast

    def add_person(self, number: int, name: str, username: str | None, language: str | None, staff: bool) -> Json:
        person = self.emulator.person(name, username=username, language=language, staff=staff, person_id=number)
        return person_view(person)

    def has_bot(self, bot: str) -> bool:
        return any(str(number) == bot for number in self._world.communities)

    def create_bot(self, name: str, username: str, control: bool) -> Json:
        if control:
            raise NotPossible("A control bot lives in Telegram.")
        short = username or f"club{len(self._world.communities) + 1}"
        if not re.fullmatch(r"[A-Za-z0-9_.]{2,32}", short):
            raise NotPossible("A community's short name has Latin letters, digits and _.")
        return bot_view(self._world, self.emulator.create_community(name, short))

    def revoke(self, bot: str) -> str:
        return self.emulator.revoke(bot)

    def add_fault(self, data: Json) -> Json:
        bot = None if data.get("bot") is None else self.emulator.community(str(data["bot"])).id
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

    def _dialog(self, bot: str, person: str) -> Dialog:
        return self.emulator.dialog(bot, person)

    def _message(self, bot: str, person: str, data: Json) -> Message:
        return actions.find(self._dialog(bot, person), number(data, "message_id"))

    def start(self, bot: str, person: str, payload: str | None) -> Json:
        return self._shown(self.emulator.start(bot, person, payload))

    def send(self, bot: str, person: str, data: Json) -> Json:
        text = str(data.get("text") or "")
        forwarded = _forwarded(text, data["forward_from"]) if data.get("forward_from") else []
        if text:
            own = "" if forwarded else text
            reply_to = data.get("reply_to")
            return self._shown(self.emulator.say(bot, person, own, reply_to=reply_to, forwarded=forwarded))
        if place := data.get("venue") or data.get("location"):
            more = {name: place[name] for name in ("title", "address") if place.get(name)}
            where = float(place["latitude"]), float(place["longitude"])
            return self._shown(self.emulator.send_location(bot, person, *where, **more))
        if data.get("sticker"):
            return self._shown(self.emulator.send_media(bot, person, ("sticker", actions.picture(form="PNG"))))
        if poll := data.get("poll"):
            return self._shown(self.emulator.send_attachments(bot, person, _poll(poll)))
        raise NotPossible("VK has no messages of this kind.")

    def send_files(
        self, bot: str, person: str, fields: Mapping[str, str], files: Sequence[Uploaded]
    ) -> tuple[list[Json], bool]:
        """The sent message: VK keeps everything in one."""
        if not files:
            raise NotPossible("There is no file.")
        who, kind = self.emulator.who(person), fields.get("kind", "document")
        kept = [actions.keep(self._world, who, kind, data, name, mime) for name, mime, data in files]
        reply_to = int(fields["reply_to"]) if fields.get("reply_to") else None
        message = actions.write(
            self._world, self._dialog(bot, person), text=fields.get("caption", ""), attachments=kept, reply_to=reply_to
        )
        return [self._shown(message)], False

    def share(self, bot: str, person: str, data: Json) -> Json:
        """Press a keyboard's button that shares the place."""
        if place := data.get("location"):
            where = float(place["latitude"]), float(place["longitude"])
            return self._shown(self.emulator.send_location(bot, person, *where))
        raise NotPossible("VK shares no phone numbers.")

    def edit(self, bot: str, person: str, data: Json) -> Json:
        text = str(data.get("text") or "").strip()
        message = self._message(bot, person, data)
        if not text and not message.attachments:
            raise NotPossible("The text is empty.")
        return self._shown(self.emulator.edit(message, text))

    def delete(self, bot: str, person: str, data: Json) -> None:
        self.emulator.delete(self._message(bot, person, data))

    def react(self, bot: str, person: str, data: Json) -> Json:
        emoji = str(data.get("emoji") or "").replace("\ufe0f", "")
        found = next((key for key, known in REACTIONS.items() if known == emoji), None)
        if emoji and found is None:
            raise NotPossible("VK does not have this reaction.")
        return self._shown(self.emulator.react(self._message(bot, person, data), found))

    async def press(self, bot: str, person: str, data: Json) -> Json | None:
        place = (number(data, "row"), number(data, "column"))
        return await self.emulator.press(self._message(bot, person, data), place)

    def block(self, bot: str, person: str, blocked: bool) -> None:
        self.emulator.block(bot, person, blocked)

    def _shown(self, message: Message) -> Json:
        return message_view(self._world, message)


def _address(dialog: Dialog) -> Json:
    return {"bot": str(dialog.community.id), "person": str(dialog.person.id)}


def _forwarded(text: str, whose: Any) -> list[Json]:
    author = int(whose) if str(whose).isdigit() else 1
    return [{"date": 0, "from_id": author, "text": text, "attachments": [], "conversation_message_id": 1,
             "peer_id": author}]  # fmt: skip


def _poll(poll: Any) -> Json:
    data = poll if isinstance(poll, dict) else {}
    answers = [{"id": place, "text": text} for place, text in enumerate(data.get("options") or ["Да", "Нет"], 1)]
    body = {"id": 1, "owner_id": 1, "question": str(data.get("question") or "?"), "answers": answers}
    return {"type": "poll", "poll": body}


def number(data: Json, name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int):
        raise NotPossible(f"{name} must be a number.")
    return value


def create_stage() -> VkStage:
    """What the sandbox calls in every emulator package that it finds."""
    return VkStage()
