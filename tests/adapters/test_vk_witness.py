"""An outside client of VK (vk-api) on both ends: it builds keyboards beside ours, and talks to the emulator itself."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import requests
import vk_api
from jconfig.memory import MemoryConfig
from requests.adapters import HTTPAdapter
from vk_api.bot_longpoll import VkBotEventType, VkBotLongPoll, VkBotMessageEvent
from vk_api.keyboard import VkKeyboard

import adapters.vk
from adapters.base import Button, ButtonKind, Content
from adapters.vk import limits, outbound
from adapters.vk.emulator import picture
from adapters.vk.keyboards import keyboard
from tests.adapters.communities import Vk

SAMPLES = Path(adapters.vk.__file__).parent / "samples"
PAYLOADS = {
    file.stem: json.loads(file.read_text())["payload"]
    for file in sorted(SAMPLES.glob("*.json"))
    if file.stem not in ("credentials", "hook")
}
# Named in VK's documentation and schema since the client's list was written.
NEWER = {"message_read", "message_reaction_event"}
PRESS, LINK, PLACE = ButtonKind.PRESS, ButtonKind.LINK, ButtonKind.LOCATION


class Elsewhere(HTTPAdapter):
    """Leads VK's own address to the emulator."""

    def __init__(self, api: str) -> None:
        super().__init__()
        self._api = api

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        request.url = str(request.url).replace("https://api.vk.ru", self._api).replace("https://api.vk.com", self._api)
        return super().send(request, *args, **more)


def client(vk: Vk) -> vk_api.VkApi:
    session = requests.Session()
    for host in ("https://api.vk.ru", "https://api.vk.com"):
        session.mount(host, Elsewhere(vk.address))
    return vk_api.VkApi(token=vk.community.token, api_version="5.199", session=session, config=MemoryConfig)


def test_our_keyboards_are_those_of_the_outside_builder() -> None:
    rows = (
        (Button(PRESS, "Да", "yes"), Button(PRESS, "Нет", "no")),
        (Button(LINK, "Меню", "https://pult.test/menu"),),
        (Button(PLACE, "Где я", "where"),),
    )
    theirs = VkKeyboard(inline=True)
    theirs.add_callback_button("Да", payload={"press": "yes"})
    theirs.add_callback_button("Нет", payload={"press": "no"})
    theirs.add_line()
    theirs.add_openlink_button("Меню", "https://pult.test/menu")
    theirs.add_line()
    theirs.add_location_button(payload={"press": "where"})
    (part,) = outbound.plan(Content(text="?", buttons=rows)).parts
    assert same(keyboard(part.buttons)) == same(json.loads(theirs.get_keyboard()))


def same(value: Any) -> Any:
    """Without what the builder writes for nothing, and with payloads read, since their spacing means nothing."""
    if isinstance(value, list):
        return [same(item) for item in value]
    if not isinstance(value, dict):
        return value
    read = {name: json.loads(item) if name == "payload" and item else same(item) for name, item in value.items()}
    return {name: item for name, item in read.items() if item not in (None, "")}


def test_the_outside_builder_has_our_limits() -> None:
    theirs = VkKeyboard(inline=True)
    for number in range(limits.BUTTONS.per_row):
        theirs.add_callback_button(str(number), payload={})
    with pytest.raises(ValueError, match=str(limits.BUTTONS.per_row)):
        theirs.add_callback_button("one too many", payload={})
    for most, inline in ((limits.INLINE_ROWS, True), (limits.BUTTON_ROWS, False)):
        lines = VkKeyboard(inline=inline)
        for _ in range(most - 1):
            lines.add_line()
        with pytest.raises(ValueError, match=str(most)):
            lines.add_line()


def test_every_event_is_one_that_the_outside_client_knows() -> None:
    known = {kind.value for kind in VkBotEventType} | NEWER
    assert set(limits.EVENTS) <= known
    sampled = {payload["type"] for payload in PAYLOADS.values()}
    assert set(limits.EVENTS) <= sampled
    assert sampled - known == {"confirmation", "message_hologram"}


# The outside client reads no version before 5.80.
ALIKE = [name for name, payload in PAYLOADS.items() if "object" in payload and "body" not in payload["object"]]


@pytest.mark.parametrize("name", ALIKE)
def test_a_sample_is_read_alike_by_the_outside_client(name: str) -> None:
    event = VkBotLongPoll._parse_event(VkBotLongPoll.__new__(VkBotLongPoll), PAYLOADS[name])
    if isinstance(event, VkBotMessageEvent) and event.message:
        assert event.from_chat == (event.message["peer_id"] > 2_000_000_000)


async def test_the_emulator_speaks_to_an_outside_client(vk: Vk, tmp_path: Path) -> None:
    await vk.connect(None)
    outside = client(vk)
    poll = await asyncio.to_thread(VkBotLongPoll, outside, vk.community.id, 1)
    vk.emulator.say(vk.community, vk.anna, "Привет")
    (event,) = await asyncio.to_thread(poll.check)
    assert (event.type, event.message.text, event.from_user) == (VkBotEventType.MESSAGE_NEW, "Привет", True)
    (tmp_path / "photo.jpg").write_bytes(picture())
    (tmp_path / "price.pdf").write_bytes(b"%PDF")
    upload = vk_api.VkUpload(outside)
    (photo,) = await asyncio.to_thread(upload.photo_messages, str(tmp_path / "photo.jpg"))
    saved = await asyncio.to_thread(upload.document_message, str(tmp_path / "price.pdf"), "price.pdf", None, vk.anna.id)
    keys = VkKeyboard(inline=True)
    keys.add_callback_button("Да", payload={"press": "1"})
    words = [f"photo{photo['owner_id']}_{photo['id']}", f"doc{saved['doc']['owner_id']}_{saved['doc']['id']}"]
    params = {
        "peer_ids": vk.anna.id, "random_id": 5, "message": "Вот", "attachment": ",".join(words),
        "keyboard": keys.get_keyboard(),
    }  # fmt: skip
    answer = await asyncio.to_thread(outside.method, "messages.send", params)
    (message,) = vk.got()
    assert answer[0]["conversation_message_id"] == message.cmid
    assert (message.text, len(message.attachments), message.labels()) == ("Вот", 2, ["Да"])
    with pytest.raises(vk_api.exceptions.ApiError) as refused:
        await asyncio.to_thread(outside.method, "messages.send", {"peer_ids": vk.anna.id, "message": "x"})
    assert refused.value.code == 100
