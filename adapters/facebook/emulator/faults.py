"""Failures to order: which calls and deliveries go wrong, how, how often."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from .errors import GraphError

API_KINDS = (
    "429", "500", "502", "reset_before", "reset_after", "timeout", "slow", "echo_first", "echo_only", "refused",
)  # fmt: skip
"""echo_first: the answer comes only after the webhooks that the call has caused; echo_only: it is lost after them."""
WEBHOOK_KINDS = ("duplicate", "shuffle", "drop", "500")
_CODES = re.compile(r"(\d{1,6})(?:/(\d{1,9}))?")


@dataclass(slots=True, eq=False)
class Fault:
    """`description` of a refusal is a code and perhaps a subcode, like 10/2018278; by default the person is gone."""

    id: str
    kind: str
    where: str = "api"
    page: str | None = None
    person: int | None = None
    method: str = "*"
    times: int | None = None
    retry_after: int = 1
    seconds: float = 1.0
    probability: float = 1.0
    description: str | None = None

    def matches(self, where: str, page: str, person: int | None, method: str) -> bool:
        return (
            self.where == where
            and self.page in (None, page)
            and self.person in (None, person)
            and self.method.lower() in ("*", method.lower())
        )

    def error(self) -> GraphError | None:
        """What the call is answered, for those that are a plain refusal."""
        if self.kind == "429":
            return GraphError("(#613) Calls to this api have exceeded the rate limit.", 613, headers=self._usage())
        if self.kind in ("500", "502"):
            return GraphError("An unknown error has occurred.", 1, status=int(self.kind))
        if self.kind == "refused":
            found = _CODES.fullmatch(self.description or "551/1545041")
            code, subcode = (int(found[1]), int(found[2] or 0)) if found else (100, 0)
            return GraphError(f"(#{code}) {self.description}", code, subcode or None)
        return None

    def _usage(self) -> dict[str, str]:
        minutes, seconds = divmod(self.retry_after, 60)
        usage = {"type": "messenger", "call_count": 100, "total_cputime": 1, "total_time": 1}
        told = {self.page or "0": [usage | {"estimated_time_to_regain_access": minutes}]}
        headers = {"X-Business-Use-Case-Usage": json.dumps(told)}
        return headers if minutes and not seconds else headers | {"Retry-After": str(self.retry_after)}


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
        fault.id = f"fb{self._numbers}"
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

    def draw(self, where: str, page: str, person: int | None, method: str, kind: str | None = None) -> Fault | None:
        """The fault that strikes now, if any; a limited one is used up by it."""
        for fault in self.orders:
            if kind not in (None, fault.kind) or not fault.matches(where, page, person, method):
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
