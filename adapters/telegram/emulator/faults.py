"""Failures to order: which calls and deliveries go wrong, how, how often."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

API_KINDS = ("429", "500", "reset_before", "reset_after", "timeout", "slow", "held", "refused")
"""held: what is called waits until the order is taken back."""
WEBHOOK_KINDS = ("duplicate", "shuffle", "drop", "500")


@dataclass(slots=True, eq=False)
class Fault:
    id: str
    kind: str
    where: str = "api"
    bot: int | None = None
    person: int | None = None
    method: str = "*"
    times: int | None = None
    retry_after: int = 1
    seconds: float = 1.0
    probability: float = 1.0
    description: str | None = None

    def matches(self, where: str, bot: int, person: int | None, method: str) -> bool:
        return (
            self.where == where
            and (self.bot is None or self.bot == bot)
            and (self.person is None or self.person == person)
            and (self.method == "*" or self.method.lower() == method.lower())
        )


class Faults:
    """The orders in force, oldest first. The dice are seeded, so that a failing run can be had again."""

    def __init__(self, seed: int, changed: Callable[[], None]) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._changed = changed
        self._numbers = 0
        self.orders: list[Fault] = []

    @property
    def dice(self) -> random.Random:
        return self._dice

    def add(self, fault: Fault) -> Fault:
        known = API_KINDS if fault.where == "api" else WEBHOOK_KINDS if fault.where == "webhook" else ()
        if fault.kind not in known:
            raise ValueError(f"A fault where={fault.where} can be one of {', '.join(known) or 'api, webhook'}.")
        self._numbers += 1
        fault.id = f"f{self._numbers}"
        self.orders.append(fault)
        self._changed()
        return fault

    def remove(self, fault_id: str) -> bool:
        kept = [fault for fault in self.orders if fault.id != fault_id]
        found = len(kept) < len(self.orders)
        self.orders = kept
        if found:
            self._changed()
        return found

    def clear(self) -> None:
        self.orders.clear()
        self._changed()

    def draw(self, where: str, bot: int, person: int | None, method: str, kinds: str | None = None) -> Fault | None:
        """The fault that strikes now, if any; a limited one is used up by it."""
        for fault in self.orders:
            if kinds is not None and fault.kind != kinds:
                continue
            if not fault.matches(where, bot, person, method):
                continue
            if fault.probability < 1.0 and self._dice.random() >= fault.probability:
                continue
            self._use(fault)
            return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self.orders.remove(fault)
        self._changed()
