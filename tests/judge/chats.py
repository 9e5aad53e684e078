"""A member's chat with the control bot as a reader takes it in: cards, copies with all that belongs to them, the rest.

Nothing is asked of the database here: a copy is what looks like one, whoever put it there and how often.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.judge.phones import telegram_media

REPEAT = "возможен повтор"
EDITED = "изменено"
EDIT_REFUSED = "правка не прошла"
DELETED = ("удалено клиентом", "удалено")
_CARD = re.compile(r"(?:(Новое|Повторное) обращение|Обращение) №(\d+)")
_MORE = re.compile(r"^и ещё (\d+) сообщени")
_OURS = ("italic", "blockquote", "text_link")


@dataclass(slots=True)
class Copy:
    """A message of a dialog as it stands in the chat: the one with the heading, and what follows as replies to it."""

    root: Any
    author: str | None
    """Who answered; None for the customer's own."""
    customer: str
    platform: str
    marks: str
    repeat: bool
    """It begins a repeat inquiry, and says so above its heading."""
    parts: list[Any] = field(default_factory=list)

    @property
    def heading(self) -> int:
        """Letters of the root's heading, with the line's end."""
        return len("\n".join([*lines_of(self.root)[: 2 if self.repeat else 1], ""]))

    @property
    def repeated(self) -> bool:
        return REPEAT in self.marks

    @property
    def body(self) -> str:
        return "".join([self.root.text[self.heading :], *(one.text for one in self.parts)])

    @property
    def bare(self) -> str:
        """The words without what Pult says in italics, quotations and links."""
        return "".join([without_ours(self.root, self.heading), *(without_ours(one) for one in self.parts)])

    @property
    def media(self) -> tuple[str, ...]:
        return tuple(one for message in (self.root, *self.parts) for one in telegram_media(message))

    @property
    def places(self) -> tuple[tuple[float, float], ...]:
        return tuple(found for one in (self.root, *self.parts) if (found := place_of(one)) is not None)

    @property
    def contacts(self) -> tuple[str, ...]:
        return tuple(one.wire["contact"]["phone_number"] for one in (self.root, *self.parts) if "contact" in one.wire)


@dataclass(slots=True)
class Card:
    """An inquiry's card, with the media and words that stand before or under it."""

    root: Any
    number: int
    new: bool
    state: str
    customer: str
    platform: str
    body: str
    more: int
    last: str
    repeated: bool
    parts: list[Any] = field(default_factory=list)

    @property
    def media(self) -> tuple[str, ...]:
        return tuple(one for message in (self.root, *self.parts) for one in telegram_media(message))

    @property
    def words(self) -> list[str]:
        """The first message's words: under the heading, and in pieces beside the card."""
        return [self.body, "".join(one.text for one in self.parts)]

    @property
    def places(self) -> tuple[tuple[float, float], ...]:
        return tuple(found for one in (self.root, *self.parts) if (found := place_of(one)) is not None)

    @property
    def contacts(self) -> tuple[str, ...]:
        return tuple(one.wire["contact"]["phone_number"] for one in self.parts if "contact" in one.wire)


@dataclass(slots=True)
class Read:
    """All of a chat. rest: what the control bot said besides."""

    copies: list[Copy] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    rest: list[Any] = field(default_factory=list)


_DIGEST = re.compile(r"никто не взял, ждёт с |не прочитано с ")
"""A digest names customers and quotes them; it is no copy."""


def read(chat: Any, line: Callable[[int], bool]) -> Read:
    """Sort a chat's messages. `line`: whether the message of this id is known as a notice about an inquiry.

    Words and media without a heading belong to what they reply to, directly or not; before a card, to the card that
    replies to them.
    """
    found = Read()
    groups: dict[int, Copy | Card | list[Any]] = {}
    """By Telegram id of each message, what it belongs to; a list where no heading has come yet."""
    for message in chat.sent():
        if message.service is not None:
            continue
        group = _same_album(groups, message) or groups.get(message.reply_to or 0)
        made = None if line(message.id) or _DIGEST.search(message.text) else copy_of(message) or card_of(message)
        if made is not None:
            if isinstance(made, Card) and isinstance(group, list):
                made.parts += group
                groups |= {one.id: made for one in group}
            groups[message.id] = made
            (found.cards if isinstance(made, Card) else found.copies).append(made)  # type: ignore[arg-type]
        elif line(message.id) or group is None:
            groups[message.id] = [message]
        else:
            groups[message.id] = group
            (group if isinstance(group, list) else group.parts).append(message)
    found.rest = [one for group in groups.values() if isinstance(group, list) for one in group]
    return found


def _same_album(groups: dict[int, Copy | Card | list[Any]], message: Any) -> Copy | Card | list[Any] | None:
    """Parts of an album after its first have no text and may reply to nothing of ours."""
    if message.group is None:
        return None
    album = (number for number in groups if message.chat.messages[number].group == message.group)
    return next((groups[number] for number in album), None)


def lines_of(message: Any) -> list[str]:
    return str(message.text).split("\n")


def bold_start(message: Any, line: int = 0) -> str | None:
    """The bold words that a line of the message begins with, after the project's name where there is one."""
    text = message.text
    start = _length("\n".join([*lines_of(message)[:line], ""])) if line else 0
    for entity in message.entities:
        if entity["type"] == "bold" and entity["offset"] >= start:
            before = _units(text, start, entity["offset"])
            if "\n" not in before and (not before or before.endswith(" · ")):
                return _cut(text, entity)
    return None


def card_of(message: Any) -> Card | None:
    title = bold_start(message)
    found = _CARD.search(title or "")
    lines = lines_of(message)
    if title is None or found is None or len(lines) < 2:
        return None
    state = lines[0].partition(found[0])[2].removeprefix(" · ")
    customer, _, rest = lines[1].partition(" · ")
    body, more, last = _card_body(message)
    return Card(
        message, int(found[2]), found[1] is not None, state, customer, rest.partition(",")[0], body, more, last,
        REPEAT in message.text.rpartition("\n\n")[2],
    )  # fmt: skip


def _card_body(message: Any) -> tuple[str, int, str]:
    """The first message's words, how many more there are, and the latest of these."""
    paragraphs = message.text.split("\n\n")[1:]
    more, last = 0, ""
    while paragraphs:
        tail = paragraphs[-1]
        if tail == REPEAT or tail.startswith("Ответ уже дан"):
            paragraphs.pop()
        elif found := _MORE.match(tail):
            more, last = int(found[1]), tail.partition(": ")[2]
            paragraphs.pop()
        else:
            break
    return "\n\n".join(paragraphs), more, last


_HEADING = re.compile(r"^ · (Telegram|VK|Viber|Facebook)(?: · (.*))?$")


def copy_of(message: Any) -> Copy | None:
    """The first one of a repeat inquiry says so in a line of its own."""
    repeat = bool(_CARD.fullmatch(bold_start(message) or ""))
    title, lines = bold_start(message, int(repeat)), lines_of(message)
    found = _HEADING.match(lines[repeat].rpartition(title)[2]) if title and len(lines) > repeat else None
    if title is None or found is None:
        return None
    author, arrow, customer = title.partition(" → ")
    return Copy(message, author if arrow else None, customer if arrow else title, found[1], found[2] or "", repeat)


def without_ours(message: Any, heading: int = 0) -> str:
    """The words after so many letters, without those in the forms that are ours."""
    text = message.text
    units = text.encode("utf-16-le")
    kept = bytearray()
    place = 2 * _length(text[:heading])
    for entity in sorted(message.entities, key=lambda one: one["offset"]):
        if entity["type"] in _OURS and 2 * entity["offset"] >= place:
            kept += units[place : 2 * entity["offset"]]
            place = 2 * (entity["offset"] + entity["length"])
    return (bytes(kept) + units[place:]).decode("utf-16-le", "replace")


def place_of(message: Any) -> tuple[float, float] | None:
    found = (message.wire.get("venue") or {}).get("location") or message.wire.get("location")
    return None if found is None else (found["latitude"], found["longitude"])


def _cut(text: str, entity: dict[str, Any]) -> str:
    return _units(text, entity["offset"], entity["offset"] + entity["length"])


def _length(text: str) -> int:
    """As Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def _units(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le", "replace")


def bare(text: str) -> str:
    """A text as it is compared: cutting and trimming lose white space and add ellipses."""
    return "".join(text.replace("…", "").split())


def stands_in(text: str, places: Iterable[str]) -> bool:
    """Whether the words stand there: in one piece, or in order over all of the places."""
    wanted, pieces = bare(text), [bare(one) for one in places]
    return any(wanted in one for one in (*pieces, "".join(pieces), "".join(reversed(pieces)))) or _in_order(
        _words(text), [word for one in places for word in _words(one)]
    )


def _words(text: str) -> list[str]:
    return text.replace("…", " ").split()


def _in_order(wanted: Sequence[str], there: Sequence[str]) -> bool:
    rest = iter(there)
    return bool(wanted) and all(word in rest for word in wanted)
