"""The emulator as one platform of the sandbox: actions come in and views go out as plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from .emulator import ViberEmulator
from .faults import Fault
from .model import Chat, Json, Message, NotPossible
from .view import bot_view, call_view, chat_view, fault_view, message_view, person_view

Uploaded = tuple[str, str, bytes]
NEVER = "Viber tells bots nothing of this."


class ViberStage:
    id = "viber"
    title = "Viber"

    def __init__(self, emulator: ViberEmulator | None = None) -> None:
        self.emulator = emulator or ViberEmulator(pauses=(1, 2, 4, 8, 16))
        self._world = self.emulator.world

    def mount(self, app: web.Application) -> None:
        self.emulator.mount(app, "/viber")

    def environment(self, base: str) -> dict[str, str]:
        """The settings with which the service speaks to this emulator; `base` is the sandbox's address."""
        self._world.base = f"{base}/viber"
        return {"PULT_VIBER_API": f"{base}/viber/pa"}

    def route_host(self, host: str, base: str) -> None:
        """Deliver what goes to https://host to this local address."""
        self.emulator.hosts[host] = base

    def reset(self) -> None:
        self.emulator.reset()

    # Views

    def bots(self) -> list[Json]:
        return [bot_view(bot) for bot in self._world.bots.values()]

    def people(self) -> list[Json]:
        return [person_view(person) for person in self._world.people.values()]

    def chats(self) -> list[Json]:
        return [chat_view(chat) for chat in self._world.chats.values()]

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

        self._world.listeners.append(listener)
        return lambda: self._world.listeners.remove(listener)

    def _event(self, what: str, subject: Any) -> Json:
        if what == "faults":
            return {"type": "faults", "faults": self.faults()}
        if what == "bot":
            return {"type": "bot", "bot": bot_view(subject)}
        if what == "person":
            return {"type": "person", "person": person_view(subject)}
        if what == "chat":
            return {"type": "chat", "chat": chat_view(subject, messages=False)}
        address = {"bot": subject.chat.bot.id, "person": str(subject.chat.person.number)}
        return {"type": "message", **address, "message": message_view(subject)}

    # Cast

    def add_person(self, number: int, name: str, username: str | None, language: str | None, staff: bool) -> Json:
        return person_view(
            self.emulator.person(name, person_id=number, username=username, language=language, staff=staff)
        )

    def has_bot(self, bot: str) -> bool:
        return bot in self._world.bots

    def create_bot(self, name: str, username: str, control: bool) -> Json:
        if control:
            raise NotPossible("A control bot lives in Telegram.")
        return bot_view(self.emulator.create_bot(name, username or f"bot{self._world.next()}"))

    def revoke(self, bot: str) -> str:
        return self.emulator.revoke(bot)

    def add_fault(self, data: Json) -> Json:
        fault = Fault(
            "",
            str(data.get("kind")),
            str(data.get("where", "api")),
            None if data.get("bot") is None else self.emulator.bot(str(data["bot"])).id,
            None if data.get("person") is None else self.emulator.who(str(data["person"])).number,
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

    def _message(self, bot: str, person: str, data: Json) -> Message:
        number = data.get("message_id")
        found = self._chat(bot, person).messages.get(number) if isinstance(number, int) else None
        if found is None:
            raise NotPossible(f"There is no message {number}.")
        return found

    def _chat(self, bot: str, person: str) -> Chat:
        return self.emulator.chat(bot, person)

    def start(self, bot: str, person: str, payload: str | None) -> Json:
        return message_view(self.emulator.open(bot, person, payload))

    def send(self, bot: str, person: str, data: Json) -> Json:
        if data.get("sticker"):
            return message_view(self.emulator.send_sticker(bot, person))
        return message_view(self.emulator.send(bot, person, _content(data)))

    def send_files(
        self, bot: str, person: str, fields: Mapping[str, str], files: Sequence[Uploaded]
    ) -> tuple[list[Json], bool]:
        """Viber has no albums: every file is a message of its own."""
        if not files:
            raise NotPossible("There is no file.")
        kind, caption = fields.get("kind", "document"), fields.get("caption", "")
        sent = []
        for name, mime, data in files:
            one = "video" if kind == "video" or mime.startswith("video/") else kind
            message = self.emulator.send_media(bot, person, one, data, name=name, mime=mime, caption=caption)
            sent.append(message_view(message))
            caption = ""
        return sent, len(sent) > 1

    def share(self, bot: str, person: str, data: Json) -> Json:
        who = self.emulator.who(person)
        if data.get("contact"):
            return self.send(bot, person, {"contact": {"name": who.name, "phone": f"+38050{who.number:07d}"}})
        if place := data.get("location"):
            return self.send(bot, person, {"location": place})
        raise NotPossible("One can share contact or location.")

    def edit(self, bot: str, person: str, data: Json) -> Json:
        raise NotPossible(NEVER)

    def delete(self, bot: str, person: str, data: Json) -> None:
        raise NotPossible(NEVER)

    def react(self, bot: str, person: str, data: Json) -> Json:
        raise NotPossible(NEVER)

    async def press(self, bot: str, person: str, data: Json) -> Json | None:
        row, column = data.get("row"), data.get("column")
        if not isinstance(row, int) or not isinstance(column, int):
            raise NotPossible("row and column must be numbers.")
        message = self._message(bot, person, data)
        self.emulator.press(message, (row, column))
        button = message.buttons[row][column]
        url = str(button["ActionBody"]) if button.get("ActionType") == "open-url" else None
        return {"text": "", "alert": False, "url": url}

    def block(self, bot: str, person: str, blocked: bool) -> None:
        if blocked:
            self.emulator.unsubscribe(bot, person)
        else:
            self.emulator.subscribe(bot, person)


def _content(data: Json) -> Json:
    if place := data.get("venue") or data.get("location"):
        point = {"lat": float(place["latitude"]), "lon": float(place["longitude"])}
        address = ", ".join(str(place[name]) for name in ("title", "address") if place.get(name))
        return {"type": "location", "location": point | ({"address": address} if address else {})}
    if card := data.get("contact"):
        return {"type": "contact", "contact": {"name": str(card["name"]), "phone_number": str(card["phone"])}}
    text = str(data.get("text") or "")
    if not text.strip():
        raise NotPossible("Viber has nothing of this kind.")
    return {"type": "text", "text": text}


def create_stage() -> ViberStage:
    """What the sandbox calls in every emulator package that it finds."""
    return ViberStage()
