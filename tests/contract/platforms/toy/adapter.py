"""A messenger that exists only here: it proves that a platform is one folder and nothing else.

Its API: GET /me, PUT and DELETE /hook, POST /messages, PATCH /messages/{user}/{id}, GET /files/{id}, with the key as a
bearer token. It posts {"events": [...]} to the hook, signed with HMAC-SHA256 in X-Toy-Signature.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from pydantic_settings import BaseSettings

from adapters.base import (
    Adapter,
    Ambiguous,
    Attachment,
    AttachmentKind,
    AttachmentLimit,
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
    FormField,
    Guide,
    Health,
    HealthState,
    HookRequest,
    MessageEdited,
    MessageId,
    MessageReceived,
    NotFound,
    Plan,
    PlatformError,
    Profile,
    Rates,
    RecipientGone,
    Rejected,
    Sent,
    SentMessage,
    Started,
    Temporary,
    Throttled,
    Unsubscribed,
    Unsupported,
    UserId,
)
from adapters.reading import integer, items, moment, section, string
from adapters.split import split, utf16
from adapters.texts import N_

from .settings import ToySettings

TEXT_LIMIT = 200
FILE_LIMIT = 100_000
ONLY_WORDS = N_("Toy messages hold text and photos only.")
TOO_LARGE = N_("Toy photos hold up to {limit} bytes.")
REVOKED = N_("The toy messenger does not know this key.")
GONE = N_("The toy file is gone.")

_KINDS: dict[str, type[Event]] = {
    "message": MessageReceived, "edit": MessageEdited, "start": Started, "blocked": Unsubscribed,
}  # fmt: skip
_ERRORS: dict[int, type[PlatformError]] = {
    401: CredentialsRevoked, 403: RecipientGone, 404: NotFound,
}  # fmt: skip


class ToyAdapter(Adapter):
    platform: ClassVar[str] = "toy"
    title: ClassVar[str] = "Toy"
    settings: ClassVar[type[BaseSettings]] = ToySettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_limit=TEXT_LIMIT, caption_limit=0, spans=frozenset(),
        attachments={AttachmentKind.PHOTO: AttachmentLimit(FILE_LIMIT)}, album_limit=1, location=False, contact=False,
        buttons=None, edit=True, delete=False, react=False, typing=False, delivered=False, seen=False,
        reply_window_hours=None, batch=1, fetch_limit=FILE_LIMIT, rates=Rates(per_second=100),
    )  # fmt: skip
    connect: ClassVar[ConnectForm] = ConnectForm(
        fields=(FormField("key", N_("Toy key"), N_("It begins with toy-."), re.compile(r"toy-[a-z0-9]{16}")),),
        guides=(Guide(N_("A toy account"), (N_("Take the key from the toy box."), N_("Paste it here."))),),
        check=N_("Say something to the toy."),
    )

    async def identify(self, credentials: Credentials) -> ChannelProfile:
        if not self.connect.fields[0].pattern.fullmatch(credentials.get("key", "")):
            raise ConnectRefused(REVOKED)
        try:
            me = await self._read(credentials, "GET", "/me")
        except CredentialsRevoked:
            raise ConnectRefused(REVOKED) from None
        name, number = string(me, "name"), string(me, "id")
        if number is None:
            raise Temporary("the answer is not the toy's")
        link = f"https://toy.test/{number}"
        return ChannelProfile(ChannelId(number), name or number, number, link, tied_to=string(me, "hook"))

    async def prepare(self, credentials: Credentials, hook: str | None) -> Credentials:
        if hook is None:
            raise ConnectRefused(N_("The toy messenger needs a public https address."))
        return Credentials(credentials, hook_secret=secrets.token_urlsafe(32))

    async def subscribe(self, channel: Channel) -> None:
        data = {"url": channel.hook, "secret": channel.credentials["hook_secret"]}
        await self._read(channel.credentials, "PUT", "/hook", data)

    async def unsubscribe(self, channel: Channel) -> None:
        try:
            me = await self._read(channel.credentials, "GET", "/me")
            if string(me, "hook") == channel.hook:
                await self._read(channel.credentials, "DELETE", "/hook")
        except CredentialsRevoked:
            return

    async def inspect(self, channel: Channel) -> Health:
        try:
            hook = string(await self._read(channel.credentials, "GET", "/me"), "hook")
        except CredentialsRevoked as revoked:
            return Health(HealthState.REVOKED, detail=revoked.reason)
        return Health(HealthState.WORKS if hook == channel.hook else HealthState.WEBHOOK_LOST, webhook=hook)

    def verify(self, request: HookRequest, credentials: Credentials) -> None:
        secret = credentials.get("hook_secret", "")
        expected = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
        given = request.headers.get("x-toy-signature", "")
        if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()) or not secret:
            raise Forbidden("the signature is wrong")

    def parse(self, payload: Any) -> list[Event]:
        if not isinstance(payload, dict) or not isinstance(payload.get("events"), list):
            raise ValueError("not a toy payload: events are missing")
        return [event for item in items(payload, "events") if (event := _event(item)) is not None]

    def plan(self, content: Content) -> Plan:
        if content.location or content.contact or content.buttons or content.unsupported:
            raise Rejected(ONLY_WORDS)
        for item in content.attachments:
            if item.kind is not AttachmentKind.PHOTO:
                raise Rejected(ONLY_WORDS)
            if (item.size or 0) > FILE_LIMIT:
                raise Rejected(TOO_LARGE, {"limit": str(FILE_LIMIT)})
        photos = [Content(attachments=(item,)) for item in content.attachments]
        texts = [Content(text=text) for text, _ in split(content.text, (), TEXT_LIMIT, utf16)]
        if not photos and not texts:
            raise Rejected(ONLY_WORDS)
        return Plan((*photos, *texts))

    async def send(self, channel: Channel, to: UserId, part: Content, envelope: Envelope) -> Sent:
        data: dict[str, Any] = {"to": to, "text": part.text, "token": envelope.token}
        for item in part.attachments:
            if item.path is None:
                raise Rejected(GONE)
            data["photo"] = item.path.read_bytes().hex()
        made = await self._call(channel.credentials, "POST", "/messages", data)
        if (number := string(made, "id")) is None:
            raise Ambiguous("the answer is not the toy's")
        return Sent((SentMessage(MessageId(number)),))

    async def edit(self, channel: Channel, to: UserId, message: MessageId, part: Content) -> None:
        await self._read(channel.credentials, "PATCH", f"/messages/{to}/{message}", {"text": part.text})

    async def fetch(self, channel: Channel, attachment: Attachment, limit: int) -> AsyncIterator[bytes]:
        headers = {"Authorization": f"Bearer {channel.credentials['key']}"}
        taken = 0
        async with self.http.stream(f"{self.options.api}/files/{attachment.handle}", headers=headers) as response:
            if response.status != 200:
                raise _ERRORS.get(response.status, Temporary)(f"HTTP {response.status}")
            async for chunk in response.content.iter_chunked(4096):
                taken += len(chunk)
                if taken > limit:
                    raise Rejected(TOO_LARGE, {"limit": str(limit)})
                yield chunk

    def link(self, channel: Channel, code: str | None = None) -> str:
        return f"https://toy.test/{channel.id}" + (f"?code={code}" if code else "")

    async def _read(self, credentials: Credentials, method: str, path: str, data: Any = None) -> Any:
        try:
            return await self._call(credentials, method, path, data)
        except Ambiguous as lost:
            raise Temporary(lost.reason) from None

    async def _call(self, credentials: Credentials, method: str, path: str, data: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {credentials.get('key', '')}"}
        answer = await self.http.call(method, self.options.api + path, json=data, headers=headers)
        if answer.status == 429:
            raise Throttled("too fast", float(answer.headers.get("Retry-After", "1")))
        if answer.status >= 500:
            raise Temporary(f"HTTP {answer.status}")
        if answer.status >= 400:
            raise _ERRORS.get(answer.status, Rejected)(f"HTTP {answer.status}")
        return answer.json()


def _event(item: dict[str, Any]) -> Event | None:
    key, user = string(item, "id"), string(section(item, "user"), "id")
    at = moment(item, "at")
    if key is None or user is None or at is None:
        return None
    common: dict[str, Any] = {
        "key": key, "user": UserId(user), "at": at, "raw": item,
        "profile": Profile(name=string(section(item, "user"), "name")),
    }  # fmt: skip
    what = string(item, "kind") or ""
    kind, number = _KINDS.get(what), string(section(item, "message"), "id")
    if kind in (MessageReceived, MessageEdited) and number is not None:
        content = _content(section(item, "message"))
        return kind(**common, message_id=MessageId(number), content=content)  # type: ignore[call-arg,misc]
    if kind is Started:
        return Started(**common, ref=string(item, "code"))
    return Unsubscribed(**common) if kind is Unsubscribed else Unsupported(**common, what=what)


def _content(message: dict[str, Any]) -> Content:
    photo = section(message, "photo")
    handle = string(photo, "id")
    media = (Attachment(AttachmentKind.PHOTO, handle=handle, size=integer(photo, "size")),) if handle else ()
    text = string(message, "text") or ""
    return Content(text=text, attachments=media, unsupported=None if text or media else "empty")
