"""How kinds without a form of their own read: by a name in the reader's language, never by a messenger's code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters import kinds
from adapters.base import Attachment, AttachmentKind, Content, Note, Quoted
from handlers.chat import render
from handlers.chat.notices import worded
from handlers.chat.origin import came_by
from services.ports import FileStatus, MessageView, Notice, Seat
from services.texts import ours, use_locale
from tests.chat.test_desk import message

SEAT = Seat(control_bot_id=1, chat_id=5, member_id=3, person_id=2, language="ru", time_zone="Europe/Moscow")


def body(content: Content, **changes: object) -> str:
    view: MessageView = replace(message(), content=content, files=(FileStatus.READY,) * len(content.attachments))
    with use_locale("ru"):
        return render.message_body(replace(view, **changes)).text


@pytest.mark.parametrize("name", sorted({*kinds.NAMES.values(), kinds.UNKNOWN}))
def test_every_name_of_a_kind_is_in_the_catalogue(name: str) -> None:
    assert ours(name)


def test_several_kinds_are_named_one_by_one() -> None:
    assert body(Content(unsupported="market, poll")) == "Товар, Опрос"
    assert body(Content(unsupported="poll, quiz, poll")) == "Опрос, Викторина"


def test_a_kind_that_nobody_knew_is_told_without_its_code() -> None:
    told = body(Content(unsupported="hologram, call"))
    assert "hologram" not in told
    assert told.endswith("Звонок")


def test_lines_of_ours_are_in_the_readers_language() -> None:
    note = Note("Asks about the product No. {number} of the shop", (("number", "4711"),))
    assert body(Content(text="Есть?", notes=(note,))) == "Спрашивает о товаре № 4711 из магазина\nЕсть?"


@pytest.mark.parametrize(
    ("quoted", "told"),
    [
        (Quoted(text="Прайс.pdf", kind="file"), "Файл: Прайс.pdf"),
        (Quoted(kind="photo"), "Фото"),
        (Quoted(text="Кружка белая", kind="market"), "Товар: Кружка белая"),
        (Quoted(text="Завтра"), "Завтра"),
    ],
)
def test_what_is_answered_to_is_told_by_its_words_or_its_kind(quoted: Quoted, told: str) -> None:
    assert body(Content(text="Да"), quoted=quoted) == f"{told}\nДа"


def test_why_a_medium_is_missing_is_told_with_its_values() -> None:
    why = {"unavailable": "The file is over {limit} MB.", "unavailable_values": (("limit", "20"),)}
    item = Attachment(AttachmentKind.FILE, name="a.zip", **why)
    assert "20 МБ" in body(Content(attachments=(item,)), files=(FileStatus.MISSING,))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ad_604", "Источник: реклама № 604"), ("product_4711", "Источник: товар № 4711"),
        ("ad_spring", "Источник: ad_spring"), ("promo", "Источник: promo"),
    ],
)  # fmt: skip
def test_where_a_customer_came_from_is_no_code_of_a_messenger(code: str, told: str) -> None:
    with use_locale("ru"):
        assert came_by(code) == told


def test_a_reaction_that_has_no_emoji_here_is_told_in_words() -> None:
    with use_locale("ru"):
        told, _ = worded(SEAT, Notice("reaction", {"name": "Анна", "emoji": "a reaction of VK"}))
    assert "of VK" not in told.text
