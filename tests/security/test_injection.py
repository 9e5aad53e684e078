"""Names and words that try to pass for the desk's own: in every member's chat they stay what a stranger wrote."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet

from adapters import names
from adapters.base import (
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ContactCard,
    Content,
    Location,
    Quoted,
)
from adapters.names import one_line
from adapters.telegram.emulator import Message, Person
from bot.database import close_database, open_database
from handlers.chat import notices, render
from handlers.chat.marked import TEXT_LIMIT
from models.enums import Author, Direction, InquiryState
from models.fields import use_cipher
from services import clock
from services.connecting import renamed
from services.ports import CardView, CopyView, FileStatus, InquiryView, MessageView, Notice, Seat
from services.sql import fetch, transact
from services.texts import use_locale
from tests.chat.office import Office, opened
from tests.chat.shop import Shop, opened_shop

FORGED = "Отвечаете: Жертва · VK"
NAMES = {
    "a line of ours": f"Анна\n{FORGED}",
    "a line of ours, by another break": f"Анна\u2028{FORGED}\x85{FORGED}\x0b{FORGED}\r{FORGED}",
    "tags": "<b>Анна</b></a><script>",
    "entities": "&lt;b&gt; &amp;nbsp;",
    "markdown": "*Анна* _x_ `y` [z](tg://user?id=1) ||s||",
    "turned round": "\u202eаннА\u2066 \u200f\u061c",
    "endless": "А" * 10_000,
    "unseen": "\u200b\u3164\u2800\ufeff",
    "placeholders": "{name} {0} %s %(x)s {",
}
TURNING = {"\u200e", "\u200f", "\u061c", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
HIDING = {"\u200b", "\ufeff", "\u2060", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\r", "\x00"}
SCREENS = ("/menu", "/inbox", "/channels", "/team", "/project", "/profile", "/help")
FINAL = ("Да,", "Отключить", "Удалить")
"""Buttons that end something; all others are pressed."""


@pytest.fixture
async def office(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    copy = tmp_path / "pult.sqlite3"
    copy.write_bytes(sqlite_template.read_bytes())
    use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
    await open_database(f"sqlite://{copy}")
    try:
        async with opened(tmp_path / "files", False, monkeypatch) as office:
            yield office
    finally:
        await close_database()


def honest(text: str) -> None:
    """Nothing of a stranger's stands on a line of its own, turns its neighbours round or hides."""
    assert FORGED not in [line.strip() for line in text.splitlines()], text
    assert not [char for char in text if char in TURNING | HIDING], text


def shown(office: Office, person: Person) -> Iterator[str]:
    for message in office.chat(person).sent():
        yield message.text
        yield from message.labels()


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_a_name_is_one_visible_line(name: str) -> None:
    line = one_line(NAMES[name])
    honest(line)
    assert len(line.splitlines()) <= 1
    assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("👨‍👩‍👧 Семья", "👨‍👩‍👧 Семья"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),
        ("می‌خواهم", None),
        ("שלום", None),
        ("O’Neil-Ёжик №7", None),
        ("  Анна \t Петровна ", "Анна Петровна"),
        ("\u200d\u200c", ""),
        ("\u0301\u0301", ""),
    ],
)
def test_honest_names_stay_as_they_are(name: str, kept: str | None) -> None:
    assert one_line(name) == (name if kept is None else kept)


async def test_hostile_names_forge_nothing_on_any_screen(office: Office) -> None:
    """A customer, a colleague, the project and the channel: all of them bear such names."""
    hostile = f"{NAMES['tags']}{NAMES['entities']}\n{FORGED}\u2028{NAMES['turned round']}{NAMES['placeholders']}"
    shop = await opened_shop(office, hostile)
    await named(shop, hostile)
    office.emulator.start(shop.bot, customer := office.emulator.person(hostile))
    await shop.write(customer, NAMES["tags"])
    for command in SCREENS:
        await visited(office, shop.oleg, command)
    card = next(one for one in reversed(office.chat(shop.oleg).sent()) if "Взять" in one.labels())
    for label in ("Взять", "Ответить", "Карточка"):
        await pressed(office, shop.oleg, card, label)
        await shop.rest()
    await office.say(shop.oleg, "Добрый день")
    texts = [text for member in (shop.oleg, shop.maria) for text in shown(office, member)]
    for text in texts:
        honest(text)
    for genuine in ("Отвечаете: ", NAMES["tags"], NAMES["entities"], NAMES["placeholders"]):
        assert [text for text in texts if genuine in text], genuine
    assert not [call for call in office.emulator.calls() if "can't parse" in call.outcome]


async def named(shop: Shop, hostile: str) -> None:
    """The project gets a hostile name from its owner, the channel one from its messenger."""
    office = shop.office
    await office.say(shop.oleg, "/project")
    await office.press(shop.oleg, "Название")
    await office.say(shop.oleg, f"<i>Мир\u202eт</i>\n{FORGED}")
    rows = await fetch("SELECT id FROM channels")
    await transact(lambda: renamed(rows[0]["id"], hostile))


async def visited(office: Office, member: Person, command: str) -> None:
    """A screen, and every button of it that ends nothing."""
    await office.say(member, command)
    menu = office.last(member)
    for label in menu.labels():
        if not label.startswith(FINAL):
            await pressed(office, member, menu, label)
            if label not in menu.labels():
                await office.say(member, command)
                menu = office.last(member)


async def pressed(office: Office, member: Person, message: Message, label: str) -> None:
    button = next((one for row in message.buttons for one in row if one["text"] == label), {})
    if "callback_data" in button:
        answer = await office.emulator.press(message, label)
        await office.rest()
        honest((answer or {}).get("text") or "")


# What no emulated person can send


def inquiry(name: str) -> InquiryView:
    line = one_line(name) or "…"
    return InquiryView(
        id=1, number=1, state=InquiryState.NEW, contact_name=line[:255], channel=line[:255], platform="VK",
        source=line[:128], opened_at=clock.now(), waiting_since=None, inbound=3, last=Content(text=name),
        assignee=line[:128], assignee_id=7,
    )  # fmt: skip


SEAT = Seat(1, 1, 1, 1, "ru", "Europe/Moscow", project="Кафе")


def told(name: str) -> MessageView:
    """A message whose every word but the text is the stranger's name."""
    media = tuple(Attachment(kind, handle="x", name=name, emoji=name) for kind in AttachmentKind)
    content = Content(
        attachments=media, forwarded_from=name, location=Location(1, 2, name, name), contact=ContactCard(name, name),
        unsupported=name, buttons=((Button(ButtonKind.LINK, name, "https://a.test"), Button(ButtonKind.PRESS, name)),),
    )  # fmt: skip
    return MessageView(
        1, Direction.OUT, Author.OUTSIDE, one_line(name)[:255], content, (FileStatus.MISSING,) * len(media),
        datetime(2026, 11, 28, tzinfo=UTC), quoted=Quoted(text=name),
    )  # fmt: skip


@pytest.mark.parametrize("locale", ["ru", "en"])
@pytest.mark.parametrize("name", NAMES, ids=str)
def test_no_part_of_a_message_forges_a_line(name: str, locale: str) -> None:
    view, message = inquiry(NAMES[name]), told(NAMES[name])
    inbound = replace(message, direction=Direction.IN, author=Author.CUSTOMER, author_name=None)
    with use_locale(locale):
        texts = [
            render.card_within(SEAT, CardView(view, (inbound,)), TEXT_LIMIT),
            render.card_within(SEAT, CardView(view, (inbound,)), 1024),
            render.copy_within(SEAT, CopyView(view, (message, inbound)), TEXT_LIMIT),
            render.header(SEAT, view),
            *(render.unshown(item) for item in message.content.attachments),
        ]
    for text in texts:
        honest(text.text)
        assert text.units <= TEXT_LIMIT
        for entity in text.entities():
            assert 0 <= entity.offset < entity.offset + entity.length <= text.units
    assert len(render.who(view)) <= 200


@pytest.mark.parametrize("what", sorted(notices.WORDING))
def test_no_notice_takes_a_name_for_its_own_words(what: str) -> None:
    for name in NAMES.values():
        line = one_line(name)[:255] or "…"
        values: dict[str, Any] = {
            **dict.fromkeys(("contact", "name", "channel", "project", "platform", "reason", "host"), line),
            "emoji": "👍", "role": "manager", "count": 2,
        }  # fmt: skip
        with use_locale("ru"):
            text, _buttons = notices.worded(SEAT, Notice(what, values))
        honest(text.text)
        assert text.units <= TEXT_LIMIT


def test_only_what_is_as_short_as_a_name_is_remembered() -> None:
    names._remembered.cache_clear()
    assert names.one_line("\u202eАнна") == "Анна"
    assert names.one_line("\u202e" + "я" * 5000) == "я" * 5000
    assert names._remembered.cache_info().currsize == 1
