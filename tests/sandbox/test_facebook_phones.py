"""Messenger on the page of phones: a page is made, people do everything there, and the service sees it on the wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from adapters.base import Button, ButtonKind, Channel, ChannelId, Content, Credentials, Event, UserId
from adapters.facebook.adapter import FacebookAdapter
from adapters.facebook.emulator import FacebookEmulator, FacebookStage
from adapters.http import Http
from sandbox.server import create_app, serving
from tests.adapters.pages import ENVELOPE, HOOK, own_settings

Call = Callable[..., Awaitable[Any]]


class Phones:
    """The sandbox with its API, and an adapter connected to one page in it."""

    def __init__(self, address: str, session: aiohttp.ClientSession, adapter: FacebookAdapter) -> None:
        self.address = address
        self.session = session
        self.adapter = adapter
        self.arrived: list[Event] = []

    async def call(self, method: str, path: str, data: Any = None, *, status: int = 200) -> Any:
        kind = {"data": data} if isinstance(data, aiohttp.FormData) else {"json": data}
        async with self.session.request(method, f"{self.address}/api/{path}", **kind) as response:
            assert response.status == status, await response.text()
            return await response.json() if response.content_type == "application/json" else await response.read()


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    emulator = FacebookEmulator(pauses=(0.02,))
    app = create_app([FacebookStage(emulator)], {"pult.test": "http://127.0.0.1:1"})
    async with serving(app, "127.0.0.1", 0) as port, Http() as http, aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{port}"
        environment = FacebookStage(emulator).environment(address)
        assert environment["PULT_FACEBOOK_API"] == f"{address}/facebook"
        made = Phones(address, session, FacebookAdapter(http, own_settings(environment["PULT_FACEBOOK_API"])))
        emulator.app.callback, emulator.app.fields = "https://pult.test/hooks/facebook", ["messages"]

        def hear(page: Any, field: str, event: dict[str, Any]) -> None:
            payload = {"object": "page", "entry": [{"id": page.id, "messaging": [event]}]}
            made.arrived += made.adapter.parse(json.loads(json.dumps(payload)))

        emulator.delivery.add = hear  # type: ignore[method-assign]
        yield made


async def test_everything_that_people_do_is_possible(phones: Phones) -> None:
    page = await phones.call("POST", "bots", {"platform": "facebook", "name": "Кофейня", "username": "coffee"})
    anna = await phones.call("POST", "people", {"name": "Анна Петрова"})
    channel = Channel(ChannelId(page["id"]), Credentials(token=page["token"]), "coffee", HOOK)
    await phones.adapter.identify(channel.credentials)
    chat = f"chats/{page['id']}/{anna['id']}"
    await phones.call("POST", f"{chat}/start", {"payload": "promo"})
    said = (await phones.call("POST", f"{chat}/send", {"text": "Привет"}))["message"]
    await phones.call("POST", f"{chat}/edit", {"message_id": said["id"], "text": "Добрый день"})
    await phones.call("POST", f"{chat}/send", {"location": {"latitude": 55.7, "longitude": 37.6}})
    await phones.call("POST", f"{chat}/send", {"sticker": True})
    await phones.call("POST", f"{chat}/send", {"dice": "🎲"}, status=400)
    form = aiohttp.FormData({"kind": "photo", "caption": "Вот"})
    form.add_field("file", b"picture", filename="a.jpg", content_type="image/jpeg")
    photo = (await phones.call("POST", f"{chat}/send", form))["message"]
    assert await phones.call("GET", photo["media"]["url"].removeprefix("/api/")) == b"picture"
    user = UserId(phones.arrived[-1].user)
    buttons = ((Button(ButtonKind.PRESS, "Чай", "tea"), Button(ButtonKind.LINK, "Сайт", "https://pult.test")),)
    await phones.adapter.send(channel, user, Content(text="Чего?", buttons=buttons), ENVELOPE)
    state = await phones.call("GET", "state")
    assert [bot["link"] for bot in state["bots"]] == ["https://m.me/coffee"]
    answer = state["chats"][0]["messages"][-1]
    assert (answer["from"], answer["text"], [row[0]["text"] for row in answer["buttons"]]) == (
        "bot", "Чего?", ["Чай", "Сайт"],
    )  # fmt: skip
    pressed = await phones.call("POST", f"{chat}/press", {"message_id": answer["id"], "row": 1, "column": 0})
    assert pressed["answer"]["url"] == "https://pult.test"
    await phones.call("POST", f"{chat}/press", {"message_id": answer["id"], "row": 0, "column": 0})
    await phones.call("POST", f"{chat}/react", {"message_id": answer["id"], "emoji": "❤️"})
    await phones.call("POST", f"{chat}/delete", {"message_id": said["id"]})
    await phones.call("POST", f"{chat}/block", {"blocked": True})
    await phones.call("POST", f"{chat}/send", {"text": "?"}, status=400)
    kinds = [type(event).__name__ for event in phones.arrived]
    assert {
        "MessageReceived", "MessageEdited", "MessageDeleted", "ButtonPressed", "ReactionChanged", "OperatorEcho",
        "StatusChanged",
    } <= set(kinds)  # fmt: skip


async def test_faults_keys_and_calls_are_at_hand(phones: Phones) -> None:
    page = await phones.call("POST", "bots", {"platform": "facebook", "name": "Кофейня", "username": "coffee"})
    await phones.call("POST", "bots", {"platform": "facebook", "name": "Пульт", "control": True}, status=400)
    fault = await phones.call(
        "POST", "faults", {"bot": page["id"], "kind": "refused", "description": "190", "times": 1}
    )
    with pytest.raises(Exception, match="revoked"):
        await phones.adapter.identify(Credentials(token=page["token"]))
    assert await phones.call("GET", "faults") == []
    renewed = await phones.call("POST", f"bots/{page['id']}/token")
    assert renewed["token"] != page["token"]
    calls = await phones.call("GET", f"calls?bot={page['id']}")
    assert [call["outcome"] for call in calls] == ["fault:refused"]
    assert page["token"] not in str(calls)
    assert fault["id"]
    await phones.call("POST", "reset")
    assert (await phones.call("GET", "state"))["bots"] == []
