"""Every notice that services make has its wording, and every wording speaks Russian without gaps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.chat import notices
from services.ports import Notice, Seat
from services.texts import use_locale

ROOT = Path(__file__).resolve().parents[2]
SEAT = Seat(1, 1, 1, 1, "ru", "Europe/Moscow")
VALUES = {
    "contact": "Анна", "platform": "VK", "number": 12, "reason": "The channel is disconnected.", "name": "Мария",
    "channel": "Цветы", "project": "Лавка", "role": "manager", "count": 3, "emoji": "❤", "minutes": 15, "text": "Алло?",
}  # fmt: skip


def made() -> Iterator[str]:
    for path in sorted((ROOT / "services").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            if name in ("notice", "notice_team", "notice_of_answer", "Notice"):
                yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def test_services_make_only_notices_that_have_words() -> None:
    found = set(made())
    assert len(found) > 8
    assert found <= set(notices.WORDING)


@pytest.mark.parametrize("what", sorted(notices.WORDING))
def test_wording_is_russian_and_complete(what: str) -> None:
    with use_locale("ru"):
        text, _ = notices.worded(SEAT, Notice(what, VALUES))
    assert notices.UNKNOWN not in text.text
    assert "{" not in text.text
    assert any("а" <= char <= "я" for char in text.text.lower())


@pytest.mark.parametrize("what", sorted(notices.WORDING))
def test_wording_survives_missing_values(what: str) -> None:
    with use_locale("en"):
        text, _ = notices.worded(SEAT, Notice(what))
    assert text.text
