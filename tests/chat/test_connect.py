"""/connect and /channels as people see them: the key goes from the chat, whatever comes of it; nothing is half done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from adapters.base import Channel, ChannelId, Credentials
from adapters.telegram.emulator import BotAccount, Message, Person
from models.fields import unseal, use_cipher
from services.sql import fetch
from tests.chat.office import Office, opened
from tests.contract.subjects import toy_platform

SHAPED = "123456789:" + "A" * 35


@pytest.fixture
async def oleg(office: Office) -> Person:
    return await office.owner()


@pytest.fixture
def shop(office: Office) -> BotAccount:
    return office.emulator.create_bot("Цветы", "flowers_test_bot")


async def pasting(office: Office, person: Person) -> Message:
    """The wizard as it waits for the key."""
    await office.say(person, "/connect")
    if "Telegram" in office.menu(person).labels():
        await office.press(person, "Telegram")
    return office.menu(person)


async def paste(office: Office, person: Person, token: str) -> Message:
    return await office.say(person, token)


def own_texts(office: Office, person: Person) -> list[str]:
    """What still stands in the chat of what the person wrote."""
    return [message.text for message in office.chat(person).messages.values() if not message.outgoing]


async def channels() -> list[str]:
    return [row["state"] for row in await fetch("SELECT state FROM channels ORDER BY id")]


async def nowhere(token: str) -> None:
    """The key is in no row in the clear, and encrypted only where it belongs."""
    secret = token.split(":")[1]
    for table in ("wizard_states", "control_updates", "events", "jobs", "channels"):
        for row in await fetch(f"SELECT * FROM {table}"):
            for column, value in row.items():
                assert secret not in str(value), (table, column)
                if (
                    isinstance(value, str)
                    and value.startswith("gAAAA")
                    and (table, column) != ("channels", "credentials")
                ):
                    assert secret not in unseal(value), (table, column)


async def test_a_bot_is_connected_by_its_token(office: Office, oleg: Person, shop: BotAccount) -> None:
    guide = await pasting(office, oleg)
    assert "Новый бот" in guide.text
    assert "1. Откройте в Telegram @BotFather" in guide.text
    await paste(office, oleg, shop.token)
    proposal = office.menu(oleg)
    assert "Цветы" in proposal.text
    assert "@flowers_test_bot" in proposal.text
    assert "https://t.me/flowers_test_bot" in proposal.text
    assert await channels() == []
    await office.press(oleg, "Подключить")
    waiting = office.menu(oleg)
    assert "Жду первое сообщение" in waiting.text
    assert "Написать" in waiting.labels()
    assert await channels() == ["active"]
    assert shop.token not in own_texts(office, oleg)
    await nowhere(shop.token)


async def test_the_first_message_is_announced(office: Office, oleg: Person, shop: BotAccount) -> None:
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    await office.press(oleg, "Подключить")
    anna = office.emulator.person("Anna")
    office.emulator.start(shop, anna)
    await office.emulator.wait_for(lambda: any("работает" in text for text in office.texts(oleg)))


async def test_check_confirms_without_a_message(office: Office, oleg: Person, shop: BotAccount) -> None:
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    await office.press(oleg, "Подключить")
    assert await office.press(oleg, "Проверить") == "Работает."
    assert "✅" in office.menu(oleg).text


async def test_the_token_is_found_in_botfathers_words(office: Office, oleg: Person, shop: BotAccount) -> None:
    await pasting(office, oleg)
    words = f"Use this token to access the HTTP API:\n{shop.token}\nKeep your token secure"
    await paste(office, oleg, words)
    assert "Подключить" in office.menu(oleg).labels()
    assert words not in own_texts(office, oleg)


async def test_a_wrong_token_is_deleted_too_and_the_wizard_goes_on(
    office: Office, oleg: Person, shop: BotAccount
) -> None:
    await pasting(office, oleg)
    for wrong in (SHAPED, "123:short"):
        told = await paste(office, oleg, wrong)
        assert wrong not in own_texts(office, oleg)
        assert "токен" in told.text.lower()
    await paste(office, oleg, shop.token)
    assert "Подключить" in office.menu(oleg).labels()
    await nowhere(SHAPED)


async def test_a_sentence_is_answered_and_stays(office: Office, oleg: Person) -> None:
    await pasting(office, oleg)
    told = await office.say(oleg, "А где взять этот токен?")
    assert "Токен бота" in told.text
    assert "А где взять этот токен?" in own_texts(office, oleg)
    office.emulator.send_sticker(office.account, oleg)
    await office.rest()
    assert "жду" in office.last(oleg).text


async def test_another_guide_is_a_button_away(office: Office, oleg: Person) -> None:
    guide = await pasting(office, oleg)
    assert "Уже есть бот, около 1 минуты" in guide.labels()
    await office.press(oleg, "Уже есть бот")
    assert "/token" in office.menu(oleg).text
    await office.press(oleg, "Если Telegram")
    assert "VPN" in office.menu(oleg).text


async def test_a_silent_telegram_changes_nothing(office: Office, oleg: Person, shop: BotAccount) -> None:
    await pasting(office, oleg)
    office.emulator.fault("500", bot=shop, method="getMe")
    told = await paste(office, oleg, shop.token)
    assert "не отвечает" in told.text
    assert shop.token not in own_texts(office, oleg)
    await paste(office, oleg, shop.token)
    office.emulator.fault("500", bot=shop, method="deleteWebhook")
    assert "не отвечает" in str(await office.press(oleg, "Подключить"))
    assert await channels() == []
    await office.press(oleg, "Подключить")
    assert await channels() == ["active"]


async def test_another_services_bot_is_named_before_it_is_taken(office: Office, oleg: Person, shop: BotAccount) -> None:
    credentials = Credentials(token=shop.token, hook_secret="s" * 43)
    elsewhere = Channel(ChannelId(str(shop.id)), credentials, shop.username, "https://other.test/secret")
    await office.registry["telegram"].subscribe(elsewhere)
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    proposal = office.menu(oleg).text
    assert "other.test" in proposal
    assert "secret" not in proposal


async def test_a_token_pasted_twice_is_deleted_twice(office: Office, oleg: Person, shop: BotAccount) -> None:
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    await paste(office, oleg, shop.token)
    assert own_texts(office, oleg).count(shop.token) == 0
    assert "Подключить" in office.menu(oleg).labels()
    await office.press(oleg, "Подключить")
    assert await channels() == ["active"]


async def test_a_second_tap_connects_nothing_twice(office: Office, oleg: Person, shop: BotAccount) -> None:
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    proposal = office.menu(oleg)
    buttons = proposal.wire["reply_markup"]
    await office.press(oleg, "Подключить")
    proposal.wire["reply_markup"] = buttons
    await office.press(oleg, "Подключить", proposal)
    assert await channels() == ["active"]
    assert len(office.emulator.calls("getMe", shop)) == 1


async def test_cancel_leaves_nothing(office: Office, oleg: Person, shop: BotAccount) -> None:
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    assert "Закрыто" in (await office.say(oleg, "/cancel")).text
    assert await channels() == []
    assert await fetch("SELECT key FROM wizard_states") == []
    await nowhere(shop.token)


async def test_a_restart_in_the_middle_is_no_harm(office: Office, oleg: Person, shop: BotAccount) -> None:
    await pasting(office, oleg)
    await office.restart()
    await paste(office, oleg, shop.token)
    await office.restart()
    await office.press(oleg, "Подключить")
    assert await channels() == ["active"]


async def test_a_manager_is_told_whom_to_ask(office: Office, oleg: Person, shop: BotAccount) -> None:
    maria = await office.member(oleg, "Мария")
    for command in ("/connect", "/channels"):
        assert "нет на это прав" in (await office.say(maria, command)).text
    anton = await office.member(oleg, "Антон", "администратора")
    await pasting(office, anton)
    await paste(office, anton, shop.token)
    assert "Подключить" in office.menu(anton).labels()


async def test_the_control_bot_is_refused(office: Office, oleg: Person) -> None:
    await pasting(office, oleg)
    told = await paste(office, oleg, office.account.token)
    assert "управляющий бот" in told.text
    assert await channels() == []


@pytest.fixture
async def connected(office: Office, oleg: Person, shop: BotAccount) -> BotAccount:
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    await office.press(oleg, "Подключить")
    return shop


async def test_channels_are_listed_with_their_states(office: Office, oleg: Person, connected: BotAccount) -> None:
    shown = await office.say(oleg, "/channels")
    assert any("Цветы · Telegram" in label for label in shown.labels())
    await office.press(oleg, "Цветы")
    card = office.menu(oleg)
    assert "ждёт первого сообщения" in card.text
    assert {"Проверить", "Настройки бота", "Новый токен", "Отключить"} <= set(card.labels())
    await office.press(oleg, "Проверить")
    assert "работает" in office.menu(oleg).text


async def test_disconnecting_asks_first_and_names_what_follows(
    office: Office, oleg: Person, connected: BotAccount
) -> None:
    await office.say(oleg, "/channels")
    await office.press(oleg, "Цветы")
    await office.press(oleg, "Отключить")
    assert "ответы не уйдут" in office.menu(oleg).text
    assert await channels() == ["active"]
    await office.press(oleg, "Да, отключить")
    assert await channels() == ["disconnected"]
    assert "Пока ничего не подключено" in office.menu(oleg).text


async def test_a_bots_description_is_written_from_here(office: Office, oleg: Person, connected: BotAccount) -> None:
    await office.say(oleg, "/channels")
    await office.press(oleg, "Цветы")
    await office.press(oleg, "Настройки бота")
    await office.press(oleg, "Описание")
    assert "512" in office.menu(oleg).text
    assert "512" in (await office.say(oleg, "я" * 513)).text
    await office.say(oleg, "Свежие цветы каждый день")
    assert office.emulator.calls("setMyDescription")[-1].params["description"] == "Свежие цветы каждый день"


async def test_a_revoked_token_is_told_with_the_way_out(office: Office, oleg: Person, connected: BotAccount) -> None:
    old = connected.token
    office.emulator.revoke(connected)
    await office.emulator.wait_for(lambda: any("больше не принимает токен" in text for text in office.texts(oleg)), 10)
    notice = office.menu(oleg)
    await office.press(oleg, "Новый токен", notice)
    assert "Новый токен для" in office.menu(oleg).text
    other = office.emulator.create_bot("Хлеб", "bread_test_bot")
    told = await paste(office, oleg, other.token)
    assert "«Хлеб»" in told.text
    assert "«Цветы»" in told.text
    await paste(office, oleg, connected.token)
    assert "ждёт первого сообщения" in office.menu(oleg).text
    rows = await fetch("SELECT state, credentials FROM channels")
    assert rows[0]["state"] == "active"
    assert connected.token in unseal(rows[0]["credentials"])
    assert not {old, other.token, connected.token} & set(own_texts(office, oleg))
    await nowhere(other.token)


async def test_a_button_of_another_projects_notice_opens_its_channel(
    office: Office, oleg: Person, connected: BotAccount
) -> None:
    office.emulator.revoke(connected)
    await office.emulator.wait_for(lambda: any("больше не принимает токен" in text for text in office.texts(oleg)), 10)
    notice = office.menu(oleg)
    await office.say(oleg, "/project")
    await office.press(oleg, "Создать ещё один проект")
    await office.say(oleg, "Вторая кофейня")
    await office.press(oleg, "Новый токен", notice)
    await paste(office, oleg, connected.token)
    assert await channels() == ["active"]


@pytest.fixture
async def toys(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """The office of an installation that has the toy messenger too."""
    use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
    with toy_platform():
        async with opened(tmp_path / "files", database.startswith("postgres"), monkeypatch) as office:
            yield office


async def test_another_messenger_is_offered_by_its_own_form(toys: Office) -> None:
    oleg = await toys.owner()
    choice = await toys.say(oleg, "/connect")
    assert {"Telegram", "Toy"} <= set(choice.labels())
    assert "PULT_PUBLIC_URL" in str(await toys.press(oleg, "Toy"))
    await toys.press(oleg, "Telegram")
    assert "Токен бота" in toys.menu(oleg).text
