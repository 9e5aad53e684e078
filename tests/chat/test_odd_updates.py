"""What aiogram refuses of an update or an answer: the rest is carried out, or the member is told that it was not."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from aiogram.methods import EditMessageText, SendMessage, SendPhoto
from structlog.testing import capture_logs

from adapters.telegram.emulator import Message, people
from handlers.chat import odd
from handlers.chat.odd import read
from services.sql import fetch
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop

NEW = {"type": "brand_new", "date": 1}
UNREAD = "не удалось прочитать целиком"


@pytest.fixture
async def shop(office: Office) -> Shop:
    """Мария is in a dialog with Анна."""
    shop = await opened_shop(office, "Мария")
    await shop.write(shop.anna, "Есть пионы?")
    await office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.settle()
    return shop


def card(shop: Shop) -> Message:
    return shop.with_text(shop.maria, "Есть пионы?")


async def says(shop: Shop, **content: Any) -> None:
    """Мария sends this, as a reply to the card, exactly as it stands here."""
    replied = {"reply_to_message": people.without_reply(card(shop))}
    shop.office.emulator.send_content(shop.office.account, shop.maria, {"text": "Да, есть"} | replied | content)
    await shop.settle()


ASIDE: dict[str, Any] = {
    "forward_origin": {"type": "hidden_user", "date": 1},
    "an origin of a new type": {"forward_origin": NEW},
    "external_reply": {"origin": NEW},
    "quote": {"text": 7},
    "entities": [{"type": "bold", "offset": "x", "length": 1}, {"type": "italic", "offset": 0, "length": 2}],
    "link_preview_options": "no",
    "reply_markup": {"inline_keyboard": [[{"text": 7}]]},
    "via_bot": {"id": 7},
    "sender_chat": 5,
}


@pytest.mark.parametrize("name", ASIDE)
async def test_what_stands_aside_of_the_words_keeps_no_answer_back(shop: Shop, name: str) -> None:
    part = ASIDE[name]
    await says(shop, **(part if name not in ("forward_origin", "external_reply") and " " in name else {name: part}))
    assert shop.heard(shop.anna) == ["Да, есть"]
    assert not any(UNREAD in text for text in shop.office.texts(shop.maria))


async def test_a_sender_or_a_time_that_was_left_out_keeps_no_answer_back(shop: Shop) -> None:
    await says(shop, **{"date": "yesterday", "from": {"id": shop.maria.id}})
    assert shop.heard(shop.anna) == ["Да, есть"]


async def test_an_odd_part_of_the_message_that_is_answered_leads_to_its_customer_all_the_same(shop: Shop) -> None:
    replied = copy.deepcopy(people.without_reply(card(shop)))
    await says(shop, reply_to_message=replied | {"forward_origin": NEW, "reply_markup": {"inline_keyboard": [[NEW]]}})
    assert shop.heard(shop.anna) == ["Да, есть"]


LOST: dict[str, dict[str, Any]] = {
    "a photo without sizes": {"text": None, "photo": [{"file_id": "A"}], "caption": "Вот"},
    "a video of no length": {"text": None, "video": {"file_id": "A"}, "caption": "Вот"},
    "a place without a point": {"text": None, "venue": {"title": "Склад"}},
    "a text that is none": {"text": {"a": 1}},
    "an answer to nobody knows what": {"reply_to_message": {"text": "Есть пионы?"}},
}


@pytest.mark.parametrize("name", LOST)
async def test_what_would_say_something_else_without_its_odd_part_goes_to_nobody_and_is_told(
    shop: Shop, name: str
) -> None:
    content = LOST[name]
    await says(shop, **content)
    assert shop.heard(shop.anna) == []
    told = shop.office.last(shop.maria)
    assert UNREAD in told.text
    assert told.wire["reply_to_message"]["message_id"] == told.id - 1
    rows = await fetch("SELECT state, error FROM control_updates WHERE state = 'skipped'")
    assert [row["state"] for row in rows] == ["skipped"]
    assert rows[0]["error"]


async def test_an_edit_that_cannot_be_read_is_told(shop: Shop) -> None:
    await says(shop)
    message = shop.office.chat(shop.maria).messages[max(shop.office.chat(shop.maria).messages)]
    wire = {**message.wire, "text": {"a": 1}, "edit_date": 5}
    shop.office.emulator.world.queue(shop.office.account, "edited_message", wire, shop.maria.id)
    await shop.settle()
    assert "правку не удалось прочитать" in shop.office.last(shop.maria).text
    assert shop.heard(shop.anna) == ["Да, есть"]


async def test_a_press_on_a_message_with_an_odd_part_acts(shop: Shop) -> None:
    message = card(shop)
    message.wire["external_reply"] = {"origin": NEW}
    message.wire["reply_markup"]["inline_keyboard"][0][0]["style"] = 7
    await shop.office.press(shop.maria, "Готово", message)
    await shop.settle()
    assert (await fetch("SELECT state FROM inquiries"))[0]["state"] == "done"


@pytest.mark.parametrize("spoilt", [{"data": 7}, {"message": "gone"}, {"from": None}, {"from": {"id": "x"}}])
async def test_no_press_spins_however_little_of_it_can_be_read(shop: Shop, spoilt: dict[str, Any]) -> None:
    chat = shop.office.chat(shop.maria)
    raw = {"id": "99", "from": shop.maria.user(), "chat_instance": "1", "data": "x", "message": card(shop).wire}
    shop.office.emulator.world.queue(shop.office.account, "callback_query", raw | spoilt, chat.id)
    await shop.settle()
    answered = [one for one in shop.office.emulator.calls("answerCallbackQuery") if "99" in str(one.params)]
    assert len(answered) == 1


async def test_a_reaction_of_a_new_kind_means_that_it_was_read(shop: Shop) -> None:
    await shop.write(shop.anna, "Вы тут?")
    waiting = "SELECT id FROM jobs WHERE cancel_key LIKE 'unread:%'"
    assert await fetch(waiting)
    queue = shop.office.emulator.world.queue
    body = {"chat": shop.office.chat(shop.maria).wire, "message_id": card(shop).id, "user": shop.maria.user()}
    reactions = {"date": 1, "old_reaction": [NEW], "new_reaction": [NEW, {"type": "emoji", "emoji": "👍"}]}
    queue(shop.office.account, "message_reaction", body | reactions, shop.maria.id)
    await shop.settle()
    rows = await fetch("SELECT state FROM control_updates ORDER BY id DESC LIMIT 1")
    assert rows[0]["state"] == "done"
    assert not await fetch(waiting)


async def test_a_block_without_its_details_counts(shop: Shop) -> None:
    queue = shop.office.emulator.world.queue
    change = {"old_chat_member": NEW, "new_chat_member": {"status": "kicked", "user": shop.office.account.user()}}
    body = {"chat": shop.office.chat(shop.maria).wire, "from": shop.maria.user(), "date": 1} | change
    queue(shop.office.account, "my_chat_member", body, shop.maria.id)
    await shop.settle()
    rows = await fetch("SELECT reachable FROM people WHERE telegram_id = ?", shop.maria.id)
    assert not rows[0]["reachable"]


async def test_the_log_names_places_and_no_words(shop: Shop) -> None:
    with capture_logs() as logs:
        await says(shop, text="секрет", forward_origin=NEW)
    odd_ones = [line for line in logs if line["event"] == "an update is odd"]
    assert len(odd_ones) == 1
    assert "секрет" not in str(odd_ones)


ANSWERS = {
    "a message": (SendMessage(chat_id=1, text="x"), {"message_id": 5, "date": 1, "chat": {"id": 1, "type": "private"}}),
    "a photo": (SendPhoto(chat_id=1, photo="x"), {"message_id": 5, "chat": {"id": 1, "type": "private"}}),
    "an edit": (EditMessageText(text="x"), {"message_id": 5, "date": "x", "chat": {"id": 1, "type": "private"}}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_with_an_odd_part_still_says_that_it_was_done(office: Office, name: str) -> None:
    method, result = ANSWERS[name]
    body = {"ok": True, "result": result | {"external_reply": {"origin": NEW}, "photo": [{"file_id": "A"}]}}
    answer = office.bots.session.check_response(office.bot, method, 200, orjson.dumps(body).decode())
    assert answer.result.message_id == 5


def test_reading_never_raises() -> None:
    """Whatever place of an update says something else."""
    message = {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "x"}
    message |= {"from": {"id": 5, "is_bot": False, "first_name": "A"}, "forward_origin": NEW}
    query = {"id": "1", "from": message["from"], "chat_instance": "1", "data": "x", "message": message}
    for update in ({"message": message}, {"callback_query": query}, {"edited_message": message}, {"message": {}}):
        for place in places(update):
            for value in (None, 7, "x", [], {}, [{}], {"type": "new"}):
                reading = read({"update_id": 1, **replaced(update, place, value)}, None)
                assert reading.update is not None or reading.reason


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else []
    return [place for name, child in children for place in [(*here, name), *places(child, (*here, name))]]


def replaced(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    return payload | {path[0]: value if len(path) == 1 else replaced(payload[path[0]], path[1:], value)}


def test_what_is_left_out_is_a_field_of_a_message() -> None:
    from aiogram.types import Message as Model

    assert {field.alias or name for name, field in Model.model_fields.items()} >= odd._ASIDE
