"""Customers who read the same are told apart wherever somebody chooses between them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.chat.buttons import LABEL_LIMIT, PLACEHOLDER_LIMIT, dialog_keyboard, told_apart
from services.texts import use_locale
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop
from tests.chat.test_desk import inquiry


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария")


async def test_two_of_one_name_are_told_apart_in_cards_copies_header_and_question(shop: Shop) -> None:
    emulator = shop.office.emulator
    other = emulator.person("Анна")
    emulator.start(shop.bot, other)
    await shop.write(shop.anna, "Есть пионы?")
    await shop.write(other, "А тюльпаны?")
    for words in ("пионы", "тюльпаны"):
        await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, words))
    await shop.settle()
    assert shop.with_text(shop.maria, "Отвечаете").text == "Отвечаете: Анна · Telegram · №2"
    await shop.write(other, "Красные")
    assert shop.with_text(shop.maria, "Красные").text == "Анна · Telegram · №2\nКрасные"
    await shop.office.say(shop.maria, "/exit")
    await shop.office.say(shop.maria, "Есть")
    question = shop.with_text(shop.maria, "Кому это?")
    assert question.labels() == ["Анна · Telegram · №2", "Анна · Telegram · №1", "Никому"]
    assert "№1: Есть пионы?" in question.text
    assert "№2: Красные" in question.text


def test_no_two_labels_are_equal_whatever_the_names() -> None:
    long = "Анна-Мария фон Гогенцоллерн-Зигмаринген"
    options = [
        replace(inquiry(), id=number, number=number % 3, contact_name=name, customer=number, channel=f"{number} канал")
        for number, name in enumerate(("Анна", "Анна", "Анна", "Анна", long, long + " II", None, None))
    ]
    with use_locale("ru"):
        labels = [label for _, label in told_apart(options)]
    assert len(set(labels)) == len(labels)
    assert all(len(label) <= LABEL_LIMIT for label in labels)
    assert "Клиент №6 · VK" in labels


def test_the_number_survives_in_the_fields_hint_of_a_long_name() -> None:
    with use_locale("ru"):
        hint = dialog_keyboard(replace(inquiry(), contact_name="Я" * 200, alike=True)).input_field_placeholder
    assert hint is not None
    assert len(hint) <= PLACEHOLDER_LIMIT
    assert hint.endswith("№12")
