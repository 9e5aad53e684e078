"""Makes the jobs that show things in members' chats and carry answers to customers: their kinds, lanes, keys, ranks.

What the kinds do stands in `services.showing` (members) and `services.delivery` (customers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.enums import Cards, Priority, Role
from services import clock
from services.access import RIGHTS, Right
from services.jobs import NewJob, enqueue, hasten
from services.sql import NUMBERS, WAKE, Row, Steps, from_json, numbered, to_json

ALBUM_PAUSE = timedelta(milliseconds=700)
"""How long after its last part an album is shown."""
MEDIA_PATIENCE = timedelta(seconds=1.5)
"""How long a copy keeps its place while its media is fetched; afterwards later messages overtake it."""
PLACEHOLDER_AFTER = timedelta(seconds=20)
"""When a copy goes with a placeholder instead of media that has not come."""
CARD_PAUSE = timedelta(seconds=1)
"""An unclaimed card is brought up to date at most this often."""
TICK_PAUSE = timedelta(seconds=2)
"""An answer that is sent within this gets no mark for being queued."""


@dataclass(frozen=True, slots=True)
class Place:
    """A member with the chat that jobs for them go to."""

    member_id: int
    person_id: int
    project_id: int
    role: Role
    name: str
    denied: frozenset[str]
    on_duty: bool
    cards: Cards
    control_bot_id: int
    chat_id: int
    reachable: bool
    gone: bool
    """No longer in the project."""

    @property
    def lane(self) -> str:
        return f"control:{self.control_bot_id}"

    @property
    def target(self) -> str:
        return f"control:{self.control_bot_id}:{self.chat_id}"

    @property
    def answers(self) -> bool:
        """Whether the role, and what was taken away from the member, allow answering customers."""
        return Right.ANSWER in RIGHTS[self.role] and (self.role is Role.OWNER or Right.ANSWER.value not in self.denied)

    @property
    def sees(self) -> bool:
        """Whether what customers write may be shown: still in the project, with the right to answer."""
        return self.answers and not self.gone

    @property
    def takes(self) -> bool:
        """Whether new inquiries are offered to this member now."""
        return self.answers and self.on_duty and self.reachable


PLACES = """
SELECT m.id AS member_id, m.person_id, m.project_id, m.role, m.name, m.denied, m.on_duty, m.cards, m.removed_at,
       p.control_bot_id, p.telegram_id AS chat_id, p.reachable
FROM members m JOIN people p ON p.id = m.person_id
"""


_IN_DIALOGS = (
    PLACES.replace("SELECT", "SELECT i.inquiry_id,")
    + f" JOIN inquiry_members i ON i.member_id = m.id AND i.inquiry_id IN ({NUMBERS}) WHERE m.removed_at IS NULL"
    " ORDER BY i.inquiry_id, m.id"
)
numbered(_IN_DIALOGS)


def team(project_id: int) -> Steps[list[Place]]:
    """Everybody who is in the project."""
    rows = yield f"{PLACES} WHERE m.project_id = ? AND m.removed_at IS NULL ORDER BY m.id", (project_id,)
    return [to_place(row) for row in rows]


def in_dialog(inquiry_id: int) -> Steps[list[Place]]:
    """Everybody who is in the inquiry's dialog and still in the project."""
    rows = yield (
        f"{PLACES} JOIN inquiry_members i ON i.member_id = m.id AND i.inquiry_id = ? WHERE m.removed_at IS NULL"
        " ORDER BY m.id",
        (inquiry_id,),
    )
    return [to_place(row) for row in rows]


def in_dialogs(inquiry_ids: Sequence[int]) -> Steps[dict[int, list[Place]]]:
    """`in_dialog` for many."""
    found: dict[int, list[Place]] = {inquiry_id: [] for inquiry_id in inquiry_ids}
    rows = (yield _IN_DIALOGS, (to_json(inquiry_ids),)) if inquiry_ids else []
    for row in rows:
        found[row["inquiry_id"]].append(to_place(row))
    return found


def place(member_id: int) -> Steps[Place | None]:
    """One member, also one who was removed."""
    rows = yield f"{PLACES} WHERE m.id = ?", (member_id,)
    return to_place(rows[0]) if rows else None


def to_place(row: Row) -> Place:
    """A row of PLACES."""
    return Place(
        member_id=row["member_id"],
        person_id=row["person_id"],
        project_id=row["project_id"],
        role=Role(row["role"]),
        name=row["name"],
        denied=frozenset(from_json(row["denied"])),
        on_duty=bool(row["on_duty"]),
        cards=Cards(row["cards"]),
        control_bot_id=row["control_bot_id"],
        chat_id=row["chat_id"],
        reachable=bool(row["reachable"]),
        gone=row["removed_at"] is not None,
    )


def order_of_copies(member_id: int, inquiry_id: int) -> str:
    """The order key of everything shown to a member about an inquiry."""
    return f"copies:{member_id}:{inquiry_id}"


def _about(
    to: Place, kind: str, key: str | None, priority: Priority, order_key: str, *, run_at: datetime | None = None,
    hold: bool = False, postpone: bool = False, **payload: int | bool,
) -> NewJob:  # fmt: skip
    """A job that shows a member something; `key` is what another of the same joins."""
    return NewJob(
        kind=kind,
        lane=to.lane,
        target=to.target,
        order_key=order_key,
        cancel_key=key,
        priority=priority,
        project_id=to.project_id,
        payload=payload,
        run_at=run_at,
        hold=hold,
        postpone=postpone,
    )


def card(to: Place, inquiry_id: int, *, run_at: datetime | None = None, hold: bool = False) -> Steps[None]:
    """Show the inquiry's card to a member, or bring it up to date."""
    yield from enqueue(card_job(to, inquiry_id, run_at=run_at, hold=hold))


def card_job(to: Place, inquiry_id: int, *, run_at: datetime | None = None, hold: bool = False) -> NewJob:
    """The job that `card` makes."""
    return _about(
        to, "card", f"card:{to.member_id}:{inquiry_id}", Priority.CARD, order_of_copies(to.member_id, inquiry_id),
        run_at=run_at, hold=hold, inquiry=inquiry_id, member=to.member_id,
    )  # fmt: skip


def fresh_card(to: Place, inquiry_id: int) -> Steps[None]:
    """Show the inquiry's card anew, however it stands: somebody asked to see it."""
    yield from enqueue(_about(
        to, "card", f"card:{to.member_id}:{inquiry_id}:fresh", Priority.COPY,
        order_of_copies(to.member_id, inquiry_id), inquiry=inquiry_id, member=to.member_id, fresh=True,
    ))  # fmt: skip


def card_anew(to: Place, inquiry_id: int) -> Steps[None]:
    """Show the inquiry's card once more, with a sound, and take the one above away: it came back to be taken."""
    yield from enqueue(_about(
        to, "card", f"card:{to.member_id}:{inquiry_id}:anew", Priority.CARD,
        order_of_copies(to.member_id, inquiry_id), inquiry=inquiry_id, member=to.member_id, anew=True,
    ))  # fmt: skip


def card_now(to: Place, inquiry_id: int) -> Steps[None]:
    """The card's media is there: show it, whether the card is still waiting or went without."""
    if not (yield from hasten(f"card:{to.member_id}:{inquiry_id}")):
        yield from card(to, inquiry_id)


@dataclass(frozen=True, slots=True)
class Unit:
    """What is shown at once: a message, or an album by any of its parts."""

    inquiry_id: int
    identity_id: int
    message_id: int
    album: str | None = None
    media: bool = False
    """Some of it has to be fetched first."""

    def key(self, member_id: int) -> str:
        if self.album is not None:
            return f"album:{member_id}:{self.identity_id}:{self.album}"[:96]
        return f"copy:{member_id}:{self.message_id}"


def copy(to: Place, unit: Unit) -> Steps[None]:
    """Show a message of a dialog to a member; an album when its parts are together, media when it is there."""
    yield from enqueue(copy_job(to, unit))


def copy_job(to: Place, unit: Unit) -> NewJob:
    """The job that `copy` makes."""
    now = clock.now()
    run_at = now + ALBUM_PAUSE if unit.album else now + MEDIA_PATIENCE if unit.media else None
    return _about(
        to, "copy", unit.key(to.member_id) if run_at else None, Priority.COPY,
        order_of_copies(to.member_id, unit.inquiry_id), run_at=run_at, hold=run_at is not None,
        postpone=unit.album is not None, message=unit.message_id, member=to.member_id,
    )  # fmt: skip


def copy_now(to: Place, unit: Unit) -> Steps[None]:
    """The unit's media is there: show it, whether its copy is still waiting or went with a placeholder."""
    if unit.album is None and (yield from hasten(unit.key(to.member_id))):
        return
    yield from enqueue(_about(
        to, "copy", unit.key(to.member_id), Priority.COPY, order_of_copies(to.member_id, unit.inquiry_id),
        run_at=clock.now() + ALBUM_PAUSE if unit.album else None, hold=True, message=unit.message_id,
        member=to.member_id,
    ))  # fmt: skip


def change_of_copy(to: Place, inquiry_id: int, message_id: int) -> Steps[None]:
    """The message was edited or deleted: bring the member's copies of it up to date."""
    yield from enqueue(_about(
        to, "copy_change", f"change:{to.member_id}:{message_id}", Priority.COPY,
        order_of_copies(to.member_id, inquiry_id), message=message_id, member=to.member_id,
    ))  # fmt: skip


def buttons(to: Place, inquiry_id: int) -> Steps[None]:
    """What can be done with the inquiry has changed: bring the buttons under the member's first copy to that."""
    yield from enqueue(_about(
        to, "buttons", f"buttons:{to.member_id}:{inquiry_id}", Priority.CARD,
        order_of_copies(to.member_id, inquiry_id), inquiry=inquiry_id, member=to.member_id,
    ))  # fmt: skip


def copy_again(to: Place, inquiry_id: int, message_id: int) -> Steps[None]:
    """Show a message of long ago once more: somebody asked to see it."""
    yield from enqueue(_about(
        to, "copy_again", f"again:{to.member_id}:{message_id}", Priority.COPY, f"again:{to.member_id}",
        inquiry=inquiry_id, message=message_id, member=to.member_id,
    ))  # fmt: skip


def reaction(to: Place, inquiry_id: int, message_id: int) -> Steps[None]:
    """The customer reacted: on the copy of their own message, as a line under an answer."""
    yield from enqueue(_about(
        to, "reaction", f"reaction:{to.member_id}:{message_id}", Priority.TICK,
        order_of_copies(to.member_id, inquiry_id), message=message_id, member=to.member_id,
    ))  # fmt: skip


def tick(to: Place, message_id: int, *, run_at: datetime | None = None) -> Steps[None]:
    """Show on the member's own message how far it got; only the last state is shown."""
    key = f"tick:{message_id}"
    yield from enqueue(
        _about(to, "tick", key, Priority.TICK, key, run_at=run_at, message=message_id, member=to.member_id)
    )


def header(to: Place) -> Steps[None]:
    """Bring the pinned header of the member's chat up to date."""
    key = f"header:{to.person_id}"
    yield from enqueue(_about(to, "header", key, Priority.TICK, key, person=to.person_id))


def header_of(person_id: int) -> Steps[None]:
    """Bring the pinned header of this person's chat up to date."""
    rows = yield "SELECT id FROM members WHERE person_id = ? ORDER BY id LIMIT 1", (person_id,)
    to = (yield from place(rows[0]["id"])) if rows else None
    if to is not None:
        yield from header(to)


def send(channel_id: int, project_id: int, identity_id: int, user: str, message_id: int, *, album: bool) -> Steps[None]:
    """Carry an answer to the customer, after everything that was written before it."""
    yield from enqueue(
        NewJob(
            kind="send",
            lane=f"channel:{channel_id}",
            target=f"channel:{channel_id}:{user}"[:96],
            order_key=order_of_answers(identity_id),
            cancel_key=f"send:{message_id}",
            priority=Priority.ANSWER,
            project_id=project_id,
            payload={"message": message_id},
            run_at=clock.now() + ALBUM_PAUSE if album else None,
            postpone=album,
            hold=True,
        )
    )


def file_came(identity_id: int) -> Steps[bool]:
    """Answers that wait for a file look again at once; an album that waits for its parts goes on waiting.

    False: none waits, but one may be finding out at this moment that it has to.
    """
    rows = yield (
        "UPDATE jobs SET run_at = ? WHERE order_key = ? AND kind IN ('send', 'edit') AND state = 'queued'"
        # In these words too, by which SQLite finds the index of order keys.
        " AND state <> 'refused'"
        " AND last_error LIKE 'NotYet%' RETURNING id",
        (clock.now(), order_of_answers(identity_id)),
    )
    yield WAKE
    return bool(rows)


def order_of_answers(identity_id: int) -> str:
    """The order key of everything sent to a customer."""
    return f"answers:{identity_id}"


def change_of_answer(kind: str, channel_id: int, project_id: int, identity_id: int, message_id: int) -> Steps[None]:
    """Edit ("edit") or delete ("erase") at the customer what was sent before."""
    yield from enqueue(
        NewJob(
            kind=kind,
            lane=f"channel:{channel_id}",
            order_key=order_of_answers(identity_id),
            cancel_key=f"{kind}:{message_id}",
            priority=Priority.ANSWER,
            project_id=project_id,
            payload={"message": message_id},
        )
    )
