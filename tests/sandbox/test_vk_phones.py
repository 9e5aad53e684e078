"""VK's phones in the sandbox: what the page does with them, and what VK does not let people do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from adapters.vk.emulator import VkStage, picture
from sandbox.server import create_app
from sandbox.stage import TellsSettings, find_stages
from tests.sandbox.test_sandbox_api import form


class Phone:
    """Анна's dialog with a community, over the API."""

    def __init__(self, client: TestClient[Any, Any], stage: VkStage, bot: dict[str, Any]) -> None:
        self.client, self.stage, self.bot = client, stage, bot
        stage.emulator.community(bot["id"]).settings["bots_capabilities"] = True

    async def do(self, action: str, data: Any = None, **fields: Any) -> dict[str, Any]:
        url = f"/api/chats/{self.bot['id']}/101/{action}"
        async with self.client.post(url, **({"data": data} if data else {"json": fields})) as response:
            return dict(await response.json())

    async def calls(self, method: str, **params: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.bot['token']}"}
        form = {name: str(value) for name, value in params.items()} | {"v": "5.199"}
        async with self.client.post(f"/vk/method/{method}", data=form, headers=headers) as response:
            return dict(await response.json())

    async def chat(self) -> dict[str, Any]:
        state = await (await self.client.get("/api/state")).json()
        return dict(state["chats"][0])


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    stage = VkStage()
    app: web.Application = create_app([stage])
    async with TestClient(TestServer(app)) as client:
        bot = await (
            await client.post("/api/bots", json={"platform": "vk", "name": "Лавка", "username": "lavka"})
        ).json()
        await client.post("/api/people", json={"name": "Анна"})
        yield Phone(client, stage, bot)


def test_vk_is_found_and_tells_its_settings() -> None:
    stage = next(stage for stage in find_stages() if stage.id == "vk")
    assert isinstance(stage, TellsSettings)
    environment = stage.environment("http://127.0.0.1:8081")
    assert environment["PULT_VK_API"] == "http://127.0.0.1:8081/vk"
    assert environment["PULT_VK_APP_ID"]


async def test_a_community_has_a_key_and_a_link(phone: Phone) -> None:
    assert phone.bot["platform"] == "vk"
    assert phone.bot["token"].startswith("vk1.a.")
    assert phone.bot["link"] == "https://vk.me/lavka"
    control = await phone.client.post("/api/bots", json={"platform": "vk", "name": "Пульт", "control": True})
    assert control.status == 400


async def test_a_talk_is_seen_on_the_page(phone: Phone) -> None:
    await phone.do("start", payload="promo")
    sent = await phone.do("send", text="Есть розы?")
    answer = await phone.calls("messages.send", peer_ids=101, random_id=1, message="Есть")
    assert answer["response"][0]["conversation_message_id"] == 3
    await phone.do("edit", message_id=sent["message"]["id"], text="Есть ли розы?")
    await phone.do("react", message_id=3, emoji="👍")
    chat = await phone.chat()
    assert [(one["from"], one["text"], one["edited"]) for one in chat["messages"]] == [
        ("person", "Начать", False),
        ("person", "Есть ли розы?", True),
        ("bot", "Есть", False),
    ]
    assert chat["messages"][2]["reactions"] == [{"emoji": "👍", "from": "person"}]
    await phone.do("delete", message_id=sent["message"]["id"])
    assert len((await phone.chat())["messages"]) == 2
    assert "error" in await phone.do("react", message_id=3, emoji="🦄")


async def test_everything_that_vk_has_can_be_sent(phone: Phone) -> None:
    for fields in (
        {"text": "Да", "reply_to": None},
        {"location": {"latitude": 55.7, "longitude": 37.6}},
        {"venue": {"latitude": 55.7, "longitude": 37.6, "title": "Мира, 5", "address": "Тверь"}},
        {"sticker": True},
        {"poll": {"question": "Роза?", "options": ["Да"]}},
        {"text": "Чужое", "forward_from": "7"},
    ):
        assert "message" in await phone.do("send", **fields)
    sent = await phone.do("send", form(("a.jpg", "image/jpeg", picture()), kind="photo", caption="Фото"))
    assert sent["message"]["media"]["kind"] == "photo"
    media = await phone.client.get(sent["message"]["media"]["url"])
    assert await media.read() == picture()
    several = [("a.jpg", "image/jpeg", picture()), ("b.pdf", "application/pdf", b"%PDF")]
    sent = (await phone.do("send", form(*several, kind="document")))["message"]
    assert [sent["media"]["name"], *(one["name"] for one in sent["more_media"])] == ["a.jpg", "b.pdf"]
    assert (await phone.do("share", location={"latitude": 1.0, "longitude": 2.0}))["message"]["location"]
    for refused in ({"dice": "🎲"}, {"contact": {"name": "О", "phone": "1"}}, {}):
        assert "error" in await phone.do("send", **refused)
    assert "error" in await phone.do("share", contact=True)


async def test_the_page_is_told_when_a_service_receives_and_when_it_does_not(phone: Phone) -> None:
    told: list[str] = []
    phone.stage.listen(lambda event: told.append(event["bot"]["receiving"]) if event["type"] == "bot" else None)
    group = {"group_id": phone.bot["id"]}

    async def confirm(request: web.Request) -> web.Response:
        return web.Response(text=(await phone.calls("groups.getCallbackConfirmationCode", **group))["response"]["code"])

    app = web.Application()
    app.router.add_post("/hook", confirm)
    async with TestServer(app) as service:
        phone.stage.route_host("pult.test", str(service.make_url("")))
        hook = {"url": "https://pult.test/hook", "title": "Pult", "secret_key": "s"}
        added = await phone.calls("groups.addCallbackServer", **group, **hook)
        await phone.stage.emulator.wait_for(lambda: told)
    assert told == ["webhook"]
    await phone.calls("groups.deleteCallbackServer", **group, server_id=added["response"]["server_id"])
    assert told == ["webhook", "nothing"]


async def test_buttons_are_shown_and_pressed(phone: Phone) -> None:
    await phone.do("start")
    keyboard = (
        '{"inline": true, "buttons": [[{"action": {"type": "callback", "label": "Да", "payload": "{}"}},'
        ' {"action": {"type": "open_link", "label": "Меню", "link": "https://pult.test/"}}]]}'
    )
    await phone.calls("messages.send", peer_ids=101, random_id=1, message="?", keyboard=keyboard)
    message = (await phone.chat())["messages"][-1]
    assert [[button["kind"] for button in row] for row in message["buttons"]] == [["callback", "url"]]
    link = await phone.do("press", message_id=message["id"], row=0, column=1)
    assert link["answer"]["url"] == "https://pult.test/"
    pressing = asyncio.create_task(phone.do("press", message_id=message["id"], row=0, column=0))
    world = phone.stage.emulator.world
    await phone.stage.emulator.wait_for(lambda: world.presses)
    (press,) = world.presses
    data = '{"type": "show_snackbar", "text": "Готово"}'
    await phone.calls("messages.sendMessageEventAnswer", event_id=press, user_id=101, peer_id=101, event_data=data)
    assert (await pressing)["answer"]["text"] == "Готово"


async def test_leaving_faults_and_new_keys(phone: Phone) -> None:
    await phone.do("start")
    await phone.do("block", blocked=True)
    assert (await phone.chat())["blocked"]
    answer = await phone.calls("messages.send", peer_ids=101, random_id=1, message="?")
    assert answer["response"][0]["error"]["code"] == 901
    await phone.do("block", blocked=False)
    fault = {"bot": phone.bot["id"], "kind": "429", "method": "messages.send", "times": 1, "description": "9"}
    await phone.client.post("/api/faults", json=fault)
    assert (await phone.calls("messages.send", peer_ids=101, random_id=1, message="?"))["error"]["error_code"] == 9
    await phone.client.post(f"/api/bots/{phone.bot['id']}/token")
    assert (await phone.calls("messages.send", peer_ids=101, random_id=1, message="?"))["error"]["error_code"] == 5
    calls = await (await phone.client.get(f"/api/calls?bot={phone.bot['id']}")).json()
    assert [call["outcome"] for call in calls] == ["ok", "fault:429"]


async def test_changes_are_pushed(phone: Phone) -> None:
    async with phone.client.ws_connect("/api/live") as live:
        await phone.do("send", text="Привет")
        event = await live.receive_json(timeout=5)
        while event["type"] != "message":
            event = await live.receive_json(timeout=5)
        assert (event["bot"], event["person"], event["message"]["text"]) == (phone.bot["id"], "101", "Привет")
    await phone.client.post("/api/reset")
    assert (await (await phone.client.get("/api/state")).json())["chats"] == []
