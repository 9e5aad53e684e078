"""`pymsgr`, a typed wrapper of 2026 that knows nothing of Pult, reads our samples and judges what we send."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymsgr.errors import SignatureVerificationError, WebhookVerificationError
from pymsgr.security import verify_challenge, verify_webhook_signature
from pymsgr.types.events import RawMessagingEvent, WebhookPayload
from pymsgr.types.payloads import SendRequest

from adapters.base import TIMELESS, Button, ButtonKind, Content, Event, MessageId, Quoted
from adapters.facebook import wire
from adapters.facebook.emulator import APP_SECRET, VERIFY_TOKEN
from tests.adapters.pages import opened, subscribed

SAMPLES = Path(wire.__file__).parent / "samples"
NAMES = sorted(file.stem for file in SAMPLES.glob("*.json") if file.stem not in ("credentials", "hook"))
PARTS = ("message", "postback", "delivery", "read", "optin", "referral", "policy_enforcement", "reaction")


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())["payload"]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_both_read_the_same_out_of_every_sample(name: str) -> None:
    raw = payload(name)
    theirs = WebhookPayload.model_validate(raw)
    if theirs.object != "page":
        return
    ours = [event for event in wire.parse(raw) if "field" not in event.raw]
    read = [(entry.id, one) for entry in theirs.entry for one in (*entry.messaging, *entry.standby)]
    assert len(ours) == len(read)
    for event, (page, one) in zip(ours, read, strict=True):
        agree(event, page, one)


def agree(event: Event, page: str, theirs: RawMessagingEvent) -> None:
    echo = theirs.message is not None and bool(theirs.message.is_echo)
    assert event.channel == page
    assert event.user == ((theirs.recipient if echo else theirs.sender).id or "")
    if event.at != TIMELESS:
        divisor = 1000 if theirs.timestamp > 10**11 else 1
        assert event.at == datetime.fromtimestamp(theirs.timestamp / divisor, UTC)
    told = next((found for part in PARTS if (found := getattr(theirs, part)) is not None), None)
    for field, name in (("message_id", "mid"), ("token", "metadata"), ("emoji", "emoji"), ("ref", "ref")):
        value, stated = getattr(event, field, None), getattr(told, name, None)
        if value and stated:
            assert stated in (value, *(value if isinstance(value, tuple) else ())), field
    content = getattr(event, "content", None)
    if theirs.message is not None and theirs.message.text and content is not None and content.contact is None:
        assert content.text.startswith(theirs.message.text)


async def test_every_call_of_ours_is_a_send_request_of_theirs() -> None:
    press, link = Button(ButtonKind.PRESS, "Чай", "tea"), Button(ButtonKind.LINK, "Сайт", "https://pult.test")
    async with subscribed() as facebook:
        first = MessageId(next(iter(facebook.emulator.chat(facebook.page, facebook.anna).messages.values())).mid)
        for content in (
            Content(text="я" * 2000), Content(text="?", buttons=((press, link),)),
            Content(text="?", buttons=((press,) * 13,)), Content(text="re", quoted=Quoted(first)),
            Content(text="?", buttons=((Button(ButtonKind.PHONE, "Телефон"),),)),
        ):  # fmt: skip
            await facebook.send(content)
        for call in facebook.emulator.calls("messages"):
            read = SendRequest.model_validate(call.params).model_dump(mode="json", exclude_none=True)
            assert (read["recipient"]["id"], read["messaging_type"]) == (facebook.user, "RESPONSE")


async def test_both_agree_on_signatures_and_on_the_set_up_request() -> None:
    async with subscribed() as facebook:
        (hook,) = facebook.arrived
        signature = hook.headers["x-hub-signature-256"]
        verify_webhook_signature(hook.body, signature, app_secret=APP_SECRET)
        for body, given, secret in (
            (hook.body + b" ", signature, APP_SECRET), (hook.body, signature, APP_SECRET + "x"),
            (hook.body, signature.removeprefix("sha256="), APP_SECRET),
        ):  # fmt: skip
            with pytest.raises(SignatureVerificationError):
                verify_webhook_signature(body, given, app_secret=secret)
    async with opened() as facebook:
        await facebook.adapter.subscribe(facebook.channel)
        assert facebook.emulator.app.verify_token == VERIFY_TOKEN
        assert verify_challenge("subscribe", "1158201444", VERIFY_TOKEN, verify_token=VERIFY_TOKEN) == "1158201444"
        with pytest.raises(WebhookVerificationError):
            verify_challenge("unsubscribe", "1", VERIFY_TOKEN, verify_token=VERIFY_TOKEN)
