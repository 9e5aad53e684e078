"""Viber's phones in the sandbox: what the page does with them, and what Viber does not let people do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from adapters.viber.emulator import ViberStage
from sandbox.server import create_app
from sandbox.stage import TellsSettings, find_stages
from tests.sandbox.test_sandbox_api import form


class Phone:
    """Анна's chat with a Viber bot, over the API."""

    def __init__(self, client: TestClient[Any, Any], bot: dict[str, Any]) -> None:
        self.client, self.bot = client, bot

    async def do(self, action: str, data: Any = None, **fields: Any) -> dict[str, Any]:
        url = f"/api/chats/{self.bot['id']}/101/{action}"
        async with self.client.post(url, **({"data": data} if data else {"json": fields})) as response:
            return dict(await response.json())

    async def calls(self, method: str, **body: Any) -> dict[str, Any]:
        headers = {"X-Viber-Auth-Token": self.bot["token"]}
        async with self.client.post(f"/viber/pa/{method}", json=body, headers=headers) as response:
            return dict(await response.json())

    async def chat(self) -> dict[str, Any]:
        state = await (await self.client.get("/api/state")).json()
        return dict(state["chats"][0])


@pytest.fixture
def stage() -> ViberStage:
    return ViberStage()


@pytest.fixture
async def phone(stage: ViberStage) -> AsyncIterator[Phone]:
    async with TestClient(TestServer(create_app([stage]))) as client:
        bot = await (
            await client.post("/api/bots", json={"platform": "viber", "name": "Лавка", "username": "lavka"})
        ).json()
        await client.post("/api/people", json={"name": "Анна"})
        yield Phone(client, bot)


def test_viber_is_found_and_tells_its_settings() -> None:
    stage = next(stage for stage in find_stages() if stage.id == "viber")
    assert isinstance(stage, TellsSettings)
    assert stage.environment("http://127.0.0.1:8081") == {"PULT_VIBER_API": "http://127.0.0.1:8081/viber/pa"}


async def test_a_chat_is_opened_written_to_and_left(phone: Phone) -> None:
    assert (await phone.do("start", payload="promo"))["message"]["service"]
    assert (await phone.do("send", text="Есть пионы?"))["message"]["text"] == "Есть пионы?"
    place = {"latitude": 50.45, "longitude": 30.52, "title": "Дом"}
    assert (await phone.do("send", venue=place))["message"]["location"]["address"] == "Дом"
    assert (await phone.do("send", contact={"name": "Вера", "phone": "+1"}))["message"]["contact"]["phone"] == "+1"
    sticker = (await phone.do("send", sticker=True))["message"]["media"]
    assert (sticker["kind"], (await phone.client.get(sticker["url"])).status) == ("sticker", 200)
    assert (await phone.do("share", contact=True))["message"]["contact"]["name"] == "Анна"
    files = form(("a.jpg", "image/jpeg", b"1"), ("b.pdf", "application/pdf", b"2"), kind="photo", caption="Вот")
    assert [one["text"] for one in (await phone.do("send", files))["messages"]] == ["Вот", ""]
    await phone.do("block", blocked=True)
    assert (await phone.chat())["blocked"]
    await phone.do("block", blocked=False)
    assert not (await phone.chat())["blocked"]


async def test_what_viber_has_not_is_said(phone: Phone) -> None:
    sent = (await phone.do("send", text="Есть пионы?"))["message"]["id"]
    for action in ("edit", "delete", "react"):
        assert "Viber" in (await phone.do(action, message_id=sent, text="x", emoji="👍"))["error"]
    assert "nothing of this kind" in (await phone.do("send", poll=True))["error"]
    assert "no message" in (await phone.do("press", message_id=99, row=0, column=0))["error"]


async def test_buttons_are_shown_and_pressed(phone: Phone, stage: ViberStage) -> None:
    await phone.do("send", text="Есть пионы?")
    bot = stage.emulator.bot(phone.bot["id"])
    bot.webhook = "https://nowhere.test/hook"
    user = stage.emulator.chat(bot, 101).user
    buttons = [
        {"Columns": 3, "ActionType": "reply", "ActionBody": "btn:yes", "Text": "Да &amp; да"},
        {"Columns": 3, "ActionType": "open-url", "ActionBody": "https://shop.test", "Text": "Сайт"},
    ]
    body = {"receiver": user, "sender": {"name": "Лавка"}, "type": "text", "text": "Заказать?"}
    answer = await phone.calls("send_message", **body, keyboard={"Type": "keyboard", "Buttons": buttons})
    assert answer["status"] == 0
    shown = (await phone.chat())["messages"][-1]
    assert [[(one["text"], one["kind"]) for one in row] for row in shown["buttons"]] == [
        [("Да & да", "callback"), ("Сайт", "url")]
    ]
    await phone.do("press", message_id=shown["id"], row=0, column=0)
    assert (await phone.chat())["messages"][-1]["text"] == "btn:yes"
    pressed = await phone.do("press", message_id=shown["id"], row=0, column=1)
    assert pressed["answer"]["url"] == "https://shop.test"


TEXT = {"type": "text", "text": "Да"}


def keys(**button: Any) -> dict[str, Any]:
    return TEXT | {"keyboard": {"Type": "keyboard", "Buttons": [button] if button else []}}


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (TEXT | {"receiver": "nobody"}, 5),
        (TEXT | {"receiver": 5}, 4),
        (TEXT | {"sender": {"name": "x" * 29}}, 3),
        (TEXT | {"sender": {}}, 4),
        (TEXT | {"surprise": 1}, 3),
        (TEXT | {"tracking_data": "x" * 4001}, 3),
        (TEXT | {"min_api_version": 99}, 13),
        ({}, 4),
        ({"type": "dance"}, 3),
        ({"type": "text"}, 4),
        ({"type": "text", "text": " "}, 3),
        ({"type": "text", "text": "x" * 7001}, 3),
        ({"type": "text", "text": "x" * 31_000}, 3),
        ({"type": "picture", "media": "ftp://x/y", "text": ""}, 3),
        ({"type": "video", "media": "https://x.test/y"}, 4),
        ({"type": "file", "media": "https://x.test/y", "size": 5, "file_name": "a.exe"}, 3),
        ({"type": "contact", "contact": {"name": "x", "phone_number": "1" * 19}}, 3),
        ({"type": "location", "location": {"lat": 91, "lon": 0}}, 3),
        (keys(), 3),
        (keys(ActionType="reply", ActionBody="x", Text="a < b"), 3),
        (keys(ActionType="reply", Text="x"), 3),
        (keys(ActionType="open-url", ActionBody="shop", Text="x"), 3),
        (keys(ActionType="share-phone", ActionBody="x"), 14),
        (TEXT, 0),
    ],
)
async def test_what_a_bot_sends_is_judged(phone: Phone, stage: ViberStage, message: Any, status: int) -> None:
    await phone.do("send", text="Есть пионы?")
    bot = stage.emulator.bot(phone.bot["id"])
    bot.webhook = "https://nowhere.test/hook"
    around = {"receiver": stage.emulator.chat(bot, 101).user, "sender": {"name": "Лавка"}}
    assert (await phone.calls("send_message", **(around | message)))["status"] == status


async def test_changes_are_pushed_to_the_page(phone: Phone) -> None:
    async with phone.client.ws_connect("/api/live") as live:
        await phone.do("send", text="Есть пионы?")
        async with asyncio.timeout(5):
            while (event := await live.receive_json())["type"] != "message":
                pass
    assert event["message"]["text"] == "Есть пионы?"
    assert event["person"] == "101"
