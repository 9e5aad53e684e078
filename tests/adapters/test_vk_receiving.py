"""What people do in VK, as it arrives over real webhooks and the long poll; media is fetched from VK alone."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import (
    Attachment,
    AttachmentKind,
    ButtonPressed,
    Channel,
    Delivery,
    Event,
    Location,
    MessageEdited,
    MessageId,
    MessageReceived,
    NotFound,
    OperatorEcho,
    Profile,
    Quoted,
    ReactionChanged,
    Rejected,
    Started,
    StatusChanged,
    Subscribed,
    Unsubscribed,
    UserId,
)
from adapters.content import Button, ButtonKind, Content
from adapters.vk import files, wire
from adapters.vk.emulator import picture
from tests.adapters.communities import HOOK, Vk, served, vk_wire

PHOTO = picture(640, 480)


async def test_a_text_says_who_wrote_it(vk: Vk) -> None:
    await vk.connect()
    message = vk.emulator.say(vk.community, vk.anna, "Привет", ref="promo_42")
    (event,) = await vk.received(MessageReceived)
    assert (event.user, event.message_id, event.sequence) == (vk.user, str(message.cmid), message.cmid)
    assert (event.content, event.ref) == (Content(text="Привет"), "promo_42")
    assert event.profile is not None
    assert event.profile.client is not None
    assert "inline_keyboard" in event.profile.client
    assert replace(event.profile, client=None) == Profile(language="ru", link=f"https://vk.com/id{vk.anna.id}")
    assert event.channel == str(vk.community.id)
    assert "secret" not in event.raw


async def test_start_carries_the_code_of_the_link(vk: Vk) -> None:
    await vk.connect()
    vk.emulator.start(vk.community, vk.anna, "utm_1")
    (event,) = await vk.received(Started)
    assert event.ref == "utm_1"


async def test_photos_documents_and_voice_are_fetched(vk: Vk) -> None:
    channel = await vk.connect()
    vk.emulator.send_media(vk.community, vk.anna, ("photo", PHOTO), ("photo", PHOTO), caption="Смотрите")
    vk.emulator.send_media(vk.community, vk.anna, ("document", b"%PDF"), name="price.pdf", mime="application/pdf")
    vk.emulator.send_media(vk.community, vk.anna, ("voice", b"OggS..."), duration=7)
    events = await vk.received(MessageReceived, 3)
    assert [len(event.content.attachments) for event in events] == [2, 1, 1]
    photo, document, voice = (event.content.attachments[0] for event in events)
    assert (photo.kind, photo.width, photo.height) == (AttachmentKind.PHOTO, 640, 480)
    assert (document.kind, document.name, document.size) == (AttachmentKind.FILE, "price.pdf", 4)
    assert (voice.kind, voice.duration, voice.mime) == (AttachmentKind.VOICE, 7, "audio/ogg")
    for item, data in ((photo, PHOTO), (document, b"%PDF"), (voice, b"OggS...")):
        assert await fetched(vk, channel, item) == data
    with pytest.raises(Rejected) as raised:
        await fetched(vk, channel, photo, 100)
    assert raised.value.params["limit"]


async def fetched(vk: Vk, channel: Channel, item: Attachment, limit: int = 1_000_000) -> bytes:
    return b"".join([chunk async for chunk in vk.adapter.fetch(channel, item, limit)])


async def test_places_replies_edits_reactions_and_leaving_arrive(vk: Vk) -> None:
    await vk.connect()
    first = vk.emulator.say(vk.community, vk.anna, "Где вы?")
    await vk.send(Content(text="На Мира, 5"))
    answer = vk.got()[0]
    vk.emulator.send_location(vk.community, vk.anna, 55.75, 37.61, title="Красная площадь")
    vk.emulator.say(vk.community, vk.anna, "Понял", reply_to=answer)
    vk.emulator.edit(first, "Где вы находитесь?")
    vk.emulator.react(answer, 4)
    vk.emulator.react(answer, None)
    vk.emulator.block(vk.community, vk.anna)
    vk.emulator.block(vk.community, vk.anna, False)
    messages = await vk.received(MessageReceived, 3)
    assert messages[1].content.location == Location(55.75, 37.61, "Красная площадь", "Россия, Москва")
    assert messages[2].content.quoted == Quoted(MessageId(str(answer.cmid)), "На Мира, 5")
    (edited,) = await vk.received(MessageEdited)
    assert (edited.message_id, edited.content.text) == (str(first.cmid), "Где вы находитесь?")
    reactions = await vk.received(ReactionChanged, 2)
    assert [(one.message_id, one.emoji) for one in reactions] == [(str(answer.cmid), ("👍",)), (str(answer.cmid), ())]
    assert await vk.received(Unsubscribed)
    assert await vk.received(Subscribed)


async def test_reading_is_told_by_the_last_message_seen(vk: Vk) -> None:
    await vk.connect()
    vk.emulator.say(vk.community, vk.anna, "Вы тут?")
    sent = await vk.send(Content(text="Да"))
    vk.emulator.read(vk.community, vk.anna)
    (event,) = await vk.received(StatusChanged)
    assert (event.status, event.up_to, event.user) == (Delivery.SEEN, sent[0].messages[0].id, vk.user)


async def test_answers_given_in_vk_itself_are_told_from_ours(vk: Vk) -> None:
    await vk.connect()
    vk.emulator.say(vk.community, vk.anna, "Вы тут?")
    vk.emulator.answer_in_vk(vk.community, vk.anna, "Да, это Олег", admin=99001)
    vk.emulator.answer_in_vk(vk.community, vk.anna, "Автоответ", admin=None)
    await vk.send(Content(text="Из Пульта"), number=777)
    echoes = await vk.received(OperatorEcho, 3)
    assert [(one.content.text, one.author, one.number) for one in echoes] == [
        ("Да, это Олег", "vk.com/id99001", None),
        ("Автоответ", None, None),
        ("Из Пульта", None, 777),
    ]


async def test_a_press_is_answered_and_waits_no_longer(vk: Vk) -> None:
    channel = await vk.connect()
    vk.emulator.say(vk.community, vk.anna, "Меню")
    await vk.send(Content(text="Розы?", buttons=((Button(ButtonKind.PRESS, "Да", "yes:1"),),)))
    pressing = asyncio.create_task(vk.emulator.press(vk.got()[0], "Да"))
    (event,) = await vk.received(ButtonPressed)
    assert (event.payload, event.message_id) == ("yes:1", str(vk.got()[0].cmid))
    await vk.adapter.acknowledge(channel, event.acknowledge, "Записали" * 20)
    answer = await pressing
    assert answer is not None
    assert answer["text"] == ("Записали" * 20)[:90]
    await vk.adapter.acknowledge(channel, event.acknowledge, None)  # too late: nothing waits any more


async def test_chats_of_several_people_are_left_alone(vk: Vk) -> None:
    await vk.connect()
    body = {"message": {"peer_id": 2_000_000_001, "from_id": vk.anna.id, "id": 5, "text": "Всем", "date": 1, "out": 0}}
    vk.emulator.world.tell(vk.community, "message_new", 2_000_000_001, body)
    await vk.emulator.wait_for(lambda: vk.arrived)
    assert [type(event).__name__ for event in vk.events()] == ["Unsupported"]


async def test_repeats_keep_their_key_and_failures_are_repeated(vk: Vk) -> None:
    await vk.connect()
    vk.emulator.fault("duplicate", where="webhook")
    vk.emulator.say(vk.community, vk.anna, "Раз")
    await vk.emulator.wait_for(lambda: len(vk.arrived) == 3)
    assert len({event.key for event in vk.events()}) == 1
    vk.statuses = [500, 503]
    vk.emulator.say(vk.community, vk.anna, "Два")
    events = await vk.received(MessageReceived, 4)
    assert events[-1].content.text == "Два"
    assert vk.arrived[-1].headers["x-retry-counter"] == "2"


async def test_the_server_is_stopped_after_failures_in_a_row() -> None:
    async with vk_wire(pauses=(0.01,), stopped_after=3) as vk:
        channel = await vk.connect()
        vk.statuses = [500] * 6
        for text in ("Раз", "Два", "Три"):
            vk.emulator.say(vk.community, vk.anna, text)
        await vk.emulator.wait_for(lambda: vk.community.servers[1].status == "failed")
        assert (await vk.adapter.inspect(channel)).webhook == HOOK


# Long poll


async def polled(vk: Vk, channel: Channel, cursor: str | None, wait: float = 0) -> tuple[list[Event], str | None]:
    found = await vk.adapter.poll(channel, cursor, wait)
    return [event for payload in found.payloads for event in vk.adapter.parse(payload)], found.cursor


async def test_polling_goes_on_where_it_was(vk: Vk) -> None:
    channel = await vk.connect(None)
    events, cursor = await polled(vk, channel, None)
    assert events == []
    assert cursor is not None
    assert cursor.startswith(f"{vk.community.ts}@")
    vk.emulator.say(vk.community, vk.anna, "Раз")
    vk.emulator.say(vk.community, vk.anna, "Два")
    events, later = await polled(vk, channel, cursor)
    assert [one.content.text for one in events if isinstance(one, MessageReceived)] == ["Раз", "Два"]
    again, _ = await polled(vk, channel, cursor)
    assert [one.key for one in again] == [one.key for one in events]
    assert await polled(vk, channel, later) == ([], later)


async def test_a_waiting_poll_brings_what_comes(vk: Vk) -> None:
    channel = await vk.connect(None)
    _, cursor = await polled(vk, channel, None)
    waiting = asyncio.create_task(polled(vk, channel, cursor, 5))
    await vk.emulator.wait_for(lambda: vk.community.waiting or vk.community.polled_at)
    vk.emulator.say(vk.community, vk.anna, "Вот")
    events, _ = await waiting
    assert [one.content.text for one in events if isinstance(one, MessageReceived)] == ["Вот"]


async def test_an_expired_key_costs_nothing(vk: Vk) -> None:
    channel = await vk.connect(None)
    _, cursor = await polled(vk, channel, None)
    vk.emulator.say(vk.community, vk.anna, "Раз")
    vk.emulator.new_long_poll_key(vk.community)
    assert await polled(vk, channel, cursor) == ([], cursor)
    events, _ = await polled(vk, channel, cursor)
    assert [one.content.text for one in events if isinstance(one, MessageReceived)] == ["Раз"]


async def missed(vk: Vk, channel: Channel, cursor: str | None) -> list[tuple[str, str]]:
    """What a poll finds of messages once VK has forgotten its events: kinds and texts."""
    vk.emulator.forget_history(vk.community)
    events, later = await polled(vk, channel, cursor)
    assert later is not None
    assert later.startswith(f"{vk.community.ts}@")
    assert len({one.key for one in events}) == len(events)
    return [(type(one).__name__, one.content.text) for one in events if isinstance(one, MessageReceived | OperatorEcho)]


async def test_what_was_missed_is_read_again(vk: Vk) -> None:
    """Whether or not somebody has read it in VK meanwhile, and what was answered there too."""
    channel = await vk.connect(None)
    _, cursor = await polled(vk, channel, None)
    boris = vk.emulator.person("Борис")
    vk.emulator.say(vk.community, vk.anna, "Раз")
    vk.emulator.say(vk.community, boris, "Два")
    vk.emulator.answer_in_vk(vk.community, vk.anna, "Отвечаю")
    vk.emulator.say(vk.community, vk.anna, "Три")
    await vk.adapter.mark_read(channel, vk.user, None)
    assert await missed(vk, channel, cursor) == [
        ("MessageReceived", "Раз"), ("MessageReceived", "Два"), ("OperatorEcho", "Отвечаю"), ("MessageReceived", "Три"),
    ]  # fmt: skip


async def test_a_gap_is_filled_whole_and_no_further(vk: Vk) -> None:
    """Dialogs and messages by pages of 200, back to when the cursor was got."""
    channel = await vk.connect(None)
    vk.emulator.say(vk.community, vk.anna, "Давно")
    for message in vk.emulator.dialog(vk.community, vk.anna):
        message.date -= 3600
    _, cursor = await polled(vk, channel, None)
    for number in range(250):
        vk.emulator.say(vk.community, vk.anna, f"{number}")
    for number in range(205):
        vk.emulator.say(vk.community, vk.emulator.person(f"Гость {number}"), "Один из многих")
    found = await missed(vk, channel, cursor)
    assert len(found) == 455
    assert ("MessageReceived", "Давно") not in found
    assert {text for _, text in found} >= {"0", "249"}


async def test_a_cursor_without_a_time_looks_back_a_day(vk: Vk) -> None:
    channel = await vk.connect(None)
    vk.emulator.say(vk.community, vk.anna, "Вчера")
    vk.emulator.dialog(vk.community, vk.anna).last().date -= 30 * 3600
    vk.emulator.say(vk.community, vk.anna, "Сегодня")
    assert await missed(vk, channel, "1") == [("MessageReceived", "Сегодня")]


async def test_a_poll_that_was_switched_off_is_temporary_or_said(vk: Vk) -> None:
    channel = await vk.connect(None)
    await polled(vk, channel, None)
    vk.community.long_poll = False
    with pytest.raises(Rejected):
        await polled(vk, channel, "1")


# Media


def at(handle: str) -> Attachment:
    return Attachment(AttachmentKind.PHOTO, handle=handle)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/x", "https://169.254.169.254/meta", "http://sun9-1.userapi.com/x.jpg", "file:///etc/passwd",
        "https://userapi.com.evil.test/x", "https://eviluserapi.com/x", "https://vk.com:8443/x", "https://a@vk.com/x",
        "https://vk.com@evil.test/x", "//evil.test/x", "https://[::1]/x", "https://[bad/x", "ftp://vk.com/x",
    ],
)  # fmt: skip
def test_only_vks_own_media_is_fetched(address: str) -> None:
    with pytest.raises(Rejected):
        files.resolved("http://127.0.0.1:1/vk/", address, "http://127.0.0.1:1/vk")


@pytest.mark.parametrize(
    "address",
    [
        "https://sun9-1.userapi.com/x.jpg",
        "https://vk.com/doc1_2?hash=a",
        "https://psv4.vkuser.net/x",
        "http://127.0.0.1:1/x",
    ],
)
def test_vks_media_hosts_and_the_configured_api_are_known(address: str) -> None:
    assert files.resolved("http://127.0.0.1:1/vk/", address, "http://127.0.0.1:1/vk") == address


async def test_a_redirect_is_followed_only_where_fetching_is_allowed(vk: Vk) -> None:
    stranger_asked = []

    async def stranger(request: web.Request) -> web.Response:
        stranger_asked.append(request.path)
        return web.Response(body=b"secret")

    async def own(request: web.Request) -> web.Response:
        target = {"/out": f"{elsewhere}/x", "/in": "/here", "/loop": "/loop"}.get(request.path)
        if target is None:
            return web.Response(body=b"picture", status=200 if request.path == "/here" else 404)
        return web.Response(status=302, headers={"Location": target})

    from adapters.vk.adapter import VkAdapter
    from adapters.vk.settings import VkSettings

    async with served(stranger) as elsewhere, served(own) as api:
        adapter = VkAdapter(vk.adapter.http, VkSettings(api=api, _env_file=None))  # type: ignore[call-arg]

        async def get(path: str) -> bytes:
            return b"".join([chunk async for chunk in adapter.fetch(vk.channel, at(f"{api}{path}"), 1000)])

        assert await get("/in") == b"picture"
        with pytest.raises(Rejected):
            await get("/out")
        for path in ("/loop", "/gone"):
            with pytest.raises(NotFound):
                await get(path)
    assert stranger_asked == []


async def test_what_vk_does_not_hand_over_is_said(vk: Vk) -> None:
    video = Attachment(AttachmentKind.VIDEO, unavailable="No", link="https://vk.com/video1_2")
    with pytest.raises(Rejected):
        await fetched(vk, vk.channel, video)
    with pytest.raises(NotFound):
        await fetched(vk, vk.channel, at(f"{vk.address}/media/unknown/jpg"))


# Names


async def test_names_are_asked_for_in_one_call(vk: Vk) -> None:
    people = [vk.emulator.person(f"Гость {number}", last_name="Я") for number in range(30)]
    users = [UserId(str(person.id)) for person in people] + [vk.user, vk.user]
    found = await asyncio.gather(*(vk.adapter.profile(vk.channel, user) for user in users))
    assert [profile.name if profile else None for profile in found[:2]] == ["Гость 0 Я", "Гость 1 Я"]
    assert len(vk.emulator.calls("users.get")) == 1
    anna = found[-1]
    assert anna is not None
    assert (anna.name, anna.username, anna.link) == ("Анна Петрова", "anna", "https://vk.com/anna")
    assert anna.picture
    assert await vk.adapter.profile(vk.channel, UserId("999999999")) is None
    assert await vk.adapter.profile(vk.channel, UserId("anna")) is None


@given(
    text=st.text(max_size=50),
    depth=st.integers(0, 40),
    payload=st.one_of(st.none(), st.text(max_size=20), st.dictionaries(st.text(max_size=3), st.integers())),
)
def test_forwarded_words_never_vanish(text: str, depth: int, payload: Any) -> None:
    inner: dict[str, Any] = {"from_id": 7, "text": "слово", "attachments": []}
    for _ in range(depth):
        inner = {"from_id": 7, "text": "", "fwd_messages": [inner]}
    message = {
        "peer_id": 5, "from_id": 5, "out": 0, "conversation_message_id": 1, "date": 1, "text": text,
        "fwd_messages": [inner], "payload": payload,
    }  # fmt: skip
    told = {"type": "message_new", "group_id": 1, "event_id": "e", "object": {"message": message}}
    (event,) = wire.parse(json.loads(json.dumps(told)))
    assert isinstance(event, MessageReceived)
    assert "слово" in event.content.text
