"""The life of an inquiry in rows: opened, assigned, shown to whom it concerns. Steps that several services share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.enums import Cards, InquiryState
from services import clock, desk_jobs, leaving, reminders
from services.desk_jobs import Place, Unit
from services.jobs import NewJob, enqueue
from services.notices import notice
from services.sql import LOCK, NUMBERS, Row, Steps, moment, numbered, to_json


@dataclass(frozen=True, slots=True)
class OpenInquiry:
    """The inquiry of an identity that is not done."""

    id: int
    project_id: int
    identity_id: int
    number: int
    state: InquiryState
    assignee_id: int | None


_COLUMNS = "id, project_id, identity_id, number, state, assignee_id"


def from_row(row: Row) -> OpenInquiry:
    return OpenInquiry(
        id=row["id"],
        project_id=row["project_id"],
        identity_id=row["identity_id"],
        number=row["number"],
        state=InquiryState(row["state"]),
        assignee_id=row["assignee_id"],
    )


def locked(inquiry_id: int, project_id: int) -> Steps[OpenInquiry | None]:
    """The inquiry with its row lock; None where this project has none of that id."""
    rows = yield (
        f"SELECT {_COLUMNS} FROM inquiries WHERE id = ? AND project_id = ? {LOCK}",
        (inquiry_id, project_id),
    )
    return from_row(rows[0]) if rows else None


def locked_any(inquiry_id: int) -> Steps[OpenInquiry | None]:
    """`locked` for jobs, which have no project to be bound to: their own rows led here."""
    rows = yield f"SELECT {_COLUMNS} FROM inquiries WHERE id = ? {LOCK}", (inquiry_id,)
    return from_row(rows[0]) if rows else None


def found(inquiry_id: int) -> Steps[OpenInquiry | None]:
    """The inquiry without a lock, for those who hold others."""
    rows = yield f"SELECT {_COLUMNS} FROM inquiries WHERE id = ?", (inquiry_id,)
    return from_row(rows[0]) if rows else None


def current(identity_id: int) -> Steps[OpenInquiry | None]:
    """The identity's inquiry that is not done, with its row lock."""
    rows = yield (
        f"SELECT {_COLUMNS} FROM inquiries WHERE identity_id = ? AND state <> 'done' {LOCK}",
        (identity_id,),
    )
    return from_row(rows[0]) if rows else None


def open_for(project_id: int, identity_id: int, at: datetime) -> Steps[OpenInquiry]:
    """The inquiry that a customer's message at `at` belongs to, where none is open: the last one re-opened within the
    project's hours, else a new one; given to the last manager or the only member where that is the rule."""
    reopened = yield from _reopen(project_id, identity_id)
    if reopened is not None:
        return reopened
    people = yield from desk_jobs.team(project_id)
    owner = yield from _assignee(project_id, identity_id, people)
    if owner is not None:
        yield from leaving.customer(identity_id, besides=owner.person_id)
    return (yield from create(project_id, identity_id, owner, at))


def create(project_id: int, identity_id: int, owner: Place | None, at: datetime) -> Steps[OpenInquiry]:
    """A new inquiry, active with `owner` or new without one."""
    state = InquiryState.NEW if owner is None else InquiryState.ACTIVE
    now = clock.now()
    rows = yield (
        "UPDATE projects SET next_inquiry = next_inquiry + 1 WHERE id = ? RETURNING next_inquiry - 1 AS number",
        (project_id,),
    )
    rows = yield (
        "INSERT INTO inquiries (project_id, identity_id, number, state, assignee_id, opened_at, last_at, inbound,"
        f" claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?) RETURNING {_COLUMNS}",
        (
            project_id, identity_id, rows[0]["number"], state.value, owner.member_id if owner else None, at, now,
            now if owner else None,
        ),
    )  # fmt: skip
    inquiry = from_row(rows[0])
    yield from _begin(inquiry, owner)
    return inquiry


def _begin(inquiry: OpenInquiry, owner: Place | None) -> Steps[None]:
    """An inquiry has somebody from the start, or must not be forgotten."""
    if owner is None:
        yield from reminders.untaken(inquiry.project_id, inquiry.id)
    else:
        yield from join(inquiry, owner.member_id)


def _reopen(project_id: int, identity_id: int) -> Steps[OpenInquiry | None]:
    rows = yield (
        "SELECT i.id, i.done_at, i.assignee_id, p.reopen_hours FROM inquiries i JOIN projects p ON p.id = i.project_id"
        " WHERE i.identity_id = ? AND i.project_id = ? ORDER BY i.id DESC LIMIT 1",
        (identity_id, project_id),
    )
    if not rows or not rows[0]["reopen_hours"]:
        return None
    done_at = moment(rows[0]["done_at"])
    if done_at is None or clock.now() - done_at >= timedelta(hours=rows[0]["reopen_hours"]):
        return None
    people = yield from desk_jobs.team(project_id)
    owner = next((one for one in people if one.member_id == rows[0]["assignee_id"] and one.takes), None)
    state = InquiryState.NEW if owner is None else InquiryState.ACTIVE
    again = yield (
        f"UPDATE inquiries SET state = ?, assignee_id = ?, done_at = NULL WHERE id = ? RETURNING {_COLUMNS}",
        (state.value, owner.member_id if owner else None, rows[0]["id"]),
    )
    inquiry = from_row(again[0])
    yield from _begin(inquiry, owner)
    # Somebody may have opened the finished one to write.
    yield from leaving.inquiry(inquiry.id, besides=owner.person_id if owner else None)
    yield from offer_anew(inquiry) if owner is None else refresh_all(inquiry)
    return inquiry


def _assignee(project_id: int, identity_id: int, people: list[Place]) -> Steps[Place | None]:
    """Whom a new inquiry goes to without asking: the only member, or the one who had this customer last."""
    if len(people) == 1:
        return people[0] if people[0].reachable else None
    rows = yield (
        "SELECT i.assignee_id, p.repeat_to_last FROM inquiries i JOIN projects p ON p.id = i.project_id"
        " WHERE i.identity_id = ? AND i.project_id = ? AND i.assignee_id IS NOT NULL ORDER BY i.id DESC LIMIT 1",
        (identity_id, project_id),
    )
    if not rows or not rows[0]["repeat_to_last"]:
        return None
    return next((one for one in people if one.member_id == rows[0]["assignee_id"] and one.takes), None)


def join(inquiry: OpenInquiry, member_id: int) -> Steps[None]:
    """Put a member into the dialog."""
    yield (
        "INSERT INTO inquiry_members (project_id, inquiry_id, member_id, joined_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (inquiry_id, member_id) DO NOTHING",
        (inquiry.project_id, inquiry.id, member_id, clock.now()),
    )


def assign(inquiry: OpenInquiry, member_id: int) -> Steps[None]:
    """Give an inquiry to a member: everybody's cards change, and the member gets what was written so far."""
    yield (
        "UPDATE inquiries SET state = 'active', assignee_id = ?, claimed_at = ? WHERE id = ?",
        (member_id, clock.now(), inquiry.id),
    )
    yield from reminders.taken(inquiry.id)
    yield from join(inquiry, member_id)
    yield from refresh_all(inquiry)
    yield from show_rest(inquiry, member_id)


def show_rest(inquiry: OpenInquiry, member_id: int) -> Steps[None]:
    """Copies of the inquiry's messages that the member has not been shown, oldest first."""
    to = yield from desk_jobs.place(member_id)
    if to is None:
        return
    rows = yield (
        "SELECT m.id, m.album FROM messages m WHERE m.inquiry_id = ? AND NOT EXISTS"
        " (SELECT 1 FROM operator_copies c WHERE c.message_id = m.id AND c.member_id = ?)"
        " ORDER BY m.at, m.sequence, m.id",
        (inquiry.id, member_id),
    )
    seen: set[str] = set()
    for row in rows:
        unit = Unit(inquiry.id, inquiry.identity_id, row["id"], row["album"])
        if unit.album is None:
            yield from desk_jobs.copy(to, unit)
        elif unit.album not in seen:
            seen.add(unit.album)
            yield from desk_jobs.copy(to, unit)


def refresh_cards(inquiry: OpenInquiry) -> Steps[None]:
    """Bring every card up to date. `inquiry` is as it was before the change: of a new one, further cards may be on
    their way at this moment, with buttons that do not hold any more."""
    rows = yield (
        "SELECT DISTINCT member_id FROM operator_copies WHERE inquiry_id = ? AND kind = 'card'",
        (inquiry.id,),
    )
    shown = {row["member_id"] for row in rows}
    offered = inquiry.state is InquiryState.NEW
    for to in (yield from desk_jobs.team(inquiry.project_id)):
        if to.member_id in shown or (offered and to.takes and to.cards is not Cards.LIST):
            yield from desk_jobs.card(to, inquiry.id)


def refresh_all(inquiry: OpenInquiry) -> Steps[None]:
    """What can be done with the inquiry has changed: every card and every copy with buttons shows what holds now."""
    yield from refresh_cards(inquiry)
    yield from refresh_buttons(inquiry)


def refresh_buttons(inquiry: OpenInquiry) -> Steps[None]:
    """The same for the copies that have buttons, and for older cards."""
    rows = yield (
        "SELECT member_id FROM operator_copies WHERE inquiry_id = ? AND kind IN ('copy', 'card') GROUP BY member_id"
        " HAVING COUNT(*) > 1 OR MAX(kind) = 'copy'",
        (inquiry.id,),
    )
    for row in sorted(rows, key=lambda row: int(row["member_id"])):
        to = yield from desk_jobs.place(row["member_id"])
        if to is not None:
            yield from desk_jobs.buttons(to, inquiry.id)


def announce(inquiry: OpenInquiry, unit: Unit, *, besides: int | None = None) -> Steps[None]:
    """Show a message to those it concerns: cards while nobody has taken the inquiry, copies in its dialog.

    besides: the member who wrote it.
    """
    if inquiry.state is InquiryState.NEW:
        yield from offer(inquiry, media=unit.media or unit.album is not None)
        return
    for to in (yield from desk_jobs.in_dialog(inquiry.id)):
        if to.member_id != besides:
            yield from desk_jobs.copy(to, unit)


def offer(inquiry: OpenInquiry, *, media: bool = False) -> Steps[None]:
    """Cards for everybody who may take it; those who have theirs see it change, at most once a second."""
    rows = yield "SELECT member_id FROM operator_copies WHERE inquiry_id = ? AND kind = 'card'", (inquiry.id,)
    shown = {row["member_id"] for row in rows}
    for job in offers(inquiry, (yield from desk_jobs.team(inquiry.project_id)), shown, media=media):
        yield from enqueue(job)


def offers(inquiry: OpenInquiry, team: list[Place], shown: set[int], *, media: bool = False) -> list[NewJob]:
    """The jobs that `offer` makes; shown: the members who have a card of it."""
    now = clock.now()
    jobs: list[NewJob] = []
    for to in team:
        if to.member_id in shown:
            jobs.append(desk_jobs.card_job(to, inquiry.id, run_at=now + desk_jobs.CARD_PAUSE))
        elif to.takes and to.cards is not Cards.LIST:
            run_at = now + desk_jobs.MEDIA_PATIENCE if media else None
            jobs.append(desk_jobs.card_job(to, inquiry.id, run_at=run_at, hold=media))
    return jobs


_CARDS = numbered(
    f"SELECT inquiry_id, member_id FROM operator_copies WHERE inquiry_id IN ({NUMBERS}) AND kind = 'card'"
)


def cards_of(inquiry_ids: Sequence[int]) -> Steps[dict[int, set[int]]]:
    """The members who have a card, by inquiry."""
    found: dict[int, set[int]] = {}
    rows = (yield _CARDS, (to_json(inquiry_ids),)) if inquiry_ids else []
    for row in rows:
        found.setdefault(row["inquiry_id"], set()).add(row["member_id"])
    return found


def wait_less(inquiry_id: int) -> Steps[None]:
    """The customer deleted a message: what is not there any more waits for no answer."""
    rows = yield (
        "UPDATE inquiries SET waiting_since = (SELECT MIN(m.at) FROM messages m WHERE m.inquiry_id = inquiries.id"
        " AND m.direction = 'in' AND m.deleted_at IS NULL AND m.at >= inquiries.waiting_since)"
        " WHERE id = ? AND waiting_since IS NOT NULL RETURNING waiting_since",
        (inquiry_id,),
    )
    if rows and rows[0]["waiting_since"] is None:
        yield from reminders.read(inquiry_id)


def close(inquiry: OpenInquiry, assignee_id: int | None) -> Steps[None]:
    """Mark an inquiry done: its dialog ends in every chat, its cards say so."""
    now = clock.now()
    yield (
        "UPDATE inquiries SET state = 'done', done_at = ?, last_at = ?, waiting_since = NULL, assignee_id = ?"
        " WHERE id = ?",
        (now, now, assignee_id, inquiry.id),
    )
    yield from reminders.taken(inquiry.id)
    yield from reminders.read(inquiry.id)
    yield from leaving.inquiry(inquiry.id)
    yield from refresh_all(inquiry)


def withdraw(inquiry: OpenInquiry, *, besides: int | None = None) -> Steps[None]:
    """Make an inquiry new again: its dialog ends for everybody in it and it is offered anew.

    besides: the member who handed it back, and need not hear of it.
    """
    yield "DELETE FROM inquiry_members WHERE inquiry_id = ?", (inquiry.id,)
    rows = yield (
        "UPDATE inquiries SET state = 'new', assignee_id = NULL, claimed_at = NULL, done_at = NULL WHERE id = ?"
        f" RETURNING {_COLUMNS}",
        (inquiry.id,),
    )
    yield from leaving.inquiry(inquiry.id)
    yield from reminders.read(inquiry.id)
    yield from reminders.untaken(inquiry.project_id, inquiry.id)
    yield from offer_anew(from_row(rows[0]), besides=besides)


def offer_anew(inquiry: OpenInquiry, *, besides: int | None = None) -> Steps[None]:
    """Cards with a sound for everybody who may take it: one that stands far above would change unnoticed."""
    rows = yield "SELECT member_id FROM operator_copies WHERE inquiry_id = ? AND kind = 'card'", (inquiry.id,)
    shown = {row["member_id"] for row in rows}
    for to in (yield from desk_jobs.team(inquiry.project_id)):
        offered = to.takes and to.cards is not Cards.LIST
        if to.member_id in shown and offered and to.member_id != besides:
            yield from desk_jobs.card_anew(to, inquiry.id)
        elif to.member_id in shown or offered:
            yield from desk_jobs.card(to, inquiry.id)
    yield from refresh_buttons(inquiry)


@dataclass(frozen=True, slots=True)
class Released:
    """What became of the dialogs of a member who is out: how many are new again, how many a colleague has."""

    returned: int = 0
    passed: int = 0


def release_member(project_id: int, member_id: int) -> Steps[Released]:
    """Return every open dialog of a member who left, or cannot be reached, to «Новые».

    Inquiries in which a colleague stays go to that colleague, who is told.
    """
    rows = yield (
        f"SELECT {_COLUMNS} FROM inquiries WHERE project_id = ? AND assignee_id = ? AND state = 'active' {LOCK}",
        (project_id, member_id),
    )
    yield "DELETE FROM inquiry_members WHERE project_id = ? AND member_id = ?", (project_id, member_id)
    passed = 0
    for row in rows:
        inquiry = from_row(row)
        colleagues = [one for one in (yield from desk_jobs.in_dialog(inquiry.id)) if one.takes]
        if colleagues:
            yield from assign(inquiry, colleagues[0].member_id)
            yield from notice(
                colleagues[0].member_id, "inherited", {"inquiry": inquiry.id}, buttons=[("open", inquiry.id)]
            )
            passed += 1
        else:
            yield from withdraw(inquiry)
    to = yield from desk_jobs.place(member_id)
    if to is not None:
        yield from leaving.project(to.person_id, project_id)
    return Released(len(rows) - passed, passed)
