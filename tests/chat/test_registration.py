"""The first minute: one press makes the account, the project and the place in it."""

from __future__ import annotations

from tests.chat.office import Office


async def test_start_makes_a_desk_with_defaults(office: Office) -> None:
    oleg = office.person("Олег", language="ru")
    shown = await office.start(oleg)
    assert "Олег" in shown.text
    assert "Москва (UTC+3)" in shown.text
    assert "Оставить" in shown.labels()
