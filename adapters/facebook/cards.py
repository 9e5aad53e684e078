"""What hangs on a Messenger message and is no file: shared posts and links, products, appointments, templates.

Source: Messenger Platform, "Webhook events: messages" (2026-06-01).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from adapters.content import Attachment, AttachmentKind, Button, ButtonKind, Note
from adapters.facebook import stamps
from adapters.reading import items, section, string
from adapters.texts import N_

PICTURES = 10
"""Of one card; Messenger's carousels have no more."""
_LINES = 40
_ARTICLE = N_("Article No. {number}")
_ASKED = N_("Asks about the product No. {number} of the shop")
_ADVERTISED = N_("Comes from the advertisement “{title}”")
_APPOINTMENT = N_("Appointment: {when}")
_APPOINTMENTS = {
    "requested": N_("Asks for an appointment: {when}"),
    "confirmed": N_("The appointment is confirmed: {when}"),
    "declined": N_("The appointment is declined: {when}"),
    "cancelled": N_("The appointment is cancelled: {when}"),
}

Body = dict[str, Any]


@dataclass(slots=True)
class Card:
    """What people see of it. `lines` in reading order, each once."""

    lines: list[str] = field(default_factory=list)
    media: list[Attachment] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    buttons: list[tuple[Button, ...]] = field(default_factory=list)

    @property
    def blank(self) -> bool:
        return not (self.lines or self.media or self.notes)


def read(item: Body) -> Card:
    """An attachment that is no file, as far as it says anything."""
    payload = section(item, "payload")
    card = Card(notes=[*_appointment(payload)])
    found = [string(item, "title"), string(payload, "title"), string(payload, "text")]
    card.buttons += _buttons(payload)
    for element in _elements(payload):
        found += [string(element, name) for name in ("title", "subtitle", "url")]
        card.media += _picture(element)
        card.notes += _number(element)
        card.buttons += _buttons(element)
    found += [shown(string(payload, "url") or string(item, "url"))]
    card.lines = list(dict.fromkeys(line for line in found if line))[:_LINES]
    card.media = card.media[:PICTURES]
    return card


def kind(item: Body, told: str) -> str:
    """What it is; a product comes as a template that holds one."""
    return "product" if section(section(item, "payload"), "product") else told


def _elements(payload: Body) -> list[Body]:
    """The elements of a template, wherever Facebook puts them: by itself, in its kind, in the product."""
    places = (payload, *(section(payload, name) for name in ("product", "generic", "media")))
    return next((found for place in places if (found := items(place, "elements"))), [])


def _picture(element: Body) -> Iterator[Attachment]:
    if (url := string(element, "image_url")) is not None:
        yield Attachment(AttachmentKind.PHOTO, handle=url, link=url)


def _number(element: Body) -> Iterator[Note]:
    """The shop's own number of a product, by which its people know it."""
    if (number := string(element, "retailer_id")) is not None:
        yield Note(_ARTICLE, (("number", number),))


def _buttons(body: Body) -> Iterator[tuple[Button, ...]]:
    """The buttons of a template that another app sent."""
    for button in items(body, "buttons")[:_LINES]:
        label, url = string(button, "title"), shown(string(button, "url"))
        if label is not None:
            yield (Button(ButtonKind.LINK if url else ButtonKind.PRESS, label, url or ""),)


def _appointment(payload: Body) -> Iterator[Note]:
    """When somebody wants to come, by the clock of the place that the payload names."""
    start = stamps.moment(payload, "start_time")
    if start is None:
        return
    zone = _zone(string(payload, "timezone"))
    end = stamps.moment(payload, "end_time")
    message = _APPOINTMENTS.get(string(payload, "status") or "", _APPOINTMENT)
    yield Note(message, (("when", _when(start.astimezone(zone), end.astimezone(zone) if end else None, zone)),))


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, OSError, ValueError):
        return UTC


def _when(start: datetime, end: datetime | None, zone: tzinfo) -> str:
    """ "03.12.2026 14:00–15:00 (Europe/Kyiv)"; a last day of its own where it ends on another."""
    if end is None:
        until = ""
    elif end.date() == start.date():
        until = f"–{end:%H:%M}"
    else:
        until = f" – {end:%d.%m.%Y %H:%M}"
    return f"{start:%d.%m.%Y %H:%M}{until} ({zone})"


def referred(referral: Body) -> tuple[Note, ...]:
    """What a message is about, where it was begun on the page of a product or under an advertisement."""
    told = section(referral, "ads_context_data")
    number = stamps.number(section(referral, "product"), "id") or stamps.number(told, "product_id")
    title = string(told, "ad_title")
    notes = (
        Note(_ASKED, (("number", number),)) if number else None,
        Note(_ADVERTISED, (("title", title),)) if title else None,
    )
    return tuple(note for note in notes if note is not None)


def shown(url: str | None) -> str | None:
    """The link itself, out of Facebook's own redirect (l.facebook.com/l.php?u=…)."""
    try:
        parts = urlsplit(url or "")
        if parts.hostname in ("l.facebook.com", "lm.facebook.com") and (found := parse_qs(parts.query).get("u")):
            return found[0].replace("\x00", "\ufffd")
    except ValueError:
        return url
    return url
