"""The picture of a customers' bot, sent to the control bot."""

from __future__ import annotations

import pytest

from adapters.telegram.emulator import BotAccount, Person, picture
from services.sql import fetch
from tests.chat.office import Office
from tests.chat.test_connect import paste, pasting


@pytest.fixture
async def oleg(office: Office) -> Person:
    return await office.owner()


@pytest.fixture
async def shop(office: Office, oleg: Person) -> BotAccount:
    """A connected bot whose picture is being asked for."""
    shop = office.emulator.create_bot("Цветы", "flowers_test_bot")
    await pasting(office, oleg)
    await paste(office, oleg, shop.token)
    await office.press(oleg, "Подключить")
    await office.say(oleg, "/channels")
    await office.press(oleg, "Цветы")
    await office.press(oleg, "Настройки бота")
    await office.press(oleg, "Картинка")
    return shop


async def send(office: Office, person: Person, kind: str, data: bytes, **more: str) -> str:
    office.emulator.send_media(office.account, person, kind, data, **more)
    await office.rest()
    return "\n".join(office.texts(person)[-2:])


async def test_a_photo_becomes_the_bots_picture(office: Office, oleg: Person, shop: BotAccount) -> None:
    told = await send(office, oleg, "photo", picture(300, 300))
    assert shop.photo is not None
    assert "изменена" in told


async def test_a_png_file_goes_as_a_jpeg(office: Office, oleg: Person, shop: BotAccount) -> None:
    await send(office, oleg, "document", picture(300, 300, form="PNG"), name="logo.png", mime="image/png")
    assert shop.photo is not None
    assert shop.photo.data.startswith(b"\xff\xd8")


async def test_the_picture_is_taken_away(office: Office, oleg: Person, shop: BotAccount) -> None:
    await send(office, oleg, "photo", picture(300, 300))
    await office.press(oleg, "Картинка")
    await office.press(oleg, "Убрать")
    assert shop.photo is None


async def test_what_is_no_picture_is_refused(office: Office, oleg: Person, shop: BotAccount) -> None:
    for kind, data, more in (
        ("voice", b"OggS", {}),
        ("document", b"%PDF-1.4", {"name": "price.pdf", "mime": "application/pdf"}),
    ):
        assert "жду картинку" in await send(office, oleg, kind, data, **more)
    broken = await send(office, oleg, "document", b"no picture", name="logo.png", mime="image/png")
    assert "прочитать" in broken
    assert "жду картинку" in (await office.say(oleg, "вот картинка")).text
    assert shop.photo is None


async def test_a_picture_that_is_too_large_is_refused(office: Office, oleg: Person, shop: BotAccount) -> None:
    data = picture() + bytes(21 * 1024 * 1024)
    assert "20 МБ" in await send(office, oleg, "document", data, name="logo.jpg", mime="image/jpeg")
    assert shop.photo is None


async def test_what_telegram_refuses_is_said(office: Office, oleg: Person, shop: BotAccount) -> None:
    said = await send(office, oleg, "photo", picture(1200, 10))
    assert "Telegram отказал, ничего не изменилось" in said
    assert "PHOTO_INVALID_DIMENSIONS" not in said, "codes are for the log"
    assert shop.photo is None


async def test_somebody_who_lost_the_right_changes_nothing(office: Office, oleg: Person, shop: BotAccount) -> None:
    await fetch("UPDATE members SET role = 'manager' WHERE role = 'owner' RETURNING id")
    await send(office, oleg, "photo", picture(300, 300))
    assert shop.photo is None
