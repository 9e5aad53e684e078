"""parse_mode=HTML, with the errors that Telegram gives for markup it cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import ApiError, bad
from .model import Json
from .text import link, units

_SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_TAGS = frozenset(_SIMPLE) | {"a", "span", "tg-emoji", "tg-time"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(lt|gt|amp|quot)(?![a-zA-Z]));?")
_NEXT = re.compile(r"[<&]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*|)")
_ATTRIBUTE = re.compile(r"\s*([a-zA-Z-]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"'=]+))?")


@dataclass(slots=True)
class _Open:
    tag: str
    at: int
    piece: int
    attributes: dict[str, str]


@dataclass(slots=True)
class _State:
    source: str
    people: dict[int, Json]
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    stack: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += units(text)

    def error(self, message: str, position: int) -> ApiError:
        return bad(f"can't parse entities: {message.format(at=len(self.source[:position].encode()))}")


def parse(source: str, people: dict[int, Json]) -> tuple[str, list[Json]]:
    if "<" not in source and "&" not in source:
        return source, []
    state = _State(source, people)
    position = 0
    while position < len(source):
        match = _NEXT.search(source, position)
        if match is None:
            state.add(source[position:])
            break
        state.add(source[position : match.start()])
        position = _character(state, match.start()) if match[0] == "&" else _tag(state, match.start())
    if state.stack:
        tag = state.stack[-1].tag
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{tag}\"")
    return "".join(state.pieces), sorted(state.entities, key=lambda e: (e["offset"], -e["length"]))


def _character(state: _State, position: int) -> int:
    text, size = _decoded(state.source, position)
    state.add(text)
    return position + size


def _decoded(source: str, position: int) -> tuple[str, int]:
    match = _CHARACTER.match(source, position)
    if match is None:
        return "&", 1
    if match[3]:
        return _NAMED[match[3]], len(match[0])
    code = int(match[1], 16) if match[1] else int(match[2])
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return "&", 1
    return chr(code), len(match[0])


def _tag(state: _State, position: int) -> int:
    match = _TAG.match(state.source, position)
    assert match is not None
    name = match[2].lower()
    if match[1]:
        return _end(state, position, match.end(), name)
    if name not in _TAGS:
        raise state.error(f'Unsupported start tag "{name}" at byte offset {{at}}', position)
    attributes, after = _attributes(state, position, match.end())
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise state.error('Tag "span" must have class "tg-spoiler" at byte offset {at}', position)
    state.stack.append(_Open(name, state.length, len(state.pieces), attributes))
    return after


def _attributes(state: _State, start: int, position: int) -> tuple[dict[str, str], int]:
    found: dict[str, str] = {}
    source = state.source
    while True:
        rest = len(source) - len(source[position:].lstrip())
        if rest >= len(source):
            raise state.error("Unclosed start tag at byte offset {at}", start)
        if source[rest] == ">":
            return found, rest + 1
        match = _ATTRIBUTE.match(source, position)
        if match is None or match.end() == position:
            raise state.error("Unexpected end of name token at byte offset {at}", rest)
        found[match[1].lower()] = _unquoted(match[2] or "")
        position = match.end()


def _unquoted(value: str) -> str:
    if value[:1] in ('"', "'"):
        value = value[1:-1]
    if "&" not in value:
        return value
    pieces, position = [], 0
    while position < len(value):
        text, size = _decoded(value, position) if value[position] == "&" else (value[position], 1)
        pieces.append(text)
        position += size
    return "".join(pieces)


def _end(state: _State, position: int, after: int, name: str) -> int:
    if not state.stack:
        raise state.error("Unexpected end tag at byte offset {at}", position)
    close = state.source.find(">", after)
    if close < 0 or state.source[after:close].strip():
        raise state.error("Unclosed end tag at byte offset {at}", position)
    opened = state.stack.pop()
    if name and name != opened.tag:
        raise state.error(
            f'Unmatched end tag at byte offset {{at}}, expected "</{opened.tag}>", found "</{name}>"', position
        )
    if state.length > opened.at:
        entity = _entity(state, opened)
        if entity is not None:
            state.entities.append(entity)
    return close + 1


def _entity(state: _State, opened: _Open) -> Json | None:
    entity: Json = {"offset": opened.at, "length": state.length - opened.at, "type": ""}
    if opened.tag == "a":
        inner = "".join(state.pieces[opened.piece :])
        return link(entity, opened.attributes.get("href") or inner, state.people)
    if opened.tag == "tg-emoji":
        number = opened.attributes.get("emoji-id", "")
        if not number.isdigit():
            raise bad("can't parse entities: Invalid custom emoji identifier specified")
        return {**entity, "type": "custom_emoji", "custom_emoji_id": number}
    if opened.tag == "tg-time":
        moment = opened.attributes.get("unix", "")
        return {**entity, "type": "date_time", "unix_time": int(moment)} if moment.isdigit() else None
    if opened.tag == "span":
        return {**entity, "type": "spoiler"}
    return _simple(state, opened, entity)


def _simple(state: _State, opened: _Open, entity: Json) -> Json | None:
    kind = _SIMPLE[opened.tag]
    if kind == "blockquote" and "expandable" in opened.attributes:
        kind = "expandable_blockquote"
    language = opened.attributes.get("class", "").removeprefix("language-")
    if kind == "code" and language and state.stack and state.stack[-1].tag == "pre":
        # <pre><code class="language-x"> is one block of code with a language.
        state.stack[-1].attributes["class"] = f"language-{language}"
        return None
    entity["type"] = kind
    if kind == "pre" and language:
        entity["language"] = language
    return entity
