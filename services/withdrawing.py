"""What stands in a member's chat and must not stand there any more: what somebody who is out of the team was shown,
and cards that are shown anew further down. Telegram deletes what is younger than 48 hours; older cards are emptied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from models.enums import CopyKind, Priority
from services import clock, copies, standings
from services.desk_jobs import Place
from services.jobs import Effect, Job, Kind, NewJob, NotYet, enqueue
from services.ports import Desk, Seat, Standing
from services.sql import Steps, marks, run
from services.unshown import gone

DELETABLE = timedelta(hours=48)
"""How long a bot may delete what it wrote (Bot API, deleteMessages)."""
OLD_CARDS = 50
"""How many cards that cannot be deleted are emptied, newest first."""
LOOK_AGAIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class _Shown:
    """young: Telegram ids that can be deleted; cards: the older cards of inquiries that are not done."""

    seat: Seat
    young: tuple[int, ...]
    cards: tuple[Standing, ...]


class Withdrawing:
    """Register `kinds()` with the runner."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def kinds(self) -> dict[str, Kind]:
        """The kinds of jobs that this module performs."""
        return {"withdraw": Kind(self.withdraw, refused=gone)}

    async def withdraw(self, job: Job) -> Effect:
        """Take away what a member who is out of the team was shown. Nothing where they have come back meanwhile."""
        found = await run(_shown(job.payload["member"]))
        if found is None:
            return None
        await self._desk.delete(found.seat, found.young)
        await self._desk.outdate(found.seat, found.cards)
        return partial(_away, found.seat, found.young, tuple(row.telegram_id for row in found.cards))


def everything_of(to: Place) -> Steps[None]:
    """The member is out: the chat is cleared of what customers wrote."""
    yield from enqueue(
        NewJob(
            kind="withdraw",
            lane=to.lane,
            target=to.target,
            order_key=f"withdraw:{to.member_id}",
            cancel_key=f"withdraw:{to.member_id}",
            priority=Priority.CARD,
            project_id=to.project_id,
            payload={"member": to.member_id},
        )
    )


async def put_away(desk: Desk, seat: Seat, rows: Sequence[Standing]) -> Steps[None]:
    """Take away what a card consisted of; returns what is to be written down."""
    known = await run(_young(seat, rows))
    young = tuple(sorted(known))
    old = tuple(row for row in rows if row.telegram_id not in known)
    await desk.delete(seat, young)
    await desk.outdate(seat, old)
    return _away(seat, young, tuple(row.telegram_id for row in old))


def _shown(member_id: int) -> Steps[_Shown | None]:
    found = yield from copies.seated(member_id)
    if found is None or not found[0].reachable or not found[0].gone:
        return None
    to, seat = found
    # What is being shown at this moment is written down in a moment.
    running = yield (
        "SELECT id FROM jobs WHERE target = ? AND state = 'running' AND kind IN ('card', 'copy', 'copy_change')"
        " LIMIT 1",
        (to.target,),
    )
    if running:
        raise NotYet(clock.now() + LOOK_AGAIN, keep_place=True)
    rows = yield (
        "SELECT telegram_id FROM operator_copies WHERE person_id = ? AND member_id = ?"
        " AND created_at > ? AND kind <> ?",
        (to.person_id, member_id, clock.now() - DELETABLE, CopyKind.OWN.value),
    )
    return _Shown(seat, tuple(row["telegram_id"] for row in rows), (yield from _older_cards(to, seat)))


def _older_cards(to: Place, seat: Seat) -> Steps[tuple[Standing, ...]]:
    rows = yield (
        "SELECT c.inquiry_id FROM operator_copies c JOIN inquiries q ON q.id = c.inquiry_id WHERE c.person_id = ?"
        " AND c.member_id = ? AND c.created_at <= ? AND c.kind = ? AND q.state <> 'done'"
        " ORDER BY c.created_at DESC LIMIT ?",
        (to.person_id, to.member_id, clock.now() - DELETABLE, CopyKind.CARD.value, OLD_CARDS),
    )
    found: list[Standing] = []
    for inquiry_id in dict.fromkeys(row["inquiry_id"] for row in rows):
        card = yield from standings.of_card(inquiry_id, to.member_id, (yield from copies.first_unit(inquiry_id)))
        found += card.standing if card is not None else []
    young = yield from _young(seat, found)
    return tuple(one for one in found if one.telegram_id not in young)


def _young(seat: Seat, rows: Sequence[Standing]) -> Steps[set[int]]:
    """Those of the messages that can be deleted."""
    if not rows:
        return set()
    found = yield (
        "SELECT telegram_id FROM operator_copies WHERE control_bot_id = ? AND chat_id = ? AND created_at > ?"
        f" AND telegram_id IN ({marks(rows)})",
        (seat.control_bot_id, seat.chat_id, clock.now() - DELETABLE, *(row.telegram_id for row in rows)),
    )
    return {row["telegram_id"] for row in found}


def _away(seat: Seat, deleted: Sequence[int], emptied: Sequence[int]) -> Steps[None]:
    """What was deleted stands for nothing; a reply to what was emptied still finds its customer."""
    where = "control_bot_id = ? AND chat_id = ? AND telegram_id IN"
    if deleted:
        yield (
            f"DELETE FROM operator_copies WHERE {where} ({marks(deleted)})",
            (seat.control_bot_id, seat.chat_id, *deleted),
        )
    if emptied:
        yield (
            "UPDATE operator_copies SET kind = ?, message_id = NULL, shows = NULL, placeholder = ?"
            f" WHERE {where} ({marks(emptied)})",
            (CopyKind.LINE.value, False, seat.control_bot_id, seat.chat_id, *emptied),
        )
