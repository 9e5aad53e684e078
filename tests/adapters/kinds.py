"""What becomes of each kind and field that a messenger has, in tables that the tests hold to the code and to libraries.

A table is a mapping of the messenger's word to one of:
- `Carried(sample)`: people see it, or the product acts upon it. Taken out of that sample, the events are others.
- `Named(words)`: it has no form here; a member reads `words` (Russian).
- `Silent(reason)`: deliberately nothing follows from it. Put into a message, the events stay as they are.
Where there are no samples of each, a message is made of fields: `Says` is carried, `NamedWith` named.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.base import Content
from handlers.chat.render import message_body
from models.enums import Author, Direction
from services.ports import FileStatus, MessageView
from services.texts import use_locale
from tests.contract.subjects import SUBJECTS
from tests.contract.told import told

Json = dict[str, Any]
Find = Callable[[Any], Json]
"""The object inside a payload whose fields a table is about."""


@dataclass(frozen=True)
class Carried:
    sample: str
    value: Any = None
    """For a field that another one stands in for: what makes the events others when it is put in its place."""


@dataclass(frozen=True)
class Named:
    words: str


@dataclass(frozen=True)
class Silent:
    reason: str
    value: Any = "something"
    """What the messenger might put there."""


@dataclass(frozen=True)
class Says:
    """A message with these fields becomes an event that says each of `words`."""

    fields: Json
    words: tuple[str, ...]


@dataclass(frozen=True)
class NamedWith:
    """A message with these fields is called `name` (Russian), and its event says each of `words`."""

    name: str
    fields: Json
    words: tuple[str, ...] = ()


Fate = Carried | Named | Silent
Table = Mapping[str, Fate]


@dataclass(frozen=True)
class Fields:
    """The fields of one object: where it is in a payload, the sample that has a plain one, and what becomes of each."""

    platform: str
    of: str
    find: Find
    plain: str
    fates: Table


def payload(platform: str, sample: str) -> Any:
    return copy.deepcopy(SUBJECTS[platform].cases[sample]["payload"])


def events(platform: str, given: Any) -> list[Json] | None:
    """None for what is no payload any more."""
    try:
        return [told(event) for event in SUBJECTS[platform].adapter().parse(given)]
    except ValueError:
        return None


def read_by_a_member(content: Content) -> str:
    """What stands in a member's chat, in Russian."""
    files = (FileStatus.MISSING if item.unavailable else FileStatus.READY for item in content.attachments)
    view = MessageView(
        id=1, direction=Direction.IN, author=Author.CUSTOMER, author_name=None, content=content, files=tuple(files),
        at=datetime.now(UTC), quoted=content.quoted,
    )  # fmt: skip
    with use_locale("ru"):
        return message_body(view).text


def check_field(fields: Fields, name: str, fate: Fate) -> None:
    """Raises AssertionError where the code does otherwise than the table says."""
    assert not isinstance(fate, Named), "a field is carried or silent"
    sample = fate.sample if isinstance(fate, Carried) else fields.plain
    with_it, without = payload(fields.platform, sample), payload(fields.platform, sample)
    if isinstance(fate, Carried):
        assert name in fields.find(with_it), f"{sample} has no {name}"
    else:
        fields.find(with_it)[name] = fate.value
    if isinstance(fate, Carried) and fate.value is not None:
        fields.find(without)[name] = fate.value
    else:
        fields.find(without).pop(name, None)
    same = events(fields.platform, with_it) == events(fields.platform, without)
    assert same is isinstance(fate, Silent)
