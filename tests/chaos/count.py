"""What became of it: read off the emulated chats and the database, for each path by itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from adapters.telegram.emulator import Message
from tests.chaos.installations import text_of
from tests.chaos.load import Expected, Played, Town

REPEAT = "возможен повтор"
LATE = "пришло позже"
_MARK = re.compile(r"№\d{6}\.")
_REMINDER = re.compile(r"((?:Ничей|Собеседник) \d{5}).*(никто не взял|не прочитано)")


@dataclass
class Tally:
    """The cell of a path."""

    sent: int = 0
    lost: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    """Answers of which nobody knew whether they had arrived, sent once more by their authors."""

    @property
    def good(self) -> bool:
        return not (self.lost or self.unmarked or self.disordered)

    def __str__(self) -> str:
        return f"{len(self.lost)} / {len(self.marked)} / {len(self.unmarked)} / {len(self.disordered)}"


Found = dict[tuple[str, str, str], list[tuple[int, str]]]
"""By bot, person and mark: the numbers and texts of the messages that hold it."""


def marks_in(text: str) -> Iterable[str]:
    digest = dict.fromkeys(f"{name}|{what}" for name, what in _REMINDER.findall(text))
    # A digest quotes what stands elsewhere in the chat.
    yield from digest or dict.fromkeys(_MARK.findall(text))


def look(town: Town, since: dict[tuple[str, int], int]) -> Found:
    """Everything that bots have written since the numbers given."""
    found: Found = defaultdict(list)
    for name, bot in (("desk", town.where.desk), ("shop", town.house.shop)):
        for chat in bot.chats.values():
            after = since.get((name, chat.id), 0)
            for message in _newer(chat.messages.values(), after):
                if message.outgoing:
                    for mark in marks_in(message.text):
                        found[name, str(chat.id), mark].append((message.id, message.text))
    for dialog in town.abroad:
        for place, text in enumerate(dialog.line.texts(dialog.customer) if dialog.line else ()):
            for mark in marks_in(text):
                found[dialog.line.name, reader(dialog.customer), mark].append((place, text))
    return found


def reader(person: Any) -> str:
    """Whose chat it is, whatever a messenger calls people's numbers."""
    return str(person.id if hasattr(person, "id") else person.number)


def _newer(messages: Iterable[Message], after: int) -> Iterable[Message]:
    for message in reversed(list(messages)):
        if message.id <= after:
            return
        yield message


def newest(town: Town) -> dict[tuple[str, int], int]:
    """Up to where every chat has been looked at."""
    return {
        (name, chat.id): max(chat.messages, default=0)
        for name, bot in (("desk", town.where.desk), ("shop", town.house.shop))
        for chat in bot.chats.values()
    }


def missing(played: Played, found: Found) -> list[Expected]:
    return [
        one
        for expected in played.expected.values()
        for one in expected
        if not one.optional and not found.get((one.bot, reader(one.reader), one.mark))
    ]


async def tally(town: Town, played: Played, found: Found, again: Collection[str] = ()) -> dict[str, Tally]:
    """The cells of all paths. `again`: what people sent once more when they were told of doubt, after what followed."""
    repeated = await _repeated(town)
    cells: dict[str, Tally] = {}
    for path, expected in played.expected.items():
        cell = cells[path] = Tally(sent=len(expected))
        last: dict[str, tuple[int, int]] = {}
        for one in sorted(expected, key=lambda one: one.place):
            shown = sorted(found.get((one.bot, reader(one.reader), one.mark), []))
            if not shown:
                if not one.optional:
                    cell.lost.append(f"{one.mark} → {one.reader.name}")
                continue
            if len(shown) > 1:
                plain = [text for _, text in shown if REPEAT not in text]
                known = len(plain) <= 1 if one.bot == "desk" else one.mark in repeated
                (cell.marked if known else cell.unmarked).append(f"{one.mark} → {one.reader.name}: {len(shown)}")
            if one.mark in again:
                cell.again.append(f"{one.mark} → {one.reader.name}")
                continue
            if LATE in shown[0][1]:
                # It was brought after later ones, and says so.
                continue
            place, number = last.get(one.key, (-1, 0))
            if shown[0][0] < number:
                cell.disordered.append(f"{one.mark} → {one.reader.name}: before {place}")
            last[one.key] = (one.place, shown[0][0])
        cell.unmarked += played.wrong.get(path, [])
    await _one_owner_each(town, played, cells)
    return cells


async def _repeated(town: Town) -> set[str]:
    """The answers of which the history says that they may have gone out twice, and their author was told."""
    rows = await town.where.rows("SELECT content FROM messages WHERE direction = 'out' AND repeated")
    return {mark for row in rows for mark in marks_in(text_of(row["content"]))}


async def _one_owner_each(town: Town, played: Played, cells: dict[str, Tally]) -> None:
    """Whoever was raced for has an owner, and is one inquiry."""
    names = {one.customer for one in played.expected.get("claim", [])}
    rows = await town.where.rows(
        "SELECT c.name, q.assignee_id FROM inquiries q JOIN identities i ON i.id = q.identity_id"
        " JOIN contacts c ON c.id = i.contact_id"
    )
    inquiries: dict[str, list[int | None]] = defaultdict(list)
    for row in rows:
        inquiries[row["name"]].append(row["assignee_id"])
    for name in sorted(names):
        if len(inquiries[name]) > 1:
            cells["claim"].unmarked.append(f"{name}: {len(inquiries[name])} inquiries")
        if None in inquiries[name] or not inquiries[name]:
            cells["claim"].lost.append(f"{name}: nobody got it")
