"""The judge: after quiet, does what stands in the chats tell the truth about what was said?

    judge = Judge(telegram, desk, [phones.telegram(telegram, shop)], fetch)
    assert await judge.lies() == []

Everything said and shown is read off the emulated phones. The rows say only who is who (`facts`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.telegram.emulator import TelegramEmulator
from tests.judge import chats, facts
from tests.judge.answers import judge_answer, judge_stray, same, told_old
from tests.judge.cards import judge_card
from tests.judge.chats import Read, bare
from tests.judge.facts import Facts, Inquiry, Member, Place, Rows, Unit
from tests.judge.header import judge_header
from tests.judge.known import unknown
from tests.judge.lies import Kind, Lie
from tests.judge.phones import Line, Phone, Said, short, telegram_message
from tests.judge.telling import judge_digests, judge_lines
from tests.judge.words import Spoken, judge_copies

TITLES = {"telegram": "Telegram", "vk": "VK", "viber": "Viber", "facebook": "Facebook"}
LOOK = 0.1
"""Seconds between looks."""
COMMANDS = ("/start", "Начать")


@dataclass
class Judge:
    """deleted: what customers took back on their phones where no messenger tells, as it last stood there.

    ended: by person, what could be seen when the right to see ended.
    """

    emulator: TelegramEmulator
    desk: Any
    lines: Sequence[Line]
    rows: Rows
    deleted: dict[tuple[Place, str], Said] = field(default_factory=dict)
    ended: dict[int, Seen] = field(default_factory=dict)
    back: set[int] = field(default_factory=set)
    """Who lost the right for a while, or could not be reached."""

    async def lies(self) -> list[Lie]:
        """Everything that is not true at this moment."""
        return list(Hearing(self, await facts.look(self.rows)).lies())

    async def found_true(self, patience: float) -> None:
        """Nothing is untrue, at the latest after so many seconds: what was said last takes its time to be shown."""
        if lies := await self.lasting(patience):
            raise AssertionError("\n".join(map(str, lies)))

    async def lasting(self, patience: float, besides: Collection[Lie] = ()) -> list[Lie]:
        """What is untrue, besides what was so before, and is still so after so many seconds."""
        deadline = time.monotonic() + patience
        while lies := [lie for lie in unknown(await self.lies()) if lie not in besides]:
            if time.monotonic() > deadline:
                return lies
            await asyncio.sleep(LOOK)
        return []

    def came_back(self, person: Any) -> None:
        """This person sees again what could not be shown for a while."""
        self.ended.pop(int(person.id), None)
        self.back.add(int(person.id))

    def said(self) -> dict[tuple[Place, str], str]:
        """What customers have said so far, as it stands on their phones."""
        return {
            ((line.platform, line.external_id, phone.user), one.key): one.text
            for line in self.lines
            for phone in line.phones()
            for one in phone.messages
            if not one.outgoing
        }

    def right_ended(self, person: Any) -> None:
        """This person may see nothing more from now on."""
        chat = self.emulator.chat(self.desk, person)
        self.ended[int(person.id)] = Seen(self.said(), {one.id: one.text for one in chat.sent()})


@dataclass(frozen=True)
class Seen:
    """When a right ended: what had been said, and what stood in the chat."""

    said: dict[tuple[Place, str], str]
    chat: dict[int, str]


class Hearing:
    """One look at everything."""

    def __init__(self, judge: Judge, found: Facts) -> None:
        self._judge = judge
        self._facts = found
        self._phones: dict[Place, Phone] = {
            (line.platform, line.external_id, phone.user): phone for line in judge.lines for phone in line.phones()
        }
        self._members = sorted(found.members.values(), key=lambda one: one.id)
        self._spoken = {one.id: list(self._of(one)) for one in found.inquiries.values()}
        self._names = {one.id: one.name for one in self._members}

    def lies(self) -> Iterator[Lie]:
        yield from self._lost()
        reads = {one.person_id: self._read(one) for one in self._members}
        for member in self._members:
            if member.sees and member.reachable:
                read = reads[member.person_id]
                for lie in (*self._copies(member, read), *self._cards(member, read)):
                    yield replace(lie, back=member.telegram_id in self._judge.back)
        yield from self._offered(reads)
        yield from self._told()
        for member, lie in self._headers():
            yield replace(lie, back=member.telegram_id in self._judge.back | set(self._judge.ended))
        yield from self._answers()
        yield from self._rights()

    # What was said

    def _lost(self) -> Iterator[Lie]:
        for place, phone in self._phones.items():
            taken_in = self._facts.stored.get(place, set())
            for one in phone.messages:
                if not one.outgoing and one.key not in taken_in and not one.text.startswith(COMMANDS):
                    yield Lie(Kind.LOST, phone.name, f"«{short(one.text)}»")

    def _of(self, inquiry: Inquiry) -> Iterator[Spoken]:
        first = True
        for unit in inquiry.units:
            parts = self._typed(unit) if unit.author == "member" else self._there(inquiry, unit)
            kept = self._kept(inquiry, unit, parts) if unit.author == "member" else ()
            parts = kept or parts
            yield Spoken(unit, inquiry, parts, first and unit.inbound, _opaque(parts), bool(kept))
            first = first and not unit.inbound

    def _there(self, inquiry: Inquiry, unit: Unit) -> tuple[Said, ...]:
        """As it stands on the customer's phone."""
        phone = self._phones.get(inquiry.customer)
        there = {one.key: one for one in phone.messages} if phone else {}
        keys = unit.keys or sorted(unit.out)
        found = (there.get(key) or self._judge.deleted.get((inquiry.customer, key)) for key in keys)
        return tuple(one for one in found if one is not None)

    def _typed(self, unit: Unit) -> tuple[Said, ...]:
        """As it stands in its author's chat."""
        member = self._facts.members.get(unit.member_id or 0)
        if member is None:
            return ()
        messages = self._chat(member).messages
        return tuple(telegram_message(messages[number]) for number in sorted(unit.own) if number in messages)

    def _kept(self, inquiry: Inquiry, unit: Unit, typed: Sequence[Said]) -> tuple[Said, ...]:
        """What still stands at the customer of an answer whose author was told that an edit did not get through."""
        member, phone = self._facts.members.get(unit.member_id or 0), self._phones.get(inquiry.customer)
        if member is None or phone is None or not told_old(self._chat(member), unit):
            return ()
        there = tuple(one for one in phone.messages if one.outgoing and one.key in unit.out)
        return () if same("\n".join(one.text for one in typed), typed, there) else there

    # Members' chats

    def _chat(self, member: Member) -> Any:
        return self._judge.emulator.chat(self._judge.desk, member.telegram_id)

    def _read(self, member: Member) -> Read:
        lines = self._facts.lines
        return chats.read(self._chat(member), lambda number: (member.person_id, number) in lines)

    def _copies(self, member: Member, read: Read) -> Iterator[Lie]:
        for place, phone in self._phones.items():
            inquiries = [
                one for one in self._facts.inquiries.values()
                if one.customer == place and one.project_id == member.project_id
            ]  # fmt: skip
            required: list[Spoken] = []
            allowed: list[Spoken] = []
            for inquiry in inquiries:
                inside = inquiry.state == "active" and member.id in inquiry.inside and member.reachable
                for one in self._spoken[inquiry.id]:
                    mine = not one.unit.inbound and one.unit.member_id == member.id
                    (required if inside and not mine else allowed).append(one)
            title = TITLES[place[0]]
            copies = [one for one in read.copies if one.platform == title and one.customer == phone.name]
            numbers = {one.number for one in inquiries}
            cards = [one for one in read.cards if one.number in numbers and one.customer == phone.name]
            yield from judge_copies(member.name, phone.name, required, allowed, copies, cards)
        known = {(TITLES[place[0]], phone.name) for place, phone in self._phones.items()}
        for copy in read.copies:
            if (copy.platform, copy.customer) not in known:
                yield Lie(Kind.UNSAID, member.name, f"«{short(copy.root.text)}»: nobody is called so")

    def _cards(self, member: Member, read: Read) -> Iterator[Lie]:
        """A card that may have been shown twice says so, and nobody knows of the other: it stays as it was."""
        doubted = {card.number for card in read.cards if card.repeated}
        for card in read.cards:
            if card.number in doubted and not card.repeated:
                continue
            inquiry = next(
                (
                    one for one in self._facts.inquiries.values()
                    if one.number == card.number and one.project_id == member.project_id
                ),
                None,
            )  # fmt: skip
            phone = self._phones.get(inquiry.customer) if inquiry else None
            if inquiry is not None and phone is not None:
                spoken = self._spoken[inquiry.id]
                yield from judge_card(member.name, member, inquiry, spoken, card, self._names, phone.name)

    def _offered(self, reads: dict[int, Read]) -> Iterator[Lie]:
        for inquiry in self._facts.inquiries.values():
            takers = [one for one in self._members if one.takes and one.project_id == inquiry.project_id]
            if inquiry.state != "new" or not any(one.cards != "list" for one in takers):
                continue
            numbers = [card.number for one in takers for card in reads[one.person_id].cards]
            if inquiry.number not in numbers:
                yield Lie(Kind.NO_CARD, "everybody", f"№{inquiry.number} of {inquiry.name}")

    def _headers(self) -> Iterator[tuple[Member, Lie]]:
        told: set[int] = set()
        for member in self._members:
            if member.person_id in told or not member.reachable:
                continue
            told.add(member.person_id)
            inquiry = self._facts.inquiries.get(member.dialog_id or 0)
            phone = self._phones.get(inquiry.customer) if inquiry else None
            answering = None if inquiry is None or phone is None else f"{phone.name} · {TITLES[inquiry.customer[0]]}"
            yield from ((member, lie) for lie in judge_header(member.name, self._chat(member), answering))

    def _told(self) -> Iterator[Lie]:
        """Each refusal and reminder once, to whom it concerns."""
        for telegram_id in sorted({one.telegram_id for one in self._members}):
            places = [one for one in self._members if one.telegram_id == telegram_id]
            if not any(one.sees and one.reachable for one in places):
                continue
            projects = {one.project_id for one in places}
            inquiries = [one for one in self._facts.inquiries.values() if one.project_id in projects]
            due = [self._facts.inquiries[number] for member, number in self._facts.due if self._due(member, places)]
            sent = [one for one in self._chat(places[0]).sent() if one.service is None]
            yield from judge_digests(places[0].name, sent, inquiries, [one for one in due if one.waits])
            own = [number for one in inquiries for unit in one.units for number in unit.own]
            yield from judge_lines(places[0].name, sent, own)

    @staticmethod
    def _due(member_id: int, places: Sequence[Member]) -> bool:
        return any(one.id == member_id and one.takes for one in places)

    # Answers

    def _answers(self) -> Iterator[Lie]:
        for place, phone in self._phones.items():
            inquiries = [one for one in self._facts.inquiries.values() if one.customer == place]
            units = [unit for one in inquiries for unit in one.units if not unit.inbound]
            texts, authors = {}, {}
            for unit in units:
                member = self._facts.members.get(unit.member_id or 0)
                if unit.author != "member" or member is None:
                    continue
                texts[unit.id] = "\n".join(part.text for part in self._typed(unit))
                authors[unit.id] = chat = self._chat(member)
                told = member.reachable and not member.gone
                yield from judge_answer(member.name, unit, chat, phone, told=told)
            yield from judge_stray(units, texts, authors, phone)

    # Rights

    def _rights(self) -> Iterator[Lie]:
        now = self._judge.said()
        for telegram_id, seen in self._judge.ended.items():
            newer = {text for key, text in now.items() if seen.said.get(key) != text and bare(text)}
            for message in self._judge.emulator.chat(self._judge.desk, telegram_id).sent():
                if seen.chat.get(message.id) == message.text:
                    continue
                for text in newer:
                    if bare(text) in bare(message.text):
                        yield Lie(Kind.NEWER, str(telegram_id), f"«{short(text)}»")


def _opaque(parts: Sequence[Said]) -> bool:
    """Whether no phone tells what it says: polls, dice, forwarded messages, or what stands there no more."""
    return not parts or any(not (one.text or one.media or one.place or one.contact) for one in parts)
