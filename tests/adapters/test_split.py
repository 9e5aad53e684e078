"""Long text is cut where it hurts least."""

from __future__ import annotations

import pytest

from adapters.base import Span, SpanKind
from adapters.plain import written_out
from adapters.split import clip, length, split, utf16


def pieces(text: str, limit: int) -> list[str]:
    return [piece for piece, _ in split(text, (), limit)]


def test_what_fits_is_left_alone() -> None:
    assert pieces("  short \n", 9) == ["  short \n"]
    assert pieces("", 9) == []
    assert pieces(" \n ", 2) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One two. Three\n\nfour five six", "One two. Three\n\n"),
        ("One two. Three\nfour five six", "One two. Three\n"),
        ("One, two, three. Four five six", "One, two, three. "),
        ("One two three four five six seven", "One two three four "),
        ("Onetwothreefourfivesixseven", "Onetwothreefourfivesix"[:22]),
    ],
)
def test_the_best_border_in_reach_is_taken(text: str, first: str) -> None:
    assert pieces(text, 22)[0] == first
    assert "".join(pieces(text, 22)) == text


@pytest.mark.parametrize("cluster", ["👍", "👋🏽", "👩\u200d👩\u200d👧", "🇷🇺", "e\u0301", "❤\ufe0f", "\r\n"])
def test_characters_as_people_see_them_stay_whole(cluster: str) -> None:
    text = "x" + cluster * 50
    for limit in range(16, 40):
        for piece in pieces(text, limit):
            assert piece.removeprefix("x").replace(cluster, "") == ""


def test_limits_are_counted_in_units() -> None:
    cut = split("👍" * 10, (), 5, utf16)
    assert [piece for piece, _ in cut] == ["👍👍"] * 5
    assert all(length(piece) <= 5 for piece, _ in cut)


def test_a_span_over_the_border_goes_on_behind_it() -> None:
    text = "aaaa bbbb cccc"
    cut = split(text, (Span(SpanKind.BOLD, 2, 10),), 10)
    assert cut == [("aaaa bbbb ", (Span(SpanKind.BOLD, 2, 8),)), ("cccc", (Span(SpanKind.BOLD, 0, 2),))]
    assert clip((Span(SpanKind.BOLD, 5, 2),), 0, 5) == ()


def test_addresses_of_links_stand_whole_behind_their_words() -> None:
    """Spans that end together, overlap or reach beyond the text tear no address apart."""
    spans = [
        Span(SpanKind.LINK, start, length, "https://a.test/") for start, length in ((0, 3000), (2, 8), (0, 2), (9, 1))
    ]
    assert written_out("Пионы", spans) == "Пи (https://a.test/)оны (https://a.test/) (https://a.test/)"
    assert written_out("a.test", [Span(SpanKind.LINK, 0, 6, "https://a.test/")]) == "a.test"
