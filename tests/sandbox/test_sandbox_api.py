"""The sandbox's API as the page of phones uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from adapters.telegram.emulator import TelegramEmulator, TelegramStage, picture
from sandbox.server import create_app
from sandbox.stage import find_stages


@pytest.fixture
def stage(emulator: TelegramEmulator) -> TelegramStage:
    return TelegramStage(emulator)


@pytest.fixture
async def client(stage: TelegramStage) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(create_app([stage]))) as client:
        yield client


class Phone:
    """One person's chat with one bot, over the API."""

    def __init__(self, client: TestClient[Any, Any], bot: dict[str, Any], person: dict[str, Any]) -> None:
        self.client, self.bot, self.person = client, bot, person

    async def do(self, action: str, data: Any = None, **fields: Any) -> dict[str, Any]:
        url = f"/api/chats/{self.bot['id']}/{self.person['id']}/{action}"
        async with self.client.post(url, **({"data": data} if data else {"json": fields})) as response:
            return dict(await response.json())

    async def chat(self) -> dict[str, Any]:
        state = await (await self.client.get("/api/state")).json()
        (chat,) = state["chats"]
        return dict(chat)

    async def bot_does(self, method: str, **params: Any) -> Any:
        url = f"/telegram/bot{self.bot['token']}/{method}"
        async with self.client.post(url, json=params) as response:
            return (await response.json())["result"]


@pytest.fixture
async def phone(client: TestClient[Any, Any]) -> Phone:
    bot = await (await client.post("/api/bots", json={"name": "Лавка", "username": "lavka_bot"})).json()
    person = await (await client.post("/api/people", json={"name": "Анна", "username": "anna"})).json()
    return Phone(client, bot, person)


def form(*files: tuple[str, str, bytes], **fields: str) -> aiohttp.FormData:
    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        data.add_field(name, value)
    for name, mime, content in files:
        data.add_field("file", content, filename=name, content_type=mime)
    return data


def test_every_platform_folder_with_an_emulator_is_found() -> None:
    assert "telegram" in [stage.id for stage in find_stages()]


async def test_bots_and_people_are_made(client: TestClient[Any, Any], phone: Phone) -> None:
    assert phone.bot["link"] == "https://t.me/lavka_bot"
    assert phone.bot["receiving"] == "nothing"
    assert phone.person == {"id": "101", "name": "Анна", "username": "anna", "language": "ru", "staff": False}
    state = await (await client.get("/api/state")).json()
    assert state["platforms"] == [{"id": "telegram", "title": "Telegram"}]
    assert (state["bots"], state["people"], state["faults"]) == ([phone.bot], [phone.person], [])
    for wrong in ({"name": "x", "username": "lavka_bot"}, {"name": "x", "username": "lavka"}, {"username": "a_bot"}):
        async with client.post("/api/bots", json=wrong) as response:
            assert response.status == 400
            assert (await response.json())["error"]


async def test_a_start_and_a_talk_are_seen(phone: Phone) -> None:
    started = await phone.do("start", payload="inv_x")
    assert started["message"]["text"] == "/start inv_x"
    sent = (await phone.do("send", text="hello", reply_to=started["message"]["id"]))["message"]
    assert (sent["from"], sent["reply_to"], sent["edited"]) == ("person", started["message"]["id"], False)
    await phone.bot_does("sendMessage", chat_id=101, text="<b>hi</b>", parse_mode="HTML", disable_notification=True)
    chat = await phone.chat()
    assert chat["started"] is True
    assert [message["text"] for message in chat["messages"]] == ["/start inv_x", "hello", "hi"]
    last = chat["messages"][-1]
    assert (last["from"], last["silent"]) == ("bot", True)
    assert last["entities"] == [{"type": "bold", "offset": 0, "length": 2, "url": None}]


@pytest.mark.parametrize(
    ("fields", "key", "value"),
    [
        ({"location": {"latitude": 1.0, "longitude": 2.0}}, "location", {"latitude": 1.0, "longitude": 2.0}),
        (
            {"venue": {"latitude": 1.0, "longitude": 2.0, "title": "t", "address": "a"}},
            "location",
            {"title": "t", "address": "a"},
        ),
        ({"contact": {"name": "Вера", "phone": "+7"}}, "contact", {"name": "Вера", "phone": "+7"}),
        ({"sticker": True}, "media", {"kind": "sticker"}),
        ({"dice": True}, "other", "dice"),
        ({"poll": {"question": "?", "options": ["a", "b"]}}, "other", "poll"),
        ({"text": "x", "forward_from": "Вера"}, "forwarded_from", "Вера"),
    ],
)
async def test_everything_can_be_sent(phone: Phone, fields: dict[str, Any], key: str, value: Any) -> None:
    shown = (await phone.do("send", **fields))["message"][key]
    assert shown == value if not isinstance(value, dict) else shown | value == shown


async def test_files_are_sent_and_their_bytes_come_back(client: TestClient[Any, Any], phone: Phone) -> None:
    data = picture(30, 20)
    sent = await phone.do("send", form(("a.jpg", "image/jpeg", data), kind="photo", caption="c", forward_from="Вера"))
    media = sent["message"]["media"]
    assert (media["kind"], media["width"], media["height"], media["size"]) == ("photo", 30, 20, len(data))
    assert (sent["message"]["text"], sent["message"]["forwarded_from"]) == ("c", "Вера")
    async with client.get(media["url"]) as response:
        assert response.content_type == "image/jpeg"
        assert await response.read() == data
    assert (await client.get("/api/media/telegram-none")).status == 404


async def test_several_files_are_an_album(phone: Phone) -> None:
    files = form(("a.jpg", "image/jpeg", picture()), ("b.mp4", "video/mp4", b"film"), kind="photo")
    messages = (await phone.do("send", files))["messages"]
    assert [message["media"]["kind"] for message in messages] == ["photo", "video"]
    assert messages[0]["group"] == messages[1]["group"] is not None


async def test_messages_are_edited_deleted_and_reacted_to(phone: Phone) -> None:
    number = (await phone.do("send", text="helo"))["message"]["id"]
    edited = (await phone.do("edit", message_id=number, text="hello"))["message"]
    assert (edited["text"], edited["edited"]) == ("hello", True)
    reacted = (await phone.do("react", message_id=number, emoji="👍"))["message"]
    assert reacted["reactions"] == [{"emoji": "👍", "from": "person"}]
    assert await phone.do("delete", message_id=number) == {}
    assert (await phone.chat())["messages"] == []
    assert "no message" in (await phone.do("delete", message_id=number))["error"]


async def test_buttons_are_shown_and_pressed(phone: Phone, emulator: TelegramEmulator) -> None:
    await phone.do("start")
    rows = [
        [{"text": "Take", "callback_data": "take", "style": "primary"}, {"text": "Site", "url": "https://a.test"}],
        [{"text": "Copy", "copy_text": {"text": "c"}}, {"text": "Find", "switch_inline_query_current_chat": "q"}],
    ]
    sent = await phone.bot_does("sendMessage", chat_id=101, text="x", reply_markup={"inline_keyboard": rows})
    shown = (await phone.chat())["messages"][-1]["buttons"]
    assert [[(b["kind"], b["value"], b["style"]) for b in row] for row in shown] == [
        [("callback", "take", "primary"), ("url", "https://a.test/", None)],
        [("copy", "c", None), ("inline", "q", None)],
    ]
    pressing = asyncio.create_task(phone.do("press", message_id=sent["message_id"], row=0, column=0))
    updates = await phone.bot_does("getUpdates", offset=-1, timeout=5)
    await emulator.wait_for(lambda: emulator.world.callbacks)
    updates = await phone.bot_does("getUpdates", offset=-1)
    await phone.bot_does("answerCallbackQuery", callback_query_id=updates[0]["callback_query"]["id"], text="ok")
    assert (await pressing)["answer"] == {"text": "ok", "alert": False, "url": None}
    assert "sends nothing" in (await phone.do("press", message_id=sent["message_id"], row=0, column=1))["error"]


async def test_a_reply_keyboard_shares_the_contact_and_hides(phone: Phone) -> None:
    await phone.do("start")
    markup = {"keyboard": [[{"text": "Phone", "request_contact": True}]], "one_time_keyboard": True}
    await phone.bot_does("sendMessage", chat_id=101, text="x", reply_markup=markup)
    keyboard = (await phone.chat())["reply_keyboard"]
    assert keyboard["rows"] == [[{"text": "Phone", "request_contact": True, "request_location": False}]]
    shared = (await phone.do("share", contact=True))["message"]
    assert shared["contact"]["name"] == "Анна"
    update = (await phone.bot_does("getUpdates", offset=-1))[0]
    assert update["message"]["contact"]["user_id"] == 101
    assert (await phone.chat())["reply_keyboard"] is None


async def test_commands_pins_and_blocks_are_shown(phone: Phone) -> None:
    number = (await phone.do("start"))["message"]["id"]
    await phone.bot_does("setMyCommands", commands=[{"command": "menu", "description": "Меню"}], language_code="ru")
    await phone.bot_does("pinChatMessage", chat_id=101, message_id=number)
    await phone.do("block", blocked=True)
    chat = await phone.chat()
    assert chat["commands"] == [{"command": "menu", "description": "Меню"}]
    assert (chat["pinned"], chat["blocked"]) == ([number], True)
    assert chat["messages"][-1]["service"]
    assert "unblock it first" in (await phone.do("send", text="x"))["error"]
    await phone.do("start")
    assert (await phone.chat())["blocked"] is False


async def test_faults_are_ordered_and_removed(client: TestClient[Any, Any], phone: Phone) -> None:
    order = {"where": "api", "bot": phone.bot["id"], "person": None, "method": "getMe", "kind": "500", "times": 1}
    fault = await (await client.post("/api/faults", json=order)).json()
    assert fault | order == fault
    assert await (await client.get("/api/faults")).json() == [fault]
    async with client.post(f"/telegram/bot{phone.bot['token']}/getMe") as response:
        assert response.status == 500
    assert await (await client.get("/api/faults")).json() == []
    other = await (await client.post("/api/faults", json={"kind": "429"})).json()
    assert (await client.delete(f"/api/faults/{other['id']}")).status == 200
    assert (await client.delete(f"/api/faults/{other['id']}")).status == 404
    assert (await client.delete("/api/faults")).status == 200
    assert (await client.post("/api/faults", json={"kind": "telepathy"})).status == 400


async def test_calls_are_listed(client: TestClient[Any, Any], phone: Phone) -> None:
    await phone.do("start")
    await phone.bot_does("sendMessage", chat_id=101, text="x")
    await phone.bot_does("getMe")
    (call,) = await (await client.get("/api/calls", params={"method": "sendmessage", "bot": phone.bot["id"]})).json()
    assert (call["outcome"], call["params"]["text"]) == ("ok", "x")
    later = await (await client.get("/api/calls", params={"since": call["n"]})).json()
    assert [entry["method"] for entry in later] == ["getMe"]


async def test_a_new_token_replaces_the_old(client: TestClient[Any, Any], phone: Phone) -> None:
    new = (await (await client.post(f"/api/bots/{phone.bot['id']}/token")).json())["token"]
    assert (await client.post(f"/telegram/bot{phone.bot['token']}/getMe")).status == 401
    assert (await client.post(f"/telegram/bot{new}/getMe")).status == 200


async def test_changes_are_pushed(client: TestClient[Any, Any], phone: Phone) -> None:
    async with client.ws_connect("/api/live") as live:
        await phone.do("start")
        started = [await live.receive_json(), await live.receive_json()]
        assert [event["type"] for event in started] == ["chat", "message"]
        assert "messages" not in started[0]["chat"]
        assert started[1]["message"]["text"] == "/start"
        await phone.bot_does("sendChatAction", chat_id=101, action="typing")
        assert (await live.receive_json())["chat"]["typing"] is True
        sent = await phone.bot_does("sendMessage", chat_id=101, text="a")
        assert (await live.receive_json())["chat"]["typing"] is False
        assert (await live.receive_json())["message"]["text"] == "a"
        await phone.bot_does("editMessageText", chat_id=101, message_id=sent["message_id"], text="b")
        assert (await live.receive_json())["message"]["text"] == "b"
        await phone.bot_does("deleteMessage", chat_id=101, message_id=sent["message_id"])
        gone = {"type": "message_gone", "bot": phone.bot["id"], "person": "101", "id": sent["message_id"]}
        assert await live.receive_json() == gone
        await client.post("/api/people", json={"name": "Вера"})
        assert (await live.receive_json())["person"]["name"] == "Вера"
        await client.post("/api/faults", json={"kind": "500"})
        assert len((await live.receive_json())["faults"]) == 1


async def test_a_reset_forgets_everything(client: TestClient[Any, Any], phone: Phone) -> None:
    await phone.do("start")
    assert (await client.post("/api/reset")).status == 200
    state = await (await client.get("/api/state")).json()
    assert (state["bots"], state["people"], state["chats"], state["faults"]) == ([], [], [], [])


async def test_wrong_requests_are_answered_with_a_sentence(client: TestClient[Any, Any], phone: Phone) -> None:
    here = f"/api/chats/{phone.bot['id']}/101/"
    wrong: list[Any] = [{}, [], {"message_id": "x"}, {"text": 5, "entities": 5}, {"location": 5}, {"contact": {}}]
    for action in ("send", "edit", "delete", "react", "press", "share"):
        for data in wrong:
            async with client.post(here + action, json=data) as response:
                assert response.status == 400, (action, data)
                assert (await response.json())["error"]
    async with client.post(here + "send", data=b"{", headers={"Content-Type": "application/json"}) as response:
        assert response.status == 400
    for path in ("/api/chats/5/101/start", "/api/nothing"):
        async with client.post(path, json={}) as response:
            assert response.status == 404
            assert (await response.json())["error"]
    async with client.post(f"/api/chats/{phone.bot['id']}/999/start", json={}) as response:
        assert response.status == 400


async def test_a_keyboard_creates_a_managed_bot(client: TestClient[Any, Any], emulator: TelegramEmulator) -> None:
    control = emulator.create_bot("Пульт", "pult_desk_bot", control=True)
    person = emulator.person("Олег")
    emulator.start(control, person)
    async with client.post(f"/api/bots/{control.id}/manages", json={"allowed": True}) as response:
        assert (await response.json())["manages"] is True
    asked = {"request_id": 1, "suggested_name": "Цветы", "suggested_username": "flowers_bot"}
    emulator.chat(control, person).reply_keyboard = {
        "keyboard": [[{"text": "Создать", "request_managed_bot": asked}]],
        "one_time_keyboard": True,
    }
    phone = Phone(client, {"id": control.id}, {"id": person.id})
    made = await phone.do("share", managed_bot={"name": "Цветы", "username": "tulips_bot"})
    assert made["message"]["service"] == "🤖 @tulips_bot"
    assert emulator.bot("tulips_bot").manager == control.id
    again = await phone.do("share", managed_bot={"name": "Цветы", "username": "tulips_bot"})
    assert "no button" in again["error"]
