"""The emulator as one platform of the sandbox: actions come in and views go out as plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from .emulator import FacebookEmulator
from .faults import Fault
from .model import File, Json, Message, Thread
from .view import bot_view, call_view, chat_view, fault_view, message_view, person_view
from .world import NotPossible

Uploaded = tuple[str, str, bytes]
_KINDS = {"photo": "image", "video": "video", "video_note": "video", "animation": "video", "voice": "audio",
          "audio": "audio", "sticker": "sticker"}  # fmt: skip


class FacebookStage:
    id = "facebook"
    title = "Facebook"

    def __init__(self, emulator: FacebookEmulator | None = None) -> None:
        self.emulator = emulator or FacebookEmulator()
        self._world = self.emulator.world

    def mount(self, app: web.Application) -> None:
        self.emulator.mount(app, "/facebook")

    def route_host(self, host: str, base: str) -> None:
        """Deliver what goes to https://host to this local address."""
        self.emulator.hosts[host] = base

    def environment(self, base: str) -> dict[str, str]:
        """The settings with which the service speaks to this emulator; `base` is the sandbox's address."""
        return self.emulator.settings(f"{base}/facebook")

    def reset(self) -> None:
        self.emulator.reset()

    # Views

    def bots(self) -> list[Json]:
        return [bot_view(self._world, page) for page in self._world.pages.values()]

    def people(self) -> list[Json]:
        return [person_view(person) for person in self._world.people.values()]

    def chats(self) -> list[Json]:
        return [chat_view(self._world, thread) for thread in self._world.threads.values()]

    def faults(self) -> list[Json]:
        return [fault_view(fault) for fault in self._world.faults.orders]

    def calls(self, bot: str | None, method: str | None, since: int) -> list[Json]:
        found = self.emulator.calls(method, bot)
        return [call_view(call) for call in found if call.number > since]

    def media(self, key: str) -> tuple[bytes, str, str] | None:
        file = self._world.files.get(key)
        return None if file is None else (file.data, file.mime, file.name)

    def listen(self, push: Callable[[Json], None]) -> Callable[[], None]:
        """Tell `push` of every change in the form of /api/live; the result stops it."""

        def listener(what: str, subject: Any) -> None:
            event = self._event(what, subject)
            if event is not None:
                push(event)

        self._world.listeners.append(listener)
        return lambda: self._world.listeners.remove(listener)

    def _event(self, what: str, subject: Any) -> Json | None:
        if what == "faults":
            return {"type": "faults", "faults": self.faults()}
        if what == "bot":
            return {"type": "bot", "bot": bot_view(self._world, subject)}
        if what == "person":
            return {"type": "person", "person": person_view(subject)}
        if what == "chat":
            return {"type": "chat", "chat": chat_view(self._world, subject, messages=False)}
        if not isinstance(subject, Message):
            return None
        address = {"bot": subject.thread.page.id, "person": str(subject.thread.person.number)}
        if what == "message_gone":
            return {"type": what, **address, "id": subject.number}
        return {"type": "message", **address, "message": message_view(subject)}

    # Cast

    def add_person(self, number: int, name: str, username: str | None, language: str | None, staff: bool) -> Json:
        return person_view(
            self.emulator.person(name, username=username, language=language, staff=staff, person_id=number)
        )

    def has_bot(self, bot: str) -> bool:
        return bot in self._world.pages

    def create_bot(self, name: str, username: str, control: bool) -> Json:
        if control:
            raise NotPossible("A control bot lives in Telegram.")
        return bot_view(self._world, self.emulator.create_page(name, username or f"page{self._world.next()}"))

    def revoke(self, bot: str) -> str:
        return self.emulator.revoke(bot)

    def add_fault(self, data: Json) -> Json:
        page = None if data.get("bot") is None else self.emulator.page(str(data["bot"])).id
        person = None if data.get("person") is None else self.emulator.who(str(data["person"])).number
        fault = Fault(
            "",
            str(data.get("kind")),
            str(data.get("where", "api")),
            page,
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

    def _thread(self, bot: str, person: str) -> Thread:
        return self.emulator.chat(bot, person)

    def _message(self, bot: str, person: str, data: Json) -> Message:
        return self.emulator.people.find(self._thread(bot, person), number(data, "message_id"))

    def start(self, bot: str, person: str, payload: str | None) -> Json:
        return message_view(self.emulator.start(bot, person, payload))

    def send(self, bot: str, person: str, data: Json) -> Json:
        self._looked(bot, person)
        reply = data.get("reply_to")
        more: Json = {"reply_to": int(reply)} if reply else {}
        if place := data.get("venue") or data.get("location"):
            more["location"] = {name: place.get(name) for name in ("latitude", "longitude", "title", "address")}
        elif data.get("sticker"):
            more["files"] = [self.emulator.file("sticker", STICKER, name="sticker.png")]
        elif not data.get("text"):
            raise NotPossible("Messenger has nothing of this kind.")
        return message_view(self.emulator.say(bot, person, str(data.get("text") or ""), **more))

    def _looked(self, bot: str, person: str) -> None:
        """Whoever writes has read what stands above."""
        thread = self._thread(bot, person)
        if thread.sent():
            self.emulator.people.read(thread)

    def send_files(
        self, bot: str, person: str, fields: Mapping[str, str], files: Sequence[Uploaded]
    ) -> tuple[list[Json], bool]:
        """Every file is a message of its own on the page of phones; pictures together are one message on the wire."""
        if not files:
            raise NotPossible("There is no file.")
        self._looked(bot, person)
        kind = _KINDS.get(fields.get("kind", ""), "file")
        kept: list[File] = [self.emulator.file(kind, data, name=name, mime=mime) for name, mime, data in files]
        message = self.emulator.say(bot, person, fields.get("caption", ""), files=kept)
        return [message_view(message)], False

    def share(self, bot: str, person: str, data: Json) -> Json:
        if place := data.get("location"):
            return self.send(bot, person, {"location": place})
        raise NotPossible("Messenger shares a phone by a button only.")

    def edit(self, bot: str, person: str, data: Json) -> Json:
        return message_view(self.emulator.edit(self._message(bot, person, data), str(data.get("text") or "").strip()))

    def delete(self, bot: str, person: str, data: Json) -> None:
        self.emulator.delete(self._message(bot, person, data))

    def react(self, bot: str, person: str, data: Json) -> Json:
        return message_view(self.emulator.react(self._message(bot, person, data), data.get("emoji")))

    async def press(self, bot: str, person: str, data: Json) -> Json | None:
        answer = self.emulator.press(self._message(bot, person, data), number(data, "row"))
        return answer or {"text": "", "alert": False, "url": None}

    def block(self, bot: str, person: str, blocked: bool) -> None:
        self.emulator.block(bot, person, blocked)


def number(data: Json, name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int):
        raise NotPossible(f"{name} must be a number.")
    return value


STICKER = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


def create_stage() -> FacebookStage:
    """What the sandbox calls in every emulator package that it finds."""
    return FacebookStage()
