"""Facebook pages over the Messenger Platform."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic_settings import BaseSettings

from adapters.base import (
    Adapter,
    Ambiguous,
    Attachment,
    Capabilities,
    Channel,
    ChannelProfile,
    ConnectForm,
    Content,
    Credentials,
    Envelope,
    Event,
    Forbidden,
    Health,
    HookReply,
    HookRequest,
    LoginAccount,
    MessageId,
    NotFound,
    Plan,
    Profile,
    Rejected,
    Sent,
    SentMessage,
    Trip,
    UserId,
    WindowClosed,
)
from adapters.facebook import calls, connecting, files, limits, login, outbound, pages, refusals, uploads, window, wire
from adapters.facebook.api import Api, App, node
from adapters.facebook.options import HUMAN_AGENT
from adapters.facebook.settings import FacebookSettings
from adapters.http import Http
from adapters.options import ON
from adapters.reading import items, string
from adapters.texts import N_

SIGNATURE = "x-hub-signature-256"
ECHO_SECONDS = 60.0
"""How long the echo of a message may take whose answer was lost; it tells that nothing has to be sent again."""
PROFILE_NAME = N_("Facebook pages have no such text.")
PROFILE_TEXT = N_("Facebook takes up to {limit} characters here.")

_NOT_THE_FILES = (refusals.ThreadTaken, refusals.RetiredTag)


class FacebookAdapter(Adapter):
    """A page. Credentials: `token`, and `hook_secret` once prepared."""

    platform: ClassVar[str] = "facebook"
    title: ClassVar[str] = "Facebook"
    capabilities: ClassVar[Capabilities] = limits.CAPABILITIES
    connect: ClassVar[ConnectForm] = connecting.FORM
    settings: ClassVar[type[BaseSettings]] = FacebookSettings

    def __init__(self, http: Http, settings: FacebookSettings) -> None:
        super().__init__(http, settings)
        self._own: FacebookSettings = settings
        self._api = Api(http, settings.api, App(settings.app_id or "", settings.secret))

    # Connecting

    async def identify(self, credentials: Credentials) -> ChannelProfile:
        """/me, debug_token and subscribed_apps."""
        return await pages.identify(self._api, self._own, _trimmed(credentials))

    async def prepare(self, credentials: Credentials, hook: str | None) -> Credentials:
        """Facebook signs with the app's secret and delivers to the app's address. The channel's own address answers
        only to a secret that nobody is told."""
        return Credentials(_trimmed(credentials), hook_secret=secrets.token_urlsafe(32))

    async def subscribe(self, channel: Channel) -> None:
        await pages.subscribe(self._api, self._own, channel)

    async def unsubscribe(self, channel: Channel) -> None:
        await pages.unsubscribe(self._api, channel)

    async def inspect(self, channel: Channel) -> Health:
        return await pages.inspect(self._api, self._own, channel)

    # Signing in

    def can_login(self) -> bool:
        """Whether there is an app."""
        return self._own.complete

    def login_url(self, trip: Trip) -> str:
        """dialog/oauth."""
        return login.url(self._own, trip)

    async def exchange(self, trip: Trip, query: Mapping[str, str]) -> list[LoginAccount]:
        """The code for a token, that for a long-lived one, and with it /me/accounts: the keys come along at once."""
        return await login.accounts(self.http, self._api, self._own, trip, query)

    # Receiving

    def verify(self, request: HookRequest, credentials: Credentials) -> None:
        """X-Hub-Signature-256 over the raw bytes; for the set-up request its verify token."""
        if request.method == "GET":
            expected, given = self._own.verify, request.query.get("hub.verify_token", "")
            known = bool(expected) and not credentials
        else:
            secret = credentials.get("hook_secret", "") if credentials else self._own.secret
            expected = "sha256=" + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
            given, known = request.headers.get(SIGNATURE, ""), bool(secret)
        same = hmac.compare_digest(given.encode(errors="replace"), expected.encode())
        if not known or not same:
            raise Forbidden("the signature or the verify token is missing or wrong")

    def handshake(self, request: HookRequest, credentials: Credentials) -> HookReply | None:
        """hub.challenge goes back as it is."""
        challenge = request.query.get("hub.challenge")
        if request.method != "GET" or request.query.get("hub.mode") != "subscribe" or challenge is None:
            return None
        return HookReply(body=challenge.encode(errors="replace"))

    def parse(self, payload: Any) -> list[Event]:
        return wire.parse(payload)

    def fetch(self, channel: Channel, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
        return files.fetch(self.http, self._own.api, attachment, limit)

    async def profile(self, channel: Channel, user: UserId) -> Profile | None:
        """Name and picture; none where the person has not allowed it (230) or is not shown (100/33)."""
        try:
            person = await self._api.read(channel.credentials, node(user), fields="first_name,last_name,profile_pic")
        except (refusals.NoConsent, NotFound, Rejected):
            return None
        names = (string(person, "first_name"), string(person, "last_name"))
        name = " ".join(name for name in names if name) or string(person, "name")
        return Profile(name=name, picture=string(person, "profile_pic"))

    # Sending

    def plan(self, content: Content) -> Plan:
        return outbound.plan(content)

    async def send(self, channel: Channel, to: UserId, part: Content, envelope: Envelope) -> Sent:
        """One message. A second call only after a plain refusal: of a file that Facebook no longer has or could not
        fetch, of a conversation that another app has, which is taken over once, and of an answer whose time was over by
        Facebook's clock alone."""
        self._api.usage.check(channel.id)
        late = envelope.by_person and channel.settings.get(HUMAN_AGENT) == ON
        way = window.way(
            envelope.window_until, envelope.at or datetime.now(UTC), by_person=envelope.by_person, human_agent=late
        )
        try:
            return await self._send(channel, to, part, envelope.token, way)
        except WindowClosed:
            if not late or way is window.LATE:
                raise
            return await self._send(channel, to, part, envelope.token, window.LATE)

    async def _send(self, channel: Channel, to: UserId, part: Content, token: str, way: window.Way) -> Sent:
        ready = uploads.by_link(part) or await uploads.ready(self._api, channel, part)
        try:
            answer = await self._deliver(channel, to, calls.call_of(part, to, way, token, ready.media))
        except refusals.NotAllowed as refused:
            raise refused if way is not window.LATE else Rejected(refusals.NO_HUMAN_AGENT) from None
        except Rejected as refused:
            if isinstance(refused, _NOT_THE_FILES) or not any(item.path for item in part.attachments):
                raise
            again = await uploads.ready(self._api, channel, part, anew=True)
            if len(again.cached) == len(ready.cached) and ready.cached:
                raise
            ready = again
            answer = await self._deliver(channel, to, calls.call_of(part, to, way, token, ready.media))
        number = string(answer, "message_id")
        if number is None:
            raise Ambiguous("the answer names no message", ECHO_SECONDS)
        return Sent((SentMessage(MessageId(number)),), dict(ready.cached))

    async def _deliver(self, channel: Channel, to: UserId, body: dict[str, Any]) -> Any:
        path = f"{node(channel.id)}/messages"
        try:
            try:
                return await self._api.send(channel.credentials, path, body)
            except refusals.ThreadTaken:
                await self._take_thread(channel, to)
                return await self._api.send(channel.credentials, path, body)
        except Ambiguous as lost:
            raise Ambiguous(lost.reason, ECHO_SECONDS) from None

    async def _take_thread(self, channel: Channel, to: UserId) -> None:
        """take_thread_control: another app, or the page's inbox, was answering."""
        try:
            await self._api.ask(
                channel.credentials, "POST", f"{node(channel.id)}/take_thread_control", {"recipient": {"id": to}}
            )
        except Rejected:
            raise refusals.ThreadTaken(refusals.TAKEN) from None

    async def typing(self, channel: Channel, to: UserId) -> None:
        """sender_action typing_on: shown for up to 20 seconds or until a message comes."""
        await self._act(channel, to, "typing_on")

    async def mark_read(self, channel: Channel, to: UserId, message: MessageId | None) -> None:
        """sender_action mark_seen: everything up to now."""
        await self._act(channel, to, "mark_seen")

    async def _act(self, channel: Channel, to: UserId, action: str) -> None:
        data = {"recipient": {"id": to}, "sender_action": action}
        await self._api.ask(channel.credentials, "POST", f"{node(channel.id)}/messages", data)

    async def edit_profile(self, channel: Channel, name: str, value: str) -> None:
        """The greeting that is read before "Get started" ("Messenger Profile"); an empty one is taken away."""
        if name != "greeting":
            raise Rejected(PROFILE_NAME)
        if len(value) > limits.GREETING:
            raise Rejected(PROFILE_TEXT, {"limit": str(limits.GREETING)})
        path = f"{node(channel.id)}/messenger_profile"
        if value.strip():
            greeting = {"greeting": [{"locale": "default", "text": value}]}
            await self._api.ask(channel.credentials, "POST", path, greeting)
        else:
            await self._api.ask(channel.credentials, "DELETE", path, {"fields": ["greeting"]})

    async def profile_text(self, channel: Channel, name: str) -> str:
        """The greeting for those whose language has none of its own ("Messenger Profile", GET)."""
        if name != "greeting":
            raise Rejected(PROFILE_NAME)
        path = f"{node(channel.id)}/messenger_profile"
        answer = await self._api.read(channel.credentials, path, fields="greeting")
        greetings = [one for data in items(answer, "data") for one in items(data, "greeting")]
        return next((string(one, "text") or "" for one in greetings if string(one, "locale") == "default"), "")

    def link(self, channel: Channel, code: str | None = None) -> str:
        """ "m.me Links"."""
        address = f"https://m.me/{channel.username or channel.id}"
        return f"{address}?ref={code}" if code else address

    def settings_link(self, channel: Channel) -> str | None:
        """The page itself: its settings are opened from there, where Facebook moves them about."""
        return f"https://www.facebook.com/{channel.username or channel.id}"

    def secrets(self, credentials: Credentials) -> frozenset[str]:
        return super().secrets(credentials) | frozenset(filter(None, (self._own.secret, self._own.verify)))


def _trimmed(credentials: Credentials) -> Credentials:
    """The credentials as pasted, without the white space around the token."""
    return Credentials({**credentials, "token": credentials.get("token", "").strip()})
