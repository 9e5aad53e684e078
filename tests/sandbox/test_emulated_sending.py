"""What the emulated Telegram accepts from bots, and how it refuses."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from adapters.telegram.emulator import BotAccount, Person, TelegramEmulator, picture


def keyboard(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


async def test_a_text_appears_on_the_phone(emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int) -> None:
    sent = await call.ok("sendMessage", chat_id=chat, text="hello", disable_notification=True, protect_content=True)
    message = emulator.chat(shop, chat).last()
    assert (message.id, message.text, message.silent) == (sent["message_id"], "hello", True)
    assert sent["has_protected_content"] is True


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": "   \n "}, "message text is empty"),
        ({"text": "<b> </b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "x", "parse_mode": "XML"}, "unsupported parse_mode"),
        ({"text": "x", "chat_id": 999}, "chat not found"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "chat_id": "@somebody"}, "chat not found"),
        ({"text": "x", "message_thread_id": 5}, "message thread not found"),
        ({"text": "x", "reply_parameters": {"message_id": 777}}, "message to be replied not found"),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "x", "reply_markup": "[]"}, "object expected as reply markup"),
        ({"text": "x", "reply_markup": keyboard({"text": "a"})}, "Text buttons are unallowed"),
        ({"text": "x", "reply_markup": keyboard({"text": "a", "callback_data": "y" * 65})}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": keyboard({"text": "a", "callback_data": "й" * 33})}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": keyboard({"text": "", "callback_data": "y"})}, "must be non-empty"),
        ({"text": "x", "reply_markup": keyboard({"text": "a", "url": "nowhere"})}, "Wrong HTTP URL"),
        ({"text": "x", "reply_markup": keyboard({"text": "a", "url": "http://localhost:8080/x"})}, "Wrong HTTP URL"),
        ({"text": "x", "reply_markup": keyboard({"text": "a", "callback_data": "y", "style": "pink"})}, "style"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "y"}]] * 101}},
            "reply markup is too long",
        ),
    ],
)
async def test_a_wrong_text_is_refused(call: Any, chat: int, params: dict[str, Any], words: str) -> None:
    assert words in await call.refused("sendMessage", **({"chat_id": chat} | params))


async def test_a_text_of_the_full_length_goes(call: Any, chat: int) -> None:
    assert len((await call.ok("sendMessage", chat_id=chat, text="x" * 4096))["text"]) == 4096
    assert (
        len((await call.ok("sendMessage", chat_id=chat, text=f"<b>{'x' * 4096}</b>", parse_mode="HTML"))["text"])
        == 4096
    )


async def test_a_bot_cannot_write_first(emulator: TelegramEmulator, call: Any) -> None:
    boris = emulator.person("Борис")
    status, body = await call("sendMessage", chat_id=boris.id, text="hi")
    assert status == 403
    assert body["description"] == "Forbidden: bot can't initiate conversation with a user"


async def test_a_blocked_bot_is_told_so_everywhere(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    sent = await call.ok("sendMessage", chat_id=chat, text="hi")
    emulator.block(shop, chat)
    for method, params in (
        ("sendMessage", {"text": "x"}),
        ("sendChatAction", {"action": "typing"}),
        ("editMessageText", {"message_id": sent["message_id"], "text": "y"}),
        ("copyMessage", {"from_chat_id": chat, "message_id": sent["message_id"]}),
    ):
        assert await call.refused(method, chat_id=chat, **params) == "Forbidden: bot was blocked by the user"


async def test_bots_do_not_write_to_bots(emulator: TelegramEmulator, call: Any) -> None:
    other = emulator.create_bot("Other", "other_bot")
    assert await call.refused("sendMessage", chat_id=other.id, text="x") == "Forbidden: bot can't send messages to bots"


async def test_unknown_methods_are_not_found_and_case_does_not_matter(call: Any, chat: int) -> None:
    assert (await call("sendTelepathy"))[0] == 404
    assert (await call("SENDMESSAGE", chat_id=chat, text="x"))[0] == 200


async def test_all_encodings_of_parameters_are_read(
    call: Any, http: aiohttp.ClientSession, base: str, shop: BotAccount, chat: int
) -> None:
    url = f"{base}/bot{shop.token}/sendMessage"
    form = {"chat_id": str(chat), "text": "привет & <ок>"}
    multipart = aiohttp.FormData(default_to_multipart=True)
    for name, value in form.items():
        multipart.add_field(name, value)
    for sending in ({"params": form}, {"data": form}, {"json": form}, {"data": multipart}):
        async with http.post(url, **sending) as response:  # type: ignore[arg-type]
            assert (await response.json())["result"]["text"] == "привет & <ок>"
    async with http.get(url, params=form) as response:
        assert response.status == 200
    async with http.post(url, data=b"{", headers={"Content-Type": "application/json"}) as response:
        assert (await response.json())["description"] == "Bad Request: can't parse JSON object"
    async with http.post(
        url, data=b"text=%FF", headers={"Content-Type": "application/x-www-form-urlencoded"}
    ) as response:
        assert response.status == 400


async def test_a_reply_shows_what_it_answers(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    asked = emulator.say(shop, chat, "how much is the red one?")
    sent = await call.ok(
        "sendMessage", chat_id=chat, text="5", reply_parameters={"message_id": asked.id, "quote": "the red one"}
    )
    assert sent["reply_to_message"]["message_id"] == asked.id
    assert sent["quote"]["position"] == 12
    wrong = {"message_id": asked.id, "quote": "the green one"}
    assert "QUOTE_TEXT_INVALID" in await call.refused("sendMessage", chat_id=chat, text="5", reply_parameters=wrong)
    gone = {"message_id": 999, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await call.ok("sendMessage", chat_id=chat, text="5", reply_parameters=gone)


async def test_a_reply_keyboard_is_shown_and_removed(
    emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int
) -> None:
    markup = {"keyboard": [["Exit", {"text": "Phone", "request_contact": True}]], "input_field_placeholder": "Answer"}
    sent = await call.ok("sendMessage", chat_id=chat, text="x", reply_markup=markup)
    phone = emulator.chat(shop, chat)
    assert "reply_markup" not in sent
    assert phone.reply_keyboard is not None
    assert phone.input_placeholder == "Answer"
    assert "message can't be edited" in await call.refused(
        "editMessageText", chat_id=chat, message_id=sent["message_id"], text="y"
    )
    await call.ok("sendMessage", chat_id=chat, text="x", reply_markup={"remove_keyboard": True})
    assert phone.reply_keyboard is None


async def test_places_and_contacts(emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int) -> None:
    await call.ok("sendLocation", chat_id=chat, latitude=55.7, longitude=37.6)
    await call.ok("sendVenue", chat_id=chat, latitude=55.7, longitude=37.6, title="Shop", address="Arbat 1")
    await call.ok("sendContact", chat_id=chat, phone_number="+79001112233", first_name="Oleg")
    assert "invalid location" in await call.refused("sendLocation", chat_id=chat, latitude=100, longitude=0)
    assert "longitude is empty" in await call.refused("sendLocation", chat_id=chat, latitude=1)
    assert "title is empty" in await call.refused("sendVenue", chat_id=chat, latitude=1, longitude=1, address="x")
    assert "first name is empty" in await call.refused("sendContact", chat_id=chat, phone_number="1")
    assert len(emulator.chat(shop, chat).sent()) == 3


async def test_typing_ends_with_the_message_or_with_time(
    emulator: TelegramEmulator, call: Any, clock: Any, shop: BotAccount, chat: int
) -> None:
    phone = emulator.chat(shop, chat)
    await call.ok("sendChatAction", chat_id=chat, action="typing")
    assert phone.typing_until > clock()
    await call.ok("sendMessage", chat_id=chat, text="x")
    assert phone.typing_until <= clock()
    assert "wrong parameter action" in await call.refused("sendChatAction", chat_id=chat, action="dancing")


async def test_the_bot_presents_itself(emulator: TelegramEmulator, call: Any, shop: BotAccount, chat: int) -> None:
    me = await call.ok("getMe")
    assert (me["is_bot"], me["has_topics_enabled"], me["can_manage_bots"]) == (True, False, False)
    await call.ok("setMyName", name="Новая лавка")
    assert (await call.ok("getMyName"))["name"] == "Новая лавка"
    await call.ok("setMyDescription", description="d", language_code="ru")
    assert (await call.ok("getMyDescription", language_code="ru"))["description"] == "d"
    assert (await call.ok("getMyDescription"))["description"] == ""
    await call.ok("setMyShortDescription", short_description="s")
    assert (await call.ok("getMyShortDescription", language_code="de"))["short_description"] == "s"
    assert "too long" in await call.refused("setMyShortDescription", short_description="s" * 121)
    await call.ok("setChatMenuButton", menu_button={"type": "commands"})
    assert "HTTPS" in await call.refused(
        "setChatMenuButton", menu_button={"type": "web_app", "text": "x", "web_app": {"url": "http://x.test"}}
    )


async def test_commands_have_scopes_and_languages(call: Any, chat: int) -> None:
    russian = [{"command": "menu", "description": "Меню"}]
    narrow = [{"command": "staff", "description": "Staff"}]
    await call.ok("setMyCommands", commands=russian, language_code="ru")
    await call.ok("setMyCommands", commands=narrow, scope={"type": "chat", "chat_id": chat})
    assert await call.ok("getMyCommands", language_code="ru") == russian
    assert await call.ok("getMyCommands") == []
    assert await call.ok("getMyCommands", scope={"type": "chat", "chat_id": chat}) == narrow
    await call.ok("deleteMyCommands", scope={"type": "chat", "chat_id": chat})
    assert await call.ok("getMyCommands", scope={"type": "chat", "chat_id": chat}) == []
    wrong = [{"command": "Мeню", "description": "x"}]
    assert "BOT_COMMAND_INVALID" in await call.refused("setMyCommands", commands=wrong)


async def test_topics_are_off(call: Any, chat: int) -> None:
    assert "not a forum" in await call.refused("createForumTopic", chat_id=chat, name="Анна")


async def test_a_chat_can_be_looked_at(emulator: TelegramEmulator, call: Any, anna: Person, chat: int) -> None:
    info = await call.ok("getChat", chat_id=chat)
    assert (info["first_name"], info["username"], info["type"]) == ("Анна", "anna", "private")
    assert (await call.ok("getUserProfilePhotos", user_id=chat))["photos"] == []
    emulator.set_photo(anna, picture())
    assert (await call.ok("getUserProfilePhotos", user_id=chat))["total_count"] == 1
    assert "user not found" in await call.refused("getUserProfilePhotos", user_id=5)


async def test_calls_are_logged_with_their_outcome(emulator: TelegramEmulator, call: Any, chat: int) -> None:
    await call("sendMessage", chat_id=chat, text="x")
    await call("sendMessage", chat_id=chat, text="")
    good, wrong = emulator.calls("sendMessage")
    assert (good.params["text"], good.outcome) == ("x", "ok")
    assert wrong.outcome == "400 Bad Request: message text is empty"


async def test_link_previews_are_kept(call: Any, chat: int) -> None:
    sent = await call.ok("sendMessage", chat_id=chat, text="x", link_preview_options=json.dumps({"is_disabled": True}))
    assert sent["link_preview_options"] == {"is_disabled": True}
    assert "object expected" in await call.refused("sendMessage", chat_id=chat, text="x", link_preview_options="[1]")
