"""Text for messengers without markup: what a link's words hid is written out."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.content import Span, SpanKind


def written_out(text: str, spans: Sequence[Span]) -> str:
    """The text with the address of each link in brackets behind its words, unless the words are the address."""
    links = [
        (span.start, min(span.start + span.length, len(text)), span.url)
        for span in spans
        if span.kind is SpanKind.LINK and span.url and span.start < len(text)
    ]
    # From the end, so that what is written in moves no place that is still to come.
    for start, end, address in sorted(set(links), key=lambda link: link[1], reverse=True):
        if _bare(text[start:end]) != _bare(address):
            text = f"{text[:end]} ({address}){text[end:]}"
    return text


def _bare(address: str) -> str:
    """An address as people write it."""
    return address.strip().removeprefix("https://").removeprefix("http://").rstrip("/")
