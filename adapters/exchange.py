"""What passes between Pult and a platform: webhook requests and replies, parts to send and what they became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.content import Content, MessageId


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A webhook request as it came: the raw body is what signatures are made over. Header names are lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HookReply:
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What goes with a content besides it.

    token: unique per platform message and the same on every attempt (Facebook's metadata); number: the same as a
    non-zero int32 (VK's random_id). by_person: a person pressed Send (Facebook's HUMAN_AGENT allows no one else).
    """

    token: str
    number: int
    by_person: bool = True
    window_until: datetime | None = None
    """When the platform's reply window closes, where it has one."""
    client: str | None = None
    """`Profile.client` of the person's latest event that told it."""
    at: datetime | None = None
    """The moment of sending by the caller's clock, which rules the window; None: the machine's."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message that now exists on the platform; `aliases` are further ids under which events may name it."""

    id: MessageId
    aliases: tuple[MessageId, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform messages that one part became. `cached` gives this channel's handle of each `file_id` sent."""

    messages: tuple[SentMessage, ...]
    cached: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A content cut into parts that the platform takes one call each, in order.

    notes are message ids of what had to be changed on the way ("The sticker goes as a picture."), said to the
    author once. Refusals are raised, as `Rejected` with a message id that names the limit.
    """

    parts: tuple[Content, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought: raw payloads for `parse`, and the cursor that confirms them once they are stored."""

    payloads: tuple[dict[str, Any], ...]
    cursor: str | None
