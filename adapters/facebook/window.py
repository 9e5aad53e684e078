"""Facebook's reply window: until when a page may answer, and how. The only place that decides it.

Sources: Messenger Platform, "Send a Message" (2026-05-05) and "Policy" (2026-09-28): anything within 24 hours of what
the person did; up to 7 days a person's own reply, tagged HUMAN_AGENT, by an app that may; every other tag was retired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.errors import WindowClosed
from adapters.texts import N_

STANDARD = timedelta(hours=24)
HUMAN = timedelta(days=7)
HUMAN_AGENT = "HUMAN_AGENT"
MARGIN = timedelta(minutes=5)
"""Nothing automatic goes so near to the end: Facebook's clock decides, and a refusal counts against the page."""

CLOSED = N_(
    "The customer last wrote more than 24 hours ago. Facebook lets pages answer only within that time: "
    "wait until the customer writes again."
)
CLOSED_FOR_PEOPLE = N_(
    "The customer last wrote more than 7 days ago. Facebook lets people answer only within that time: "
    "wait until the customer writes again."
)


@dataclass(frozen=True, slots=True)
class Way:
    """How a message goes: the fields of the Send API that stand beside it."""

    messaging_type: str
    tag: str | None = None

    def fields(self) -> dict[str, Any]:
        return {"messaging_type": self.messaging_type} | ({"tag": self.tag} if self.tag else {})


RESPONSE = Way("RESPONSE")
UPDATE = Way("UPDATE")
LATE = Way("MESSAGE_TAG", HUMAN_AGENT)


def closes(at: datetime) -> datetime:
    """When the window closes that something done at `at` has opened."""
    return at + STANDARD


def way(window_until: datetime | None, now: datetime, *, by_person: bool, human_agent: bool) -> Way:
    """How a message may go at `now`. Raises WindowClosed with the reason.

    human_agent: the channel has late answers switched on. An unknown window is for Facebook to judge.
    """
    if not by_person:
        if window_until is None or now < window_until - MARGIN:
            return UPDATE
        raise WindowClosed(CLOSED)
    if window_until is None or now < window_until:
        return RESPONSE
    if not human_agent:
        raise WindowClosed(CLOSED)
    if now < window_until - STANDARD + HUMAN:
        return LATE
    raise WindowClosed(CLOSED_FOR_PEOPLE)
