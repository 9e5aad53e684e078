"""Channels as rows: reading them with their secrets, what is shown of them, and what webhooks remember of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from adapters.base import Adapter, CanEditProfile, Channel, ChannelId, Choice, Credentials, Option
from adapters.options import ON
from models import fields
from models.enums import ChannelState, Receiving
from services.applying import ChannelRow
from services.sql import Row, Steps, fetch, from_json, marks, moment, to_json

LIVE: Final = (ChannelState.ACTIVE, ChannelState.BROKEN)
"""What is connected; customers of a broken one can still write."""
HEARD: Final = (ChannelState.CONNECTING, *LIVE)
"""Whose webhooks are answered: some platforms call while they are being subscribed to."""
FRESH_SECONDS: Final = 5.0


class Trouble(StrEnum):
    """What the team was told about a channel (`channels.trouble`)."""

    REVOKED = "revoked"
    SUSPENDED = "suspended"
    WEBHOOK_LOST = "webhook_lost"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    NO_ADDRESS = "no_address"


class Status(StrEnum):
    """How a channel is, in one word for people."""

    WORKS = "works"
    UNCONFIRMED = "unconfirmed"
    CONNECTING = "connecting"
    DISCONNECTED = "disconnected"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    WEBHOOK_LOST = "webhook_lost"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True)
class Chosen:
    """An option of a channel with what the team has chosen."""

    option: Option
    value: str

    @property
    def on(self) -> bool:
        """Of a switch."""
        return self.value == ON

    @property
    def choice(self) -> Choice | None:
        """Of one of several: which."""
        return self.option.choice(self.value)


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel on its card. texts: what «Настройки бота» can change, each with its most characters."""

    id: int
    name: str
    username: str | None
    link: str | None
    platform: str
    title: str
    """The platform's name for people."""
    status: Status
    detail: str | None
    """The platform's own words about the trouble."""
    last_event_at: datetime | None
    receiving: Receiving
    texts: Mapping[str, int] = field(default_factory=dict)
    options: tuple[Chosen, ...] = ()
    settings_link: str | None = None
    """Where the platform itself has settings of it."""

    @property
    def choices(self) -> tuple[Chosen, ...]:
        """The options that are one of several."""
        return tuple(one for one in self.options if one.option.choices)


@dataclass(frozen=True, slots=True)
class Connected:
    """A channel with its secrets, for calls to its platform and for checking its webhooks."""

    row: ChannelRow
    external_id: str
    state: ChannelState
    name: str
    username: str | None
    receiving: Receiving
    hook_key: str
    cursor: str | None
    credentials: Credentials
    last_event_at: datetime | None
    trouble: Trouble | None
    detail: str | None
    settings: Mapping[str, str]

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def platform(self) -> str:
        return self.row.platform

    def channel(self, public_url: str | None) -> Channel:
        """The channel as its adapter wants it."""
        address = None
        if self.receiving is Receiving.WEBHOOK and public_url is not None:
            address = hook_address(public_url, self.platform, self.hook_key)
        return Channel(ChannelId(self.external_id), self.credentials, self.username, address, self.name, self.settings)


def hook_address(public_url: str, platform: str, hook_key: str) -> str:
    """Where a platform delivers a channel's events."""
    return f"{public_url}/hooks/{platform}/{hook_key}"


COLUMNS: Final = (
    "id, project_id, platform, external_id, state, name, username, link, receiving, hook_key, cursor, credentials,"
    " confirmed_at, last_event_at, trouble, trouble_detail, settings"
)


def connected(row: Row) -> Connected:
    """Of a row with COLUMNS."""
    stored = row["credentials"]
    return Connected(
        row=ChannelRow(row["id"], row["project_id"], row["platform"], row["confirmed_at"] is not None),
        external_id=row["external_id"],
        state=ChannelState(row["state"]),
        name=row["name"],
        username=row["username"],
        receiving=Receiving(row["receiving"]),
        hook_key=row["hook_key"],
        cursor=row["cursor"],
        credentials=Credentials(from_json(fields.unseal(stored)) if stored else None),
        last_event_at=moment(row["last_event_at"]),
        trouble=Trouble(row["trouble"]) if row["trouble"] else None,
        detail=row["trouble_detail"],
        settings=from_json(row["settings"]) or {},
    )


def view(row: Row, adapter: Adapter | None) -> ChannelView:
    """Of a row with COLUMNS; `adapter` is None where its platform is not part of this installation any more."""
    editable = adapter is not None and isinstance(adapter, CanEditProfile)
    return ChannelView(
        id=row["id"],
        name=row["name"],
        username=row["username"],
        link=row["link"],
        platform=row["platform"],
        title=adapter.title if adapter else row["platform"],
        status=_status(row),
        detail=row["trouble_detail"],
        last_event_at=moment(row["last_event_at"]),
        receiving=Receiving(row["receiving"]),
        texts=dict(adapter.capabilities.profile_texts) if adapter and editable else {},
        options=_chosen(adapter, from_json(row["settings"]) or {}) if adapter else (),
        settings_link=adapter.settings_link(_account(row)) if adapter else None,
    )


def _chosen(adapter: Adapter, settings: Mapping[str, str]) -> tuple[Chosen, ...]:
    """A choice that the platform has no more counts as none."""
    found = []
    for option in adapter.capabilities.options:
        value = settings.get(option.name, option.default)
        known = not option.choices or option.choice(value) is not None
        found.append(Chosen(option, value if known else option.default))
    return tuple(found)


def _account(row: Row) -> Channel:
    """The channel without its secrets."""
    return Channel(ChannelId(row["external_id"]), Credentials(), row["username"], name=row["name"])


def _status(row: Row) -> Status:
    state = ChannelState(row["state"])
    if state in (ChannelState.CONNECTING, ChannelState.DISCONNECTED):
        return Status(state.value)
    if row["trouble"]:
        return Status(row["trouble"])
    if state is ChannelState.BROKEN:
        return Status.REVOKED
    return Status.WORKS if row["confirmed_at"] is not None else Status.UNCONFIRMED


def sealed(credentials: Credentials) -> str:
    """Credentials for the column."""
    return fields.seal(to_json(dict(credentials)))


async def load(channel_id: int, states: Sequence[ChannelState] = LIVE) -> Connected | None:
    """A channel by its id, if it is in one of `states`."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM channels WHERE id = ? AND state IN ({marks(states)})", channel_id, *states
    )
    return connected(rows[0]) if rows else None


def lanes_alike(lane: str) -> Steps[list[str]]:
    """The other lanes of a channel's platform: what their sending shares where its limit is one for all of them."""
    name, _, number = lane.partition(":")
    if name != "channel" or not number.isdecimal():
        return []
    rows = yield (
        "SELECT other.id FROM channels own JOIN channels other ON other.platform = own.platform AND other.id <> own.id"
        f" WHERE own.id = ? AND other.state IN ({marks(LIVE)}) ORDER BY other.id",
        (int(number), *LIVE),
    )
    return [f"{name}:{row['id']}" for row in rows]


def of_project(project_id: int, channel_id: int) -> Steps[Row | None]:
    """A channel's row, if it belongs to the project."""
    rows = yield f"SELECT {COLUMNS} FROM channels WHERE id = ? AND project_id = ?", (channel_id, project_id)
    return rows[0] if rows else None


class Known:
    """The channels by the keys of their webhooks, remembered for FRESH_SECONDS, so that most webhooks need no query.

    What other processes change is seen by then; what this one changes, at once through `forget`.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, tuple[Connected, float]] = {}
        self._keys: dict[int, str] = {}
        self._by_account: dict[tuple[str, str], tuple[Connected, float]] = {}

    async def by_hook(self, platform: str, hook_key: str, *, anew: bool = False) -> Connected | None:
        """The channel whose webhook this is; None where there is none, or no more. `anew` reads the row again."""
        known = self._by_key.get(hook_key)
        if known is None or anew or time.monotonic() - known[1] > FRESH_SECONDS:
            known = await self._read(hook_key)
        return known[0] if known is not None and known[0].platform == platform else None

    async def by_account(self, platform: str, external_id: str) -> Connected | None:
        """The channel of a platform's account, for webhooks that are set for a whole app.

        Who is not known is asked for each time: they may be connected by another process at this moment.
        """
        account, read_at = (platform, external_id), time.monotonic()
        if (known := self._by_account.get(account)) is not None and read_at - known[1] <= FRESH_SECONDS:
            return known[0]
        rows = await fetch(
            f"SELECT {COLUMNS} FROM channels WHERE platform = ? AND external_id = ? AND state IN ({marks(HEARD)})",
            platform, external_id, *HEARD,
        )  # fmt: skip
        if not rows:
            self._by_account.pop(account, None)
            return None
        found = connected(rows[0])
        self._by_account[account] = found, read_at
        return found

    def forget(self, channel_id: int) -> None:
        """The channel was changed."""
        self._by_account = {one: known for one, known in self._by_account.items() if known[0].id != channel_id}
        self._by_key.pop(self._keys.pop(channel_id, ""), None)

    async def _read(self, hook_key: str) -> tuple[Connected, float] | None:
        read_at = time.monotonic()
        rows = await fetch(
            f"SELECT {COLUMNS} FROM channels WHERE hook_key = ? AND state IN ({marks(HEARD)})", hook_key, *HEARD
        )
        if not rows:
            if (gone := self._by_key.pop(hook_key, None)) is not None:
                self._keys.pop(gone[0].id, None)
            return None
        found = connected(rows[0])
        self._by_key[hook_key] = (found, read_at)
        self._keys[found.id] = hook_key
        return found, read_at
