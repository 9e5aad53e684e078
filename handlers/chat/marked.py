"""Text with markup as data, from and to Telegram's entities. Nothing that a person types can break or forge it.

Telegram counts UTF-16 units, Pult counts characters (Bot API, MessageEntity).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from aiogram.types import LinkPreviewOptions, MessageEntity

from adapters.base import Span, SpanKind
from adapters.names import one_line
from adapters.split import clip, length, split, utf16

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024

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
_KINDS = {name: kind for kind, name in _TYPES.items()} | {"expandable_blockquote": SpanKind.QUOTE}


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and its spans, counted in characters."""

    text: str = ""
    spans: tuple[Span, ...] = ()

    def __add__(self, other: Marked | str) -> Marked:
        more = plain(other)
        moved = tuple(replace(span, start=span.start + len(self.text)) for span in more.spans)
        return Marked(self.text + more.text, self.spans + moved)

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def units(self) -> int:
        """The length as Telegram counts it."""
        return length(self.text)

    def entities(self) -> list[MessageEntity]:
        """The spans as Telegram wants them."""
        return entities(self.text, self.spans)

    def pieces(self, limit: int = TEXT_LIMIT, first: int | None = None) -> list[Marked]:
        """Cut at the borders that hurt least, each at most `limit` long, the first one at most `first`."""
        if first is None or first == limit or self.units <= first:
            return [Marked(text, spans) for text, spans in split(self.text, self.spans, limit, utf16)]
        text, spans = split(self.text, self.spans, first, utf16)[0]
        start, end = self.text.index(text) + len(text), len(self.text)
        return [Marked(text, spans), *Marked(self.text[start:], clip(self.spans, start, end)).pieces(limit)]

    def begun(self, limit: int) -> Marked:
        """As much as fits into `limit`, with an ellipsis where something is left out."""
        if self.units <= limit:
            return self
        first = self.pieces(limit - 1)[0]
        kept = first.text.rstrip()
        return Marked(kept, clip(first.spans, 0, len(kept))) + "…"


NOTHING = Marked()


def said(text: Marked, *, preview: bool = False) -> dict[str, Any]:
    """A text as the parameters of sendMessage and editMessageText."""
    options = None if preview else LinkPreviewOptions(is_disabled=True)
    return {"text": text.text, "entities": text.entities(), "parse_mode": None, "link_preview_options": options}


def captioned(text: Marked) -> dict[str, Any]:
    """A text as the parameters of whatever takes a caption."""
    return {"caption": text.text or None, "caption_entities": text.entities(), "parse_mode": None}


def plain(value: Marked | str) -> Marked:
    return Marked(value) if isinstance(value, str) else value


def marked(kind: SpanKind, value: Marked | str) -> Marked:
    """The whole of `value` in this form."""
    inner = plain(value)
    if not inner:
        return inner
    return Marked(inner.text, (Span(kind, 0, len(inner.text)), *inner.spans))


def bold(value: Marked | str) -> Marked:
    return marked(SpanKind.BOLD, value)


def italic(value: Marked | str) -> Marked:
    return marked(SpanKind.ITALIC, value)


def quote(value: Marked | str) -> Marked:
    return marked(SpanKind.QUOTE, value)


def link(text: str, url: str) -> Marked:
    return Marked(text, (Span(SpanKind.LINK, 0, len(text), url),))


def joined(separator: str, values: Iterable[Marked | str | None]) -> Marked:
    """Those of `values` that say something, with `separator` between them."""
    result = Marked()
    for value in values:
        if value:
            result = result + separator + value if result else plain(value)
    return result


def short(text: str, limit: int) -> str:
    """The beginning of a text in one line."""
    line = one_line(text.lstrip()[: 4 * limit])
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def entities(text: str, spans: Sequence[Span]) -> list[MessageEntity]:
    """Spans as entities; those outside the text and links without an address are left out."""
    if not spans:
        return []
    # Few texts have characters of two units, and then the whole is gone through.
    units = [0, *accumulate(map(utf16, text))] if max(text, default="") > "\uffff" else range(len(text) + 1)
    made = []
    for span in spans:
        start, end = max(span.start, 0), min(span.start + span.length, len(text))
        if start < end and not (span.kind is SpanKind.LINK and not span.url):
            size = units[end] - units[start]
            made.append(MessageEntity(type=_TYPES[span.kind], offset=units[start], length=size, url=span.url))
    return made


def spans(text: str, found: Sequence[MessageEntity] | None) -> tuple[Span, ...]:
    """The entities that are markup. What Telegram finds by itself (addresses, hashtags) needs no span."""
    if not found:
        return ()
    characters = [place for place, char in enumerate(text) for _ in range(utf16(char))] + [len(text)]
    last = len(characters) - 1
    read = []
    for entity in found:
        kind = _KINDS.get(str(entity.type))
        start = characters[min(entity.offset, last)]
        end = characters[min(entity.offset + entity.length, last)]
        if kind is not None and start < end and not (kind is SpanKind.LINK and not entity.url):
            read.append(Span(kind, start, end - start, entity.url if kind is SpanKind.LINK else None))
    return tuple(read)
