"""Failures to order: which calls and deliveries go wrong, how, how often."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

API_KINDS = ("429", "500", "502", "http429", "page", "reset_before", "reset_after", "timeout", "slow", "refused")
WEBHOOK_KINDS = ("duplicate", "shuffle", "drop", "500")


@dataclass(slots=True, eq=False)
class Fault:
    """429 is Viber's status 12; `description` of a refusal is the status, 6 (not subscribed) by default."""

    id: str
    kind: str
    where: str = "api"
    bot: str | None = None
    person: int | None = None
    method: str = "*"
    times: int | None = None
    retry_after: int = 1
    seconds: float = 1.0
    probability: float = 1.0
    description: str | None = None

    def matches(self, where: str, bot: str, person: int | None, method: str) -> bool:
        return (
            self.where == where
            and self.bot in (None, bot)
            and self.person in (None, person)
            and self.method.lower() in ("*", method.lower())
        )


class Faults:
    """The orders in force, oldest first. The dice are seeded, so that a failing run can be had again."""

    def __init__(self, seed: int, changed: Callable[[], None]) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._changed = changed
        self._numbers = 0
        self.orders: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        known = {"api": API_KINDS, "webhook": WEBHOOK_KINDS}.get(fault.where, ())
        if fault.kind not in known:
            raise ValueError(f"A fault where={fault.where} can be one of {', '.join(known) or 'api, webhook'}.")
        self._numbers += 1
        fault.id = f"vb{self._numbers}"
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

    def draw(self, where: str, bot: str, person: int | None, method: str, *kinds: str) -> Fault | None:
        """The fault that strikes now, if any; a limited one is used up by it."""
        for fault in self.orders:
            if (kinds and fault.kind not in kinds) or not fault.matches(where, bot, person, method):
                continue
            if fault.probability < 1.0 and self.dice.random() >= fault.probability:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.orders.remove(fault)
                self._changed()
            return fault
        return None
