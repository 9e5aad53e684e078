"""Takes in many plain messages at once: what `applying` does for each, with a handful of statements for all of them.

Plain: written text of somebody known, under the name that is known, in an inquiry that is open. Most messages are.
Whatever is not so goes through `applying` by itself, and with it everything else of the same person in this commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.base import Event, MessageReceived
from adapters.content import dump
from models.enums import Author, Direction, EventState, InquiryState, MessageState
from models.fields import to_text
from services import clock, desk_jobs, inquiries, reminders
from services.applying import ChannelRow, apply, heard_from
from services.desk_jobs import Unit
from services.identities import renamed
from services.inquiries import OpenInquiry
from services.job_batches import enqueue_all
from services.jobs import NewJob
from services.sql import LOCK, Make, Row, Steps, either, moment, to_json
from services.trace import Carried

FEWEST = 3
"""For fewer the statements one by one are as quick."""

Who = tuple[int, str]
"""A channel and the platform's id of a person."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event on its way in. Called, it is the steps that journal and apply it by itself; True where it was new.

    payload: sealed, for the journal. note: whether the channel's row is to say that it was heard.
    """

    channel: ChannelRow
    event: Event
    payload: str
    note: bool

    def __call__(self) -> Steps[bool]:
        event = self.event
        new = yield from journal(
            self.channel, event.key, type(event).__name__, self.payload, event.at, EventState.APPLIED
        )
        if new:
            if self.note:
                yield from heard_from(self.channel)
            yield from apply(self.channel, event)
        return new

    @property
    def who(self) -> Who:
        return self.channel.id, self.event.user

    @property
    def plain(self) -> bool:
        """As far as the event tells."""
        event = self.event
        if not isinstance(event, MessageReceived) or event.ref or event.incomplete:
            return False
        content = event.content
        quotes = content.quoted is not None and content.quoted.message_id is not None
        return not (content.attachments or content.album or quotes)


def journal(
    channel: ChannelRow, key: str, kind: str, payload: str, at: datetime, state: EventState, error: str | None = None
) -> Steps[bool]:
    """Write an event down; False where it is there already."""
    rows = yield (
        "INSERT INTO events (project_id, channel_id, key, kind, payload, state, error, at, received_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel_id, key) DO NOTHING RETURNING id",
        (channel.project_id, channel.id, key[:255], kind, payload, state.value, error, at, clock.now()),
    )
    return bool(rows)


def together(makes: Sequence[Make[Any]]) -> Steps[dict[int, Any]]:
    """Take in the plain ones among these arrivals; by place, whether each was new."""
    arrivals = {place: make.make for place, make in enumerate(makes) if isinstance(make, Carried)}
    plain = {place: one for place, one in arrivals.items() if isinstance(one, Arrival) and one.plain}
    if len(plain) < FEWEST:
        return {}
    known = yield from _known({one.who for one in plain.values()})
    for place, one in arrivals.items():
        if isinstance(one, Arrival) and (place not in plain or _differs(known.get(one.who), one)):
            known.pop(one.who, None)
    taken = {place: one for place, one in plain.items() if one.who in known}
    there = yield from _journaled(taken.values())
    done: dict[int, Any] = {}
    new: list[tuple[Arrival, str | None]] = []
    for place, one in taken.items():
        key = (one.channel.id, one.event.key[:255])
        done[place] = key not in there
        if key not in there:
            there.add(key)
            # Whatever is grouped has been `trace.carried`.
            new.append((one, makes[place].request))  # type: ignore[attr-defined]
    if new:
        yield from _take_in(new, known)
    return done


@dataclass(slots=True)
class _Dialog:
    """Somebody known with an open inquiry, and what is new of them in this commit."""

    identity_id: int
    row: Row
    inquiry: OpenInquiry
    latest: datetime | None
    sequence: int
    """The platform's number of the newest of `latest`: most tell whole seconds."""
    window: datetime | None
    first_at: datetime | None = None
    count: int = 0
    request: str | None = None
    messages: list[tuple[int, str | None]] = field(default_factory=list)


def _rows(*casts: str) -> tuple[str, str]:
    """A JSON list of lists in ?1 as rows with the columns c0, c1 …, for either database; `casts` for PostgreSQL."""
    lite = ", ".join(f"value->>{n} AS c{n}" for n in range(len(casts)))
    postgres = ", ".join(f"CAST(value->>{n} AS {kind}) AS c{n}" for n, kind in enumerate(casts))
    return (
        f"(SELECT {lite} FROM json_each(?1)) AS r",
        f"(SELECT {postgres} FROM json_array_elements(CAST(?1 AS json))) AS r",
    )


def _statement(sql: str, *casts: str) -> str:
    lite, postgres = _rows(*casts)
    return either(sql.format(rows=lite, now="?2"), sql.format(rows=postgres, now="CAST(?2 AS timestamptz)"))


_KNOWN = (
    "SELECT i.id AS identity_id, i.channel_id, i.external_id, i.name, i.username, i.client, i.last_inbound_at,"
    " (SELECT MAX(m.sequence) FROM messages m WHERE m.identity_id = i.id AND m.at = i.last_inbound_at"
    f" AND m.direction = '{Direction.IN.value}') AS sequence,"
    " i.window_until, q.id, q.project_id, q.number, q.state, q.assignee_id"
    " FROM {} CROSS JOIN identities i CROSS JOIN inquiries q"
    " WHERE i.channel_id = r.c0 AND i.external_id = r.c1 AND q.identity_id = i.id AND q.state <> 'done'"
    " ORDER BY i.id {}"
)
_PEOPLE = _rows("bigint", "text")
_KNOWN_PEOPLE = either(_KNOWN.format(_PEOPLE[0], LOCK), _KNOWN.format(_PEOPLE[1], "FOR NO KEY UPDATE OF i, q"))
_JOURNALED = _statement(
    "SELECT e.channel_id, e.key FROM {rows} CROSS JOIN events e WHERE e.channel_id = r.c0 AND e.key = r.c1",
    "bigint", "text",
)  # fmt: skip
_JOURNAL = _statement(
    "INSERT INTO events (project_id, channel_id, key, kind, payload, state, at, received_at)"
    f" SELECT c0, c1, c2, c3, c4, '{EventState.APPLIED.value}', c5, {{now}} FROM {{rows}}",
    "bigint", "bigint", "text", "text", "text", "timestamptz",
)  # fmt: skip
_STORE = (
    "INSERT INTO messages (project_id, identity_id, inquiry_id, direction, author, external_id, content, state,"
    f" repeated, at, sequence, received_at, late) SELECT c0, c1, c2, '{Direction.IN.value}',"
    f" '{Author.CUSTOMER.value}', c3, c4, '{MessageState.RECEIVED.value}', FALSE, c5, c6, {{now}}, c7 FROM {{rows}}"
)
_COLUMNS = ("bigint", "bigint", "bigint", "text", "jsonb", "timestamptz", "bigint", "boolean")
_STORE_UNNUMBERED = _statement(_STORE, *_COLUMNS)
_STORE_NUMBERED = _statement(f"{_STORE} RETURNING id, identity_id, external_id", *_COLUMNS)
_HEARD = _statement(
    "UPDATE identities SET last_inbound_at = r.c1, window_until = r.c2, subscribed = ?2 FROM {rows}"
    " WHERE identities.id = r.c0",
    "bigint", "timestamptz", "timestamptz",
)  # fmt: skip
_MOVED = _statement(
    "UPDATE inquiries SET inbound = inbound + r.c1, last_at = ?2, snoozed_until = NULL,"
    " waiting_since = COALESCE(waiting_since, r.c2) FROM {rows} WHERE inquiries.id = r.c0",
    "bigint", "int", "timestamptz",
)  # fmt: skip


def _known(people: set[Who]) -> Steps[dict[Who, _Dialog]]:
    """Those of these people who are known and have an open inquiry, in the order of their locks."""
    rows = yield _KNOWN_PEOPLE, (to_json(sorted(people)),)
    return {
        (row["channel_id"], row["external_id"]): _Dialog(
            row["identity_id"], row, inquiries.from_row(row), moment(row["last_inbound_at"]),
            int(row["sequence"] or 0), moment(row["window_until"]),
        )
        for row in rows
    }  # fmt: skip


def _differs(dialog: _Dialog | None, arrival: Arrival) -> bool:
    """Whether the event names the person otherwise than the row does."""
    profile = arrival.event.profile
    if dialog is None or profile is None:
        return False
    client = profile.client
    return renamed(dialog.row, profile) is not None or (client is not None and (client or None) != dialog.row["client"])


def _journaled(arrivals: Iterable[Arrival]) -> Steps[set[tuple[int, str]]]:
    """The keys of events that came before."""
    keys = [(one.channel.id, one.event.key[:255]) for one in arrivals]
    rows = (yield _JOURNALED, (to_json(keys),)) if keys else []
    return {(row["channel_id"], row["key"]) for row in rows}


def _take_in(new: Sequence[tuple[Arrival, str | None]], known: dict[Who, _Dialog]) -> Steps[None]:
    for channel in {one.channel for one, _ in new if one.note}:
        yield from heard_from(channel)
    now = clock.now()
    yield _JOURNAL, (to_json([_event_row(one) for one, _ in new]), now)
    rows = [_message_row(one, known[one.who], request) for one, request in new]
    dialogs = [dialog for dialog in known.values() if dialog.count]
    if any(dialog.inquiry.state is InquiryState.ACTIVE for dialog in dialogs):
        yield from _store_numbered(new, rows, known, now)
    else:
        # Only copies need the messages' numbers: cards show the inquiry.
        yield _STORE_UNNUMBERED, (to_json(rows), now)
    yield _HEARD, (to_json([_heard(dialog) for dialog in dialogs]), True)
    yield _MOVED, (to_json([(one.inquiry.id, one.count, _text(one.first_at)) for one in dialogs]), now)
    yield from enqueue_all((yield from _shown(dialogs)))


def _store_numbered(
    new: Sequence[tuple[Arrival, str | None]], rows: list[tuple[Any, ...]], known: dict[Who, _Dialog], now: datetime
) -> Steps[None]:
    stored = yield _STORE_NUMBERED, (to_json(rows), now)
    numbers = {(row["identity_id"], row["external_id"]): int(row["id"]) for row in stored}
    for (one, request), row in zip(new, rows, strict=True):
        known[one.who].messages.append((numbers[row[1], row[3]], request))


def _text(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)


def _event_row(one: Arrival) -> tuple[Any, ...]:
    event = one.event
    kind = type(event).__name__
    return one.channel.project_id, one.channel.id, event.key[:255], kind, one.payload, to_text(event.at)


def _message_row(one: Arrival, dialog: _Dialog, request: str | None) -> tuple[Any, ...]:
    """The message's columns; the dialog learns of it."""
    event = one.event
    assert isinstance(event, MessageReceived)
    newest = (dialog.latest, dialog.sequence) if dialog.latest is not None else (event.at, event.sequence)
    late = (event.at, event.sequence) < newest
    dialog.latest, dialog.sequence = max(newest, (event.at, event.sequence))
    dialog.first_at = dialog.first_at or event.at
    dialog.count += 1
    dialog.request = dialog.request or request
    if event.window_until is not None:
        dialog.window = event.window_until if dialog.window is None else max(dialog.window, event.window_until)
    content = to_json(dump(event.content))
    return (
        one.channel.project_id, dialog.identity_id, dialog.inquiry.id, event.message_id, content, to_text(event.at),
        event.sequence, late,
    )  # fmt: skip


def _heard(dialog: _Dialog) -> tuple[Any, ...]:
    return dialog.identity_id, _text(dialog.latest), _text(dialog.window)


def _shown(dialogs: Sequence[_Dialog]) -> Steps[list[tuple[NewJob, str | None]]]:
    """The jobs that show what is new: cards of what nobody has taken, copies and a reminder in dialogs."""
    offered = [one for one in dialogs if one.inquiry.state is InquiryState.NEW]
    taken = [one for one in dialogs if one.inquiry.state is InquiryState.ACTIVE]
    jobs: list[tuple[NewJob, str | None]] = []
    cards = yield from inquiries.cards_of([one.inquiry.id for one in offered])
    teams = {}
    for project_id in sorted({one.inquiry.project_id for one in offered}):
        teams[project_id] = yield from desk_jobs.team(project_id)
    for one in offered:
        shown = cards.get(one.inquiry.id, set())
        jobs += [(job, one.request) for job in inquiries.offers(one.inquiry, teams[one.inquiry.project_id], shown)]
    places = yield from desk_jobs.in_dialogs([one.inquiry.id for one in taken])
    for one in taken:
        for message_id, request in one.messages:
            unit = Unit(one.inquiry.id, one.identity_id, message_id)
            jobs += [(desk_jobs.copy_job(to, unit), request) for to in places[one.inquiry.id]]
        jobs.append((reminders.unread_job(one.inquiry.project_id, one.inquiry.id), one.request))
    return jobs
