"""VK communities over VK's API (5.199)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic_settings import BaseSettings

from adapters.base import (
    Adapter,
    Attachment,
    Capabilities,
    Channel,
    ChannelProfile,
    ConnectForm,
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
    LoginAccount,
    MessageId,
    Plan,
    Polled,
    Profile,
    Rejected,
    Sent,
    Temporary,
    Trip,
    UserId,
)
from adapters.http import Http
from adapters.lenient import NoJson, loads
from adapters.reading import integer, items, string
from adapters.vk import calls, community, connecting, files, limits, login, outbound, reactions, refusals, wire
from adapters.vk import messages as read
from adapters.vk.api import Api
from adapters.vk.longpoll import LongPoll
from adapters.vk.people import People
from adapters.vk.refusals import BotsOff, WrongParameter
from adapters.vk.settings import VkSettings
from adapters.vk.uploads import upload

STORED = b"ok"


class VkAdapter(Adapter):
    """A community's messages. Credentials: `token`, and `hook_secret` and `confirmation` once prepared."""

    platform: ClassVar[str] = "vk"
    title: ClassVar[str] = "VK"
    capabilities: ClassVar[Capabilities] = limits.CAPABILITIES
    connect: ClassVar[ConnectForm] = connecting.FORM
    settings: ClassVar[type[BaseSettings]] = VkSettings

    def __init__(self, http: Http, settings: VkSettings) -> None:
        super().__init__(http, settings)
        self._own: VkSettings = settings
        self._api = Api(http, settings.api, lambda: self.capabilities.rates.per_second)
        self._people = People(self._api)
        self._long_poll = LongPoll(self._api)

    # Connecting

    async def identify(self, credentials: Credentials) -> ChannelProfile:
        """groups.getById, groups.getTokenPermissions, groups.getCallbackServers."""
        return await community.identify(self._api, _trimmed(credentials))

    async def prepare(self, credentials: Credentials, hook: str | None) -> Credentials:
        """A secret, and the confirmation code that VK asks for as soon as it is told of `hook`.

        Where VK does not answer there is no code; `subscribe` will say so.
        """
        prepared = {**_trimmed(credentials), "hook_secret": secrets.token_hex(20)}
        prepared.pop("confirmation", None)
        if hook is not None:
            try:
                group = await community.own(self._api, Credentials(prepared))
                code = await community.confirmation(self._api, Credentials(prepared), str(group["id"]))
                prepared["confirmation"] = code
            except Temporary:
                pass
        return Credentials(prepared)

    async def subscribe(self, channel: Channel) -> None:
        """Settings, then the callback server with its events, or the long poll where there is no address."""
        await community.switch_on(self._api, channel)
        if channel.hook is None:
            await community.poll_instead(self._api, channel)
        else:
            await community.listen(self._api, channel, channel.hook)

    async def unsubscribe(self, channel: Channel) -> None:
        """groups.deleteCallbackServer; other services' servers stay."""
        try:
            await community.unlisten(self._api, channel)
        except CredentialsRevoked:
            return

    async def inspect(self, channel: Channel) -> Health:
        """groups.getCallbackServers and the events it is to send. After errors in a row VK stops: status "failed"."""
        try:
            return await community.health(self._api, channel)
        except CredentialsRevoked as revoked:
            return Health(HealthState.REVOKED, detail=revoked.reason)

    # Signing in

    def can_login(self) -> bool:
        """Whether there is an app."""
        return bool(self._own.app_id and self._own.secret)

    def login_url(self, trip: Trip) -> str:
        """VK ID's page where the person signs in; VK's page for the key of a community."""
        return login.url(self._own, trip)

    async def exchange(self, trip: Trip, query: Mapping[str, str]) -> list[LoginAccount]:
        """The first trip: groups.get, without keys. The second: the key of the community that it was for."""
        return await login.accounts(self.http, self._api, self._own, trip, query)

    # Receiving

    def verify(self, request: HookRequest, credentials: Credentials) -> None:
        """groups.addCallbackServer: secret_key stands in the body of every event; there is no signature."""
        expected = credentials.get("hook_secret", "")
        given = string(_body(request), "secret") or ""
        same = hmac.compare_digest(given.encode(errors="replace"), expected.encode())
        if not expected or not same:
            raise Forbidden("the secret is missing or wrong")

    def handshake(self, request: HookRequest, credentials: Credentials) -> HookReply | None:
        """A new server is asked for the community's confirmation code."""
        if string(_body(request), "type") != wire.CONFIRMATION:
            return None
        return HookReply(body=credentials.get("confirmation", "").encode())

    def parse(self, payload: Any) -> list[Event]:
        return wire.parse(payload)

    def success(self, events: list[Event]) -> HookReply:
        """Anything but these two letters is a failure for VK."""
        return HookReply(body=STORED)

    async def poll(self, channel: Channel, cursor: str | None, wait: float) -> Polled:
        """Bots Long Poll; the ts confirms what came before."""
        return await self._long_poll.poll(channel, cursor, wait)

    def fetch(self, channel: Channel, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
        return files.fetch(self.http, self._api.base, attachment, limit)

    async def profile(self, channel: Channel, user: UserId) -> Profile | None:
        """users.get, shared by all who ask at the same moment."""
        return await self._people.profile(channel, user)

    async def whole(self, channel: Channel, user: UserId, message: MessageId) -> Content | None:
        """messages.getById, by the number within the dialog where that is known."""
        number = calls.named(message)
        by = {"peer_id": calls.peer(user), "cmids": number["cmid"]} if "cmid" in number else None
        params = by or {"message_ids": number["message_id"]}
        found = next(iter(items(await self._api.ask(channel.credentials, "messages.getById", params), "items")), None)
        if found is None or read.cropped(found) or integer(found, "from_id") != calls.peer(user):
            return None
        return read.content(found)

    # Sending

    def plan(self, content: Content) -> Plan:
        return outbound.plan(content)

    async def send(self, channel: Channel, to: UserId, part: Content, envelope: Envelope) -> Sent:
        """messages.send after the uploads it needs. `random_id` makes a repeat within the hour the same message."""
        names = [item.cached or await upload(self._api, channel, to, item) for item in part.attachments]
        try:
            return await self._send(channel, to, part, envelope, names)
        except WrongParameter:
            again = [replace(item, cached=None) if item.path else item for item in part.attachments]
            if again == list(part.attachments):
                raise
        names = [item.cached or await upload(self._api, channel, to, item) for item in again]
        return await self._send(channel, to, part, envelope, names)

    async def _send(
        self, channel: Channel, to: UserId, part: Content, envelope: Envelope, names: Sequence[str]
    ) -> Sent:
        params = calls.message_of(part, to, envelope.number, names, envelope.client)
        cached = {item.file_id: name for item, name in zip(part.attachments, names, strict=True) if item.file_id}
        try:
            return calls.sent(await self._api.send(channel.credentials, params), cached)
        except BotsOff:
            await community.switch_on(self._api, channel)
            return calls.sent(await self._api.send(channel.credentials, params), cached)

    async def edit(self, channel: Channel, to: UserId, message: MessageId, part: Content) -> None:
        """messages.edit, with what hangs on the message named again: VK would take it off."""
        attached = await self._attached(channel, to, message) if part.attachments else []
        await self._api.ask(channel.credentials, "messages.edit", calls.edit_of(part, to, message, attached))

    async def replace(
        self, channel: Channel, to: UserId, messages: tuple[MessageId, ...], part: Content, changed: tuple[int, ...]
    ) -> None:
        """messages.edit: one message has all media of a part."""
        names = [item.cached or await upload(self._api, channel, to, item) for item in part.attachments]
        await self._api.ask(channel.credentials, "messages.edit", calls.edit_of(part, to, messages[0], names))

    async def _attached(self, channel: Channel, to: UserId, message: MessageId) -> list[str]:
        params = {"peer_id": calls.peer(to), "cmids": calls.cmid(message)}
        answer = await self._api.ask(channel.credentials, "messages.getById", params)
        return [name for found in items(answer, "items") for name in calls.attached_to(found)]

    async def delete(self, channel: Channel, to: UserId, messages: tuple[MessageId, ...]) -> None:
        """messages.delete for everybody; VK says of each message what became of it."""
        numbers = [calls.cmid(message) for message in messages]
        for start in range(0, len(numbers), limits.DELETE_BATCH):
            batch = numbers[start : start + limits.DELETE_BATCH]
            params = {"peer_id": calls.peer(to), "cmids": batch, "delete_for_all": True}
            calls.check_deleted(await self._api.ask(channel.credentials, "messages.delete", params))

    async def react(self, channel: Channel, to: UserId, message: MessageId, emoji: str | None) -> None:
        """messages.sendReaction, messages.deleteReaction: one of VK's own."""
        params = {"peer_id": calls.peer(to), "cmid": calls.cmid(message)}
        if emoji is None:
            await self._api.ask(channel.credentials, "messages.deleteReaction", params)
            return
        if (number := reactions.number(emoji)) is None:
            raise Rejected(refusals.REACTION)
        await self._api.ask(channel.credentials, "messages.sendReaction", params | {"reaction_id": number})

    async def typing(self, channel: Channel, to: UserId) -> None:
        """messages.setActivity: shown for ten seconds or until a message comes."""
        await self._api.ask(channel.credentials, "messages.setActivity", {"peer_id": calls.peer(to), "type": "typing"})

    async def mark_read(self, channel: Channel, to: UserId, message: MessageId | None) -> None:
        """messages.markAsRead, up to a message or all of them."""
        upto = {"mark_conversation_as_read": True} if message is None else {"up_to_cmid": calls.cmid(message)}
        await self._api.ask(channel.credentials, "messages.markAsRead", {"peer_id": calls.peer(to), **upto})

    async def acknowledge(self, channel: Channel, token: str, text: str | None) -> None:
        """messages.sendMessageEventAnswer; a press that is too old for an answer waits no longer."""
        event, user, peer = (*token.rsplit(":", 2), "", "")[:3]
        params: dict[str, Any] = {"event_id": event, "user_id": user, "peer_id": peer}
        if text:
            params["event_data"] = {"type": "show_snackbar", "text": text[: limits.SNACKBAR]}
        try:
            await self._api.ask(channel.credentials, "messages.sendMessageEventAnswer", params)
        except WrongParameter:
            return

    def link(self, channel: Channel, code: str | None = None) -> str:
        """ "Links to community messages": ref comes back with the first message."""
        address = f"https://vk.me/{channel.username or f'club{channel.id}'}"
        return f"{address}?ref={code}" if code else address

    def settings_link(self, channel: Channel) -> str | None:
        """The community's management, where its greeting is written: no method of the API reaches it."""
        return f"https://vk.com/club{channel.id}?act=messages"


def _trimmed(credentials: Credentials) -> Credentials:
    """The credentials as pasted, without the white space around the key."""
    return Credentials({**credentials, "token": credentials.get("token", "").strip()})


def _body(request: HookRequest) -> Any:
    try:
        return loads(request.body)
    except NoJson:
        return None
