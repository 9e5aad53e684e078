"""The whole state of one emulated VK, and the few operations that every part of it uses."""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .changes import Changes
from .faults import Faults
from .model import CLIENT, Community, Dialog, Event, File, Json, Message, Person, Press
from .wire import message_wire

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
VERSION = "5.199"
_LANGUAGES = {"ru": 0, "uk": 1, "be": 2, "en": 3}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a community, as it was judged."""

    number: int
    at: float
    bot: int
    method: str
    params: Json
    outcome: str


class World:
    def __init__(self, clock: Callable[[], float], seed: int, budgets: bool, log: int) -> None:
        self.clock = clock
        self.budgets = budgets
        self.changes = Changes()
        self.faults = Faults(seed, lambda: self.changes.tell("faults", None))
        self.calls: deque[Call] = deque(maxlen=log)
        self.hosts: dict[str, str] = {}
        self.base = ""
        # The delivery of events puts itself here.
        self.wake: Callable[[Community], None] = lambda community: None
        self.clear()

    def clear(self) -> None:
        self.communities: dict[int, Community] = {}
        self.by_token: dict[str, Community] = {}
        self.people: dict[int, Person] = {}
        self.personal: dict[str, Person] = {}
        self.granted: dict[str, frozenset[str]] = {}
        """Keys of people who signed in for an app, with what they allowed."""
        self.files: dict[str, File] = {}
        self.uploads: dict[str, tuple[str, int, float]] = {}
        """Upload addresses by their key: kind, community, until when."""
        self.uploaded: dict[str, File] = {}
        self.presses: dict[str, Press] = {}
        self.spent: dict[int, deque[float]] = {}
        self.calls.clear()
        self._ids = itertools.count(170_561_001)
        self._person_ids = itertools.count(2_314_801)
        self._files = itertools.count(457_239_001)
        self._events = itertools.count(1)
        self._calls = itertools.count(1)

    def now(self) -> int:
        return int(self.clock())

    # Accounts

    def create_community(self, name: str, screen_name: str) -> Community:
        community = Community(next(self._ids), new_token(), name, screen_name)
        community.code = secrets.token_hex(4)
        community.long_poll_key = secrets.token_hex(20)
        self.communities[community.id] = community
        self.by_token[community.token] = community
        self.changes.tell("bot", community)
        return community

    def revoke(self, community: Community) -> str:
        """A new key; the old one answers error 5 from now on."""
        del self.by_token[community.token]
        community.token = new_token()
        self.by_token[community.token] = community
        self.changes.tell("bot", community)
        return community.token

    def add_person(self, person: Person) -> Person:
        self.people[person.id] = person
        self.changes.tell("person", person)
        return person

    def new_person_id(self) -> int:
        return next(number for number in self._person_ids if number not in self.people)

    def dialog(self, community: Community, person: Person) -> Dialog:
        if person.id not in community.dialogs:
            community.dialogs[person.id] = Dialog(community, person)
        return community.dialogs[person.id]

    # Files

    def store(self, kind: str, data: bytes, name: str, mime: str, owner: int) -> File:
        number = next(self._files)
        key = hashlib.blake2b(f"{number}".encode(), digest_size=9).hexdigest()
        file = File(key, kind, data, name, mime, owner, number, key[:10])
        self.files[key] = file
        return file

    def media_url(self, file: File) -> str:
        ending = file.name.rpartition(".")[2] if "." in file.name else "bin"
        return f"{self.base}/media/{file.key}/{ending}"

    def by_word(self, word: str) -> File | None:
        """A file as `attachment` names it; its access key is checked where one is given."""
        for file in self.files.values():
            if word in (file.word, f"{file.word}_{file.access_key}"):
                return file
        return None

    # Messages and events

    def place(self, message: Message) -> Message:
        """Give the message its place in the dialog and show it."""
        dialog = message.dialog
        dialog.messages[message.cmid] = message
        self.changes.tell("message", message)
        return message

    def numbers(self, dialog: Dialog) -> tuple[int, int]:
        """The next ids: over all dialogs of the community, and within this one."""
        community = dialog.community
        community.next_message += 1
        dialog.next += 1
        return community.next_message - 1, dialog.next - 1

    def tell(self, community: Community, kind: str, peer: int, body: Json) -> None:
        """Make an event of it for whoever wants the kind."""
        event: Json = {
            "type": kind,
            "event_id": hashlib.blake2b(f"{next(self._events)}".encode(), digest_size=20).hexdigest(),
            "v": VERSION,
            "object": body,
            "group_id": community.id,
        }
        if community.long_poll and kind in community.long_poll_events:
            community.history.append(event)
            release(community)
        for server in community.servers.values():
            if server.status == "ok" and kind in server.events:
                told = encode(event | ({"secret": server.secret} if server.secret else {}))
                server.pending.append(Event(kind, peer, told.encode("utf-8", "backslashreplace"), self.clock()))
        self.wake(community)
        self.changes.touch()

    def tell_message(self, kind: str, message: Message) -> None:
        dialog = message.dialog
        wire = message_wire(self, message)
        if message.cropped:
            wire |= {"is_cropped": True, "text": wire["text"][: len(wire["text"]) // 2], "attachments": []}
        wire |= message.event
        if kind == "message_new":
            client = CLIENT | {"lang_id": _LANGUAGES.get(dialog.person.language or "", 3)}
            wire = {"message": wire, "client_info": client}
        self.tell(dialog.community, kind, dialog.person.id, wire)

    def log(self, bot: int, method: str, params: Json, outcome: str) -> None:
        self.calls.append(Call(next(self._calls), self.clock(), bot, method, params, outcome))


def release(community: Community) -> None:
    """Let those who wait at the long poll look again."""
    waiting, community.waiting = community.waiting, []
    for future in waiting:
        if not future.done():
            future.set_result(None)


def new_token() -> str:
    return f"vk1.a.{secrets.token_urlsafe(150)}"
