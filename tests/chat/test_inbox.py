"""«Общение»: tabs with counts, pages, ages; three hundred inquiries are no trouble."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import pytest

from services import clock, sql
from services.sql import fetch, to_json
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария")


async def crowd(count: int) -> None:
    """New inquiries of as many customers, straight into the rows."""
    channel = (await fetch("SELECT id, project_id FROM channels"))[0]
    now = clock.now()

    def steps() -> sql.Steps[None]:
        for number in range(1, count + 1):
            at = now - timedelta(minutes=number)
            rows = yield (
                "INSERT INTO contacts (project_id, number, name, spam, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
                (channel["project_id"], 1000 + number, f"Клиент {number}", False, at),
            )
            rows = yield (
                "INSERT INTO identities (project_id, channel_id, contact_id, external_id, subscribed, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (channel["project_id"], channel["id"], rows[0]["id"], f"{90_000 + number}", True, at),
            )
            identity = rows[0]["id"]
            rows = yield (
                "INSERT INTO inquiries (project_id, identity_id, number, state, opened_at, last_at, waiting_since,"
                " inbound) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (channel["project_id"], identity, number, "new", at, at, at, 1),
            )
            yield (
                "INSERT INTO messages (project_id, identity_id, inquiry_id, direction, author, external_id, content,"
                " state, repeated, at, sequence, received_at, late) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    channel["project_id"], identity, rows[0]["id"], "in", "customer", f"{number}",
                    to_json({"text": f"Вопрос номер {number}, и довольно длинный, чтобы не поместиться в строку"}),
                    "received", False, at, 0, at, False,
                ),
            )  # fmt: skip

    await sql.transact(steps)


async def test_a_line_tells_who_waits_how_long_and_what_for(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    shown = await shop.office.say(shop.maria, "/inbox")
    assert shown.text == "Общение · Новые\n\n№1 Анна · Telegram · 0 мин\nЕсть пионы?"
    assert shown.labels() == ["№1 Анна", "• Новые 1 •", "Мои 0", "Ждут ответа 1", "Готово 0"]


async def test_the_menus_button_opens_the_list(shop: Shop) -> None:
    await shop.office.say(shop.maria, "/menu")
    await shop.office.press(shop.maria, "Общение")
    assert shop.office.last(shop.maria).text.startswith("Общение")


async def test_tabs_turn_in_place(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    shown = await shop.office.say(shop.maria, "/inbox")
    assert shown.text.startswith("Общение · Мои\n\n№1 Анна")
    await shop.office.press(shop.maria, "Готово", shown)
    assert shown.text == "Общение · Готово\n\nЗакрытых обращений пока нет."
    await shop.office.press(shop.maria, "Готово", shown)  # the same once more changes nothing and is answered
    await shop.office.press(shop.maria, "Новые", shown)
    assert "всё разобрано" in shown.text


async def test_three_hundred_fit_page_by_page(shop: Shop) -> None:
    await crowd(300)
    shown = await shop.office.say(shop.maria, "/inbox")
    assert {"• Новые 300 •", "1 / 38", "‹", "›"} <= set(shown.labels())
    assert shown.text.count("№") == 8
    assert "№1 Клиент 1 · Telegram · 1 мин\nВопрос номер 1, и довольно длинный" in shown.text
    await shop.office.press(shop.maria, "›", shown)
    assert "№9 Клиент 9" in shown.text
    await shop.office.press(shop.maria, "‹", shown)
    await shop.office.press(shop.maria, "‹", shown)
    assert "38 / 38" in shown.labels()
    assert shown.text.count("№") == 4
    await shop.office.press(shop.maria, "Ждут ответа", shown)
    assert "№300 Клиент 300 · Telegram · 5 ч" in shown.text


async def test_pressing_one_shows_its_card_anew(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    old = shop.with_text(shop.maria, "Есть пионы?")
    shown = await shop.office.say(shop.maria, "/inbox")
    await shop.office.press(shop.maria, "№1 Анна", shown)
    await shop.settle()
    card = shop.office.last(shop.maria)
    assert card.id > shown.id > old.id
    assert card.text.startswith("Новое обращение №1")
    assert card.labels() == ["Взять", "Карточка", "Спам"]
    await shop.office.press(shop.maria, "Взять", card)
    await shop.settle()
    assert card.labels() == ["Ответить", "Готово", "Вернуть в новые", "Карточка"]
    await shop.office.say(shop.maria, "Да, есть", reply_to=card)
    await shop.settle()
    assert shop.heard(shop.anna) == ["Да, есть"]


async def test_ages_grow_from_minutes_to_days(shop: Shop, clock: ModuleType) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    for by, age in ((timedelta(minutes=5), "5 мин"), (timedelta(hours=3), "3 ч"), (timedelta(days=2), "2 дня")):
        clock.shift(by)
        await shop.office.say(shop.maria, "/inbox")
        assert shop.has(shop.maria, f"№1 Анна · Telegram · {age}")


async def test_a_list_of_a_project_one_left_is_refused(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    shown = await shop.office.say(shop.maria, "/inbox")
    await fetch("UPDATE members SET removed_at = created_at WHERE name = ? RETURNING id", "Мария")
    assert await shop.office.press(shop.maria, "Мои", shown) == "Вы больше не в команде этого проекта."
