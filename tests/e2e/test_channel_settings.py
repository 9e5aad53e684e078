"""A channel's settings, changed in the owner's chat, and what the messengers then see of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.facebook.options import TYPES
from adapters.telegram.emulator import Message, Person, TelegramEmulator
from adapters.viber.emulator import ViberEmulator
from services import clock
from tests.e2e import test_facebook as pages
from tests.e2e import test_viber as bots
from tests.e2e.conftest import Office


@pytest.fixture
async def page(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[pages.Shop]:
    async with pages.facebook_office(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as (office, facebook):
        olga = await office.owner()
        yield pages.Shop(office, facebook, facebook.create_page("Кофейня", "coffee"), facebook.person("Анна"), olga)


async def card(office: Office, owner: Person, name: str) -> Message:
    """The channel's card in the menu."""
    office.type(owner, "/channels")
    menu = await office.sees(owner, "Каналы")
    await office.until(lambda: any(name in label for label in menu.labels()))
    await office.press(menu, next(label for label in menu.labels() if name in label))
    await office.until(lambda: "Настройки бота" in menu.labels())
    return menu


async def turn_on_late_answers(shop: pages.Shop) -> None:
    menu = await card(shop.office, shop.olga, "Кофейня")
    await shop.office.press(menu, "Настройки бота")
    await shop.office.until(lambda: "Поздние ответы: выкл." in menu.labels())
    await shop.office.press(menu, "Поздние ответы: выкл.")
    await shop.office.until(lambda: "Включить" in menu.labels())
    assert "Human Agent" in menu.text
    await shop.office.press(menu, "Включить")
    await shop.office.until(lambda: "Поздние ответы: вкл." in menu.text)


async def test_the_type_of_broadcasts_is_chosen_after_connecting_and_on_the_card(page: pages.Shop) -> None:
    office, olga = page.office, page.olga
    office.type(olga, "/connect")
    menu = await office.sees(olga, "Что подключаем?")
    await office.press(menu, "Facebook")
    await office.until(lambda: "Подключаем Facebook" in menu.text)
    office.type(olga, page.page.token)
    proposal = await office.sees(olga, "Подключить?")
    await office.press(proposal, "Подключить")
    asked = await office.sees(olga, "Тип рассылок")
    assert "Сейчас: Бизнес-продуктивность" in asked.text
    assert "Оставить «Бизнес-продуктивность»" in asked.labels()
    await office.press(asked, "Оставить «Бизнес-продуктивность»")
    await office.sees(olga, "Жду первое сообщение")
    menu = await card(office, olga, "Кофейня")
    assert "Тип рассылок: Бизнес-продуктивность" in menu.text
    await office.press(menu, "Тип рассылок")
    await office.until(lambda: "Доставка заказа" in menu.labels())
    await office.press(menu, "Доставка заказа")
    await office.until(lambda: "Сегодня:" in menu.text)
    assert "Курьер опаздывает" in menu.text
    await office.press(menu, "Выбрать")
    await office.until(lambda: "Тип рассылок: Доставка заказа" in menu.text)


async def test_no_retired_tag_is_on_the_wire_whatever_the_type(page: pages.Shop) -> None:
    """The emulator refuses retired tags, and `check_tags` looks at every request once the test is over."""
    await pages.connect(page.office, page.facebook, page.olga, page.page)
    await page.talk()
    person_id, project_id = await page.office.place(page.olga)
    [channel] = (await page.office.parts.channels.list(person_id, project_id)).items
    for number, kind in enumerate(TYPES):
        settings = page.office.parts.services.channel_settings
        await settings.choose(person_id, project_id, channel.id, "broadcast_type", kind.name)
        page.answer(f"Ответ {number}")
        await page.hears(f"Ответ {number}")
    assert len(TYPES) == 16


async def test_a_late_answer_goes_only_where_late_answers_are_switched_on(page: pages.Shop) -> None:
    page.facebook.app.human_agent = True
    await pages.connect(page.office, page.facebook, page.olga, page.page)
    await page.talk()
    clock.shift(timedelta(hours=30))
    page.answer("Рано")
    await page.office.sees(page.olga, "24 часов")
    assert page.answers() == []
    await turn_on_late_answers(page)
    page.answer("Теперь можно")
    await page.hears("Теперь можно")
    sent = [call for call in page.facebook.calls("messages") if call.params.get("tag")]
    assert [call.params["tag"] for call in sent] == ["HUMAN_AGENT"]


@pytest.fixture
async def viber() -> AsyncIterator[tuple[ViberEmulator, str]]:
    emulator = ViberEmulator(pauses=(0.05, 0.1, 0.2), webhook_timeout=5)
    async with emulator.serve() as address:
        yield emulator, address


shop = bots.shop


async def test_the_invitation_of_a_viber_bot_is_what_was_written_in_the_chat(shop: bots.Shop) -> None:
    office, olga = shop.office, shop.olga
    boris = shop.viber.person("Борис")
    shop.viber.open(shop.bot, boris)
    menu = await card(office, olga, "Кофейня")
    await office.press(menu, "Настройки бота")
    await office.until(lambda: "Приглашение к диалогу: ещё не написано" in menu.labels())
    await office.press(menu, "Приглашение к диалогу: ещё не написано")
    await office.until(lambda: "1000 символов" in menu.text)
    office.type(olga, "Здравствуйте! Напишите, что вас интересует.")
    menu = await office.sees(olga, "Что поменять")
    assert "Сохранено" in menu.text
    assert "Приглашение к диалогу: написано" in menu.labels()
    vera = shop.viber.person("Вера")
    shop.viber.open(shop.bot, vera)
    await shop.until(lambda: shop.viber.chat(shop.bot, vera).sent())
    assert shop.viber.chat(shop.bot, vera).sent()[-1].text == "Здравствуйте! Напишите, что вас интересует."
    assert shop.viber.chat(shop.bot, boris).sent() == []
