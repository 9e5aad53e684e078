"""Viber bots over the REST Bot API."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import orjson
from pydantic_settings import BaseSettings

from adapters.base import (
    Adapter,
    Attachment,
    Capabilities,
    Channel,
    ChannelId,
    ChannelProfile,
    ChannelSuspended,
    ConnectForm,
    ConnectRefused,
    Content,
    Credentials,
    CredentialsRevoked,
    Envelope,
    Event,
    Forbidden,
    Health,
    HealthState,
    HookReply,
    HookRequest,
    NotFound,
    Plan,
    PlatformError,
    Profile,
    RecipientGone,
    Refused,
    Sent,
    Started,
    Temporary,
    UserId,
)
from adapters.http import Http
from adapters.lenient import NoJson, loads
from adapters.reading import section, string
from adapters.viber import calls, connecting, files, limits, outbound, wire
from adapters.viber.api import Api
from adapters.viber.crowding import Crowding
from adapters.viber.refusals import NOT_VIBERS, OldClient, TooMany, WebhookNotSet
from adapters.viber.settings import ViberSettings

SIGNATURE_HEADER = "x-viber-content-signature"
KEY = "key"
"""The webhook address carries a secret besides the signature, whose key is the token: a token that has leaked, or was
handed to somebody who connected the bot before, opens nothing here."""
GREETING = "greeting"
RESET_PAUSE = 2.0


class ViberAdapter(Adapter):
    """A bot with a key. Credentials: `token`, and `hook_secret` once prepared."""

    platform: ClassVar[str] = "viber"
    title: ClassVar[str] = "Viber"
    capabilities: ClassVar[Capabilities] = limits.CAPABILITIES
    connect: ClassVar[ConnectForm] = connecting.FORM
    settings: ClassVar[type[BaseSettings]] = ViberSettings

    def __init__(self, http: Http, settings: ViberSettings) -> None:
        super().__init__(http, settings)
        self._api = Api(http, settings.api)
        self._media = files.Media(http, settings.api)
        self._crowding = Crowding()

    # Connecting

    async def identify(self, credentials: Credentials) -> ChannelProfile:
        """get_account_info."""
        credentials = _trimmed(credentials)
        if not connecting.TOKEN.fullmatch(credentials["token"]):
            raise ConnectRefused(connecting.WRONG_SHAPE)
        try:
            account = await self._api.ask(credentials, "get_account_info")
        except CredentialsRevoked:
            raise ConnectRefused(connecting.REVOKED) from None
        except ChannelSuspended as suspended:
            raise ConnectRefused(suspended.reason) from None
        except Refused as refused:
            raise ConnectRefused(connecting.REFUSED, reason=refused.params.get("reason", refused.reason)) from None
        number, address = string(account, "id"), string(account, "uri")
        if number is None:
            raise Temporary(NOT_VIBERS)
        return ChannelProfile(
            id=ChannelId(number),
            name=string(account, "name") or address or number,
            username=address,
            link=_chat(address) if address else None,
            picture=string(account, "icon"),
            tied_to=string(account, "webhook"),
            warnings=(connecting.COMMERCIAL,),
        )

    async def prepare(self, credentials: Credentials, hook: str | None) -> Credentials:
        if hook is None:
            raise ConnectRefused(connecting.NEEDS_ADDRESS)
        return Credentials(_trimmed(credentials), hook_secret=secrets.token_urlsafe(24))

    async def subscribe(self, channel: Channel) -> None:
        """set_webhook, during which Viber calls the address and expects an answer."""
        if channel.hook is None:
            raise ConnectRefused(connecting.NEEDS_ADDRESS)
        wanted = {"url": _address(channel), "event_types": limits.EVENTS, "send_name": True, "send_photo": True}
        await self._api.ask(channel.credentials, "set_webhook", wanted)

    async def unsubscribe(self, channel: Channel) -> None:
        """set_webhook with no address, unless another service has set its own by now."""
        try:
            account = await self._api.ask(channel.credentials, "get_account_info")
            if channel.hook and _bare(string(account, "webhook")) == channel.hook:
                await self._api.ask(channel.credentials, "set_webhook", {"url": ""})
        except CredentialsRevoked:
            return

    async def inspect(self, channel: Channel) -> Health:
        """get_account_info: the webhook and the events that it gets. Raises ChannelSuspended."""
        try:
            account = await self._api.ask(channel.credentials, "get_account_info")
        except CredentialsRevoked as revoked:
            return Health(HealthState.REVOKED, detail=revoked.reason)
        webhook = string(account, "webhook")
        ours = channel.hook is not None and webhook == _address(channel) and _all_wanted(account)
        return Health(HealthState.WORKS if ours else HealthState.WEBHOOK_LOST, webhook=_bare(webhook))

    # Receiving

    def verify(self, request: HookRequest, credentials: Credentials) -> None:
        """The HMAC-SHA256 of the raw body under the token, and the secret in the address."""
        token = credentials.get("token", "")
        signature = hmac.new(token.encode(), request.body, hashlib.sha256).hexdigest()
        signed = _same(request.headers.get(SIGNATURE_HEADER, ""), signature)
        self.verify_address(request, credentials)
        if not (token and signed):
            raise Forbidden("the signature is wrong")

    def verify_address(self, request: HookRequest, credentials: Credentials) -> None:
        """The secret in the address. A key that was made anew signs what comes from then on, and is not known here."""
        secret = credentials.get("hook_secret", "")
        # Viber may append a parameter of its own with a second question mark.
        known = _same(request.query.get(KEY, "").partition("?")[0], secret)
        if not (secret and known):
            raise Forbidden("the address is wrong")

    def handshake(self, request: HookRequest, credentials: Credentials) -> HookReply | None:
        """The call that Viber makes during set_webhook is no event."""
        try:
            setup = string(loads(request.body), "event") == wire.SETUP
        except NoJson:
            return None
        return HookReply() if setup else None

    def parse(self, payload: Any) -> list[Event]:
        return wire.parse(payload)

    def greet(self, channel: Channel, events: list[Event]) -> HookReply | None:
        """A message without receiver in the answer to conversation_started ("Sending a welcome message")."""
        greeting = channel.settings.get(GREETING, "")
        if not greeting or not any(isinstance(event, Started) for event in events):
            return None
        return HookReply(body=orjson.dumps(calls.greeting(channel, greeting)), content_type="application/json")

    def fetch(self, channel: Channel, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
        return self._media.fetch(attachment, limit)

    async def profile(self, channel: Channel, user: UserId) -> Profile | None:
        """get_user_details, which Viber answers twice in 12 hours for one person."""
        try:
            answer = await self._api.ask(channel.credentials, "get_user_details", {"id": user})
        except (RecipientGone, NotFound):
            return None
        person = section(answer, "user")
        return Profile(
            name=string(person, "name"), language=string(person, "language"), picture=string(person, "avatar")
        )

    # Sending

    def plan(self, content: Content) -> Plan:
        return outbound.plan(content)

    async def send(self, channel: Channel, to: UserId, part: Content, envelope: Envelope) -> Sent:
        """One call, and a second one only after a plain refusal: an old client is spared the buttons it cannot show."""
        try:
            return await self._send(channel, to, part, envelope)
        except OldClient:
            if not calls.asks(part.buttons):
                raise
            return await self._send(channel, to, replace(part, buttons=calls.plainer(part.buttons)), envelope)

    async def _send(self, channel: Channel, to: UserId, part: Content, envelope: Envelope) -> Sent:
        body = calls.body_of(part, channel, to, envelope)
        try:
            return calls.sent(part, await self._api.send(channel.credentials, body), envelope)
        except TooMany as refused:
            raise self._crowding.weighed(refused, channel.id, to) from None
        except WebhookNotSet as lost:
            await self._put_back(channel)
            raise Temporary(lost.reason, RESET_PAUSE) from None

    async def _put_back(self, channel: Channel) -> None:
        """Without a webhook Viber takes no messages. What cannot be put back now, the health watch finds again."""
        if channel.hook is None:
            return
        try:
            await self.subscribe(channel)
        except PlatformError:
            return

    def link(self, channel: Channel, code: str | None = None) -> str:
        """The https door to viber://pa?chatURI=…&context=… ("Deep links"), which messengers show as a link."""
        address = _chat(channel.username or channel.id)
        return f"{address}?context={code}" if code else address


def _trimmed(credentials: Credentials) -> Credentials:
    """The credentials as pasted, without the white space around the token."""
    return Credentials({**credentials, "token": credentials.get("token", "").strip()})


def _chat(address: str) -> str:
    return f"https://chats.viber.com/{quote(address, safe='')}"


def _address(channel: Channel) -> str:
    return f"{channel.hook}?{KEY}={channel.credentials.get('hook_secret', '')}"


def _bare(address: str | None) -> str | None:
    """The webhook without the secret in it."""
    if address is None:
        return None
    try:
        return urlsplit(address)._replace(query="", fragment="").geturl()
    except ValueError:
        return address.partition("?")[0]


def _all_wanted(account: dict[str, Any]) -> bool:
    """Whether the webhook gets every event that Pult wants, as far as Viber tells."""
    found = account.get("event_types")
    return not isinstance(found, list) or set(limits.EVENTS) <= {name for name in found if isinstance(name, str)}


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
