"""Cuts long text into pieces that a platform takes, at the border that hurts least, with its markup cut alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from adapters.content import Span

# The first border of these that lies in the second half of the room is taken: paragraph, line, sentence, word.
_BORDERS = (re.compile(r"\n\s*\n\s*"), re.compile(r"\n\s*"), re.compile(r"[.!?…]+[)\"»”]?\s+"), re.compile(r"\s+"))
_WIDEST = 4
"""No measure of a character is more than its bytes in UTF-8."""
_JOINER = "\u200d"
_LONGEST_CLUSTER = 64


def utf16(char: str) -> int:
    """How many UTF-16 units a character takes; what Telegram counts in."""
    return 2 if ord(char) > 0xFFFF else 1


def length(text: str, width: Callable[[str], int] = utf16) -> int:
    if width is utf16 and (not text or max(text) <= "\uffff"):
        return len(text)
    return sum(map(width, text))


def split(
    text: str, spans: Sequence[Span], limit: int, width: Callable[[str], int] = len
) -> list[tuple[str, tuple[Span, ...]]]:
    """Pieces of at most `limit` (measured by `width` per character), each with its part of the spans.

    The pieces joined are the text, except that pieces of nothing but white space, which nobody would see, are left out.
    """
    pieces = ((start, end) for start, end in _ranges(text, limit, width) if not text[start:end].isspace())
    return [(text[start:end], clip(spans, start, end)) for start, end in pieces]


def clip(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """The spans as they lie within text[start:end], counted from `start`."""
    cut = []
    for span in spans:
        first, last = max(span.start, start), min(span.start + span.length, end)
        if first < last:
            cut.append(replace(span, start=first - start, length=last - first))
    return tuple(cut)


def _ranges(text: str, limit: int, width: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = _reach(text, start, limit, width)
        if end < len(text):
            end = _whole(text, start, _border(text, start, end))
        yield start, end
        start = end


def _reach(text: str, start: int, limit: int, width: Callable[[str], int]) -> int:
    if _WIDEST * (len(text) - start) <= limit:
        return len(text)
    room = limit
    for index in range(start, len(text)):
        room -= width(text[index])
        if room < 0:
            return max(index, start + 1)
    return len(text)


def _border(text: str, start: int, end: int) -> int:
    middle = start + (end - start) // 2
    for pattern in _BORDERS:
        ends = [found.end() for found in pattern.finditer(text, middle, end)]
        if ends:
            return ends[-1]
    return end


def _whole(text: str, start: int, end: int) -> int:
    """The nearest place at or before `end` that splits no character as people see it (emoji with modifiers, é)."""
    for place in range(end, max(start, end - _LONGEST_CLUSTER), -1):
        if not _joined(text, place):
            return place
    return end


def _joined(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place : place + 1]
    if not after:
        return False
    if _JOINER in (before, after) or before + after == "\r\n" or _extends(after):
        return True
    return _flag_half(after) and _flag_half(before) and _halves_before(text, place) % 2 == 1


def _extends(char: str) -> bool:
    code = ord(char)
    return 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F or unicodedata.category(char) in ("Mn", "Me", "Mc")


def _flag_half(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _halves_before(text: str, place: int) -> int:
    count = 0
    while count < place and _flag_half(text[place - 1 - count]):
        count += 1
    return count
