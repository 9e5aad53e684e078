"""How much of Facebook's limits is used up, as its answers tell, and who has to slow down or keep still.

Sources: Graph API, "Rate Limits": X-App-Usage is of the whole app, so of all pages; X-Business-Use-Case-Usage of the
pages that it names. Both are in percent; calling during a block prolongs it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from adapters.base import ChannelId, Scope, Throttled
from adapters.lenient import NoJson, loads
from adapters.reading import decimal, items, section

LIMIT_SECONDS: Final = 60.0
"""How long to wait after a limit where no header says it."""
LONGEST: Final = 24 * 3600.0
SLOW_FROM: Final = 80.0
"""Percent from which on calls are spread out."""
FULL: Final = 100.0
STEP: Final = 0.25
"""Seconds of pause for each percent over SLOW_FROM."""
REMEMBERED: Final = 20_000
SLOW = "most of Facebook's limit is used up"
_PERCENTS: Final = ("call_count", "total_time", "total_cputime")
_APP: Final = ""

Headers = Mapping[str, str]


class Usage:
    """Until when which page, or the whole app, keeps still. A hint and no more: what is forgotten costs a refusal."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()

    def heard(self, headers: Headers) -> None:
        """Note what an answer tells."""
        self._note(_APP, _pause(_json(headers.get("X-App-Usage"))))
        for page, usages in _pages(headers):
            self._note(page, max(map(_pause, usages), default=0.0))

    def check(self, page: ChannelId) -> None:
        """Raises Throttled while the page, or the app, has to keep still."""
        now = self._clock()
        for name, scope in ((_APP, Scope.PLATFORM), (str(page), Scope.CHANNEL)):
            left = self._until.get(name, now) - now
            if left > 0:
                raise Throttled(SLOW, left, scope)

    def _note(self, name: str, pause: float) -> None:
        self._until.pop(name, None)
        if pause > 0:
            self._until[name] = self._clock() + pause
            if len(self._until) > REMEMBERED:
                self._until.popitem(last=False)


def block(code: int | None, subcode: int, headers: Headers) -> tuple[float, Scope]:
    """For how many seconds, and for whom, a refusal for too many calls holds."""
    whole_app = (code in _OF_APP and not subcode) or max(
        _percents(_json(headers.get("X-App-Usage"))), default=0
    ) >= FULL
    return _seconds(headers), Scope.PLATFORM if whole_app else Scope.CHANNEL


_OF_APP = frozenset({4, 341})
"""Codes of the app's own limit; with a subcode they are about a page ("Error Codes", 4/2018022)."""


def _seconds(headers: Headers) -> float:
    minutes = [found for _, usages in _pages(headers) for usage in usages if (found := _regained(usage)) > 0]
    if minutes:
        return min(max(minutes) * 60, LONGEST)
    after = headers.get("Retry-After", "")
    return min(float(after), LONGEST) if after.isascii() and after.isdecimal() else LIMIT_SECONDS


def _pause(usage: dict[str, Any]) -> float:
    """Seconds until the next call."""
    minutes, percent = _regained(usage), max(_percents(usage), default=0.0)
    if minutes > 0:
        return min(minutes * 60, LONGEST)
    if percent >= FULL:
        return LIMIT_SECONDS
    return max(0.0, percent - SLOW_FROM) * STEP


def _pages(headers: Headers) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    usages = _json(headers.get("X-Business-Use-Case-Usage"))
    return ((page, items(usages, page)) for page in usages)


def _percents(usage: dict[str, Any]) -> list[float]:
    return [found for name in _PERCENTS if (found := decimal(usage, name)) is not None]


def _regained(usage: dict[str, Any]) -> float:
    return decimal(usage, "estimated_time_to_regain_access") or 0.0


def _json(text: str | None) -> dict[str, Any]:
    try:
        return section({"usage": loads(text or "{}")}, "usage")
    except NoJson:
        return {}
