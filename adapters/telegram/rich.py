"""A rich message (RichMessage) as words, markup and media, in reading order. Source: Bot API, RichText and RichBlock.

A text is a string, a list of texts or an object that marks one. What a type of text or block that is newer than this
holds is looked for under the names that the known ones use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adapters.content import Attachment, Location, Span, SpanKind
from adapters.reading import decimal, items, section, string, true
from adapters.telegram.media import attachments

DEEPEST = 60
"""Blocks and texts within each other; a person decides how deep they are."""
LONGEST = 40_000
"""Characters that are read; Telegram has a limit of its own below this."""
_KINDS = {
    "bold": SpanKind.BOLD,
    "italic": SpanKind.ITALIC,
    "underline": SpanKind.UNDERLINE,
    "strikethrough": SpanKind.STRIKE,
    "spoiler": SpanKind.SPOILER,
    "code": SpanKind.CODE,
    "url": SpanKind.LINK,
}
_BLOCKS = {
    "heading": SpanKind.BOLD,
    "pre": SpanKind.PRE,
    "blockquote": SpanKind.QUOTE,
    "expandable_blockquote": SpanKind.QUOTE,
    "pullquote": SpanKind.QUOTE,
}
_MEDIA = frozenset({"animation", "audio", "document", "photo", "video", "voice_note", "video_note", "sticker"})
_DIVIDER = "———"


@dataclass(slots=True)
class Rich:
    """What was read so far."""

    text: str = ""
    spans: list[Span] = field(default_factory=list)
    media: list[Attachment] = field(default_factory=list)
    place: Location | None = None
    labelled: int = 0
    """Where the line begins behind the label of a list's item."""

    def line(self) -> None:
        """What follows begins a line of its own."""
        if len(self.text) > self.labelled and not self.text.endswith("\n"):
            self.text += "\n"

    def add(self, words: str) -> None:
        self.text += words[: max(0, LONGEST - len(self.text))]

    def marked(self, kind: SpanKind | None, write: Callable[[], None], url: str | None = None) -> None:
        """Whatever `write` adds is marked as `kind`."""
        start = len(self.text)
        write()
        length = len(self.text.rstrip("\n")) - start
        if kind is not None and length > 0 and (kind is not SpanKind.LINK or url):
            self.spans.append(Span(kind, start, length, url))


def read(message: dict[str, Any]) -> Rich:
    """The blocks of a rich message, one below the other."""
    rich = Rich()
    _blocks(rich, message.get("blocks"), 0)
    rich.text = rich.text.rstrip("\n")
    return rich


def _blocks(rich: Rich, blocks: Any, depth: int) -> None:
    for block in items({"blocks": blocks}, "blocks") if depth < DEEPEST else ():
        rich.line()
        _block(rich, block, depth + 1)


def _block(rich: Rich, block: dict[str, Any], depth: int) -> None:
    kind = string(block, "type") or ""
    if kind == "divider":
        rich.add(_DIVIDER)
    elif kind == "list":
        _list(rich, block, depth)
    elif kind == "table":
        _table(rich, block, depth)
    elif kind == "buttons":
        _buttons(rich, block, depth)
    elif kind == "map":
        _map(rich, block, depth)
    else:
        rich.marked(_BLOCKS.get(kind), lambda: _words(rich, block, depth))
        _credit(rich, block, depth)


def _words(rich: Rich, block: dict[str, Any], depth: int) -> None:
    """What a block says under any of the names that blocks have for it."""
    if found := {name for name in _MEDIA if block.get(name)}:
        _media(rich, block, found)
    for name in ("summary", "text", "expression"):
        if block.get(name):
            rich.line()
            _text(rich, block[name], depth)
    _blocks(rich, block.get("blocks"), depth)
    _caption(rich, block.get("caption"), depth)


def _media(rich: Rich, block: dict[str, Any], found: set[str]) -> None:
    said = {name: block[name] for name in found} | {"has_media_spoiler": true(block, "has_spoiler")}
    if voice := section(block, "voice_note"):
        said["voice"] = voice
    rich.media += attachments(said)


def _caption(rich: Rich, caption: Any, depth: int) -> None:
    """A text with its credit, or (of a table) a text alone."""
    if not caption:
        return
    rich.line()
    whole = isinstance(caption, dict) and "type" not in caption
    _text(rich, caption.get("text") if whole else caption, depth)
    if whole:
        _credit(rich, caption, depth)


def _credit(rich: Rich, holder: dict[str, Any], depth: int) -> None:
    if holder.get("credit"):
        rich.line()
        rich.add("— ")
        _text(rich, holder["credit"], depth)


def _list(rich: Rich, block: dict[str, Any], depth: int) -> None:
    for item in items(block, "items"):
        rich.line()
        label = string(item, "label") or "–"
        if true(item, "has_checkbox"):
            label = "☑" if true(item, "is_checked") else "☐"
        rich.add(f"{label} ")
        rich.labelled = len(rich.text)
        for number, inner in enumerate(items(item, "blocks") if depth < DEEPEST else ()):
            if number:
                rich.line()
            _block(rich, inner, depth + 1)


def _table(rich: Rich, block: dict[str, Any], depth: int) -> None:
    _caption(rich, block.get("caption"), depth)
    rows = block.get("cells")
    for row in rows if isinstance(rows, list) else ():
        rich.line()
        for number, cell in enumerate(items({"row": row}, "row")):
            rich.add(" | " if number else "")
            bold = SpanKind.BOLD if true(cell, "is_header") else None
            rich.marked(bold, lambda cell=cell: _text(rich, cell.get("text"), depth))  # type: ignore[misc]


def _buttons(rich: Rich, block: dict[str, Any], depth: int) -> None:
    for number, button in enumerate(items(block, "buttons")):
        rich.add(" " if number else "")
        _button(rich, button, depth)


def _button(rich: Rich, button: dict[str, Any], depth: int) -> None:
    url = string(button, "url") or string(section(button, "web_app"), "url")

    def label() -> None:
        rich.add("[")
        _text(rich, button.get("text"), depth)
        rich.add("]")

    rich.marked(SpanKind.LINK if url else None, label, url)


def _map(rich: Rich, block: dict[str, Any], depth: int) -> None:
    """The first place of a message is shown as one, the others as their numbers."""
    point = section(block, "location")
    latitude, longitude = decimal(point, "latitude"), decimal(point, "longitude")
    if latitude is not None and longitude is not None:
        if rich.place is None:
            rich.place = Location(latitude, longitude)
        else:
            rich.add(f"{latitude}, {longitude}")
    _caption(rich, block.get("caption"), depth)


def _text(rich: Rich, value: Any, depth: int) -> None:
    if depth >= DEEPEST:
        return
    if isinstance(value, str):
        rich.add(string({"text": value}, "text") or "")
    elif isinstance(value, list):
        for one in value:
            _text(rich, one, depth + 1)
    elif isinstance(value, dict):
        _mark(rich, value, depth + 1)


def _mark(rich: Rich, value: dict[str, Any], depth: int) -> None:
    """A text of one type: what it marks, or what stands for it."""
    if button := section(value, "button"):
        _button(rich, button, depth)
        return
    kind = _KINDS.get(string(value, "type") or "")
    for name in ("text", "alternative_text", "expression"):
        if value.get(name):
            rich.marked(kind, lambda inner=value[name]: _text(rich, inner, depth), string(value, "url"))  # type: ignore[misc]
            return
