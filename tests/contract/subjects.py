"""The platforms under test: those of the product and the toy, each with its samples and its calls.

A platform's `samples/` holds one JSON file per kind of payload, {"payload": …, "events": […]}, and two that every test
here starts from: `credentials.json` (made up) and `hook.json`, a webhook request that is genuine for them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import adapters
from adapters.base import (
    Adapter,
    Attachment,
    AttachmentKind,
    CanAcknowledge,
    CanComplete,
    CanDelete,
    CanEdit,
    CanEditProfile,
    CanLogin,
    CanMarkRead,
    CanPoll,
    CanReact,
    CanSetPicture,
    CanType,
    Channel,
    ChannelId,
    Content,
    Credentials,
    Envelope,
    HookRequest,
    MessageId,
    Trip,
    UserId,
)
from adapters.http import Http
from adapters.registry import discover

TOYS = Path(__file__).parent / "platforms"
ANNA = UserId("501")
MESSAGE = MessageId("77")
ENVELOPE = Envelope(token="00000000-0000-4000-8000-000000000001", number=1)
_RESERVED = ("credentials", "hook")

Operation = Callable[[Any, Channel], Awaitable[Any]]


@contextmanager
def toy_platform() -> Iterator[None]:
    """While it lasts the toy is a platform like any other: `discover` and `build` find it."""
    path = str(TOYS)
    adapters.__path__.append(path)
    try:
        yield
    finally:
        adapters.__path__.remove(path)


@dataclass(frozen=True)
class Subject:
    """One platform with what its samples tell."""

    kind: type[Adapter]
    samples: Path

    def adapter(self, http: Http | None = None, api: str = "http://127.0.0.1:9") -> Adapter:
        addresses = {name: api for name in ("api", "login", "oauth") if name in self.kind.settings.model_fields}
        return self.kind(http or Http(), self.kind.settings(**addresses))

    @cached_property
    def cases(self) -> dict[str, dict[str, Any]]:
        files = sorted(self.samples.glob("*.json"))
        return {file.stem: json.loads(file.read_text()) for file in files if file.stem not in _RESERVED}

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(json.loads((self.samples / "credentials.json").read_text()))

    @cached_property
    def genuine(self) -> HookRequest:
        data = json.loads((self.samples / "hook.json").read_text())
        return HookRequest(data["method"], data["headers"], data["query"], data["body"].encode())

    @property
    def channel(self) -> Channel:
        return Channel(ChannelId("123456789"), self.credentials, "flowers", "https://pult.test/hooks/x/y")

    def operations(self) -> dict[str, Operation]:
        """Every call that reaches the platform, optional ones as far as this platform has them."""
        return {name: call for name, (need, call) in _OPERATIONS.items() if issubclass(self.kind, need)}


def _subjects() -> dict[str, Subject]:
    with toy_platform():
        found = discover()
    return {name: Subject(kind, _folder(kind) / "samples") for name, kind in found.items()}


def _folder(kind: type[Adapter]) -> Path:
    file = sys.modules[kind.__module__].__file__
    return Path(str(file)).parent


async def _drain(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def _coming_back(channel: Channel) -> dict[str, str]:
    """With one of the channel's secrets as the code, so that it is looked for where secrets are."""
    return {"code": next(iter(channel.credentials.values())), "state": TRIP.state, "device_id": "d"}


PART = Content(text="Hello")
TRIP = Trip("https://pult.test/login/x", "s" * 43, "v" * 43)
PHOTO = Attachment(AttachmentKind.PHOTO, handle="FILE-1")
_OPERATIONS: dict[str, tuple[type[Any], Operation]] = {
    "identify": (Adapter, lambda a, c: a.identify(c.credentials)),
    "subscribe": (Adapter, lambda a, c: a.subscribe(c)),
    "unsubscribe": (Adapter, lambda a, c: a.unsubscribe(c)),
    "inspect": (Adapter, lambda a, c: a.inspect(c)),
    "send": (Adapter, lambda a, c: a.send(c, ANNA, PART, ENVELOPE)),
    "fetch": (Adapter, lambda a, c: _drain(a.fetch(c, PHOTO, 100_000))),
    "profile": (Adapter, lambda a, c: a.profile(c, ANNA)),
    "poll": (CanPoll, lambda a, c: a.poll(c, "1", 0)),
    "edit": (CanEdit, lambda a, c: a.edit(c, ANNA, MESSAGE, PART)),
    "delete": (CanDelete, lambda a, c: a.delete(c, ANNA, (MESSAGE,))),
    "react": (CanReact, lambda a, c: a.react(c, ANNA, MESSAGE, "👍")),
    "typing": (CanType, lambda a, c: a.typing(c, ANNA)),
    "mark_read": (CanMarkRead, lambda a, c: a.mark_read(c, ANNA, MESSAGE)),
    "acknowledge": (CanAcknowledge, lambda a, c: a.acknowledge(c, "1", "Thank you")),
    "edit_profile": (CanEditProfile, lambda a, c: a.edit_profile(c, next(iter(a.capabilities.profile_texts)), "Name")),
    "whole": (CanComplete, lambda a, c: a.whole(c, ANNA, MESSAGE)),
    "exchange": (CanLogin, lambda a, c: a.exchange(TRIP, _coming_back(c))),
    "exchange_for_one": (CanLogin, lambda a, c: a.exchange(replace(TRIP, account="1"), _coming_back(c))),
    "set_picture": (CanSetPicture, lambda a, c: a.set_picture(c, None)),
}

SUBJECTS = _subjects()
