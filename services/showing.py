"""Jobs that show things in members' chats: cards, copies, their changes, ticks, reactions, headers, lines.

Who may see what is settled when the job runs: a member who was removed meanwhile gets nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from adapters.base import NotFound, Rejected
from models.enums import Author, Direction, InquiryState, MessageState
from services import answering, clock, copies, desk_jobs, inquiries, sending, standings, unshown, views, withdrawing
from services.copies import Unshown
from services.desk_jobs import Place, Unit
from services.inquiries import OpenInquiry
from services.jobs import Effect, Job, Kind, NotYet
from services.ports import (
    CardView,
    CopyView,
    Desk,
    FileStatus,
    InquiryView,
    MessageView,
    Notice,
    Seat,
    Shown,
    Tick,
)
from services.sql import Row, Steps, run, transact
from services.standings import Group
from services.unshown import gone
from services.uploads import Uploads

TICKS = {
    MessageState.QUEUED: Tick.QUEUED,
    MessageState.WAITING_KEY: Tick.QUEUED,
    MessageState.SENT: Tick.SENT,
    MessageState.DELIVERED: Tick.SENT,
    MessageState.SEEN: Tick.SEEN,
    MessageState.REFUSED: Tick.REFUSED,
    MessageState.UNCERTAIN: Tick.REFUSED,
}


class Paths(Protocol):
    """Where the bytes of a file lie."""

    def path(self, file_id: int) -> Path: ...


class Showing:
    """Performs the jobs. `titles` are the platforms' names."""

    def __init__(self, desk: Desk, titles: Mapping[str, str], paths: Paths) -> None:
        self._desk = desk
        self._titles = titles
        self._paths = paths
        self._uploads = Uploads()

    def kinds(self) -> dict[str, Kind]:
        """The kinds of jobs that this module performs."""
        return {
            "card": Kind(self.card, refused=unshown.card, repeatable=False, reads=self._card),
            "copy": Kind(self.copy, refused=unshown.copy, repeatable=False, reads=self._copy),
            "copy_change": Kind(self.copy_change, refused=unshown.change, repeatable=False),
            "copy_again": Kind(self.copy_again, refused=gone, repeatable=False),
            "buttons": Kind(self.buttons, refused=gone),
            "reaction": Kind(self.reaction, refused=gone, lifetime=timedelta(hours=1)),
            "tick": Kind(self.tick, refused=gone, lifetime=timedelta(hours=1)),
            "header": Kind(self.header, refused=gone),
            "notice": Kind(self.notice, refused=gone, repeatable=False),
        }

    async def card(self, job: Job) -> Effect:
        """Show an inquiry's card to a member, or bring the shown one up to date."""
        found = job.ahead[0] if job.ahead else await run(self._card(job))
        if found is None:
            return None
        to, seat, view, known, grows = found
        coming = _coming(view.first)
        if known is None or job.payload.get("fresh"):
            return await self._new_card(job, to, seat, view, coming)
        if job.payload.get("anew") and view.inquiry.state is InquiryState.NEW:
            written = await self._new_card(job, to, seat, view, coming)
            return partial(_both, written, await withdrawing.put_away(self._desk, seat, known.standing))
        async with self._uploads.turn(seat.control_bot_id, view.first if grows else ()) as turn:
            view = replace(view, first=turn.messages if grows else view.first, suspect=known.suspect)
            try:
                shown = await self._desk.update_card(seat, known.standing, view, grows=grows, again=job.suspect)
            except NotFound:
                return None
            turn.uploaded = shown.uploaded
        return partial(standings.change, to, known, shown, placeholder=coming, suspect=job.suspect)

    async def _new_card(self, job: Job, to: Place, seat: Seat, view: CardView, coming: bool) -> Effect:
        if view.inquiry.state is not InquiryState.NEW and not job.payload.get("fresh"):
            # Taken meanwhile, perhaps by a press on the very card that is in doubt: what follows shows it once more.
            return partial(copies.doubt, job, tuple(one.id for one in view.first)) if job.suspect else None
        if coming and job.age < desk_jobs.MEDIA_PATIENCE:
            raise NotYet(clock.now() + desk_jobs.MEDIA_PATIENCE - job.age, keep_place=True)
        async with self._uploads.turn(seat.control_bot_id, view.first) as turn:
            shown = await self._desk.show_card(seat, replace(view, first=turn.messages, suspect=job.suspect))
            turn.uploaded = shown.uploaded
        return partial(standings.record, to, view.inquiry.id, shown, placeholder=coming, card=True, suspect=job.suspect)

    def _card(self, job: Job) -> Steps[tuple[Place, Seat, CardView, Group | None, bool] | None]:
        inquiry_id, member_id = job.payload["inquiry"], job.payload["member"]
        found = yield from copies.seated(member_id)
        if found is None or not found[0].reachable or not found[0].sees:
            return None
        to, seat = found
        inquiry = yield from views.inquiry(self._titles, inquiry_id)
        first = yield from copies.first_unit(inquiry_id)
        messages = yield from copies.message_views(first, to, self._paths)
        known = yield from standings.of_card(inquiry_id, member_id, first)
        # What comes later is for those who may still take it, and for those in its dialog.
        grows = inquiry.state is InquiryState.NEW or (yield from answering.is_in(inquiry_id, member_id))
        answered = inquiry.state is InquiryState.NEW and inquiry.waiting_since is None
        answer = (yield from copies.answer_outside(inquiry_id)) if answered else ()
        answers = yield from copies.message_views(answer, to, self._paths)
        return to, seat, CardView(inquiry, tuple(messages), answer=next(iter(answers), None)), known, grows

    async def copy(self, job: Job) -> Effect:
        """Show a message, or the parts of an album that have not been shown, in the order of the dialog."""
        found = job.ahead[0] if job.ahead else await run(self._copy(job))
        if found is None:
            return None
        to, seat, view, unshown = found
        view, coming = replace(view, suspect=job.suspect), _coming(view.messages)
        if coming:
            self._wait_for_media(unshown, already=unshown.group is not None)
        if unshown.group is None:
            shown = await self._show_copy(seat, view, unshown.reply_to)
            return partial(standings.record, to, view.inquiry.id, shown, placeholder=coming, suspect=job.suspect)
        if coming:
            return None
        shown = await self._change_copy(seat, unshown.group, view, job)
        return partial(standings.change, to, unshown.group, shown, placeholder=False, suspect=job.suspect)

    async def _change_copy(self, seat: Seat, group: Group, view: CopyView, job: Job) -> Shown:
        async with self._uploads.turn(seat.control_bot_id, view.messages) as turn:
            view = replace(view, messages=turn.messages, suspect=group.suspect)
            shown = await self._desk.update_copy(seat, group.standing, view, again=job.suspect)
            turn.uploaded = shown.uploaded
        return shown

    async def _show_copy(self, seat: Seat, view: CopyView, reply_to: int | None) -> Shown:
        async with self._uploads.turn(seat.control_bot_id, view.messages) as turn:
            shown = await self._desk.show_copy(seat, replace(view, messages=turn.messages), reply_to=reply_to)
            turn.uploaded = shown.uploaded
        return shown

    def _wait_for_media(self, unshown: Unshown, *, already: bool) -> None:
        """Give media its time: briefly in its place, then overtaken by what follows, then shown as a placeholder."""
        age = clock.now() - unshown.received_at
        if already:
            return
        if age < desk_jobs.MEDIA_PATIENCE:
            raise NotYet(unshown.received_at + desk_jobs.MEDIA_PATIENCE, keep_place=True)
        if age < desk_jobs.PLACEHOLDER_AFTER:
            raise NotYet(unshown.received_at + desk_jobs.PLACEHOLDER_AFTER, keep_place=False)

    def _copy(self, job: Job) -> Steps[tuple[Place, Seat, CopyView, Unshown] | None]:
        found = yield from copies.seated(job.payload["member"])
        if found is None or not found[0].reachable or not found[0].sees:
            return None
        to, seat = found
        unshown = yield from copies.unshown(job.payload["message"], to)
        if unshown is None:
            return None
        messages = yield from copies.message_views(unshown.ids, to, self._paths)
        inquiry = yield from views.inquiry(self._titles, unshown.inquiry_id)
        return to, seat, CopyView(inquiry, tuple(messages), first=unshown.first), unshown

    async def copy_change(self, job: Job) -> Effect:
        """Bring a member's copies of a message up to date; one that was deleted in the chat stays deleted.

        A medium that has not come follows when it is there.
        """
        effect: Effect = None
        for to, seat, group, view in await run(self._changes(job.payload["message"], job.payload["member"])):
            if effect is not None:
                await transact(effect)
            shown = await self._change_copy(seat, group, view, job)
            coming = _coming(view.messages)
            effect = partial(standings.change, to, group, shown, placeholder=coming, suspect=job.suspect)
        return effect

    def _changes(self, message_id: int, member_id: int) -> Steps[list[tuple[Place, Seat, Group, CopyView]]]:
        """What stands on a card is the card's own matter."""
        place = yield from copies.seated(member_id)
        if place is None or not place[0].reachable or not place[0].sees:
            return []
        to, seat = place
        unit = yield from copies.unit(message_id)
        found: list[tuple[Place, Seat, Group, CopyView]] = []
        for group in (yield from standings.of_messages(unit, member_id)):
            if group.card or message_id not in group.messages:
                continue
            messages = yield from copies.message_views(group.messages, to, self._paths)
            inquiry = yield from views.inquiry(self._titles, group.inquiry_id)
            found.append((to, seat, group, CopyView(inquiry, tuple(messages))))
        return found

    async def copy_again(self, job: Job) -> Effect:
        """Show one message in full, whether the member had it before or not."""
        found = await run(self._again(job.payload["message"], job.payload["member"]))
        if found is None:
            return None
        to, seat, view = found
        shown = await self._show_copy(seat, replace(view, suspect=job.suspect), None)
        return partial(standings.record, to, view.inquiry.id, shown, suspect=job.suspect)

    def _again(self, message_id: int, member_id: int) -> Steps[tuple[Place, Seat, CopyView] | None]:
        found = yield from copies.seated(member_id)
        rows = yield "SELECT inquiry_id FROM messages WHERE id = ?", (message_id,)
        if found is None or not rows or not found[0].reachable or not found[0].sees:
            return None
        to, seat = found
        inquiry = yield from views.inquiry(self._titles, rows[0]["inquiry_id"])
        messages = yield from copies.message_views([message_id], to, self._paths)
        return to, seat, CopyView(inquiry, tuple(messages))

    async def buttons(self, job: Job) -> Effect:
        """Bring the buttons that stand in a member's chat besides the newest card to what can be done now."""
        for seat, telegram_id, inquiry, inside in await run(
            self._buttons(job.payload["inquiry"], job.payload["member"])
        ):
            with suppress(NotFound, Rejected):
                await self._desk.update_buttons(seat, telegram_id, inquiry, inside=inside)
        return None

    def _buttons(self, inquiry_id: int, member_id: int) -> Steps[list[tuple[Seat, int, InquiryView, bool]]]:
        found = yield from copies.seated(member_id)
        if found is None or not found[0].reachable or not found[0].sees:
            return []
        numbers = yield from standings.with_buttons(inquiry_id, member_id)
        inquiry = yield from views.inquiry(self._titles, inquiry_id)
        inside = yield from answering.is_in(inquiry_id, member_id)
        return [(found[1], number, inquiry, inside) for number in numbers]

    async def reaction(self, job: Job) -> Effect:
        """A customer's reaction: on the copy of their own message, as a line under a member's answer."""
        found = await run(self._reaction(job.payload["message"], job.payload["member"]))
        if found is None:
            return None
        seat, telegram_id, emoji, own, inquiry = found
        if own:
            try:
                await self._desk.react(seat, telegram_id, emoji)
                return None
            except Rejected:
                if emoji is None:
                    return None
        line = Notice("reaction" if emoji else "reaction_gone", {"inquiry": inquiry, "emoji": emoji or ""})
        await self._desk.tell(seat, line, reply_to=telegram_id)
        return None

    def _reaction(
        self, message_id: int, member_id: int
    ) -> Steps[tuple[Seat, int, str | None, bool, InquiryView] | None]:
        found = yield from copies.seated(member_id)
        rows = yield (
            "SELECT c.telegram_id, c.inquiry_id, m.reaction, m.direction FROM operator_copies c"
            " JOIN messages m ON m.id = c.message_id WHERE c.message_id = ? AND c.member_id = ? ORDER BY c.id LIMIT 1",
            (message_id, member_id),
        )
        if found is None or not rows or not found[0].reachable or not found[0].sees:
            return None
        inquiry = yield from views.inquiry(self._titles, rows[0]["inquiry_id"])
        own = rows[0]["direction"] == Direction.IN.value
        return found[1], rows[0]["telegram_id"], rows[0]["reaction"], own, inquiry

    async def tick(self, job: Job) -> Effect:
        """Show on a member's own message how far it got by now."""
        rows = await run(_own_messages(job.payload["message"], job.payload["member"]))
        found = await run(copies.seated(job.payload["member"]))
        if found is None or not found[0].reachable:
            return None
        for row in rows:
            state = MessageState(row["state"])
            try:
                if row["deleted_at"] is not None and TICKS[state] is Tick.QUEUED:
                    # Taken back before it left: it waits for nothing.
                    await self._desk.react(found[1], row["telegram_id"], None)
                    continue
                await self._desk.tick(found[1], row["telegram_id"], TICKS[state])
            except (NotFound, Rejected):
                continue
        return None

    async def header(self, job: Job) -> Effect:
        """Pin who is being answered, or take the pin away."""
        found = await run(self._header(job.payload["person"]))
        if found is None:
            return None
        seat, inquiry, previous = found
        pinned = await self._desk.head(seat, inquiry, previous)
        return partial(_remember_header, job.payload["person"], pinned)

    def _header(self, person_id: int) -> Steps[tuple[Seat, InquiryView | None, int | None] | None]:
        rows = yield (
            "SELECT p.dialog_id, p.header_id, p.reachable, q.project_id FROM people p"
            " LEFT JOIN inquiries q ON q.id = p.dialog_id WHERE p.id = ?",
            (person_id,),
        )
        if not rows or not rows[0]["reachable"]:
            return None
        members = yield (
            "SELECT id FROM members WHERE person_id = ? ORDER BY CASE WHEN project_id = ? THEN 0 ELSE 1 END,"
            " CASE WHEN removed_at IS NULL THEN 0 ELSE 1 END, id LIMIT 1",
            (person_id, rows[0]["project_id"] or 0),
        )
        found = (yield from copies.seated(members[0]["id"])) if members else None
        if found is None:
            return None
        dialog = rows[0]["dialog_id"] if found[0].sees else None
        inquiry = (yield from views.inquiry(self._titles, dialog)) if dialog is not None else None
        return found[1], inquiry, rows[0]["header_id"]

    async def notice(self, job: Job) -> Effect:
        """Say a line to a member."""
        found = await run(self._notice(job))
        if found is None:
            return None
        seat, line, inquiry_id = found
        shown = await self._desk.tell(seat, line, reply_to=job.payload.get("reply_to"))
        to = await run(desk_jobs.place(job.payload["member"]))
        if inquiry_id is None or to is None:
            return None
        return partial(copies.line, to, inquiry_id, shown)

    def _notice(self, job: Job) -> Steps[tuple[Seat, Notice, int | None] | None]:
        found = yield from copies.seated(job.payload["member"])
        if found is None or not found[0].reachable:
            return None
        to, seat = found
        params, inquiry_id = yield from copies.filled(self._titles, to, job.payload["params"])
        # Whoever is out of the team hears of that, but nothing of customers any more.
        if params is None or (inquiry_id is not None and to.gone):
            return None
        buttons = tuple((action, number) for action, number in job.payload["buttons"])
        return seat, Notice(job.payload["what"], params, buttons, suspect=job.suspect), inquiry_id


def _coming(messages: Iterable[MessageView]) -> bool:
    """Whether some of their media is being fetched."""
    return any(status is FileStatus.COMING for message in messages for status in message.files)


def file_ready(file_id: int) -> Steps[None]:
    """A file came, or never will: whoever waits for it goes on."""
    rows = yield (
        "SELECT m.id, m.project_id, m.inquiry_id, m.identity_id, m.album, m.author, m.member_id, m.state FROM files f"
        " JOIN messages m ON m.id = f.message_id WHERE f.id = ?",
        (file_id,),
    )
    if not rows:
        return
    row = rows[0]
    # The inquiry first, as everybody does who makes jobs about it: nobody waits for the other crosswise.
    inquiry = (yield from inquiries.locked_any(row["inquiry_id"])) if row["inquiry_id"] is not None else None
    own = row["author"] == Author.MEMBER.value
    came = own and (yield from desk_jobs.file_came(row["identity_id"]))
    if own and not came and row["state"] in (MessageState.QUEUED, MessageState.WAITING_KEY):
        channel = yield from sending.channel_of(row["identity_id"], row["project_id"])
        yield from desk_jobs.send(
            channel.id, row["project_id"], row["identity_id"], channel.user, row["id"], album=row["album"] is not None
        )
    if inquiry is not None:
        yield from _show_media(inquiry, row)


def _show_media(inquiry: OpenInquiry, row: Row) -> Steps[None]:
    unit = Unit(inquiry.id, row["identity_id"], row["id"], row["album"], media=True)
    if inquiry.state is InquiryState.NEW:
        for to in (yield from desk_jobs.team(inquiry.project_id)):
            if to.takes:
                yield from desk_jobs.card_now(to, inquiry.id)
        return
    carded = (yield from inquiries.cards_of([inquiry.id])).get(inquiry.id, set())
    for to in (yield from desk_jobs.in_dialog(inquiry.id)):
        if to.member_id != row["member_id"]:
            yield from desk_jobs.copy_now(to, unit)
        if to.member_id in carded:
            yield from desk_jobs.card_now(to, inquiry.id)


def _both(first: Effect, then: Steps[None]) -> Steps[None]:
    if first is not None:
        yield from first()
    yield from then


def _own_messages(message_id: int, member_id: int) -> Steps[list[Row]]:
    return (
        yield (
            "SELECT c.telegram_id, m.state, m.deleted_at FROM operator_copies c JOIN messages m ON m.id = c.message_id"
            " WHERE c.message_id = ? AND c.member_id = ? AND c.kind = 'own' ORDER BY c.id LIMIT 1",
            (message_id, member_id),
        )
    )


def _remember_header(person_id: int, telegram_id: int | None) -> Steps[None]:
    yield "UPDATE people SET header_id = ? WHERE id = ?", (telegram_id, person_id)
