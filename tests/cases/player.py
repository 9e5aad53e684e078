"""Plays a case: what a customer and a member do, in the messengers' own forms, and what must stand in whose chat then.

A case is a JSON file of `inputs/`. `platform`: where the customer is. `steps`, one after another:
- `customer`: "message" or "edit" (of the last one) with its `body` in the messenger's form; `who` and `called` tell
  several customers apart. In a body {"$file": …} is a file that was uploaded, {"$media": …} the address of one, and
  {words:680:w} stands for that many numbered words.
- `member`: "send" (`text`, or `kind` with `file`, or an `album`; `to`: in reply to what holds these words), "edit" of
  the last own message, or "press" of a `button`; `extra` and `odd`: fields of the update beside the usual ones.
- `fail`: the platform refuses these calls from now on. `topics`: the customer's bot has topics.
`expect`: see `Expectations`.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from adapters.facebook.emulator import FacebookEmulator, Page
from adapters.telegram.emulator import Message, Person
from adapters.telegram.emulator import media as telegram_media
from adapters.vk.emulator import Community, VkEmulator
from services import clock
from services.sql import fetch
from tests.e2e.conftest import Office

INPUTS = Path(__file__).parent / "inputs"
Json = dict[str, Any]
SOON = timedelta(seconds=3)
"""What runs within this time belongs to what was just done: an album waits for its last part."""


def cases(platform: str) -> list[Json]:
    found = [json.loads(path.read_text()) for path in sorted(INPUTS.glob("*.json"))]
    return [case for case in found if case["platform"] == platform]


def file_bytes(what: str) -> bytes:
    """`jpeg:81`: a picture of its own for each number; `text:words`; `empty`; `html`: a page where a file was meant."""
    kind, _, value = what.partition(":")
    if kind == "jpeg":
        target = io.BytesIO()
        Image.new("RGB", (64, 48), (int(value) % 256, 90, 160)).save(target, "JPEG")
        return target.getvalue()
    return {"text": value.encode(), "empty": b"", "html": b"<!doctype html><html><body>404</body></html>"}[kind]


def worded(text: str) -> str:
    def words(match: re.Match[str]) -> str:
        return " ".join(f"{match[2]}{number:04}" for number in range(int(match[1])))

    return re.sub(r"\{words:(\d+):(\w+)\}", words, text)


async def quiet(office: Office) -> None:
    """Nothing is on its way any more: all updates are handled, and no job is due soon."""
    still = 0
    async with asyncio.timeout(office.patience):
        while still < 3:
            busy = await fetch(
                "SELECT 1 AS busy FROM jobs WHERE state = 'running' OR (state = 'queued' AND run_at <= ?)"
                " UNION ALL SELECT 1 FROM control_updates WHERE state = 'received' LIMIT 1",
                clock.now() + SOON,
            )
            still = 0 if busy else still + 1
            await asyncio.sleep(0.05)


class Customers:
    """The customers of one platform: each platform says how they write, and what they have got."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.people: dict[str, Any] = {}
        self.last: Any = None

    def who(self, number: str, name: str) -> Any:
        if number not in self.people:
            self.people[number] = self.newcomer(name)
        return self.people[number]

    def newcomer(self, name: str) -> Any: ...
    def write(self, person: Any, step: Json) -> Any: ...
    def edit(self, message: Any, body: Json) -> None: ...
    def media(self, spec: Json) -> str: ...
    def texts(self) -> list[str]: ...
    def files(self) -> list[bytes]: ...
    def fail(self, what: str) -> None: ...


class OnTelegram(Customers):
    threads = 0

    def newcomer(self, name: str) -> Person:
        return self.office.customer(name)

    def write(self, person: Person, step: Json) -> Message:
        topic = {"message_thread_id": 700, "is_topic_message": True} if step.get("new_topic") else {}
        return self.office.telegram.send_content(self.office.shop, person, self._content(step["body"]) | topic)

    def edit(self, message: Message, body: Json) -> None:
        self.office.telegram.edit_content(message, self._content(body))

    def _content(self, body: Json) -> Json:
        if "$file" not in body:
            return body
        world = self.office.telegram.world
        file = world.files.store("document", file_bytes(body["$file"]), body["name"], "text/plain")
        return telegram_media.wire_of(world, self.office.shop, file)

    def sent(self) -> list[Message]:
        return [one for person in self.people.values() for one in self.office.answers(person)]

    def texts(self) -> list[str]:
        return [one.text for one in self.sent()]

    def files(self) -> list[bytes]:
        return [data for one in self.sent() if (data := telegram_bytes(self.office, self.office.shop, one)) is not None]


class OnVk(Customers):
    def __init__(self, office: Office, vk: VkEmulator, community: Community) -> None:
        super().__init__(office)
        self.vk, self.community = vk, community

    def newcomer(self, name: str) -> Any:
        return self.vk.person(name, last_name="")

    def write(self, person: Any, step: Json) -> Any:
        body = dict(step["body"])
        return self.vk.send_raw(self.community, person, body, event=body.pop("event", None))

    def edit(self, message: Any, body: Json) -> None:
        self.vk.edit_raw(message, body)

    def media(self, spec: Json) -> str:
        mime = spec.get("type", "application/octet-stream")
        file = self.vk.world.store("doc", file_bytes(spec["$media"]), spec.get("name", "file.bin"), mime, 1)
        return self.vk.world.media_url(file)

    def sent(self) -> list[Any]:
        return [one for person in self.people.values() for one in self.vk.dialog(self.community, person).sent()]

    def texts(self) -> list[str]:
        return [one.text for one in self.sent()]

    def files(self) -> list[bytes]:
        return [item.data for one in self.sent() for item in one.attachments if not isinstance(item, dict)]


class OnFacebook(Customers):
    def __init__(self, office: Office, facebook: FacebookEmulator, page: Page) -> None:
        super().__init__(office)
        self.facebook, self.page = facebook, page

    def newcomer(self, name: str) -> Any:
        return self.facebook.person(name)

    def write(self, person: Any, step: Json) -> Any:
        body = dict(step["body"])
        text, raw = body.pop("text", ""), body.pop("attachments", ())
        return self.facebook.say(self.page, person, text, raw=raw, **body)

    def media(self, spec: Json) -> str:
        file = self.facebook.file("file", file_bytes(spec["$media"]), name=spec.get("name", "file.bin"))
        return f"{self.facebook.world.base}/media/{file.key}/{file.name}?oh=00"

    def texts(self) -> list[str]:
        threads = [self.facebook.chat(self.page, person) for person in self.people.values()]
        return [one.text for thread in threads for one in thread.sent()]

    def fail(self, what: str) -> None:
        """Only the refusal of profiles is asked for."""
        self.facebook.fault("refused", method="profile", times=None, description="100/33")


def telegram_bytes(office: Office, bot: Any, message: Message) -> bytes | None:
    """The bytes of the medium of a message, as this bot knows it."""
    for kind in ("document", "photo", "video", "audio", "voice"):
        if kind in message.wire:
            item = message.wire[kind][-1] if kind == "photo" else message.wire[kind]
            file = office.telegram.bot(bot).files[item["file_id"]]
            return (file.original or file).data
    return None


@dataclass
class Played:
    """A case under way."""

    office: Office
    owner: Person
    customers: Customers
    own: list[Message] = field(default_factory=list)
    answer: Json | None = None

    async def play(self, case: Json) -> None:
        for step in case["steps"]:
            if "customer" in step:
                self._customer(step, case.get("name", "Инна"))
            elif "member" in step:
                await self._member(step)
            elif "fail" in step:
                self.customers.fail(step["fail"])
            elif "topics" in step:
                self.office.shop.topics = step["topics"]
            await quiet(self.office)
        expect = Expectations(self)
        for wanted in case["expect"]:
            await expect.meet(wanted)

    def _customer(self, step: Json, name: str) -> None:
        step = step | {"body": self._filled(step["body"])}
        if step["customer"] == "edit":
            self.customers.edit(self.customers.last, step["body"])
            return
        person = self.customers.who(step.get("who", "1"), step.get("called", name))
        self.customers.last = self.customers.write(person, step)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return worded(value)
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if isinstance(value, dict):
            return self.customers.media(value) if "$media" in value else {k: self._filled(v) for k, v in value.items()}
        return value

    async def _member(self, step: Json) -> None:
        to = await self.office.sees(self.owner, step["to"]) if "to" in step else None
        if step["member"] == "press":
            assert to is not None
            label = next(label for label in to.labels() if step["button"] in label)
            data = next(one["callback_data"] for row in to.buttons for one in row if one["text"] == label)
            self.answer = await self.office.telegram.press_data(to, data, odd=step.get("odd"))
        elif step["member"] == "edit":
            self.office.telegram.edit_content(self.own[-1], self._content(step))
        else:
            self._send(step, to)

    def _send(self, step: Json, to: Message | None) -> None:
        reply = {"reply_to_message": {k: v for k, v in to.wire.items() if k != "reply_to_message"}} if to else {}
        telegram, album = self.office.telegram, step.get("album")
        group = {"media_group_id": telegram.world.next_album_id()} if album else {}
        for item in album or [step]:
            content = self._content(item) | reply | group | step.get("extra", {})
            self.own.append(telegram.send_content(self.office.desk, self.owner, content))

    def _content(self, item: Json) -> Json:
        if "file" not in item:
            return {"text": item["text"]}
        world, name = self.office.telegram.world, item.get("name", "a.jpg" if item["kind"] == "photo" else "file")
        file = world.files.store(item["kind"], file_bytes(item["file"]), name, "")
        if item["kind"] == "photo":
            file.width, file.height = 64, 48
        caption = {"caption": item["caption"]} if "caption" in item else {}
        return telegram_media.wire_of(world, self.office.desk, file) | caption


@dataclass
class Expectations:
    """What must be true in the end, by the name it has in a case."""

    played: Played

    async def meet(self, wanted: Json) -> None:
        try:
            await self.played.office.until(lambda: self.true(wanted))
        except TimeoutError:
            raise AssertionError(f"{wanted} is not so; the member sees:\n{self._seen()}") from None

    def true(self, wanted: Json) -> bool:
        [(name, value)] = wanted.items()
        check: Callable[[Any], bool] = getattr(self, name)
        return check(value)

    def _chat(self) -> list[Message]:
        return self.played.office.sent(self.played.owner)

    def _seen(self) -> str:
        """All that can be read in the member's chat."""
        lines: list[str] = []
        for one in self._chat():
            wire = one.wire
            lines += [
                one.text,
                *(str(wire[kind].get("file_name", "")) for kind in ("document", "audio") if kind in wire),
            ]
            lines += [str(wire[kind].get("title", "")) for kind in ("venue",) if kind in wire]
            lines += [str(wire[kind].get("first_name", "")) for kind in ("contact",) if kind in wire]
        return "\n".join(lines)

    def owner_sees(self, pattern: str) -> bool:
        return re.search(pattern, self._seen(), re.M) is not None

    def owner_not(self, pattern: str) -> bool:
        return not self.owner_sees(pattern)

    def words(self, wanted: list[Any]) -> bool:
        """All the numbered words stand there, in their order."""
        number, letter = wanted
        found = re.findall(rf"\b{letter}\d{{4}}\b", self._seen())
        return list(dict.fromkeys(found)) == [f"{letter}{n:04}" for n in range(number)]

    def place(self, wanted: list[float]) -> bool:
        """The newest place that is shown, or a link to it."""
        places = [one.wire["location"]["latitude"] for one in self._chat() if "location" in one.wire]
        return places[-1:] == [wanted[0]] or str(wanted[0]) in self._seen()

    def owner_file(self, what: str) -> bool:
        office = self.played.office
        files = [telegram_bytes(office, office.desk, one) for one in self._chat()]
        return [one for one in files if one is not None][-1:] == [file_bytes(what)]

    def distinct_buttons(self, _: bool) -> bool:
        labels = next((one.labels() for one in reversed(self._chat()) if one.labels()), [])
        return len(labels) > 1 and len(set(labels)) == len(labels)

    def customer_gets(self, text: str) -> bool:
        return any(text in one for one in self.played.customers.texts())

    def customer_file(self, what: str) -> bool:
        return file_bytes(what) in self.played.customers.files()

    def tick(self, _: bool) -> bool:
        return "👌" in str(self.played.own[-1].reactions)

    def told(self, _: bool) -> bool:
        """Something was said in reply to the member's last message."""
        return any(one.reply_to == self.played.own[-1].id for one in self._chat())

    def answered(self, _: bool) -> bool:
        return self.played.answer is not None

    def either(self, wanted: list[Json]) -> bool:
        return any(self.true(one) for one in wanted)

    def thread(self, _: bool) -> bool:
        customers = self.played.customers
        assert isinstance(customers, OnTelegram)
        return bool(customers.sent()) and customers.sent()[-1].wire.get("message_thread_id") == 700
