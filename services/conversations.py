"""Conversations as members lead them: taking, answering, ending. What handlers call; each method is one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from adapters.base import Adapter, Content
from models.enums import Cards, InquiryState
from services import (
    access,
    amending,
    answering,
    clock,
    copies,
    desk_jobs,
    duty,
    holding,
    inquiries,
    reminders,
    returning,
    spamming,
    views,
)
from services.access import Actor, Denied, Gone, Refusal, Right
from services.amending import Edited
from services.answering import Ask, AskWhy, Outcome, Sent, TokenTyped, Typed
from services.inquiries import OpenInquiry
from services.notices import notice_team
from services.ports import InquiryView
from services.sql import Steps, run, transact
from services.texts import N_
from services.views import ContactView, Tab, TabPage

__all__ = [
    "Ask", "AskWhy", "ContactView", "Conversations", "Edited", "InquiryView", "Outcome", "Sent", "Tab", "TabPage",
    "TokenTyped", "Typed",
]  # fmt: skip

OFFERED_AGAIN = 20
"""Cards for somebody who comes back; older inquiries stand in the list."""
WRITTEN_DOWN_WITHIN = (0.02, 0.05, 0.1, 0.3, 0.5, 1.0, 1.0)
"""Seconds between looks for a message that was shown a moment ago."""


class Conversations:
    """The desk's side of conversations. `adapters` are the platforms by name; `person_id` is always people.id.

    Every method checks the person's rights in the project concerned and raises Denied or Gone.
    """

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        self._answering = answering.Answering(adapters)
        self._amending = amending.Amending(adapters)
        self._titles = {name: adapter.title for name, adapter in adapters.items()}

    async def typed(self, person_id: int, message: Typed) -> Outcome:
        """Whatever a member typed outside commands and wizards: finds whom it is for, stores it and sends it, or asks.

        The same `origin` twice changes nothing. Raises Refusal where the channel cannot carry it.
        """
        if message.reply_to is not None:
            await self._known(person_id, message.reply_to)
        return await transact(partial(self._answering.typed, person_id, message))

    async def _known(self, person_id: int, telegram_id: int) -> None:
        """Give what was shown this instant the time to be written down: whoever answers at once means it."""
        for pause in WRITTEN_DOWN_WITHIN:
            if not await run(answering.being_shown(person_id, telegram_id)):
                return
            await asyncio.sleep(pause)

    async def settle(self, person_id: int, held_id: int, inquiry_id: int) -> Sent | Ask:
        """The button under a question: what was held goes to this inquiry's customer.

        Where a colleague is answering the customer it stays held, and that is asked about.
        """
        return await transact(partial(self._answering.settle, person_id, held_id, inquiry_id))

    async def insist(self, person_id: int, held_id: int, inquiry_id: int) -> Sent:
        """«Да, отправить»: what was held goes into a colleague's dialog, which the writer joins."""
        return await transact(partial(self._answering.insist, person_id, held_id, inquiry_id))

    async def drop(self, person_id: int, held_id: int) -> None:
        """«Никому»: forget what was held. Raises Gone where it has been dealt with."""
        await transact(partial(holding.drop, person_id, held_id))

    async def edited(self, person_id: int, telegram_id: int, content: Content) -> Edited:
        """A member edited a message that was an answer: edit it at the customer where the channel can."""
        return await transact(partial(self._amending.edited, person_id, telegram_id, content))

    async def erase(self, person_id: int, telegram_id: int) -> None:
        """/delete in reply to an own answer: delete it at the customer. Raises Refusal where that is impossible."""
        await transact(partial(self._amending.erase, person_id, telegram_id))

    async def retry(self, person_id: int, message_id: int) -> None:
        """«Повторить»: send what was refused once more."""
        await transact(partial(self._amending.retry, person_id, message_id))

    async def claim(self, person_id: int, inquiry_id: int) -> InquiryView:
        """Take a new inquiry. Of two at once exactly one gets it; the other hears who did (Refusal).

        What the member types goes to this customer from now on, unless set otherwise in the profile.
        """
        return await self._on(person_id, inquiry_id, _claim)

    async def open_dialog(self, person_id: int, inquiry_id: int) -> InquiryView:
        """From now on what the member types goes to this customer. Takes the inquiry where it is new."""
        return await self._on(person_id, inquiry_id, _open_dialog)

    async def leave_dialog(self, person_id: int) -> InquiryView | None:
        """«Выйти»: typed text goes nowhere by itself any more; returns what was left."""
        return await transact(partial(self._leave_dialog, person_id))

    async def dialog(self, person_id: int) -> InquiryView | None:
        """The inquiry that typed text goes to."""
        return await transact(partial(self._dialog, person_id))

    async def done(self, person_id: int, inquiry_id: int) -> InquiryView:
        """«Готово». A second press finds it done and says so by its view."""
        return await self._on(person_id, inquiry_id, _done)

    async def hand_back(self, person_id: int, inquiry_id: int) -> InquiryView:
        """«Вернуть в новые»: the dialog ends and the inquiry is offered to everybody."""
        return await self._on(person_id, inquiry_id, _hand_back)

    async def spam(self, person_id: int, inquiry_id: int, spam: bool) -> InquiryView:
        """«Спам» / «Не спам»: what a spammer writes is stored and shown to nobody."""
        return await self._on(person_id, inquiry_id, partial(_spam, spam=spam))

    async def may_spam(self, person_id: int, inquiry_id: int) -> InquiryView:
        """The inquiry, where the person may mark it as spam; raises what `spam` raises, and changes nothing."""
        return await self._on(person_id, inquiry_id, _spammable)

    async def read(self, person_id: int, inquiry_id: int) -> InquiryView:
        """«Прочитано»: nobody in the dialog need be reminded of what the customer wrote so far."""
        return await self._on(person_id, inquiry_id, _read)

    async def reacted(self, person_id: int, telegram_id: int) -> None:
        """The person put a reaction on a message of the own chat: on a copy it says that it was read."""
        await transact(partial(_reacted, person_id, telegram_id))

    async def card(self, person_id: int, inquiry_id: int) -> ContactView:
        """The customer's card."""
        return await transact(partial(self._card, person_id, inquiry_id))

    async def show(self, person_id: int, inquiry_id: int) -> None:
        """Put the inquiry's card into the person's chat anew."""
        await transact(partial(_show, person_id, inquiry_id))

    async def speaks_of(self, person_id: int, inquiry_id: int, telegram_id: int) -> None:
        """A message in the person's chat speaks of this inquiry: replying to it answers the customer."""
        await transact(partial(_speaks_of, person_id, inquiry_id, telegram_id))

    async def knows(self, person_id: int, telegram_id: int) -> bool:
        """Whether a message in the person's chat stands for an inquiry, so that a reply to it is an answer."""
        return await transact(partial(_knows, person_id, telegram_id))

    async def tab(self, person_id: int, project_id: int, tab: Tab, page: int) -> TabPage:
        """A page of «Общение», newest activity first («Ждут ответа»: longest waiting first). Pages count from 0."""
        return await transact(partial(views.tab_page, self._titles, person_id, project_id, tab, page))

    async def counts(self, person_id: int, project_id: int) -> dict[Tab, int]:
        """How many inquiries each tab holds for this member."""
        return await transact(partial(views.counts, person_id, project_id))

    async def blocked(self, control_bot_id: int, telegram_id: int) -> None:
        """The person blocked the control bot: unreachable; open dialogs return to «Новые», administrators are told."""
        await transact(partial(unreachable, control_bot_id, telegram_id))

    async def unblocked(self, control_bot_id: int, telegram_id: int) -> None:
        """The person is back."""
        await transact(partial(_reachable, control_bot_id, telegram_id))

    async def _on(
        self, person_id: int, inquiry_id: int, do: Callable[[Actor, OpenInquiry], Steps[None]]
    ) -> InquiryView:
        return await transact(partial(self._do, person_id, inquiry_id, do))

    def _do(
        self, person_id: int, inquiry_id: int, do: Callable[[Actor, OpenInquiry], Steps[None]]
    ) -> Steps[InquiryView]:
        who, inquiry = yield from concerned(person_id, inquiry_id)
        yield from do(who, inquiry)
        return (yield from views.inquiry(self._titles, inquiry_id))

    def _card(self, person_id: int, inquiry_id: int) -> Steps[ContactView]:
        yield from concerned(person_id, inquiry_id)
        return (yield from views.contact(self._titles, inquiry_id))

    def _dialog(self, person_id: int) -> Steps[InquiryView | None]:
        rows = yield (
            "SELECT i.id, i.project_id FROM people p JOIN inquiries i ON i.id = p.dialog_id WHERE p.id = ?",
            (person_id,),
        )
        if not rows:
            return None
        try:
            who = yield from access.actor(person_id, rows[0]["project_id"])
            who.require(Right.ANSWER)
        except Denied:
            # It was opened before the person left the project, or lost the right.
            return None
        return (yield from views.inquiry(self._titles, rows[0]["id"]))

    def _leave_dialog(self, person_id: int) -> Steps[InquiryView | None]:
        left = yield from self._dialog(person_id)
        yield "UPDATE people SET dialog_id = NULL WHERE id = ?", (person_id,)
        yield from desk_jobs.header_of(person_id)
        return left


def concerned(person_id: int, inquiry_id: int) -> Steps[tuple[Actor, OpenInquiry]]:
    """The inquiry, locked, and the person's place in its project, with the right to answer."""
    rows = yield "SELECT project_id FROM inquiries WHERE id = ?", (inquiry_id,)
    who = yield from access.actor_of(person_id, rows)
    who.require(Right.ANSWER)
    inquiry = yield from inquiries.locked(inquiry_id, who.project_id)
    if inquiry is None:
        raise Gone(access.NOT_HERE)
    return who, inquiry


def _show(person_id: int, inquiry_id: int) -> Steps[None]:
    who, _ = yield from concerned(person_id, inquiry_id)
    to = yield from desk_jobs.place(who.member_id)
    if to is not None:
        yield from desk_jobs.fresh_card(to, inquiry_id)


def _speaks_of(person_id: int, inquiry_id: int, telegram_id: int) -> Steps[None]:
    who, _ = yield from concerned(person_id, inquiry_id)
    to = yield from desk_jobs.place(who.member_id)
    if to is not None:
        yield from copies.line(to, inquiry_id, telegram_id)


def _knows(person_id: int, telegram_id: int) -> Steps[bool]:
    return (yield from answering.copy_of(person_id, telegram_id)) is not None


def _claim(who: Actor, inquiry: OpenInquiry) -> Steps[None]:
    if inquiry.state is InquiryState.DONE:
        raise Refusal(N_("This inquiry is done already."))
    if inquiry.state is InquiryState.ACTIVE:
        if inquiry.assignee_id == who.member_id:
            return
        name = yield from views.member_name(inquiry.assignee_id)
        raise Refusal(N_("{name} was first to take it."), name=name)
    yield from inquiries.assign(inquiry, who.member_id)
    rows = yield "SELECT keeps_dialog FROM members WHERE id = ?", (who.member_id,)
    if rows[0]["keeps_dialog"]:
        yield "UPDATE people SET taken_id = ? WHERE id = ? AND dialog_id IS NOT NULL", (inquiry.id, who.person_id)
    else:
        yield from _enter(who, inquiry)


def _enter(who: Actor, inquiry: OpenInquiry) -> Steps[None]:
    """From now on what the member types goes to this customer."""
    yield (
        "UPDATE people SET dialog_id = ?, taken_id = NULL, wrote_at = ? WHERE id = ?",
        (inquiry.id, clock.now(), who.person_id),
    )
    yield from reminders.read(inquiry.id)
    yield from desk_jobs.header_of(who.person_id)


def _open_dialog(who: Actor, inquiry: OpenInquiry) -> Steps[None]:
    if inquiry.state is InquiryState.DONE:
        # «Написать»: the customer's open inquiry, if there is one by now; else the first answer opens a new one.
        inquiry = (yield from inquiries.current(inquiry.identity_id)) or inquiry
    if inquiry.state is InquiryState.NEW:
        yield from inquiries.assign(inquiry, who.member_id)
    elif inquiry.state is InquiryState.ACTIVE and not (yield from answering.is_in(inquiry.id, who.member_id)):
        name = yield from views.member_name(inquiry.assignee_id)
        raise Refusal(N_("{name} is answering this customer."), name=name)
    yield from _enter(who, inquiry)


def _read(who: Actor, inquiry: OpenInquiry) -> Steps[None]:
    if inquiry.state is InquiryState.DONE:
        raise Refusal(N_("This inquiry is done already."))
    if inquiry.state is InquiryState.NEW:
        raise Refusal(N_("This inquiry is among the new ones: nobody has taken it."))
    yield from _require_in(inquiry, who)
    yield from reminders.read(inquiry.id)


def _reacted(person_id: int, telegram_id: int) -> Steps[None]:
    copy = yield from answering.copy_of(person_id, telegram_id)
    if copy is None:
        return
    who = yield from access.actor(person_id, copy["project_id"])
    if (yield from answering.is_in(copy["inquiry_id"], who.member_id)):
        yield from reminders.read(copy["inquiry_id"])


def _done(who: Actor, inquiry: OpenInquiry) -> Steps[None]:
    if inquiry.state is InquiryState.DONE:
        return
    if inquiry.state is InquiryState.ACTIVE and not who.may(Right.TEAM):
        yield from _require_in(inquiry, who)
    yield from inquiries.close(inquiry, who.member_id if inquiry.assignee_id is None else inquiry.assignee_id)


def _hand_back(who: Actor, inquiry: OpenInquiry) -> Steps[None]:
    if inquiry.state is InquiryState.NEW:
        return
    if inquiry.state is InquiryState.DONE:
        raise Refusal(N_("This inquiry is done already."))
    if not who.may(Right.TEAM):
        yield from _require_in(inquiry, who)
    yield from inquiries.withdraw(inquiry, besides=who.member_id)


def _require_in(inquiry: OpenInquiry, who: Actor) -> Steps[None]:
    if not (yield from answering.is_in(inquiry.id, who.member_id)):
        name = yield from views.member_name(inquiry.assignee_id)
        raise Denied(N_("{name} is answering this customer."), name=name)


def _spammable(who: Actor, inquiry: OpenInquiry) -> Steps[None]:
    if inquiry.state is InquiryState.ACTIVE and not who.may(Right.TEAM):
        yield from _require_in(inquiry, who)


def _spam(who: Actor, inquiry: OpenInquiry, *, spam: bool) -> Steps[None]:
    if spam:
        yield from _spammable(who, inquiry)
    yield from (spamming.mark(inquiry) if spam else spamming.unmark(inquiry))


def unreachable(control_bot_id: int, telegram_id: int) -> Steps[None]:
    """The chat with this person cannot be written to: in every project the dialogs return and administrators hear."""
    rows = yield (
        "UPDATE people SET reachable = ?, dialog_id = NULL WHERE control_bot_id = ? AND telegram_id = ?"
        " AND reachable = ? RETURNING id",
        (False, control_bot_id, telegram_id, True),
    )
    if not rows:
        return
    members = yield (
        "SELECT id, project_id FROM members WHERE person_id = ? AND removed_at IS NULL",
        (rows[0]["id"],),
    )
    for member in members:
        released = yield from inquiries.release_member(member["project_id"], member["id"])
        was = yield from desk_jobs.place(member["id"])
        if was is not None:
            yield from duty.missed(was)
        yield from notice_team(
            member["project_id"],
            "member_unreachable",
            {"member": member["id"], "count": released.returned, "passed": released.passed},
            roles=access.LEADERS,
            besides=member["id"],
        )


def _reachable(control_bot_id: int, telegram_id: int) -> Steps[None]:
    """The chat works again: what waits for somebody to take it is offered anew."""
    rows = yield (
        "UPDATE people SET reachable = ? WHERE control_bot_id = ? AND telegram_id = ? AND reachable = ? RETURNING id",
        (True, control_bot_id, telegram_id, False),
    )
    if not rows:
        return
    yield from desk_jobs.header_of(rows[0]["id"])
    yield from returning.shown(rows[0]["id"])
    waiting = yield (
        "SELECT q.id, m.id AS member_id FROM inquiries q JOIN members m ON m.project_id = q.project_id"
        " WHERE m.person_id = ? AND m.removed_at IS NULL AND q.state = 'new' AND NOT EXISTS (SELECT 1 FROM"
        " operator_copies c WHERE c.inquiry_id = q.id AND c.member_id = m.id) ORDER BY q.id DESC LIMIT ?",
        (rows[0]["id"], OFFERED_AGAIN),
    )
    for row in reversed(waiting):
        to = yield from desk_jobs.place(row["member_id"])
        if to is not None and to.takes and to.cards is not Cards.LIST:
            yield from desk_jobs.card(to, row["id"])
