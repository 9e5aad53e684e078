"""Two readers that know nothing of Pult: `fbmessenger` builds and sends the same bodies and proofs, and reads the same
webhooks; `gidgethub` checks X-Hub-Signature-256, which GitHub makes in the same way as Facebook."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fbmessenger import BaseMessenger, MessengerClient
from fbmessenger.elements import Button as TheirButton
from fbmessenger.elements import Text
from fbmessenger.quick_replies import QuickReplies, QuickReply
from gidgethub import ValidationFailure
from gidgethub.sansio import validate_event

from adapters.base import Button, ButtonKind, Content, Credentials, HookRequest, MessageReceived
from adapters.facebook.emulator import APP_SECRET
from tests.adapters.pages import ENVELOPE, Facebook, opened, subscribed


def client(facebook: Facebook, secret: str = APP_SECRET) -> MessengerClient:
    made = MessengerClient(facebook.page.token, app_secret=secret, api_version="25.0")
    made.graph_url = f"{facebook.address}/v25.0"
    return made


async def test_the_emulator_takes_what_another_client_sends() -> None:
    async with subscribed() as facebook:
        other = client(facebook)
        answer = await asyncio.to_thread(other.send, Text(text="Привет").to_dict(), facebook.user)
        assert answer["recipient_id"] == facebook.user
        profile = await asyncio.to_thread(other.get_user_data, facebook.user)
        assert profile["first_name"] == "Anna"
        await asyncio.to_thread(other.send_action, "typing_on", facebook.user)
        (message,) = facebook.emulator.chat(facebook.page, facebook.anna).sent()
        assert message.text == "Привет"
        for stranger, body in ((client(facebook, "another"), {"text": "?"}), (other, {"text": ""})):
            refused = await asyncio.to_thread(stranger.send, body, facebook.user)
            assert refused["error"]["code"] == 100


async def test_both_make_the_same_proof_and_the_same_bodies() -> None:
    async with subscribed() as facebook:
        assert facebook.adapter._api.proof(facebook.page.token) == client(facebook).generate_appsecret_proof()
        press, link = Button(ButtonKind.PRESS, "Чай", "tea"), Button(ButtonKind.LINK, "Сайт", "https://pult.test")
        await facebook.send(Content(text="Чего?", buttons=((press, link),)))
        await facebook.send(Content(text="Когда?", buttons=((press,) * 4,)))
        template, quick = (call.params["message"] for call in facebook.emulator.calls("messages"))
        theirs = [
            TheirButton(button_type="postback", title="Чай", payload="pult:tea").to_dict(),
            TheirButton(button_type="web_url", title="Сайт", url="https://pult.test").to_dict(),
        ]
        assert template["attachment"]["payload"]["buttons"] == theirs
        replies = QuickReplies(quick_replies=[QuickReply(title="Чай", payload="pult:tea")] * 4)
        assert quick == Text(text="Когда?", quick_replies=replies).to_dict() | {"metadata": ENVELOPE.token}


class Reader(BaseMessenger):  # type: ignore[misc]
    """What another reader makes of our samples: the kind and who sent it."""

    def __init__(self) -> None:
        super().__init__("token")
        self.read_as: list[str] = []

    def handle_kind(self, kind: str) -> None:
        self.read_as.append(f"{kind} {self.get_user_id()}")

    def account_linking(self, message: Any) -> None:
        self.handle_kind("account_linking")

    def message(self, message: Any) -> None:
        self.handle_kind("message")

    def delivery(self, message: Any) -> None:
        self.handle_kind("delivery")

    def optin(self, message: Any) -> None:
        self.handle_kind("optin")

    def postback(self, message: Any) -> None:
        self.handle_kind("postback")

    def read(self, message: Any) -> None:
        self.handle_kind("read")


async def test_another_reader_understands_the_emulators_webhooks() -> None:
    async with opened() as facebook:
        await facebook.adapter.subscribe(facebook.channel)
        facebook.emulator.start(facebook.page, facebook.anna, "promo_42")
        facebook.emulator.say(facebook.page, facebook.anna, "Привет")
        await facebook.received(MessageReceived)
        await facebook.send(Content(text="Да"))
        facebook.emulator.read(facebook.page, facebook.anna)
        await facebook.emulator.wait_for(lambda: len(facebook.events()) == 5)
        reader = Reader()
        for hook in facebook.arrived:
            for entry in json.loads(hook.body)["entry"]:
                for event in entry["messaging"]:
                    reader.handle({"entry": [{"messaging": [event]}]})
        page, user = facebook.page.id, facebook.user
        assert sorted(reader.read_as) == sorted(
            [f"postback {user}", f"message {user}", f"message {page}", f"delivery {user}", f"read {user}"]
        )


async def test_another_checker_agrees_on_signatures() -> None:
    async with subscribed() as facebook:
        (hook,) = facebook.arrived
        signature = hook.headers["x-hub-signature-256"]
        validate_event(hook.body, signature=signature, secret=APP_SECRET)
        for body, secret in ((hook.body + b" ", APP_SECRET), (hook.body, APP_SECRET + "x")):
            with pytest.raises(ValidationFailure):
                validate_event(body, signature=signature, secret=secret)
        facebook.adapter.verify(HookRequest("POST", hook.headers, {}, hook.body), Credentials())
