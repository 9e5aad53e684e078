"""What people do on Messenger, as it arrives: over real HTTP, signed, repeated, several pages at once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import (
    ANOTHER_SERVICE,
    Attachment,
    AttachmentKind,
    Button,
    ButtonKind,
    ButtonPressed,
    Content,
    Delivery,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    NotFound,
    OperatorEcho,
    ReactionChanged,
    Rejected,
    Started,
    StatusChanged,
)
from adapters.facebook import files, wire
from adapters.http import Http
from tests.adapters.pages import ENVELOPE, Facebook, opened, subscribed


async def fetched(facebook: Facebook, item: Attachment, limit: int = 100_000) -> bytes:
    return b"".join([chunk async for chunk in facebook.adapter.fetch(facebook.channel, item, limit)])


async def test_a_first_visit_and_a_later_one_carry_the_code_of_the_link() -> None:
    async with opened() as facebook:
        await facebook.adapter.subscribe(facebook.channel)
        facebook.emulator.start(facebook.page, facebook.anna, "promo_42")
        facebook.emulator.start(facebook.page, facebook.anna, "promo_43")
        facebook.emulator.start(facebook.page, facebook.anna)
        facebook.emulator.people.visit_from_ad(facebook.page, facebook.anna, "604")
        started = await facebook.received(Started, 3)
        assert [event.ref for event in started] == ["promo_42", "promo_43", "ad_604"]
        assert started[0].window_until == started[0].at + timedelta(hours=24)


async def test_text_in_any_script_keeps_its_signature() -> None:
    async with subscribed() as facebook:
        facebook.emulator.say(facebook.page, facebook.anna, 'Ä / 👋🏽 \u2028 \\ "quoted"')
        received = await facebook.received(MessageReceived, 2)
        assert received[-1].content.text == 'Ä / 👋🏽 \u2028 \\ "quoted"'
        assert b"\\u00c4" in facebook.arrived[-1].body
        assert b"\\/" in facebook.arrived[-1].body


async def test_a_forged_signature_is_refused() -> None:
    async with subscribed() as facebook:
        status = await facebook.emulator.delivery.post({"object": "page", "entry": []}, secret="another")
        assert status == 403


@pytest.mark.parametrize(
    ("kind", "mime", "expected"),
    [
        ("image", "image/jpeg", AttachmentKind.PHOTO),
        ("video", "video/mp4", AttachmentKind.VIDEO),
        ("audio", "audio/mp4", AttachmentKind.AUDIO),
        ("file", "application/pdf", AttachmentKind.FILE),
        ("sticker", "image/png", AttachmentKind.STICKER),
    ],
)
async def test_media_is_fetched(kind: str, mime: str, expected: AttachmentKind) -> None:
    async with subscribed() as facebook:
        facebook.emulator.send_media(facebook.page, facebook.anna, kind, b"bytes" * 100, name="price.pdf", mime=mime)
        received = await facebook.received(MessageReceived, 2)
        (item,) = received[-1].content.attachments
        assert item.kind is expected
        assert await fetched(facebook, item) == b"bytes" * 100
        with pytest.raises(Rejected):
            await fetched(facebook, item, limit=10)


async def test_an_expired_link_is_not_found() -> None:
    async with subscribed() as facebook:
        facebook.emulator.send_media(facebook.page, facebook.anna, "image", b"bytes")
        (_, event) = await facebook.received(MessageReceived, 2)
        handle = event.content.attachments[0].handle
        for expired in (handle.replace("oh=00", "oh=01"), handle.replace("/media/", "/media/x")):
            with pytest.raises(NotFound):
                await fetched(facebook, Attachment(AttachmentKind.PHOTO, handle=expired))


@pytest.mark.parametrize(
    "address",
    [
        "http://scontent.xx.fbcdn.net/p.jpg", "https://fbcdn.net.evil.test/p.jpg", "https://evilfbcdn.net/p.jpg",
        "https://169.254.169.254/latest", "http://localhost:1/x", "https://user@scontent.xx.fbcdn.net/p.jpg",
        "https://scontent.xx.fbcdn.net:8443/p.jpg", "file:///etc/passwd", "https://[::1]/", "https://[bad/", "gopher://x",
    ],
)  # fmt: skip
async def test_nothing_is_fetched_from_elsewhere(address: str) -> None:
    async with opened() as facebook:
        with pytest.raises(Rejected) as refused:
            await fetched(facebook, Attachment(AttachmentKind.PHOTO, handle=address))
        assert refused.value.reason == files.FOREIGN


async def test_a_redirect_is_judged_like_the_address_itself() -> None:
    hits: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        hits.append(request.path)
        target = {"/away": "http://127.0.0.1:1/secret", "/on": "/file", "/round": "/round"}.get(request.path)
        return web.Response(status=302, headers={"Location": target}) if target else web.Response(body=b"file")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def get(path: str) -> bytes:
        item = Attachment(AttachmentKind.PHOTO, handle=api + path)
        return b"".join([chunk async for chunk in files.fetch(http, api, item, 100)])

    try:
        async with Http() as http:
            assert await get("/on") == b"file"
            with pytest.raises(Rejected):
                await get("/away")
            with pytest.raises(files.Temporary):
                await get("/round")
    finally:
        await runner.cleanup()
    assert hits.count("/round") == files.REDIRECTS + 1


async def test_what_becomes_of_a_message_is_told() -> None:
    async with subscribed() as facebook:
        message = facebook.emulator.say(facebook.page, facebook.anna, "Кофе есть?")
        facebook.emulator.edit(message, "Чай есть?")
        facebook.emulator.delete(message)
        (edited,) = await facebook.received(MessageEdited)
        (deleted,) = await facebook.received(MessageDeleted)
        assert edited.message_id == deleted.message_id == message.mid
        assert edited.content.text == "Чай есть?"


async def test_an_answer_is_echoed_delivered_read_and_reacted_to() -> None:
    async with subscribed() as facebook:
        (sent,) = await facebook.send(Content(text="Да"))
        number = sent.messages[0].id
        (echo,) = await facebook.received(OperatorEcho)
        assert (echo.message_id, echo.token, echo.user) == (number, ENVELOPE.token, facebook.user)
        (delivered,) = await facebook.received(StatusChanged)
        assert (delivered.status, delivered.message_ids) == (Delivery.DELIVERED, (number,))
        (answer,) = facebook.emulator.chat(facebook.page, facebook.anna).sent()
        facebook.emulator.read(facebook.page, facebook.anna)
        facebook.emulator.react(answer, "❤️")
        facebook.emulator.react(answer, None)
        (_, seen) = await facebook.received(StatusChanged, 2)
        assert (seen.status, seen.watermark is not None) == (Delivery.SEEN, True)
        reactions = await facebook.received(ReactionChanged, 2)
        assert [event.emoji for event in reactions] == [("❤️",), ()]
        assert all(event.message_id == number for event in reactions)
        assert reactions[0].window_until is not None


async def test_answers_given_in_the_pages_inbox_are_known() -> None:
    async with subscribed() as facebook:
        facebook.emulator.answer_elsewhere(facebook.page, facebook.anna, "Из интерфейса")
        facebook.emulator.answer_elsewhere(facebook.page, facebook.anna, "Я бот", app_id="77")
        first, second = await facebook.received(OperatorEcho, 2)
        assert (first.content.text, first.author, first.token) == ("Из интерфейса", None, None)
        assert (second.content.text, second.author) == ("Я бот", ANOTHER_SERVICE)


async def test_buttons_are_pressed() -> None:
    async with subscribed() as facebook:
        few = Content(text="Чего?", buttons=((Button(ButtonKind.PRESS, "Чай", "tea"),),))
        many = Content(text="Когда?", buttons=(tuple(Button(ButtonKind.PRESS, f"В {n}", f"at {n}") for n in range(9)),))
        phone = Content(text="Телефон?", buttons=((Button(ButtonKind.PHONE, "Поделиться"),),))
        for content in (few, many, phone):
            await facebook.send(content)
        messages = facebook.emulator.chat(facebook.page, facebook.anna).sent()
        facebook.emulator.press(messages[0], "Чай")
        facebook.emulator.press(messages[1], "В 4")
        facebook.emulator.press(messages[2], 0)
        pressed = await facebook.received(ButtonPressed, 2)
        assert [(event.payload, event.label) for event in pressed] == [("tea", "Чай"), ("at 4", "В 4")]
        received = await facebook.received(MessageReceived, 2)
        card = received[-1].content.contact
        assert card is not None
        assert (card.phone[:5], card.user) == ("+7900", facebook.user)


async def test_a_conversation_that_another_app_has_is_still_heard() -> None:
    async with subscribed() as facebook:
        facebook.emulator.hand_to(facebook.page, facebook.anna, "77")
        facebook.emulator.say(facebook.page, facebook.anna, "А человек есть?")
        received = await facebook.received(MessageReceived, 2)
        assert received[-1].content.text == "А человек есть?"
        assert b"standby" in facebook.arrived[-1].body


async def test_events_of_several_pages_come_in_one_request() -> None:
    async with subscribed() as facebook:
        tea = facebook.emulator.create_page("Tea", "tea.club")
        await facebook.adapter.subscribe(facebook.channel_of(tea))
        facebook.emulator.delivery.hold()
        facebook.emulator.say(facebook.page, facebook.anna, "Кофе")
        facebook.emulator.say(tea, facebook.anna, "Чай")
        facebook.emulator.say(tea, facebook.anna, "Ещё чай")
        facebook.emulator.delivery.release()
        received = (await facebook.received(MessageReceived, 4))[1:]
        assert len(facebook.arrived) == 2
        assert [(event.channel, event.content.text) for event in received] == [
            (facebook.page.id, "Кофе"), (tea.id, "Чай"), (tea.id, "Ещё чай"),
        ]  # fmt: skip
        assert received[0].user != received[1].user, "a person has another id for each page"


async def test_repeats_have_the_same_keys() -> None:
    async with subscribed() as facebook:
        facebook.arrived.clear()
        facebook.emulator.fault("duplicate", where="webhook")
        facebook.emulator.say(facebook.page, facebook.anna, "Раз")
        received = await facebook.received(MessageReceived, 3)
        assert len({event.key for event in received}) == 1


async def test_what_was_refused_comes_again() -> None:
    async with subscribed() as facebook:
        facebook.statuses += [503, 503]
        facebook.emulator.say(facebook.page, facebook.anna, "Раз")
        received = await facebook.received(MessageReceived, 2)
        assert received[-1].content.text == "Раз"
        assert [status for _, status in facebook.emulator.delivery.posts][-3:] == [503, 503, 200]


async def test_a_persons_profile_is_asked_for() -> None:
    async with subscribed() as facebook:
        profile = await facebook.adapter.profile(facebook.channel, facebook.user)
        assert profile is not None
        assert profile.name == "Anna Petrova"
        assert profile.picture
        facebook.anna.consent = False
        assert await facebook.adapter.profile(facebook.channel, facebook.user) is None
        facebook.anna.consent, facebook.anna.phone_only = True, True
        assert await facebook.adapter.profile(facebook.channel, facebook.user) is None


# Whatever is on the wire

WORDS = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.just({}), st.just([]), st.booleans())
NAMES = ("message", "postback", "reaction", "read", "delivery", "optin", "referral", "message_edit", "novelty")
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "mid": WORDS, "text": WORDS, "payload": WORDS, "title": WORDS, "is_echo": WORDS, "quick_reply": WORDS,
        "attachments": st.lists(st.fixed_dictionaries({}, optional={"type": WORDS, "payload": WORDS}), max_size=3),
        "watermark": WORDS, "mids": WORDS, "emoji": WORDS, "action": WORDS, "ref": WORDS, "metadata": WORDS,
    },
)  # fmt: skip
EVENTS = st.fixed_dictionaries(
    {"sender": st.one_of(WORDS, st.fixed_dictionaries({"id": WORDS})), "timestamp": WORDS},
    optional=dict.fromkeys(NAMES, BODIES),
)


@settings(max_examples=200, deadline=None)
@given(events=st.lists(EVENTS, max_size=4), place=st.sampled_from(["messaging", "standby"]))
def test_no_event_is_dropped_in_silence(events: list[dict[str, object]], place: str) -> None:
    payload = {"object": "page", "entry": [{"id": "1", place: events}]}
    found: list[Event] = wire.parse(payload)
    assert len(found) == len(events)
    assert found == wire.parse(json.loads(json.dumps(payload)))
    assert all(event.channel == "1" and 0 < len(event.key) <= 255 for event in found)
