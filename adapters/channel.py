"""A connected account: its secrets, who it is, how it stands with its platform, and the form that connects it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from adapters.content import ChannelId
from adapters.errors import PlatformError


class Credentials(Mapping[str, str]):
    """A channel's secrets by name. Neither `repr` nor `str` shows a value."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None, /, **more: str) -> None:
        self._values: dict[str, str] = {**(values or {}), **more}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self._values))})"


@dataclass(frozen=True, slots=True)
class Channel:
    """A connected account as an adapter sees it. `hook` is the public address of its webhook, if it has one."""

    id: ChannelId
    credentials: Credentials
    username: str | None = None
    hook: str | None = None
    name: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the team has switched on for it, by names that the platform knows (Facebook's `human_agent`: "on")."""


class ConnectRefused(PlatformError):
    """Connecting is impossible as things are. `message` is an English message id with {placeholders} in `params`:
    it says what happened and what to do, in the words of the person who pasted the token."""

    def __init__(self, message: str, **params: str) -> None:
        super().__init__(message, params)
        self.message = message


class Unprepared(PlatformError):
    """What `prepare` gave does not hold any more: prepare, store and subscribe again."""


@dataclass(frozen=True, slots=True)
class ChannelProfile:
    """Who a set of credentials belongs to.

    tied_to: the webhook that the platform has for it now, if any. missing: rights that the token lacks, as the
    platform names them. warnings: message ids that the person should read before confirming.
    """

    id: ChannelId
    name: str
    username: str | None = None
    link: str | None = None
    picture: str | None = None
    tied_to: str | None = None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class HealthState(StrEnum):
    WORKS = "works"
    WEBHOOK_LOST = "webhook_lost"
    REVOKED = "revoked"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Health:
    """How a channel stands with its platform. `webhook` is what is set there; `pending` events wait for delivery."""

    state: HealthState
    webhook: str | None = None
    pending: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing to ask for when connecting. `label` and `hint` are message ids."""

    name: str
    label: str
    hint: str
    pattern: re.Pattern[str]
    secret: bool = True


@dataclass(frozen=True, slots=True)
class Guide:
    """A short numbered instruction; title and steps are message ids."""

    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectForm:
    fields: tuple[FormField, ...]
    guides: tuple[Guide, ...]
    check: str
    """Message id: how to see that it works ("Write to it now …")."""
