"""Spoilt payloads of every messenger, taken in by both databases: whatever is read can be kept, and nothing stops."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import orjson
import pytest

from adapters.base import Event, MessageReceived
from adapters.content import MessageId
from adapters.lenient import loads
from services.sql import fetch
from tests.contract.subjects import SUBJECTS
from tests.contract.test_contract_parse import PAYLOADS, paths, replaced
from tests.services.conftest import Company, company, conversations  # noqa: F401

SPOILT = 60
"""Payloads of each messenger."""
LONGEST_ID = 255
ODD: tuple[Any, ...] = (
    "х" * 5000, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 200, "\x00", "a\x00b", "", " ", "\u202e", "0", "-1",
    "1e400", "' OR 1=1 --", "%s%n{0}{name}", "https://" + "a" * 3000 + ".test/", "a\nb" * 1000, 0, -1, 1, 2**31, 2**53,
    2**63 - 1, -(2**63), 1.5, -0.0, True, False, None, [], {}, [[]], [None], {"a": {"b": 1}}, ["x"] * 300, 10**11,
    4102444800000,
)  # fmt: skip


def spoilt(platform: str) -> list[list[Event]]:
    """Events of samples in which one to three places say something else; those that are refused are left out."""
    dice = random.Random(platform)
    adapter, found = SUBJECTS[platform].adapter(), []
    for _ in range(SPOILT):
        payload = dice.choice(PAYLOADS[platform])
        for _ in range(dice.randint(1, 3)):
            if places := paths(payload):
                payload = replaced(payload, dice.choice(places), dice.choice(ODD))
        try:
            # As it would come over the wire.
            events = adapter.parse(loads(orjson.dumps(payload)))
        except (ValueError, TypeError):
            continue
        found.append([_anew(event, len(found)) for event in events])
    return found


def _anew(event: Event, number: int) -> Event:
    """As an event of its own, where the sample's ids stayed as they were: the journal would know it already."""
    event = replace(event, key=f"{number}:{event.key}"[:255])
    if isinstance(event, MessageReceived) and len(event.message_id) < LONGEST_ID - 8:
        event = replace(event, message_id=MessageId(f"{number}:{event.message_id}"))
    return event


def longest(event: Event) -> int:
    """Of the ids by which the messenger knows it: no real one comes near the limit, and what does is kept as failed."""
    return max(len(event.user), len(getattr(event, "message_id", None) or ""))


@pytest.mark.parametrize("platform", sorted(set(SUBJECTS) - {"toy"}))
async def test_whatever_can_be_read_can_be_kept(company: Company, platform: str) -> None:  # noqa: F811
    given = spoilt(platform)
    assert len(given) > SPOILT / 2
    for events in given:
        await company.inbox.accept(company.channel, events)
    failed = await fetch("SELECT key, error FROM events WHERE state = 'failed'")
    too_long = {event.key for events in given for event in events if longest(event) > LONGEST_ID}
    assert [row for row in failed if row["key"] not in too_long] == []
    kept = await fetch("SELECT COUNT(*) AS n FROM events")
    assert kept[0]["n"] > SPOILT / 4
    await company.hear(company.said("Анна", "И после этого?"))
    assert (await company.messages())[-1]["state"] == "received"
