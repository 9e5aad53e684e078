"""Customers' Telegram bots over the Bot API (10.3)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, ClassVar

from pydantic_settings import BaseSettings

from adapters.base import (
    Adapter,
    Attachment,
    Capabilities,
    Channel,
    ChannelId,
    ChannelProfile,
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
    HookRequest,
    Location,
    MessageId,
    NotFound,
    Plan,
    PlatformError,
    Polled,
    Profile,
    RecipientGone,
    Refused,
    Rejected,
    Sent,
    UserId,
)
from adapters.http import Http
from adapters.reading import integer, section, string, true
from adapters.telegram import calls, connecting, files, limits, messages, outbound, topics, wire
from adapters.telegram.api import TOKEN, Api
from adapters.telegram.calls import Call
from adapters.telegram.refusals import NoPhoto, NoText, NotModified, NoTopic, QueryExpired, WrongFile
from adapters.telegram.settings import TelegramSettings
from adapters.texts import N_

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105
MAX_CONNECTIONS = 40
POLL_BATCH = 100
POLL_GRACE_SECONDS = 15.0
PROFILE_TEXT = N_("Telegram takes up to {limit} characters here.")
PROFILE_NAME = N_("Telegram bots have no such text.")

_PROFILE_METHODS = {
    "name": "setMyName",
    "description": "setMyDescription",
    "short_description": "setMyShortDescription",
}


class TelegramAdapter(Adapter):
    """A bot made at @BotFather. Credentials: `token`, and `hook_secret` once prepared."""

    platform: ClassVar[str] = "telegram"
    title: ClassVar[str] = "Telegram"
    capabilities: ClassVar[Capabilities] = limits.CAPABILITIES
    connect: ClassVar[ConnectForm] = connecting.FORM
    settings: ClassVar[type[BaseSettings]] = TelegramSettings

    def __init__(self, http: Http, settings: TelegramSettings) -> None:
        super().__init__(http, settings)
        self._api = Api(http, settings.api)
        self._own_server = settings.own_server

    # Connecting

    async def identify(self, credentials: Credentials) -> ChannelProfile:
        """getMe and getWebhookInfo."""
        credentials = _trimmed(credentials)
        if not TOKEN.fullmatch(credentials["token"]):
            raise ConnectRefused(connecting.WRONG_SHAPE)
        try:
            me = await self._api.ask(credentials, "getMe")
            webhook = await self._api.ask(credentials, "getWebhookInfo")
        except CredentialsRevoked:
            raise ConnectRefused(connecting.REVOKED) from None
        except Refused as refused:
            raise ConnectRefused(connecting.REFUSED, reason=refused.reason) from None
        number = integer(me, "id")
        if number is None or not true(me, "is_bot"):
            raise ConnectRefused(connecting.NOT_A_BOT)
        username = string(me, "username")
        return ChannelProfile(
            id=ChannelId(str(number)),
            name=messages.person(me) or username or str(number),
            username=username,
            link=f"https://t.me/{username}" if username else None,
            picture=await self._picture(credentials, number),
            tied_to=string(webhook, "url"),
        )

    async def _picture(self, credentials: Credentials, number: int) -> str | None:
        """The file_id of the bot's picture (getChat); connecting does without it where that fails."""
        try:
            chat = await self._api.ask(credentials, "getChat", {"chat_id": number})
        except PlatformError:
            return None
        return string(section(chat, "photo"), "big_file_id")

    async def prepare(self, credentials: Credentials, hook: str | None) -> Credentials:
        return Credentials(_trimmed(credentials), hook_secret=secrets.token_urlsafe(32))

    async def subscribe(self, channel: Channel) -> None:
        """setWebhook, or deleteWebhook where updates are polled. Waiting updates are never dropped."""
        if channel.hook is None:
            await self._api.ask(channel.credentials, "deleteWebhook")
            return
        params = {
            "url": channel.hook,
            "secret_token": channel.credentials["hook_secret"],
            "allowed_updates": limits.UPDATES,
            "max_connections": MAX_CONNECTIONS,
        }
        await self._api.ask(channel.credentials, "setWebhook", params)

    async def unsubscribe(self, channel: Channel) -> None:
        """deleteWebhook, unless another service has set its own by now."""
        try:
            webhook = await self._api.ask(channel.credentials, "getWebhookInfo")
            if channel.hook and string(webhook, "url") == channel.hook:
                await self._api.ask(channel.credentials, "deleteWebhook")
        except CredentialsRevoked:
            return

    async def inspect(self, channel: Channel) -> Health:
        """getWebhookInfo. Telegram failing to reach us shows as a last error while updates wait."""
        try:
            info = await self._api.ask(channel.credentials, "getWebhookInfo")
        except CredentialsRevoked as revoked:
            return Health(HealthState.REVOKED, detail=revoked.reason)
        url, pending, detail = (
            string(info, "url"),
            integer(info, "pending_update_count"),
            string(info, "last_error_message"),
        )
        state = HealthState.WORKS
        if url != channel.hook or (url and not _all_wanted(info)):
            state = HealthState.WEBHOOK_LOST
        elif url and pending and detail:
            state = HealthState.UNREACHABLE
        return Health(state, webhook=url, pending=pending, detail=detail)

    # Receiving

    def verify(self, request: HookRequest, credentials: Credentials) -> None:
        """setWebhook: secret_token comes back in X-Telegram-Bot-Api-Secret-Token."""
        expected = credentials.get("hook_secret", "")
        given = request.headers.get(SECRET_HEADER, "")
        same = hmac.compare_digest(given.encode(errors="replace"), expected.encode())
        if not expected or not same:
            raise Forbidden("the secret token is missing or wrong")

    def parse(self, payload: Any) -> list[Event]:
        return wire.parse(payload)

    async def poll(self, channel: Channel, cursor: str | None, wait: float) -> Polled:
        """getUpdates; the offset confirms what came before. 409 (a webhook or another poller) is Temporary."""
        params: dict[str, Any] = {
            "timeout": int(wait),
            "limit": POLL_BATCH,
            "allowed_updates": limits.UPDATES,
        }
        if cursor is not None:
            params["offset"] = int(cursor)
        result = await self._api.ask(channel.credentials, "getUpdates", params, timeout=wait + POLL_GRACE_SECONDS)
        updates = tuple(one for one in result if isinstance(one, dict)) if isinstance(result, list) else ()
        numbers = [number for one in updates if (number := integer(one, "update_id")) is not None]
        return Polled(updates, str(max(numbers) + 1) if numbers else cursor)

    def fetch(self, channel: Channel, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
        return files.fetch(self._api, channel.credentials, attachment, limit, local=self._own_server)

    async def profile(self, channel: Channel, user: UserId) -> Profile | None:
        """getChat."""
        try:
            chat = await self._api.ask(channel.credentials, "getChat", {"chat_id": calls.chat(user)})
        except (RecipientGone, NotFound):
            return None
        username = string(chat, "username")
        return Profile(
            name=messages.person(chat),
            username=username,
            picture=string(section(chat, "photo"), "big_file_id"),
            link=f"https://t.me/{username}" if username else None,
        )

    # Sending

    def plan(self, content: Content) -> Plan:
        return outbound.plan(content)

    async def send(self, channel: Channel, to: UserId, part: Content, envelope: Envelope) -> Sent:
        """One call, and another one only after a plain refusal: a handle that the bot cannot use (any more) is
        uploaded, what is no photo for Telegram goes as a file, what was for a topic that is gone goes outside of it."""
        call = calls.call_of(part, to)
        try:
            return await self._sent(channel, part, call, envelope)
        except WrongFile:
            again, reason = calls.call_of(part, to, upload=True), calls.NO_BYTES
        except NoPhoto as refused:
            again, reason = calls.call_of(calls.as_files(part), to), refused.reason
        if again == call:
            raise Rejected(reason)
        return await self._sent(channel, part, again, envelope)

    async def _sent(self, channel: Channel, part: Content, call: Call, envelope: Envelope) -> Sent:
        """Into the topic that the person wrote in last; without it where Telegram says that there is none."""
        placed = topics.into(call, envelope.client)
        try:
            return calls.sent(part, await self._api.send(channel.credentials, placed))
        except NoTopic:
            return calls.sent(part, await self._api.send(channel.credentials, topics.outside(placed)))

    async def edit(self, channel: Channel, to: UserId, message: MessageId, part: Content) -> None:
        """editMessageText, editMessageCaption or editMessageLiveLocation; the same again is success."""
        if part.location is not None:
            await self._move(channel, to, message, part.location)
            return
        call = calls.edit_of(part, to, message)
        try:
            try:
                await self._api.ask(channel.credentials, call.method, call.params)
            except NoText:
                call = calls.caption_edit(part, to, message)
                await self._api.ask(channel.credentials, call.method, call.params)
        except NotModified:
            return

    async def _move(self, channel: Channel, to: UserId, message: MessageId, place: Location) -> None:
        """A live location, which stops where it is followed no longer."""
        for call in calls.moves_of(place, to, message):
            with suppress(NotModified):
                await self._api.ask(channel.credentials, call.method, call.params)

    async def replace(
        self, channel: Channel, to: UserId, messages: tuple[MessageId, ...], part: Content, changed: tuple[int, ...]
    ) -> None:
        """editMessageMedia, for each message by itself; the caption stands under the first."""
        if len(messages) != max(1, len(part.attachments)):
            raise Rejected(calls.OTHER_NUMBER)
        for place in changed:
            with suppress(NotModified):
                await self._api.put(channel.credentials, calls.media_edit(part, place, to, messages[place]))
        if 0 not in changed:
            await self.edit(channel, to, messages[0], part)

    async def delete(self, channel: Channel, to: UserId, messages: tuple[MessageId, ...]) -> None:
        """deleteMessage says why it refuses one message; deleteMessages takes up to 100 and skips what is gone."""
        numbers = [calls.number(message) for message in messages]
        if len(numbers) == 1:
            single = {"chat_id": calls.chat(to), "message_id": numbers[0]}
            await self._api.ask(channel.credentials, "deleteMessage", single)
            return
        for start in range(0, len(numbers), limits.DELETE_BATCH):
            batch = numbers[start : start + limits.DELETE_BATCH]
            params = {"chat_id": calls.chat(to), "message_ids": batch}
            await self._api.ask(channel.credentials, "deleteMessages", params)

    async def react(self, channel: Channel, to: UserId, message: MessageId, emoji: str | None) -> None:
        """setMessageReaction; bots have one reaction, of Telegram's fixed list."""
        reaction = [{"type": "emoji", "emoji": emoji}] if emoji else []
        params = {"chat_id": calls.chat(to), "message_id": calls.number(message), "reaction": reaction}
        await self._api.ask(channel.credentials, "setMessageReaction", params)

    async def typing(self, channel: Channel, to: UserId) -> None:
        """sendChatAction: shown for five seconds or until a message comes."""
        await self._api.ask(channel.credentials, "sendChatAction", {"chat_id": calls.chat(to), "action": "typing"})

    async def acknowledge(self, channel: Channel, token: str, text: str | None) -> None:
        """answerCallbackQuery; a press that is too old for an answer waits no longer."""
        params: dict[str, Any] = {"callback_query_id": token}
        if text:
            params["text"] = text[: limits.CALLBACK_ANSWER]
        try:
            await self._api.ask(channel.credentials, "answerCallbackQuery", params)
        except QueryExpired:
            return

    async def edit_profile(self, channel: Channel, name: str, value: str) -> None:
        """setMyName, setMyDescription, setMyShortDescription."""
        if (method := _PROFILE_METHODS.get(name)) is None:
            raise Rejected(PROFILE_NAME)
        if len(value) > (limit := limits.PROFILE_TEXTS[name]):
            raise Rejected(PROFILE_TEXT, {"limit": str(limit)})
        await self._api.ask(channel.credentials, method, {name: value})

    async def profile_text(self, channel: Channel, name: str) -> str:
        """getMyName, getMyDescription, getMyShortDescription."""
        if (method := _PROFILE_METHODS.get(name)) is None:
            raise Rejected(PROFILE_NAME)
        answer = await self._api.ask(channel.credentials, method.replace("set", "get", 1), {})
        return string(answer, name) or ""

    async def set_picture(self, channel: Channel, picture: Attachment | None) -> None:
        """setMyProfilePhoto with a file of its own ("InputProfilePhotoStatic": a JPEG, never reused)."""
        if picture is None:
            await self._api.ask(channel.credentials, "removeMyProfilePhoto")
            return
        photo = {"type": "static", "photo": "attach://picture"}
        await self._api.put(channel.credentials, Call("setMyProfilePhoto", {"photo": photo}, {"picture": picture}))

    def link(self, channel: Channel, code: str | None = None) -> str:
        """ "Deep linking"."""
        address = f"https://t.me/{channel.username or channel.id}"
        return f"{address}?start={code}" if code else address


def _trimmed(credentials: Credentials) -> Credentials:
    """The credentials as pasted, without the white space around the token."""
    return Credentials({**credentials, "token": credentials.get("token", "").strip()})


def _all_wanted(info: dict[str, Any]) -> bool:
    allowed = info.get("allowed_updates")
    return isinstance(allowed, list) and set(limits.UPDATES) <= {name for name in allowed if isinstance(name, str)}
