"""What a messenger can do, as data. The core checks against it before it sends; the README's table is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.content import AttachmentKind, ButtonKind, SpanKind
from adapters.options import Option


@dataclass(frozen=True, slots=True)
class AttachmentLimit:
    max_bytes: int
    mimes: frozenset[str] = frozenset()
    """Media types that the platform takes in this kind; empty means any."""


@dataclass(frozen=True, slots=True)
class ButtonLimits:
    kinds: frozenset[ButtonKind]
    total: int
    per_row: int
    label: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What the platform takes: calls a second in all, to one recipient, and how many may come in a burst."""

    per_second: float
    per_recipient: float | None = None
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a messenger can do, as data: limits in characters, bytes, hours. The README's table is made from it."""

    text_limit: int
    caption_limit: int
    spans: frozenset[SpanKind]
    attachments: Mapping[AttachmentKind, AttachmentLimit]
    album_limit: int
    location: bool
    contact: bool
    buttons: ButtonLimits | None
    edit: bool
    delete: bool
    react: bool
    typing: bool
    delivered: bool
    seen: bool
    reply_window_hours: int | None
    batch: int
    fetch_limit: int
    rates: Rates
    media_by_link: bool = False
    """The platform fetches media from a public link instead of taking bytes."""
    picture_limit: int | None = None
    """With `media_by_link`: pictures must be JPEG or PNG of at most so many bytes. `send` is given the link of such a
    one, made of the picture, where one can be made."""
    options: tuple[Option, ...] = ()
    """What a team can choose for a channel. What `CanGreet` says is the text of that name, "greeting"."""
    repeats_dropped_minutes: int = 0
    """For how long the platform takes a second send with the same `Envelope.number` for the first one."""
    profile_texts: Mapping[str, int] = field(default_factory=dict)
    """What `CanEditProfile` takes: the names of the texts and the most characters of each."""
