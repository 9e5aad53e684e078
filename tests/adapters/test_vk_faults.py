"""Whatever goes wrong on the way to VK, as the error that says what to do next; no key in any of them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.base import (
    Ambiguous,
    Attachment,
    AttachmentKind,
    Channel,
    ChannelId,
    ChannelSuspended,
    Content,
    Credentials,
    CredentialsRevoked,
    Envelope,
    MessageId,
    NotFound,
    PlatformError,
    RecipientGone,
    Rejected,
    Scope,
    Temporary,
    Throttled,
    UserId,
    WindowClosed,
)
from adapters.http import Http
from adapters.vk import refusals
from adapters.vk.adapter import VkAdapter
from adapters.vk.emulator import picture
from adapters.vk.emulator.model import File
from adapters.vk.limits import RIGHTS
from adapters.vk.refusals import refusal
from adapters.vk.settings import VkSettings
from tests.adapters.communities import Vk, served

KEY = "vk1.a." + "s" * 100
CHANNEL = Channel(ChannelId("1"), Credentials(token=KEY), "coffee_club")
ANNA = UserId("42")
HELLO = Content(text="Hello")
ENVELOPE = Envelope(token="t", number=7)


@pytest.fixture
async def talk(vk: Vk) -> Vk:
    """The community is connected, and the customer has written."""
    await vk.connect()
    vk.emulator.say(vk.community, vk.anna, "Здравствуйте")
    return vk


@asynccontextmanager
async def against(answer: Callable[[web.Request], web.StreamResponse]) -> AsyncIterator[VkAdapter]:
    """An adapter whose VK gives one answer to every call."""

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        return answer(request)

    async with served(handle) as api, Http() as http:
        yield VkAdapter(http, VkSettings(api=api, _env_file=None))  # type: ignore[call-arg]


def said(code: int, words: str = "words", status: int = 200) -> Callable[[web.Request], web.StreamResponse]:
    return lambda _: web.json_response({"error": {"error_code": code, "error_msg": words}}, status=status)


async def error_of(adapter: VkAdapter, content: Content = HELLO) -> PlatformError:
    with pytest.raises(PlatformError) as raised:
        await adapter.send(CHANNEL, ANNA, content, ENVELOPE)
    assert KEY not in "".join(traceback.format_exception(raised.value))
    return raised.value


@pytest.mark.parametrize(
    ("kind", "error", "arrived"),
    [
        ("429", Throttled, 0),
        ("500", Temporary, 0),
        ("reset_before", Ambiguous, 0),
        ("reset_after", Ambiguous, 1),
        ("refused", RecipientGone, 0),
    ],
)
async def test_a_failed_send_and_its_repeat_are_one_message(
    talk: Vk, kind: str, error: type[PlatformError], arrived: int
) -> None:
    talk.emulator.fault(kind, method="messages.send")
    with pytest.raises(PlatformError) as raised:
        await talk.send(HELLO, number=7)
    assert type(raised.value) is error
    assert len(talk.got()) == arrived
    (sent,) = await talk.send(HELLO, number=7)
    assert len(talk.got()) == 1
    assert sent.messages[0].id == str(talk.got()[0].cmid)


async def test_a_send_without_an_answer_in_time_is_one_message_too(talk: Vk) -> None:
    talk.emulator.fault("timeout", method="messages.send", seconds=5)
    async with Http(timeout=aiohttp.ClientTimeout(total=0.3)) as http:
        hasty = VkAdapter(http, VkSettings(api=talk.address, _env_file=None))  # type: ignore[call-arg]
        with pytest.raises(Ambiguous):
            await hasty.send(talk.channel, talk.user, HELLO, ENVELOPE)
    await talk.send(HELLO, number=7)
    assert len(talk.got()) == 1


async def test_a_slow_answer_is_waited_for(talk: Vk) -> None:
    talk.emulator.fault("slow", method="messages.send", seconds=0.2)
    await talk.send(HELLO)
    assert len(talk.got()) == 1


@pytest.mark.parametrize("method", ["photos.getMessagesUploadServer", "photos.saveMessagesPhoto"])
@pytest.mark.parametrize("kind", ["500", "reset_before", "reset_after"])
async def test_an_upload_that_breaks_is_temporary(talk: Vk, tmp_path: Path, method: str, kind: str) -> None:
    (path := tmp_path / "photo").write_bytes(picture())
    photo = Content(attachments=(Attachment(AttachmentKind.PHOTO, file_id=1, path=path),))
    talk.emulator.fault(kind, method=method)
    with pytest.raises(Temporary):
        await talk.send(photo)
    await talk.send(photo)
    assert len(talk.got()) == 1


@pytest.mark.parametrize("code", [22, 105, 118, 121, 129])
async def test_an_upload_that_does_not_hold_is_tried_once_more(talk: Vk, tmp_path: Path, code: int) -> None:
    (path := tmp_path / "photo").write_bytes(picture())
    photo = Content(attachments=(Attachment(AttachmentKind.PHOTO, file_id=1, path=path),))
    talk.emulator.fault("refused", method="photos.saveMessagesPhoto", code=code)
    await talk.send(photo)
    assert len(talk.got()) == 1
    talk.emulator.fault("refused", method="photos.saveMessagesPhoto", code=code, times=None)
    with pytest.raises(Rejected):
        await talk.send(photo, number=2)


@pytest.mark.parametrize("kind", [AttachmentKind.VOICE, AttachmentKind.FILE])
async def test_a_recording_whose_upload_did_not_hold_stays_a_recording(
    talk: Vk, tmp_path: Path, kind: AttachmentKind
) -> None:
    (path := tmp_path / "voice").write_bytes(b"OggS" + bytes(50))
    content = Content(attachments=(Attachment(kind, file_id=1, path=path, mime="audio/ogg"),))
    talk.emulator.fault("refused", method="docs.save", code=121)
    await talk.send(content)
    (file,) = talk.got()[0].attachments
    assert isinstance(file, File)
    assert file.kind == ("audio_message" if kind is AttachmentKind.VOICE else "doc")


async def test_what_may_be_repeated_is_never_ambiguous(talk: Vk) -> None:
    (sent,) = await talk.send(HELLO)
    talk.emulator.fault("reset_after", method="messages.edit")
    with pytest.raises(Temporary):
        await talk.adapter.edit(talk.channel, talk.user, sent.messages[0].id, Content(text="Bye"))
    assert talk.got()[0].text == "Bye"


@pytest.mark.parametrize(
    ("code", "seconds", "scope"),
    [(6, 0.5, Scope.CHANNEL), (9, 120, Scope.RECIPIENT), (29, 3600, Scope.METHOD)],
)
async def test_limits_say_who_waits_and_how_long(talk: Vk, code: int, seconds: float, scope: Scope) -> None:
    talk.emulator.fault("429", method="messages.send", code=code)
    with pytest.raises(Throttled) as raised:
        await talk.send(HELLO)
    assert (raised.value.retry_after, raised.value.scope) == (seconds, scope)
    talk.emulator.fault("refused", method="messages.send", code=code)
    with pytest.raises(Throttled) as one:
        await talk.send(HELLO)
    assert (one.value.retry_after, one.value.scope) == (seconds, scope)


TABLE: list[tuple[type[PlatformError], tuple[int, ...]]] = [
    (Temporary, (1, 10, 43)),
    (Throttled, (6, 9, 29, 32)),
    (Ambiguous, (36,)),
    (CredentialsRevoked, (5, 27, 28, 1114, 1116, 1117, 3609, 3610)),
    (RecipientGone, (18, 113, 900, 901, 902, 917, 922, 925, 932, 936, 945, 946, 985, 987, 988, 1012)),
    (ChannelSuspended, (203, 984)),
    (WindowClosed, (950,)),
    (NotFound, (104,)),
    (refusals.NoAccess, (7, 15, 20)),
    (refusals.UploadFailed, (22, 105, 118, 121, 129)),
    (refusals.WrongParameter, (100,)),
    (refusals.BotsOff, (912,)),
    (Rejected, (3, 8, 14, 17, 23, 34, 35, 125, 909, 910, 911, 913, 914, 921, 924, 940, 943, 944, 962, 969, 979, 983)),
    (Rejected, (2000, 77777)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code"), [(error, code) for error, codes in TABLE for code in codes])
async def test_every_code_says_what_to_do(error: type[PlatformError], code: int) -> None:
    found = refusal(code, "words", method="messages.send", once=True)
    assert type(found) is error
    assert found.reason.format(**found.params)
    if code != 912:  # is put right by a second call
        async with against(said(code)) as adapter:
            assert type(await error_of(adapter)) is error


def test_a_call_that_was_cut_off_may_be_repeated_where_nothing_is_made() -> None:
    assert type(refusal(36, "words", method="messages.edit", once=False)) is Temporary


@pytest.mark.parametrize(
    ("method", "right"),
    [("messages.send", "messages"), ("photos.saveMessagesPhoto", "photos"), ("docs.save", "docs"),
     ("groups.setSettings", "manage")],
)  # fmt: skip
def test_a_missing_right_is_named(method: str, right: str) -> None:
    assert refusal(15, "Access denied", method=method, once=False).params == {"right": RIGHTS[right]}


@pytest.mark.parametrize("action", ["block", "blacklist"])
async def test_who_cannot_be_written_to_is_said(talk: Vk, action: str) -> None:
    getattr(talk.emulator, action)(talk.community, talk.anna)
    with pytest.raises(RecipientGone) as raised:
        await talk.send(HELLO)
    assert raised.value.reason == {"block": refusals.NOT_ALLOWED, "blacklist": refusals.BLACKLISTED}[action]


async def test_strangers_cannot_be_written_to(talk: Vk) -> None:
    boris = talk.emulator.person("Борис")
    for user in (str(boris.id), "999999999", "anna", "-5", ""):
        with pytest.raises(RecipientGone):
            await talk.adapter.send(talk.channel, UserId(user), HELLO, ENVELOPE)


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 413, 429, 500, 502, 503, 504])
async def test_a_page_of_somebody_else_condemns_no_key(status: int) -> None:
    async with against(lambda _: web.Response(text=f"<html>{KEY}</html>", status=status)) as adapter:
        error = await error_of(adapter)
    assert not isinstance(error, CredentialsRevoked)
    assert isinstance(error, Ambiguous) == (status in (200, 502, 504))


ODD: tuple[Any, ...] = (
    {}, [], {"response": None}, {"response": []}, {"response": [{}]}, {"response": {"x": 1}}, {"error": "no"},
    {"error": {"error_code": "5"}}, {"response": [{"peer_id": 1, "message_id": 0, "conversation_message_id": 0}]},
)  # fmt: skip


@pytest.mark.parametrize("body", ODD, ids=str)
async def test_an_answer_that_makes_no_sense_may_be_a_yes(body: Any) -> None:
    async with against(lambda _: web.json_response(body)) as adapter:
        assert isinstance(await error_of(adapter), Ambiguous)


async def test_a_plain_number_is_an_answer_too() -> None:
    async with against(lambda _: web.json_response({"response": 152})) as adapter:
        sent = await adapter.send(CHANNEL, ANNA, HELLO, ENVELOPE)
    assert sent.messages[0].id == "id152"


async def test_the_key_is_in_no_address_body_or_log(talk: Vk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    def answer(request: web.Request) -> web.StreamResponse:
        seen.append(str(request.url))
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        return web.json_response({"error": {"error_code": 100, "error_msg": f"not {KEY}"}})

    async with against(answer) as adapter:
        error = await error_of(adapter)
        with pytest.raises(PlatformError):
            await adapter.edit(CHANNEL, ANNA, MessageId("5"), HELLO)
    assert "<secret>" in error.reason
    assert KEY not in "".join(seen) + caplog.text


async def test_a_key_that_cannot_be_one_never_leaves() -> None:
    async with against(lambda _: web.json_response({"response": 1})) as adapter:
        for token in ("", "vk1.a.short", KEY + "\r\nX: y"):
            channel = Channel(ChannelId("1"), Credentials(token=token))
            with pytest.raises(CredentialsRevoked):
                await adapter.send(channel, ANNA, HELLO, ENVELOPE)
