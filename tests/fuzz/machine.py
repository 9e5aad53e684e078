"""The desk played by chance: customers write, members take, answer, end and leave, keys die, messengers fail."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from models.enums import Role
from services import clock
from services.sql import fetch
from tests.fuzz.promises import CUSTOMERS, MEMBERS, Played

LABELS = ("Взять",) * 3 + ("Ответить",) * 3 + ("Готово", "Вернуть в новые", "Карточка", "Повторить", "Написать")
FAULTS = ("429", "500", "reset_before")


class DeskMachine(Played):
    """What may happen, in any order; the promises are looked at whenever the desk has come to rest."""

    # What customers do

    @rule(customer=st.sampled_from(CUSTOMERS), times=st.integers(1, 3))
    def some_texts(self, customer: str, times: int) -> None:
        self.write(customer, times)

    def write(self, customer: str, times: int) -> None:
        if customer in self.blocking:
            return
        for _ in range(times):
            text = self.text()
            self.said[customer].append(text)
            self.office.emulator.say(self.shop.bot, self.people[customer], text)
        self.play(self._rest())

    @rule(customer=st.sampled_from(CUSTOMERS))
    def block_or_come_back(self, customer: str) -> None:
        blocks = customer not in self.blocking
        self.office.emulator.block(self.shop.bot, self.people[customer], blocks)
        (self.blocking.add if blocks else self.blocking.discard)(customer)
        self.play(self._rest())

    # What members do

    async def _press(self, member: str, label: str, which: int) -> None:
        """The button of this name on one of the messages that have it: the newest at 0. Every press is answered."""
        found = self._buttons(member, label)
        if found:
            answer = await self.office.emulator.press(found[-1 - which % len(found)], label)
            assert answer is not None, f"«{label}» spins for {member}"
        await self._rest()

    @rule(
        member=st.sampled_from(MEMBERS),
        label=st.sampled_from(LABELS),
        which=st.integers(0, 3),
    )
    def press(self, member: str, label: str, which: int) -> None:
        if member not in self.blocking:
            self.play(self._press(member, label, which))

    @rule(which=st.integers(0, 1))
    def race(self, which: int) -> None:
        """Two take the same at once."""

        racers = [name for name in MEMBERS[1:] if name not in self.blocking]

        async def both() -> None:
            await asyncio.gather(*(self._press(name, "Взять", which) for name in racers))

        self.play(both())

    @rule(member=st.sampled_from(MEMBERS), customer=st.sampled_from(CUSTOMERS))
    def reply(self, member: str, customer: str) -> None:
        """A reply to whatever stands newest of this customer in the member's chat."""
        chat = self.office.chat(self.people[member])
        texts = set(self.said[customer])
        about = [one for one in chat.sent() if any(text in one.text for text in texts)]
        if about and member not in self.blocking:
            text = self.text()
            self.typed.append((customer, text))
            self.office.emulator.say(self.office.account, self.people[member], text, reply_to=about[-1].id)
            self.play(self._rest())

    @rule(member=st.sampled_from(MEMBERS))
    def type(self, member: str) -> None:
        """Into the open dialog, if there is one."""
        if member not in self.blocking:
            text = self.text()
            self.typed.append(("", text))
            self.office.emulator.say(self.office.account, self.people[member], text)
            self.play(self._rest())

    @rule(member=st.sampled_from(MEMBERS))
    def leave_the_dialog(self, member: str) -> None:
        if member not in self.blocking:
            self.office.emulator.say(self.office.account, self.people[member], "/exit")
            self.play(self._rest())

    @rule(member=st.sampled_from(MEMBERS[1:]))
    def block_the_desk_or_come_back(self, member: str) -> None:
        blocks = member not in self.blocking
        self.office.emulator.block(self.office.account, self.people[member], blocks)
        (self.blocking.add if blocks else self.blocking.discard)(member)
        if not blocks:
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
        self.nothing_is_shown_to_who_left()
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
        self.out[member] = self._seen(member)
        await self._rest()

    async def _join(self, member: str) -> None:
        owner, project = await self._project()
        invitation = await self.office.services.team.invite(owner, project, Role.MANAGER)
        del self.out[member]
        self.office.emulator.start(self.office.account, self.people[member], invitation.start)
        await self._rest()

    # What the world does

    @rule(kind=st.sampled_from(FAULTS), desk=st.booleans(), times=st.integers(1, 3))
    def fail(self, kind: str, desk: bool, times: int) -> None:
        """The desk's own fails once at a time: answers to who looks at the screen are tried again by the real clock."""
        faults = self.office.emulator.world.faults.orders
        if desk and not any(fault.bot == self.office.account.id for fault in faults):
            self.office.emulator.fault(kind, bot=self.office.account, method="sendMessage")
        elif not desk:
            # Cut off twice, an answer is not tried again: nobody can know whether it is out.
            times = 1 if kind == "reset_before" else times
            self.office.emulator.fault(kind, bot=self.shop.bot, method="sendMessage", times=times)

    @rule(seconds=st.sampled_from([1, 16, 60, 1200]))
    def wait(self, seconds: int) -> None:
        clock.shift(timedelta(seconds=seconds))
        self.play(self._rest())

    @precondition(lambda self: not self.dead)
    @rule()
    def revoke_the_key(self) -> None:
        self.office.emulator.revoke(self.shop.bot)
        self.dead = True
        self.play(self._rest())

    @precondition(lambda self: self.dead)
    @rule()
    def give_a_new_key(self) -> None:
        self.play(self._new_key())

    @rule()
    def restart(self) -> None:
        self.play(self.office.restart())
        self.play(self._rest())

    # What must hold

    @invariant()
    def one_owner_each(self) -> None:
        if hasattr(self, "office"):
            self.play(self._owners())

    @invariant()
    def nothing_is_shown_to_who_left(self) -> None:
        for member, seen in self.out.items():
            assert self._seen(member) == seen, f"{member} left and was shown more"

    @invariant()
    def no_answer_goes_astray(self) -> None:
        if not hasattr(self, "office"):
            return
        for customer in CUSTOMERS:
            heard = self.shop.heard(self.people[customer])
            for meant, text in self.typed:
                if meant and meant != customer:
                    assert text not in heard, f"{customer} got what was written to {meant}"
