"""The desk played by chance: customers write, members take, answer, end and leave, keys die, messengers fail."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from services import clock
from tests.fuzz.members import Members
from tests.fuzz.promises import CUSTOMERS, VISITORS

FAULTS = ("429", "500", "reset_before")


class DeskMachine(Members):
    """What may happen, in any order; the judge looks at all chats whenever the desk has come to rest for good."""

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

    @rule(method=st.sampled_from(("editMessageText", "deleteMessages", "deleteMessage")))
    def let_no_answer_be_changed(self, method: str) -> None:
        self.office.emulator.fault("refused", bot=self.shop.bot, method=method, description="message can't be edited")

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

    @precondition(lambda self: not self.dead)
    @rule()
    def judged(self) -> None:
        """After quiet, what stands in the chats is the truth."""
        self.play(self._settled())
        self.play(self._truth())

    # What must hold at every moment

    @invariant()
    def one_owner_each(self) -> None:
        if hasattr(self, "judge"):
            self.play(self._owners())

    @invariant()
    def nothing_is_shown_to_who_left(self) -> None:
        if hasattr(self, "judge"):
            self.play(self._nothing_newer())

    @invariant()
    def no_answer_goes_astray(self) -> None:
        if not hasattr(self, "judge"):
            return
        for customer in (*CUSTOMERS, *VISITORS):
            heard = self._heard(customer)
            for meant, text in self.typed:
                if meant and meant != customer:
                    assert text not in heard, f"{customer} got what was written to {meant}"
