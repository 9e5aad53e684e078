"""Cutting content into parts, on every platform: repeatable, within the limits, nothing lost."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    Content,
    Location,
    MessageId,
    Plan,
    Quoted,
    Rejected,
    Span,
    SpanKind,
)
from tests.contract.subjects import Subject

CLUSTERS = (" ", "\n", ".", "ж", "é", "e\u0301", "👍", "👩\u200d👩\u200d👧", "🇷🇺", "👋🏽", "\u200d")
ALPHABET = st.sampled_from([*string.ascii_letters, " ", *CLUSTERS])
TEXTS = st.lists(st.tuples(ALPHABET, st.integers(1, 700)), max_size=14).map(
    lambda runs: "".join(char * count for char, count in runs)
)
SPANS = st.lists(
    st.builds(
        Span,
        st.sampled_from(SpanKind),
        st.integers(0, 5000),
        st.integers(1, 3000),
        st.just("https://pult.test/"),
    ),
    max_size=5,
)
MEDIA = st.lists(
    st.builds(
        Attachment,
        st.sampled_from(AttachmentKind),
        size=st.one_of(st.none(), st.integers(0, 60_000_000)),
        width=st.one_of(st.none(), st.integers(0, 12_000)),
        height=st.one_of(st.none(), st.integers(0, 12_000)),
        duration=st.one_of(st.none(), st.integers(0, 100)),
        file_id=st.integers(1, 99),
    ),
    max_size=25,
).map(tuple)
BUTTON = st.builds(
    Button, st.sampled_from(ButtonKind), st.text("ab", min_size=1, max_size=70), st.text("xyж", max_size=70)
)
BUTTONS = st.lists(st.lists(BUTTON, min_size=1, max_size=12).map(tuple), max_size=12).map(tuple)
CONTENTS = st.builds(
    Content,
    text=TEXTS,
    spans=SPANS.map(tuple),
    attachments=MEDIA,
    location=st.one_of(st.none(), st.just(Location(55.7, 37.6))),
    buttons=st.one_of(st.just(()), BUTTONS),
    quoted=st.one_of(st.none(), st.just(Quoted(MessageId("5"), "text"))),
)


def planned(subject: Subject, content: Content) -> Plan | None:
    try:
        return subject.adapter().plan(content)
    except Rejected as refused:
        told = refused.reason.format(**refused.params)
    assert told
    return None


POINTER = "👇"
"""What may stand alone above buttons that have no text to stand under."""
ADDRESS = "(https://pult.test/)"
"""What a platform without links may write behind the words of one."""


@settings(max_examples=120, deadline=None)
@given(content=CONTENTS)
def test_a_plan_keeps_the_limits_and_loses_nothing(subject: Subject, content: Content) -> None:
    plan = planned(subject, content)
    if plan is None:
        return
    offered = subject.kind.capabilities
    assert plan == planned(subject, content)
    for part in plan.parts:
        assert not part.empty
        assert units(part.text) <= (offered.caption_limit if part.attachments else offered.text_limit)
        assert len(part.attachments) <= offered.album_limit
        assert len(part.attachments) <= 1 or not part.buttons
        assert all((item.size or 0) <= offered.attachments[item.kind].max_bytes for item in part.attachments)
        assert all(0 <= span.start < span.start + span.length <= len(part.text) for span in part.spans)
        assert {span.kind for span in part.spans} <= offered.spans
        if part.buttons:
            assert offered.buttons is not None
            assert max(map(len, part.buttons)) <= offered.buttons.per_row
            assert sum(map(len, part.buttons)) <= offered.buttons.total
    assert visible(content.text) == visible("".join(part.text for part in plan.parts)).replace(POINTER, "").replace(
        ADDRESS, ""
    )
    sent = [item.file_id for part in plan.parts for item in part.attachments]
    assert sent == [item.file_id for item in content.attachments]
    assert [part.location for part in plan.parts if part.location] == ([content.location] if content.location else [])
    labels = sorted(button.label for part in plan.parts for row in part.buttons for button in row)
    assert labels == sorted(button.label for row in content.buttons for button in row)


@settings(max_examples=80, deadline=None)
@given(content=CONTENTS)
def test_a_part_is_its_own_plan(subject: Subject, content: Content) -> None:
    """What is left after a failure can be planned again without coming out otherwise."""
    plan = planned(subject, content)
    for part in plan.parts if plan else ():
        again = subject.adapter().plan(part)
        assert again.parts == (part,)
        assert again.notes == ()


@settings(max_examples=80, deadline=None)
@given(text=TEXTS.filter(str.strip), spans=SPANS)
def test_markup_stays_on_its_characters(subject: Subject, text: str, spans: list[Span]) -> None:
    """Each kind covers the same visible characters before and after cutting."""
    plan = planned(subject, Content(text=text, spans=tuple(spans)))
    assert plan is not None
    for kind in subject.kind.capabilities.spans:
        before = covered(text, spans, kind)
        assert before == "".join(covered(part.text, list(part.spans), kind) for part in plan.parts)


def test_nothing_is_refused(subject: Subject) -> None:
    for content in (Content(), Content(text=" \n "), Content(unsupported="poll")):
        with pytest.raises(Rejected) as refused:
            subject.adapter().plan(content)
        assert refused.value.reason.format(**refused.value.params)


def test_a_file_over_the_limit_is_refused_with_the_limit(subject: Subject) -> None:
    for kind, limit in subject.kind.capabilities.attachments.items():
        with pytest.raises(Rejected) as refused:
            subject.adapter().plan(Content(attachments=(Attachment(kind, size=limit.max_bytes + 1),)))
        assert refused.value.params.get("limit")
        assert "{limit}" in refused.value.reason


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def visible(text: str) -> str:
    return "".join(text.split())


def covered(text: str, spans: list[Span], kind: SpanKind) -> str:
    places = {place for span in spans if span.kind is kind for place in range(span.start, span.start + span.length)}
    return visible("".join(char if place in places else " " for place, char in enumerate(text)))
