"""How far our messages got: delivered, seen, failed later, echoed by the platform. Steps only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.base import Delivery
from models.enums import Author, MessageState, PartState
from services import desk_jobs
from services.jobs import hasten
from services.notices import notice_of_answer
from services.sql import Row, Steps, from_json, marks, moment, to_json
from services.texts import UNTOLD, ours

# What a state may still become: a platform reports "delivered" after "seen", and reports everything twice.
_BEFORE = {
    Delivery.DELIVERED: (MessageState.SENT, MessageState.UNCERTAIN),
    Delivery.SEEN: (MessageState.SENT, MessageState.UNCERTAIN, MessageState.DELIVERED),
}
# By its echo, before the answer to the call that sent it: what is told of it meanwhile must not be lost.
_ALL_OUT = (
    "(state = 'queued' AND EXISTS (SELECT 1 FROM message_parts p WHERE p.message_id = messages.id)"
    " AND NOT EXISTS (SELECT 1 FROM message_parts p WHERE p.message_id = messages.id AND p.state <> 'sent'))"
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a message was refused: a message id of ours with the values of its placeholders, or a platform's words."""

    message: str
    params: Mapping[str, str] = field(default_factory=dict)

    def stored(self) -> str:
        """For the column `messages.reason`."""
        return to_json([self.message, dict(self.params)])

    @classmethod
    def read(cls, column: str | None) -> Reason | None:
        """From the column `messages.reason`."""
        return cls(*from_json(column)) if column else None


def reached(
    identity_id: int,
    status: Delivery,
    external_ids: Sequence[str],
    watermark: datetime | None,
    up_to: str | None = None,
) -> Steps[None]:
    """Our messages with these ids, or all sent up to `watermark` or up to a message, were delivered or seen."""
    if up_to is not None:
        watermark = yield from _at(identity_id, up_to)
    before = [state.value for state in _BEFORE[status]]
    changed: list[Row] = []
    if external_ids:
        changed += yield (
            "UPDATE messages SET state = ? WHERE id IN (SELECT message_id FROM platform_messages"
            f" WHERE identity_id = ? AND external_id IN ({marks(external_ids)}))"
            f" AND (state IN ({marks(before)}) OR {_ALL_OUT}) RETURNING id, member_id, author",
            (status.value, identity_id, *external_ids, *before),
        )
    if watermark is not None:
        changed += yield (
            "UPDATE messages SET state = ? WHERE identity_id = ? AND direction = 'out' AND at <= ?"
            f" AND (state IN ({marks(before)}) OR {_ALL_OUT}) RETURNING id, member_id, author",
            (status.value, identity_id, watermark, *before),
        )
    yield from _tick(changed)


def _at(identity_id: int, external_id: str) -> Steps[datetime | None]:
    """When the message was made that the platform names so, in either direction; None for one that is unknown."""
    rows = yield (
        "SELECT at FROM messages WHERE identity_id = ? AND external_id = ? UNION ALL SELECT m.at FROM messages m"
        " JOIN platform_messages p ON p.message_id = m.id WHERE p.identity_id = ? AND p.external_id = ?",
        (identity_id, external_id, identity_id, external_id),
    )
    return moment(rows[0]["at"]) if rows else None


def failed(identity_id: int, external_ids: Sequence[str], reason: str | None) -> Steps[None]:
    """The platform took messages and then could not deliver them: another try sends these parts again."""
    named = f"identity_id = ? AND external_id IN ({marks(external_ids)})"
    yield (
        f"UPDATE message_parts SET state = ? WHERE id IN (SELECT part_id FROM platform_messages WHERE {named})",
        (PartState.REFUSED.value, identity_id, *external_ids),
    )
    changed = yield (
        "UPDATE messages SET state = ?, reason = ?"
        f" WHERE id IN (SELECT message_id FROM platform_messages WHERE {named}) AND state <> ?"
        " RETURNING id, member_id, author",
        (
            MessageState.REFUSED.value,
            Reason(reason if ours(reason) else UNTOLD).stored() if reason else None,
            identity_id,
            *external_ids,
            MessageState.REFUSED.value,
        ),
    )
    # A second word about the same ids would speak of the other try.
    yield f"DELETE FROM platform_messages WHERE {named}", (identity_id, *external_ids)
    yield from _tick(changed)
    for row in changed:
        yield from refusal(row["member_id"], row["id"])


def echoed(identity_id: int, token: str, external_id: str) -> Steps[bool]:
    """The platform's echo of a part of ours: it is out, whatever became of the answer to our call."""
    rows = yield (
        "UPDATE message_parts SET state = ? WHERE token = ? RETURNING id, message_id, project_id",
        (PartState.SENT.value, token),
    )
    yield from _out(rows, identity_id, external_id)
    return bool(rows)


def echoed_number(identity_id: int, number: int, external_id: str, since: datetime) -> Steps[bool]:
    """The same for platforms that return our mark as a number, by which they drop repeats for a while."""
    rows = yield (
        "UPDATE message_parts SET state = ? WHERE number = ? AND message_id IN"
        " (SELECT id FROM messages WHERE identity_id = ? AND direction = 'out' AND at >= ?)"
        " RETURNING id, message_id, project_id",
        (PartState.SENT.value, number, identity_id, since),
    )
    yield from _out(rows, identity_id, external_id)
    return bool(rows)


def _out(parts: Sequence[Row], identity_id: int, external_id: str) -> Steps[None]:
    """Parts are known to be out; where that was the last of a message, so is the message."""
    for part in parts:
        yield from known_as(part["project_id"], identity_id, part["message_id"], part["id"], external_id, alias=False)
        left = yield (
            "SELECT id FROM message_parts WHERE message_id = ? AND state <> ? LIMIT 1",
            (part["message_id"], PartState.SENT.value),
        )
        if left:
            continue
        # Its job may be waiting for this very sign, or have given up without it.
        yield from hasten(f"send:{part['message_id']}")
        known = yield (
            "UPDATE messages SET state = ?, reason = NULL WHERE id = ? AND state IN (?, ?)"
            " RETURNING id, member_id, author",
            (
                MessageState.SENT.value, part["message_id"], MessageState.UNCERTAIN.value, MessageState.REFUSED.value,
            ),
        )  # fmt: skip
        yield from _tick(known)


def known_as(
    project_id: int, identity_id: int, message_id: int, part_id: int, external_id: str, *, alias: bool
) -> Steps[None]:
    """Keep an id under which the platform may name a message of ours."""
    yield (
        "INSERT INTO platform_messages (project_id, identity_id, message_id, part_id, external_id, alias)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (identity_id, external_id) DO NOTHING",
        (project_id, identity_id, message_id, part_id, external_id, alias),
    )


def _tick(rows: Sequence[Row]) -> Steps[None]:
    for row in rows:
        if row["author"] == Author.MEMBER.value and row["member_id"] is not None:
            to = yield from desk_jobs.place(row["member_id"])
            if to is not None:
                yield from desk_jobs.tick(to, row["id"])


def refusal(member_id: int | None, message_id: int) -> Steps[None]:
    """Tell the author that an answer did not go out, with «Повторить»."""
    yield from notice_of_answer(
        member_id, message_id, "refused", buttons=[("retry", message_id)], once=f"refused:{message_id}"
    )
