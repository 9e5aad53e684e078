"""parse_mode=MarkdownV2, with the errors that Telegram gives for markup it cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import ApiError, bad
from .model import Json
from .text import link, units

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_NAMES = {
    "*": "bold",
    "_": "italic",
    "__": "underline",
    "~": "strikethrough",
    "||": "spoiler",
    "[": "text_link",
    "![": "custom_emoji",
    "`": "code",
    "```": "pre",
}
_SHOWN = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "code": "Code",
    "pre": "PreCode",
}
_LANGUAGE = re.compile(r"([a-zA-Z0-9+#_.-]+)\n")


@dataclass(slots=True)
class _Open:
    mark: str
    at: int
    position: int
    piece: int
    language: str = ""


@dataclass(slots=True)
class _State:
    source: str
    people: dict[int, Json]
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    stack: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)
    quote_at: int | None = None
    quote_expandable: bool = False

    def add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += units(text)

    def error(self, message: str, position: int | None = None) -> ApiError:
        if position is not None:
            message += f" at byte offset {len(self.source[:position].encode())}"
        return bad(f"can't parse entities: {message}")


def parse(source: str, people: dict[int, Json]) -> tuple[str, list[Json]]:
    state = _State(source, people)
    position = 0
    while position < len(source):
        position = _step(state, position)
    if state.stack:
        opened = state.stack[-1]
        raise state.error(f"Can't find end of {_SHOWN[_NAMES[opened.mark]]} entity", opened.position)
    _end_quote(state, state.quote_expandable)
    return "".join(state.pieces), sorted(state.entities, key=lambda e: (e["offset"], -e["length"]))


def _step(state: _State, position: int) -> int:
    source = state.source
    letter = source[position]
    if letter == "\\" and position + 1 < len(source) and 0 < ord(source[position + 1]) <= 126:
        state.add(source[position + 1])
        return position + 2
    inside = state.stack[-1].mark if state.stack else ""
    if inside in ("`", "```"):
        return _in_code(state, position, inside)
    if position == 0 or source[position - 1] == "\n":
        after = _line_start(state, position)
        if after != position:
            return after
    if letter not in _RESERVED:
        state.add(letter)
        return position + 1
    return _mark(state, position, inside)


def _in_code(state: _State, position: int, mark: str) -> int:
    if state.source.startswith(mark, position):
        _close(state, mark)
        return position + len(mark)
    state.add(state.source[position])
    return position + 1


def _line_start(state: _State, position: int) -> int:
    """Lines that begin with > make one quotation; **> begins an expandable one, and || at the end closes it."""
    source = state.source
    if source.startswith("**>", position):
        _end_quote(state, False)
        state.quote_at, state.quote_expandable = state.length, False
        return position + 3
    if source[position] == ">":
        if state.quote_at is None:
            state.quote_at = state.length
        return position + 1
    _end_quote(state, False)
    return position


def _end_quote(state: _State, expandable: bool) -> None:
    if state.quote_at is not None and state.length > state.quote_at:
        kind = "expandable_blockquote" if expandable else "blockquote"
        state.entities.append({"offset": state.quote_at, "length": state.length - state.quote_at, "type": kind})
    state.quote_at, state.quote_expandable = None, False


def _mark(state: _State, position: int, inside: str) -> int:
    source = state.source
    mark = next((m for m in ("```", "__", "||", "![", "`", "*", "_", "~", "[") if source.startswith(m, position)), "")
    if inside in ("[", "![") and source[position] == "]":
        return _close_link(state, position)
    if not mark:
        reserved = source[position]
        raise state.error(f"Character '{reserved}' is reserved and must be escaped with the preceding '\\'")
    if mark == "__" and inside == "_" and "__" not in [opened.mark for opened in state.stack]:
        mark = "_"
    opened_marks = [opened.mark for opened in state.stack]
    if mark == "||" and mark not in opened_marks and state.quote_at is not None and _at_line_end(source, position + 2):
        _end_quote(state, True)
        return position + 2
    if mark == inside:
        _close(state, mark)
    else:
        _open(state, mark, position)
        if mark == "```" and (language := _LANGUAGE.match(source, position + 3)):
            state.stack[-1].language = language[1]
            return language.end()
    return position + len(mark)


def _at_line_end(source: str, position: int) -> bool:
    return position >= len(source) or source[position] == "\n"


def _open(state: _State, mark: str, position: int) -> None:
    if mark in (opened.mark for opened in state.stack):
        opened = state.stack[-1]
        raise state.error(f"Can't find end of {_SHOWN[_NAMES[opened.mark]]} entity", opened.position)
    state.stack.append(_Open(mark, state.length, position, len(state.pieces)))


def _close(state: _State, mark: str) -> None:
    opened = state.stack.pop()
    if state.length == opened.at:
        return
    entity: Json = {"offset": opened.at, "length": state.length - opened.at, "type": _NAMES[mark]}
    if opened.language:
        entity["language"] = opened.language
    state.entities.append(entity)


def _close_link(state: _State, position: int) -> int:
    opened = state.stack.pop()
    source = state.source
    after = position + 1
    address = "".join(state.pieces[opened.piece :])
    if source.startswith("(", after):
        end = _address_end(state, after + 1)
        address = re.sub(r"\\(.)", r"\1", source[after + 1 : end])
        after = end + 1
    elif opened.mark == "![":
        raise state.error("Custom emoji entity must contain a tg://emoji URL")
    if state.length > opened.at:
        _add_link(state, opened, address)
    return after


def _address_end(state: _State, position: int) -> int:
    source, start = state.source, position
    while position < len(source):
        if source[position] == "\\":
            position += 1
        elif source[position] == ")":
            return position
        position += 1
    raise state.error("Can't find end of a URL", start)


def _add_link(state: _State, opened: _Open, address: str) -> None:
    entity: Json = {"offset": opened.at, "length": state.length - opened.at, "type": ""}
    if opened.mark == "![":
        number = re.fullmatch(r"tg://emoji\?id=(\d+)", address)
        if number is None:
            raise state.error("Custom emoji entity must contain a tg://emoji URL")
        state.entities.append({**entity, "type": "custom_emoji", "custom_emoji_id": number[1]})
        return
    made = link(entity, address, state.people)
    if made is not None:
        state.entities.append(made)


_OLD = re.compile(r"\\([_*`\[])|(```)|([_*`])|\[([^\]]*)\]\(([^)]*)\)|(\[)")


def parse_old(source: str, people: dict[int, Json]) -> tuple[str, list[Json]]:
    """The old parse_mode=Markdown: no nesting, and little to escape."""
    state = _State(source, people)
    position = 0
    while (match := _OLD.search(source, position)) is not None:
        state.add(source[position : match.start()])
        position = _old_step(state, match)
    state.add(source[position:])
    return "".join(state.pieces), state.entities


def _old_step(state: _State, match: re.Match[str]) -> int:
    if match[1] or match[6]:
        state.add(match[1] or match[6])
        return match.end()
    at = state.length
    if match[4] is not None:
        state.add(match[4])
        made = link({"offset": at, "length": state.length - at, "type": ""}, match[5], state.people)
        if made is not None and state.length > at:
            state.entities.append(made)
        return match.end()
    mark = match[2] or match[3]
    end = state.source.find(mark, match.end())
    if end < 0:
        raise state.error("Can't find end of the entity starting", match.start())
    state.add(state.source[match.end() : end])
    if state.length > at:
        state.entities.append({"offset": at, "length": state.length - at, "type": _NAMES[mark]})
    return end + len(mark)
