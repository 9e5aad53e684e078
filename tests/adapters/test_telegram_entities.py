"""Telegram counts UTF-16 units, Pult counts characters: there and back without a shift."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Span, SpanKind
from adapters.telegram.entities import from_spans, to_spans

TEXTS = st.text(st.sampled_from("ab жé\u0301👍🇷🇺\u200d👋🏽\n"), min_size=1, max_size=40)
KINDS = {"blockquote": SpanKind.QUOTE, "strikethrough": SpanKind.STRIKE, "text_link": SpanKind.LINK}


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, tuple[Span, ...]]:
    text = draw(TEXTS)
    spans = []
    for kind in draw(st.lists(st.sampled_from(SpanKind), max_size=5)):
        start = draw(st.integers(0, len(text) - 1))
        length = draw(st.integers(1, len(text) - start))
        spans.append(Span(kind, start, length, "https://pult.test/" if kind is SpanKind.LINK else None))
    return text, tuple(spans)


@given(marked())
def test_spans_survive_the_way_there_and_back(case: tuple[str, tuple[Span, ...]]) -> None:
    text, spans = case
    assert to_spans(text, from_spans(text, spans)) == spans


@given(marked())
def test_entities_cover_the_same_words(case: tuple[str, tuple[Span, ...]]) -> None:
    """Measured in the encoding that Telegram counts in, not by our own arithmetic."""
    text, spans = case
    encoded = text.encode("utf-16-le")
    for span, entity in zip(spans, from_spans(text, spans), strict=True):
        start, end = entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2
        assert encoded[start:end].decode("utf-16-le") == text[span.start : span.start + span.length]
        assert KINDS.get(entity["type"], entity["type"]) == span.kind


@given(TEXTS, st.lists(st.tuples(st.integers(-5, 200), st.integers(-5, 200)), max_size=5))
def test_impossible_offsets_stay_inside_the_text(text: str, places: list[tuple[int, int]]) -> None:
    entities: list[dict[str, Any]] = [{"type": "bold", "offset": offset, "length": size} for offset, size in places]
    for span in to_spans(text, entities):
        assert 0 <= span.start < span.start + span.length <= len(text)


def test_markup_outside_the_text_and_links_to_nowhere_are_left_out() -> None:
    spans = (
        Span(SpanKind.BOLD, 5, 3),
        Span(SpanKind.LINK, 0, 2),
        Span(SpanKind.BOLD, -3, 4),
        Span(SpanKind.CODE, 1, 99),
    )
    assert from_spans("abc", spans) == [
        {"type": "bold", "offset": 0, "length": 1},
        {"type": "code", "offset": 1, "length": 2},
    ]
