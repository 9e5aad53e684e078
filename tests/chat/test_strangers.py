"""Who belongs to no project is answered a few times at once, then now and then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from handlers.chat import strangers
from handlers.chat.strangers import BURST, PAUSE, Strangers
from services import clock


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    yield
    clock.reset()


def test_whoever_asks_without_end_is_heard_now_and_then() -> None:
    met = Strangers()
    assert sum(met.admit(1) for _ in range(3 * BURST)) <= BURST + 1
    assert met.admit(2)
    clock.shift(PAUSE + timedelta(milliseconds=100))
    assert met.admit(1)
    assert not met.admit(1)
    clock.shift(PAUSE * BURST * 2)
    assert all(met.admit(1) for _ in range(BURST))


def test_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "REMEMBERED", 3)
    met = Strangers()
    for number in range(10):
        met.admit(number)
    assert len(met._until) == 3
