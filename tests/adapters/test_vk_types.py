"""Models that others made from VK's schema (vkbottle-types), with samples, the emulator and our calls held to them."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pydantic
import pytest
from vkbottle_types.codegen import methods, responses
from vkbottle_types.events import bot_events
from vkbottle_types.events.enums import GroupEventType

import adapters.vk
from adapters.base import Attachment, AttachmentKind, Button, ButtonKind, Content, MessageReceived, UserId
from adapters.vk import limits, wire
from adapters.vk.emulator import picture
from adapters.vk.emulator.emulator import methods as emulated
from tests.adapters.communities import Vk

SAMPLES = Path(adapters.vk.__file__).parent / "samples"
PAYLOADS = {
    file.stem: json.loads(file.read_text())["payload"]
    for file in sorted(SAMPLES.glob("*.json"))
    if file.stem not in ("credentials", "hook")
}
ODD = {
    "confirmation": "no event: VK asks for the code",
    "something_new": "a kind that does not exist",
    "pressed_as_text": "the schema calls the payload a text, the models an object: both are read",
    "read_without_cmid": "of versions before the number within the dialog was told",
    "text_without_cmid": "of versions before the number within the dialog was told",
}
"""Samples that the models are right to refuse."""
SCHEMATIC = [name for name in PAYLOADS if name not in ODD]


def model_of(kind: str) -> Any:
    """The model of an event by its `type`."""
    return getattr(bot_events, "".join(word.capitalize() for word in kind.split("_")))


def read(payload: dict[str, Any]) -> Any:
    return model_of(payload["type"])(**payload)


@pytest.mark.parametrize("name", SCHEMATIC)
def test_a_sample_is_what_the_models_take(name: str) -> None:
    event = read(PAYLOADS[name])
    assert event.event_id == PAYLOADS[name].get("event_id")
    assert event.object is not None


@pytest.mark.parametrize("name", ["pressed_as_text", "read_without_cmid", "text_without_cmid"])
def test_what_is_odd_on_purpose_is_refused_by_the_models(name: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        read(PAYLOADS[name])


@pytest.mark.parametrize("name", [name for name in SCHEMATIC if "message" in PAYLOADS[name]["object"]])
def test_a_message_is_read_alike(name: str) -> None:
    """Who, where, which, when and how many attachments: what the models see is what the adapter sees."""
    theirs = read(PAYLOADS[name]).object.message
    (event,) = wire.parse(PAYLOADS[name])
    if not isinstance(event, MessageReceived):
        assert name in ("start", "service", "chat", "chat_invite")
        return
    assert (event.user, event.message_id) == (str(theirs.peer_id), str(theirs.conversation_message_id))
    assert event.at == theirs.date
    assert theirs.text in event.content.text
    carried = [item.type.value for item in theirs.attachments or []]
    assert len(carried) == len(PAYLOADS[name]["object"]["message"].get("attachments", []))


def test_every_event_that_is_switched_on_exists() -> None:
    assert set(limits.EVENTS) <= {kind.value for kind in GroupEventType}


async def test_the_emulator_sends_what_the_models_take(vk: Vk) -> None:
    await everything(vk)
    bodies = [json.loads(hook.body) for hook in vk.arrived]
    for body in bodies:
        assert read(body).secret == vk.credentials["hook_secret"]
    assert {body["type"] for body in bodies} == set(limits.EVENTS)


async def everything(vk: Vk) -> None:
    """Each kind of event that a connected community gets, once at least."""
    await vk.connect()
    say = vk.emulator
    question = say.say(vk.community, vk.anna, "Сколько?", ref="promo")
    say.send_media(vk.community, vk.anna, ("photo", picture()), caption="Такой")
    say.send_media(vk.community, vk.anna, ("document", b"%PDF"), name="a.pdf", mime="application/pdf")
    say.send_media(vk.community, vk.anna, ("voice", b"OggS"), duration=3)
    say.send_location(vk.community, vk.anna, 55.75, 37.61, title="Площадь")
    await vk.send(Content(text="Сто", buttons=((Button(ButtonKind.PRESS, "Беру", "yes"),),)))
    say.say(vk.community, vk.anna, "Понял", reply_to=vk.got()[0])
    say.edit(question, "Сколько стоит?")
    say.react(vk.got()[0], 4)
    say.read(vk.community, vk.anna)
    say.answer_in_vk(vk.community, vk.anna, "Из ВК")
    await say.press(vk.got()[0], "Беру", timeout=0.01)
    for action in (say.block, say.blacklist):
        action(vk.community, vk.anna)
        action(vk.community, vk.anna, False)
    await say.wait_for(lambda: {json.loads(hook.body)["type"] for hook in vk.arrived} == set(limits.EVENTS))


ANSWERS: dict[str, Any] = {
    "groups.getById": responses.groups.GroupsGetByIdObjectResponse,
    "groups.getTokenPermissions": responses.groups.GroupsGetTokenPermissionsResponse,
    "groups.getCallbackServers": responses.groups.GroupsGetCallbackServersResponse,
    "groups.getCallbackConfirmationCode": responses.groups.GroupsGetCallbackConfirmationCodeResponse,
    "groups.getCallbackSettings": responses.groups.GroupsGetCallbackSettingsResponse,
    "groups.getLongPollServer": responses.groups.GroupsGetLongPollServerResponse,
    "groups.getLongPollSettings": responses.groups.GroupsGetLongPollSettingsResponse,
    "messages.send": responses.messages.MessagesSendUserIdsResponse,
    "messages.getById": responses.messages.MessagesGetByIdResponse,
    "messages.getHistory": responses.messages.MessagesGetHistoryResponse,
    "messages.getConversations": responses.messages.MessagesGetConversationsResponse,
    "messages.isMessagesFromGroupAllowed": responses.messages.MessagesIsMessagesFromGroupAllowedResponse,
    "messages.delete": responses.messages.MessagesDeleteFullResponse,
    "photos.getMessagesUploadServer": responses.photos.PhotosGetMessagesUploadServerResponse,
    "photos.saveMessagesPhoto": responses.photos.PhotosSaveMessagesPhotoResponse,
    "docs.getMessagesUploadServer": responses.docs.DocsGetUploadServerResponse,
    "docs.save": responses.docs.DocsSaveResponse,
    "users.get": responses.users.UsersGetResponse,
}


async def test_the_emulators_answers_are_what_the_models_take(vk: Vk) -> None:
    await vk.connect()
    vk.emulator.say(vk.community, vk.anna, "Привет")
    group, peer = {"group_id": vk.community.id}, {"peer_id": vk.anna.id}
    vk.community.long_poll = True
    asked: list[tuple[str, dict[str, Any]]] = [
        ("groups.getById", {}), ("groups.getTokenPermissions", {}), ("groups.getCallbackServers", group),
        ("groups.getCallbackConfirmationCode", group), ("groups.getCallbackSettings", group | {"server_id": 1}),
        ("groups.getLongPollServer", group), ("groups.getLongPollSettings", group),
        ("messages.send", {"peer_ids": f"{vk.anna.id},5", "random_id": 5, "message": "Да"}),
        ("messages.getById", peer | {"cmids": 1}), ("messages.getHistory", peer), ("messages.getConversations", group),
        ("messages.isMessagesFromGroupAllowed", group | {"user_id": vk.anna.id}),
        ("messages.delete", peer | {"cmids": "2,77", "delete_for_all": 1}), ("photos.getMessagesUploadServer", peer),
        ("docs.getMessagesUploadServer", peer | {"type": "doc"}), ("users.get", {"user_ids": vk.anna.id}),
    ]  # fmt: skip
    answers = {method: await answer(vk, method, params) for method, params in asked}
    answers |= await uploaded(vk, answers)
    assert answers.keys() == ANSWERS.keys()
    for method, found in answers.items():
        assert ANSWERS[method](**found).response is not None, method


async def answer(vk: Vk, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """What the emulator says, as it is."""
    headers = {"Authorization": f"Bearer {vk.community.token}"}
    form = {**params, "v": "5.199"}
    async with aiohttp.request("POST", f"{vk.address}/method/{method}", data=form, headers=headers) as response:
        return dict(await response.json())


@pytest.mark.parametrize(
    ("payload", "taken"),
    [('{"a": 1}', True), (json.dumps("x" * 998), True), (json.dumps("x" * 999), False), ("x", False)],
)
async def test_the_emulator_takes_payloads_as_vk_does(vk: Vk, payload: str, taken: bool) -> None:
    """JSON of up to 1000 characters ("messages.send")."""
    await vk.connect()
    vk.emulator.say(vk.community, vk.anna, "Привет")
    params = {"peer_ids": str(vk.anna.id), "random_id": 5, "message": "Да", "payload": payload}
    assert ("response" in await answer(vk, "messages.send", params)) is taken


async def uploaded(vk: Vk, answers: dict[str, Any]) -> dict[str, Any]:
    """The two answers that need bytes first."""
    saved = {}
    for field, method, server, data in (
        ("photo", "photos.saveMessagesPhoto", "photos.getMessagesUploadServer", picture()),
        ("file", "docs.save", "docs.getMessagesUploadServer", b"%PDF"),
    ):
        form = aiohttp.FormData()
        form.add_field(field, data, filename="a.jpg" if field == "photo" else "a.pdf")
        async with aiohttp.request("POST", answers[server]["response"]["upload_url"], data=form) as response:
            saved[method] = await answer(vk, method, await response.json())
    return saved


async def test_every_parameter_that_we_send_is_one_of_the_methods(vk: Vk, tmp_path: Path) -> None:
    await every_call(vk, tmp_path)
    called = {(call.method, name) for call in vk.emulator.calls() for name in call.params}
    unknown = {(method, name) for method, name in called if name not in parameters(method)}
    assert unknown == set()


def parameters(method: str) -> set[str]:
    """The parameters of a method; AttributeError for one that VK does not have."""
    section, _, name = method.partition(".")
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    category = getattr(getattr(methods, section), f"{section.capitalize()}Category")
    return set(inspect.signature(getattr(category, words)).parameters) - {"self", "kwargs"}


async def every_call(vk: Vk, tmp_path: Path) -> None:
    """Each method that the adapter knows, by what it does for the product."""
    channel = await vk.connect()
    question = vk.emulator.say(vk.community, vk.anna, "Сколько?")
    (path := tmp_path / "file").write_bytes(picture())
    items = tuple(Attachment(kind, file_id=1, path=path) for kind in (AttachmentKind.PHOTO, AttachmentKind.FILE))
    buttons = ((Button(ButtonKind.PRESS, "Беру", "yes"),),)
    sent = await vk.send(Content(text="Сто", attachments=items[:1], buttons=buttons))
    await vk.send(Content(attachments=items), number=9)
    mine, theirs = sent[0].messages[0].id, wire.messages.message_id({"cmid": question.cmid})
    assert theirs is not None
    await vk.adapter.edit(channel, vk.user, mine, Content(text="Двести", attachments=items[:1]))
    await vk.adapter.whole(channel, vk.user, theirs)
    for emoji in ("👍", None):
        await vk.adapter.react(channel, vk.user, theirs, emoji)
    await vk.adapter.typing(channel, vk.user)
    for upto in (theirs, None):
        await vk.adapter.mark_read(channel, vk.user, upto)
    await vk.adapter.acknowledge(channel, f"x:{vk.anna.id}:{vk.anna.id}", "Да")
    await vk.adapter.profile(channel, UserId(str(vk.anna.id)))
    await vk.adapter.inspect(channel)
    await vk.adapter.delete(channel, vk.user, (mine,))
    await polled(vk)


async def polled(vk: Vk) -> None:
    """The same community without a public address, with a gap in what was polled."""
    channel = replace(vk.channel, hook=None)
    await vk.adapter.subscribe(channel)
    await vk.adapter.inspect(channel)
    found = await vk.adapter.poll(channel, None, 0)
    vk.emulator.say(vk.community, vk.anna, "Ещё тут?")
    vk.emulator.forget_history(vk.community)
    await vk.adapter.poll(channel, found.cursor, 0)


def test_the_emulator_has_no_methods_of_its_own() -> None:
    for method in emulated():
        parameters(method)
