"""Edits, deletions, copies, pins, reactions and presses in the emulated Telegram."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.telegram.emulator import BotAccount, NotPossible, TelegramEmulator

BUTTON = {"inline_keyboard": [[{"text": "Take", "callback_data": "take:1"}, {"text": "Site", "url": "https://a.test"}]]}
OTHER = {"inline_keyboard": [[{"text": "Done", "callback_data": "done:1"}]]}


@pytest.fixture
async def sent(call: Any, chat: int) -> int:
    return int((await call.ok("sendMessage", chat_id=chat, text="first", reply_markup=BUTTON))["message_id"])


async def test_an_edit_replaces_text_and_keyboard(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int, sent: int
) -> None:
    edited = await call.ok("editMessageText", chat_id=chat, message_id=sent, text="second", reply_markup=OTHER)
    assert edited["edit_date"]
    message = emulator.chat(shop, chat).messages[sent]
    assert (message.text, message.labels()) == ("second", ["Done"])
    await call.ok("editMessageText", chat_id=chat, message_id=sent, text="third")
    assert message.labels() == []


async def test_an_edit_that_changes_nothing_is_refused(call: Any, chat: int, sent: int) -> None:
    params = {"chat_id": chat, "message_id": sent, "reply_markup": BUTTON}
    assert "message is not modified" in await call.refused("editMessageText", **params, text="first")
    assert "message is not modified" in await call.refused("editMessageReplyMarkup", **params)
    await call.ok("editMessageReplyMarkup", chat_id=chat, message_id=sent)
    assert "message is not modified" in await call.refused("editMessageReplyMarkup", chat_id=chat, message_id=sent)


async def test_edits_of_what_cannot_be_edited_are_refused(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int, sent: int
) -> None:
    theirs = emulator.say(shop, chat, "mine")
    edit = {"chat_id": chat, "text": "x"}
    assert "message to edit not found" in await call.refused("editMessageText", **edit, message_id=999)
    assert "message can't be edited" in await call.refused("editMessageText", **edit, message_id=theirs.id)
    assert "identifier is not specified" in await call.refused("editMessageText", **edit)
    assert "no caption" in await call.refused("editMessageCaption", chat_id=chat, message_id=sent, caption="x")
    video = emulator.send_media(shop, chat, "video", b"x").wire["video"]["file_id"]
    film = (await call.ok("sendVideo", chat_id=chat, video=video, caption="a"))["message_id"]
    assert "no text in the message" in await call.refused("editMessageText", **edit, message_id=film)
    edited = await call.ok("editMessageCaption", chat_id=chat, message_id=film, caption="b")
    assert edited["caption"] == "b"


async def test_media_can_be_exchanged(emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int) -> None:
    one, two = (emulator.send_media(shop, chat, "document", b"x").wire["document"]["file_id"] for _ in "ab")
    sent = await call.ok("sendDocument", chat_id=chat, document=one, caption="old")
    media = {"type": "document", "media": two}
    edited = await call.ok("editMessageMedia", chat_id=chat, message_id=sent["message_id"], media=media)
    assert edited["document"]["file_id"] == two
    assert "caption" not in edited
    assert "media not found" in await call.refused("editMessageMedia", chat_id=chat, message_id=sent["message_id"])


async def test_messages_are_deleted_within_48_hours(
    emulator: TelegramEmulator, call: Any, clock: Any, shop: BotAccount, chat: int, sent: int
) -> None:
    theirs = emulator.say(shop, chat, "mine")
    await call.ok("deleteMessage", chat_id=chat, message_id=theirs.id)
    assert "message to delete not found" in await call.refused("deleteMessage", chat_id=chat, message_id=theirs.id)
    clock.move(48 * 3600 + 1)
    refusal = await call.refused("deleteMessage", chat_id=chat, message_id=sent)
    assert refusal == "Bad Request: message can't be deleted for everyone"
    assert sent in emulator.chat(shop, chat).messages


async def test_many_are_deleted_and_missing_ones_passed_over(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int, sent: int
) -> None:
    await call.ok("deleteMessages", chat_id=chat, message_ids=[sent, 999])
    assert sent not in emulator.chat(shop, chat).messages
    assert "not specified" in await call.refused("deleteMessages", chat_id=chat, message_ids=[])
    assert "too many" in await call.refused("deleteMessages", chat_id=chat, message_ids=list(range(1, 102)))


async def test_a_message_is_copied_with_its_content_and_without_its_author(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    film = emulator.send_media(shop, chat, "video", b"x", caption="theirs")
    copy = await call.ok("copyMessage", chat_id=chat, from_chat_id=chat, message_id=film.id)
    assert set(copy) == {"message_id"}
    shown = emulator.chat(shop, chat).messages[copy["message_id"]]
    assert (shown.text, "video" in shown.wire, shown.forwarded_from) == ("theirs", True, None)
    other = await call.ok("copyMessage", chat_id=chat, from_chat_id=chat, message_id=film.id, caption="ours")
    assert emulator.chat(shop, chat).messages[other["message_id"]].text == "ours"
    assert "message to copy not found" in await call.refused(
        "copyMessage", chat_id=chat, from_chat_id=chat, message_id=999
    )


async def test_a_forward_names_its_author(emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int) -> None:
    theirs = emulator.say(shop, chat, "words")
    sent = await call.ok("forwardMessage", chat_id=chat, from_chat_id=chat, message_id=theirs.id)
    assert sent["forward_origin"]["sender_user"]["id"] == chat
    assert emulator.chat(shop, chat).last().forwarded_from == "Анна"


async def test_protected_and_service_messages_stay_where_they_are(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int, sent: int
) -> None:
    secret = (await call.ok("sendMessage", chat_id=chat, text="s", protect_content=True))["message_id"]
    await call.ok("pinChatMessage", chat_id=chat, message_id=sent)
    service = emulator.chat(shop, chat).last()
    assert service.service is not None
    for number in (secret, service.id):
        params = {"chat_id": chat, "from_chat_id": chat, "message_id": number}
        assert "can't be copied" in await call.refused("copyMessage", **params)
        assert "can't be forwarded" in await call.refused("forwardMessage", **params)


async def test_copies_of_many_keep_albums_together_and_skip_the_rest(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    first, second = emulator.send_album(shop, chat, [("photo", b"1"), ("photo", b"2")], caption="c")
    params = {"chat_id": chat, "from_chat_id": chat}
    copies = await call.ok("copyMessages", **params, message_ids=[first.id, second.id, 999], remove_caption=True)
    groups = {emulator.chat(shop, chat).messages[copy["message_id"]].group for copy in copies}
    assert len(copies) == 2
    assert len(groups) == 1
    assert groups != {first.group}
    assert emulator.chat(shop, chat).messages[copies[0]["message_id"]].text == ""
    wrong = await call.refused("copyMessages", **params, message_ids=[second.id, first.id])
    assert "strictly increasing" in wrong
    assert "no messages to copy" in await call.refused("copyMessages", **params, message_ids=[998, 999])
    assert len(await call.ok("forwardMessages", **params, message_ids=[first.id, second.id])) == 2


async def test_pins_are_shown_and_the_bot_is_told_of_its_own(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int, sent: int
) -> None:
    await call.ok("pinChatMessage", chat_id=chat, message_id=sent)
    assert emulator.chat(shop, chat).pinned == [sent]
    (update,) = await call.ok("getUpdates")
    assert update["message"]["pinned_message"]["message_id"] == sent
    assert update["message"]["from"]["id"] == shop.id
    assert (await call.ok("getChat", chat_id=chat))["pinned_message"]["message_id"] == sent
    await call.ok("unpinChatMessage", chat_id=chat, message_id=sent)
    assert "message to unpin not found" in await call.refused("unpinChatMessage", chat_id=chat, message_id=sent)
    assert "message to pin not found" in await call.refused("pinChatMessage", chat_id=chat, message_id=999)
    await call.ok("unpinAllChatMessages", chat_id=chat)


async def test_a_bot_has_one_reaction_of_the_fixed_list(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    message = emulator.say(shop, chat, "thanks")

    def reaction(*emoji: str) -> dict[str, Any]:
        return {
            "chat_id": chat,
            "message_id": message.id,
            "reaction": [{"type": "emoji", "emoji": sign} for sign in emoji],
        }

    await call.ok("setMessageReaction", **reaction("👌"))
    await call.ok("setMessageReaction", **reaction("❤"))
    assert message.reactions == {"bot": "❤"}
    assert await call.refused("setMessageReaction", **reaction("✅")) == "Bad Request: REACTION_INVALID"
    assert await call.refused("setMessageReaction", **reaction("❤️")) == "Bad Request: REACTION_INVALID"
    assert await call.refused("setMessageReaction", **reaction("👌", "❤")) == "Bad Request: REACTIONS_TOO_MANY"
    await call.ok("setMessageReaction", **reaction())
    assert message.reactions == {}
    assert "message to react not found" in await call.refused(
        "setMessageReaction", chat_id=chat, message_id=999, reaction=[]
    )


async def test_a_press_waits_for_the_answer(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int, sent: int
) -> None:
    message = emulator.chat(shop, chat).messages[sent]
    pressing = asyncio.create_task(emulator.press(message, "Take"))
    (update,) = await call.ok("getUpdates", timeout=5)
    query = update["callback_query"]
    assert (query["data"], query["message"]["message_id"], query["from"]["id"]) == ("take:1", sent, chat)
    await call.ok("answerCallbackQuery", callback_query_id=query["id"], text="Yours", show_alert=True)
    assert await pressing == {"text": "Yours", "alert": True, "url": None}
    assert "query is too old" in await call.refused("answerCallbackQuery", callback_query_id=query["id"])


async def test_an_unanswered_press_leaves_the_spinner_and_a_late_answer_is_refused(
    emulator: TelegramEmulator, call: Any, clock: Any, shop: BotAccount, chat: int, sent: int
) -> None:
    message = emulator.chat(shop, chat).messages[sent]
    assert await emulator.press(message, (0, 0), timeout=0.01) is None
    (update,) = await call.ok("getUpdates")
    clock.move(31)
    refusal = await call.refused("answerCallbackQuery", callback_query_id=update["callback_query"]["id"])
    assert refusal.endswith("query is too old and response timeout expired or query ID is invalid")
    assert "query ID is invalid" in await call.refused("answerCallbackQuery", callback_query_id="5")


async def test_only_buttons_that_are_there_can_be_pressed(
    emulator: TelegramEmulator, shop: BotAccount, chat: int, sent: int
) -> None:
    message = emulator.chat(shop, chat).messages[sent]
    for button in ("Nothing", "Site", (3, 0)):
        with pytest.raises(NotPossible):
            await emulator.press(message, button)


async def test_inline_results_are_offered_and_chosen(emulator: TelegramEmulator, call: Any, chat: int) -> None:
    desk = emulator.create_bot("Desk", "desk_bot", control=True)
    asking = asyncio.create_task(emulator.ask_inline(desk, chat, "pri"))
    await emulator.wait_for(lambda: desk.pending)
    status, body = await call("getUpdates", token=desk.token)
    query = body["result"][0]["inline_query"]
    assert (status, query["query"]) == (200, "pri")
    result = {"type": "article", "id": "1", "title": "Price", "input_message_content": {"message_text": "It is 5"}}
    answer = {"inline_query_id": query["id"], "token": desk.token}
    assert (
        "RESULT_ID_DUPLICATE" in (await call("answerInlineQuery", **answer, results=[result, result]))[1]["description"]
    )
    assert (await call("answerInlineQuery", **answer, results=[result]))[0] == 200
    (offered,) = await asking
    message = emulator.choose_inline(desk, chat, offered)
    assert (message.text, message.wire["via_bot"]["id"]) == ("It is 5", desk.id)
