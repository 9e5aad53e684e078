"""What members do: press, reply, type, edit, send albums, leave dialogs, go off duty, block, leave the team."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from adapters.telegram.emulator import Message, picture
from models.enums import Role
from services import clock
from services.sql import fetch
from tests.fuzz.customers import Customers
from tests.fuzz.promises import CUSTOMERS, MEMBERS, VISITORS
from tests.judge.header import HEAD

LABELS = ("Взять",) * 3 + ("Ответить",) * 3 + ("Готово", "Вернуть в новые", "Карточка", "Повторить", "Написать")
CHOICES = ("Никому", "Да, отправить", "Нет", *(f"{name} · Telegram" for name in CUSTOMERS))


class Members(Customers):
    """Their rules."""

    async def _press(self, member: str, label: str, which: int) -> None:
        """The button of this name on one of the messages that have it: the newest at 0. Every press is answered."""
        found = self._buttons(member, label)
        if found:
            answer = await self.office.emulator.press(found[-1 - which % len(found)], label)
            assert answer is not None, f"«{label}» spins for {member}"
        await self._rest()

    @rule(member=st.sampled_from(MEMBERS), label=st.sampled_from(LABELS), which=st.integers(0, 3))
    def press(self, member: str, label: str, which: int) -> None:
        if member not in self.blocking:
            self.play(self._press(member, label, which))

    @rule(member=st.sampled_from(MEMBERS), label=st.sampled_from(CHOICES))
    def say_whom_it_is_for(self, member: str, label: str) -> None:
        """The newest question that offers this choice."""
        found = self._buttons(member, label)
        if member in self.blocking or not found:
            return
        chat = self.office.chat(self.people[member])
        asked = chat.messages.get(found[-1].reply_to or 0)
        customer = label.partition(" · ")[0]
        if asked is not None and customer in CUSTOMERS:
            self.typed = [(customer, text) if text == asked.text else (meant, text) for meant, text in self.typed]
        self.play(self._press(member, label, 0))

    @rule(which=st.integers(0, 1))
    def race(self, which: int) -> None:
        """Two take the same at once."""

        racers = [name for name in MEMBERS[1:] if name not in self.blocking]

        async def both() -> None:
            await asyncio.gather(*(self._press(name, "Взять", which) for name in racers))

        self.play(both())

    @rule(
        member=st.sampled_from(MEMBERS), customer=st.sampled_from((*CUSTOMERS, *VISITORS)),
        long=st.sampled_from([False] * 4 + [True]),
    )  # fmt: skip
    def reply(self, member: str, customer: str, long: bool) -> None:
        """A reply to whatever stands newest of this customer in the member's chat."""
        about = self._about(member, customer)
        if about is not None and member not in self.blocking:
            self._write(member, customer, self.text(long), about)

    def _about(self, member: str, customer: str) -> Message | None:
        texts = {one.text for one in self.said[customer] if one.text}
        sent = self.office.chat(self.people[member]).sent()
        return next((one for one in reversed(sent) if any(text in one.text for text in texts)), None)

    def _write(self, member: str, customer: str, text: str, about: Message | None = None) -> None:
        self.typed.append((customer, text))
        place = (self.office.account, self.people[member])
        message = self.office.emulator.say(*place, text, reply_to=about.id if about else None)
        self.written.append((member, message))
        self.play(self._rest())

    @rule(member=st.sampled_from(MEMBERS))
    def type(self, member: str) -> None:
        """Into the dialog that the header names, if there is one; to nobody without a header."""
        if member not in self.blocking:
            self._write(member, self._answering(member) or "", self.text())

    def _answering(self, member: str) -> str | None:
        chat = self.office.chat(self.people[member])
        heads = [chat.messages[one].text for one in chat.pinned if one in chat.messages]
        found = next((text.partition(HEAD)[2] for text in reversed(heads) if HEAD in text), None)
        return None if found is None else found.partition(" · ")[0].partition(" ")[0]

    @rule(member=st.sampled_from(MEMBERS), customer=st.sampled_from(CUSTOMERS), parts=st.integers(2, 3))
    def reply_with_an_album(self, member: str, customer: str, parts: int) -> None:
        about = self._about(member, customer)
        if about is None or member in self.blocking:
            return
        self.numbers += 1
        emulator, text = self.office.emulator, self.text()
        self.typed.append((customer, text))
        items = [("photo", picture(40 + self.numbers, 41 + place)) for place in range(parts)]
        reply = {"reply_to_message": {key: about.wire[key] for key in ("message_id", "chat", "date", "from")}}
        album = self._album(member, items, text, reply)
        self.written += [(member, one) for one in album[:1]]
        assert emulator is not None
        self.play(self._rest())

    def _album(self, member: str, items: list[tuple[str, bytes]], text: str, reply: dict[str, object]) -> list[Message]:
        """An album in reply: every part of it replies."""
        from adapters.telegram.emulator import shares

        world, chat = self.office.emulator.world, self.office.chat(self.people[member])
        group = {"media_group_id": world.next_album_id()} | reply
        files = [shares.keep(world, kind, data, "", "") for kind, data in items]
        return [
            shares.send_file(world, chat, self.people[member], file, "" if place else text, dict(group))
            for place, file in enumerate(files)
        ]

    @rule(member=st.sampled_from(MEMBERS), which=st.integers(0, 4), long=st.sampled_from([False, False, True]))
    def edit_what_was_written(self, member: str, which: int, long: bool) -> None:
        mine = [one for who, one in self.written if who == member and one.id in one.chat.messages and one.text]
        if member not in self.blocking and mine:
            message = mine[-1 - which % len(mine)]
            text = self.text(long and not message.wire.get("photo"))
            meant = next((whom for whom, words in self.typed if words == message.text), "")
            self.typed.append((meant, text))
            self.office.emulator.edit(message, text)
            self.play(self._rest())

    @rule(member=st.sampled_from(MEMBERS), which=st.integers(0, 4))
    def delete_what_was_written(self, member: str, which: int) -> None:
        mine = [one for who, one in self.written if who == member and one.id in one.chat.messages]
        if member not in self.blocking and mine:
            place = (self.office.account, self.people[member])
            self.office.emulator.say(*place, "/delete", reply_to=mine[-1 - which % len(mine)].id)
            self.play(self._rest())

    @rule(member=st.sampled_from(MEMBERS), how=st.sampled_from(("/exit", "✓ Готово")))
    def leave_the_dialog(self, member: str, how: str) -> None:
        if member not in self.blocking:
            self.office.emulator.say(self.office.account, self.people[member], how)
            self.play(self._rest())

    @rule(member=st.sampled_from(MEMBERS), on_duty=st.booleans())
    def go_off_duty_or_come_back(self, member: str, on_duty: bool) -> None:
        if member not in self.out:
            self.play(self._duty(member, on_duty))

    async def _duty(self, member: str, on_duty: bool) -> None:
        _, project = await self._project()
        person, _ = await self._place(member)
        duty = self.office.services.duty
        await (duty.come if on_duty else duty.go)(person, project)
        await self._rest()

    @rule(member=st.sampled_from(MEMBERS[1:]))
    def block_the_desk_or_come_back(self, member: str) -> None:
        blocks = member not in self.blocking
        self.office.emulator.block(self.office.account, self.people[member], blocks)
        (self.blocking.add if blocks else self.blocking.discard)(member)
        if not blocks:
            self.judge.came_back(self.people[member])
            self.office.emulator.start(self.office.account, self.people[member])
        self.play(self._rest())

    @rule(member=st.sampled_from(MEMBERS[1:]))
    def leave_the_team_or_come_back(self, member: str) -> None:
        if member not in self.blocking:
            self.play(self._join(member) if member in self.out else self._remove(member))

    @rule(member=st.sampled_from(MEMBERS[1:]), comes_back=st.booleans())
    def leave_while_copies_are_on_their_way(self, member: str, comes_back: bool) -> None:
        if member in self.blocking or member in self.out:
            return
        self.office.emulator.fault(
            "429", bot=self.office.account, person=self.people[member], method="sendMessage", times=3, retry_after=5
        )
        for customer in CUSTOMERS:
            self.write(customer, 2)
        self.play(self._remove(member))
        clock.shift(timedelta(seconds=20))
        self.play(self._rest())
        self.play(self._nothing_newer())
        if comes_back:
            self.play(self._join(member))

    async def _place(self, member: str) -> tuple[int, int]:
        rows = await fetch(
            "SELECT m.id, p.id AS person_id FROM members m JOIN people p ON p.id = m.person_id"
            " WHERE p.telegram_id = ? AND m.removed_at IS NULL", self.people[member].id,
        )  # fmt: skip
        return rows[0]["person_id"], rows[0]["id"]

    async def _remove(self, member: str) -> None:
        owner, project = await self._project()
        _, place = await self._place(member)
        await self.office.services.team.remove(owner, project, place)
        self.out.add(member)
        self.judge.right_ended(self.people[member])
        await self._rest()

    async def _join(self, member: str) -> None:
        owner, project = await self._project()
        invitation = await self.office.services.team.invite(owner, project, Role.MANAGER)
        self.out.discard(member)
        self.judge.came_back(self.people[member])
        self.office.emulator.start(self.office.account, self.people[member], invitation.start)
        await self._rest()

    async def _nothing_newer(self) -> None:
        lies = [lie for lie in await self.judge.lies() if lie.kind.name == "NEWER"]
        assert not lies, lies
