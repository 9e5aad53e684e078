"""Text for messengers without markup: what a link's words hid is written out."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.content import Span, SpanKind


def written_out(text: str, spans: Sequence[Span]) -> str:
    """The text with the address of each link in brackets behind its words, unless the words are the address."""
    links = [span for span in spans if span.kind is SpanKind.LINK and span.url and span.start < len(text)]
    for span in sorted(links, key=lambda span: span.start + span.length, reverse=True):
        end = span.start + span.length
        words, address = text[span.start : end].strip(), str(span.url)
        if words not in (address, address.removeprefix("https://"), address.removeprefix("http://").rstrip("/")):
            text = f"{text[:end]} ({address}){text[end:]}"
    return text
