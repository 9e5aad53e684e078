"""Message entities to spans and back. Telegram counts UTF-16 units, Pult counts characters (Bot API, MessageEntity)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from adapters.content import Span, SpanKind
from adapters.reading import integer, string
from adapters.split import utf16

_KINDS = {
    "bold": SpanKind.BOLD,
    "italic": SpanKind.ITALIC,
    "underline": SpanKind.UNDERLINE,
    "strikethrough": SpanKind.STRIKE,
    "spoiler": SpanKind.SPOILER,
    "code": SpanKind.CODE,
    "pre": SpanKind.PRE,
    "blockquote": SpanKind.QUOTE,
    "expandable_blockquote": SpanKind.QUOTE,
    "text_link": SpanKind.LINK,
}
_TYPES = {
    SpanKind.BOLD: "bold",
    SpanKind.ITALIC: "italic",
    SpanKind.UNDERLINE: "underline",
    SpanKind.STRIKE: "strikethrough",
    SpanKind.SPOILER: "spoiler",
    SpanKind.CODE: "code",
    SpanKind.PRE: "pre",
    SpanKind.QUOTE: "blockquote",
    SpanKind.LINK: "text_link",
}


def to_spans(text: str, entities: Sequence[dict[str, Any]]) -> tuple[Span, ...]:
    """The entities that are markup. What Telegram finds by itself (addresses, hashtags) needs no span."""
    if not entities:
        return ()
    characters = _characters(text)
    read = (_span(entity, characters) for entity in entities)
    return tuple(span for span in read if span is not None)


def from_spans(text: str, spans: Iterable[Span]) -> list[dict[str, Any]]:
    """Spans as entities; those outside the text and links without an address are left out."""
    units = [0, *accumulate(map(utf16, text))]
    entities = []
    for span in spans:
        start, end = max(span.start, 0), min(span.start + span.length, len(text))
        if start >= end or (span.kind is SpanKind.LINK and not span.url):
            continue
        entity: dict[str, Any] = {
            "type": _TYPES[span.kind],
            "offset": units[start],
            "length": units[end] - units[start],
        }
        entities.append(entity | {"url": span.url} if span.kind is SpanKind.LINK else entity)
    return entities


def _span(entity: dict[str, Any], characters: Sequence[int]) -> Span | None:
    kind = _KINDS.get(string(entity, "type") or "")
    offset, length = integer(entity, "offset"), integer(entity, "length")
    if kind is None or offset is None or length is None or offset < 0 or length <= 0:
        return None
    last = len(characters) - 1
    start, end = characters[min(offset, last)], characters[min(offset + length, last)]
    url = string(entity, "url") if kind is SpanKind.LINK else None
    if start >= end or (kind is SpanKind.LINK and url is None):
        return None
    return Span(kind, start, end - start, url)


def _characters(text: str) -> Sequence[int]:
    """For every UTF-16 offset from 0 to the end the character index that it falls on."""
    if text.isascii() or max(text) <= "\uffff":
        return range(len(text) + 1)
    index = [place for place, char in enumerate(text) for _ in range(utf16(char))]
    return [*index, len(text)]
