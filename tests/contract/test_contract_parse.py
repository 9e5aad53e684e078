"""Receiving, on every platform: pure, tolerant, complete."""

from __future__ import annotations

import copy
import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import EVENT_TYPES, Event, Unsupported
from adapters.content import dump, load
from tests.contract.subjects import SUBJECTS, Subject
from tests.contract.told import told

CASES = [
    pytest.param(subject, name, id=f"{platform}-{name}")
    for platform, subject in SUBJECTS.items()
    for name in subject.cases
]
PAYLOADS = {name: [case["payload"] for case in subject.cases.values()] for name, subject in SUBJECTS.items()}
WEIRD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.sampled_from(
        ["\ud800", "\x00", 2**63, -(2**63) - 1, 10**400, float("nan"), float("inf"), "", [], {}, [[]], [None]]
    ),
)
JSON = st.recursive(
    WEIRD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=25,
)


@pytest.mark.parametrize(("subject", "name"), CASES)
def test_every_sample_means_what_stands_beside_it(subject: Subject, name: str) -> None:
    case = subject.cases[name]
    assert [told(event) for event in subject.adapter().parse(case["payload"])] == case["events"]


@pytest.mark.parametrize(("subject", "name"), CASES)
def test_parsing_twice_gives_the_same_and_changes_nothing(subject: Subject, name: str) -> None:
    payload = subject.cases[name]["payload"]
    before = copy.deepcopy(payload)
    first, second = subject.adapter().parse(payload), subject.adapter().parse(payload)
    assert first == second
    assert payload == before


@pytest.mark.parametrize(("subject", "name"), CASES)
def test_what_is_read_can_be_stored(subject: Subject, name: str) -> None:
    for event in subject.adapter().parse(subject.cases[name]["payload"]):
        check_storable(event)


def test_keys_are_unique_over_all_samples(subject: Subject) -> None:
    keys = [event.key for case in subject.cases.values() for event in subject.adapter().parse(case["payload"])]
    assert len(keys) == len(set(keys))


def test_an_unknown_kind_is_named_not_dropped(subject: Subject) -> None:
    assert any(
        isinstance(event, Unsupported)
        for payload in PAYLOADS[subject.kind.platform]
        for event in subject.adapter().parse(payload)
    )


def test_what_is_no_payload_is_refused(subject: Subject) -> None:
    nothing: tuple[Any, ...] = (None, [], "text", 5, {}, {"hello": "world"})
    for payload in nothing:
        with pytest.raises(ValueError):
            subject.adapter().parse(payload)


def test_depth_does_no_harm(subject: Subject) -> None:
    deep = nested(3000)
    for payload in PAYLOADS[subject.kind.platform]:
        for path in paths(payload):
            subject_survives(subject, replaced(payload, path, deep))


@settings(max_examples=120, deadline=None)
@given(payload=JSON)
def test_anything_at_all_is_read_or_refused(subject: Subject, payload: Any) -> None:
    subject_survives(subject, payload)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), values=st.lists(JSON, min_size=1, max_size=4))
def test_a_spoilt_sample_is_read_or_refused(subject: Subject, seed: int, values: list[Any]) -> None:
    dice = random.Random(seed)
    payload = dice.choice(PAYLOADS[subject.kind.platform])
    for value in values:
        if found := list(paths(payload)):
            payload = replaced(payload, dice.choice(found), value)
    subject_survives(subject, payload)


def subject_survives(subject: Subject, payload: Any) -> None:
    try:
        events = subject.adapter().parse(payload)
    except ValueError:
        return
    for event in events:
        check_storable(event)


def check_storable(event: Event) -> None:
    assert type(event) in EVENT_TYPES
    assert event.key
    assert event.at.tzinfo is not None
    assert -(2**63) <= event.sequence < 2**63
    told_as_json = orjson.dumps(told(event))
    assert b"\\u0000" not in told_as_json
    content = getattr(event, "content", None)
    if content is not None:
        assert load(orjson.loads(orjson.dumps(dump(content)))) == content
        assert not content.empty
        assert all(0 <= span.start < span.start + span.length <= len(content.text) for span in content.spans)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a payload."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, child in children for place in [(*here, name), *paths(child, (*here, name))]]


def replaced(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    copied = copy.copy(payload)
    copied[path[0]] = value if len(path) == 1 else replaced(payload[path[0]], path[1:], value)
    return copied


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"reply_to_message": [value], "text": "x"}
    return value
