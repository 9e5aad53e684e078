"""Connecting a channel, as steps and sentences: whose it is, the row that is made before its platform is told, its end.

The order is what keeps nothing half-connected: *connecting* is committed, then the platform is told, then *active*.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from cryptography.fernet import InvalidToken

from adapters.base import (
    Adapter,
    Ambiguous,
    CanPoll,
    ChannelProfile,
    ChannelSuspended,
    ConnectRefused,
    Credentials,
    CredentialsRevoked,
    PlatformError,
    Temporary,
    Throttled,
)
from adapters.names import one_line
from models import fields
from models.enums import ChannelState, Receiving
from services import clock, jobs
from services.access import Actor, Gone, Refusal, Right, actor
from services.channel_rows import COLUMNS, Connected, Trouble, connected, sealed
from services.sql import LOCK, Row, Steps, from_json, to_json
from services.texts import N_, ours

log = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(minutes=10)
"""How long a channel may be *connecting*: by then whoever was at it has crashed."""
TICKET_LIFETIME: Final = timedelta(hours=1)
CONTROL_PLATFORM: Final = "telegram"
"""Where control bots live."""

SILENT = N_("{platform} does not answer at the moment, so nothing was changed. Try again in a minute.")
REFUSED = N_("{platform} refused, so nothing was changed: {reason}")
REVOKED = N_("{platform} does not take this key: it was revoked or mistyped. Make a new one and paste it here.")
MISSING = N_("The key lacks these rights: {rights}. Make a key that has them and paste it here.")
NO_ADDRESS = N_(
    "{platform} delivers only to a public https address, and this installation has none: its administrator sets"
    " PULT_PUBLIC_URL."
)
CONTROL_BOT = N_(
    "{name} is a control bot: your team works in it, so it cannot be a channel too. "
    "Make another bot for your customers."
)
HERE_ALREADY = N_(
    "{name} is connected to this project already. To give it a new key, open it in /channels and press “New key”."
)
IN_OUR_PROJECT = N_("{name} is connected to your project “{project}”. Disconnect it there first, then connect it here.")
ELSEWHERE = N_(
    "{name} is connected to another project of this service. It must be disconnected there first, by its owner."
)
UNDER_WAY = N_("{name} is being connected at this very moment. Look into /channels in a minute.")
TOO_LATE = N_("That was too long ago to go on. Paste the key again.")
SWEPT = N_("Connecting took too long and was undone. Nothing was changed; try again.")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whose key it is, to be confirmed before anything is changed.

    tied_to: the host of another service that gets its messages now and will lose them. revived: the channel was
    connected to this project before, and its history continues. ticket: what `connect` needs; it holds the key,
    encrypted, and is good for an hour.
    """

    platform: str
    title: str
    name: str
    username: str | None
    link: str | None
    picture: str | None
    tied_to: str | None
    revived: bool
    warnings: tuple[str, ...]
    ticket: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A proposal that only this service can read. hook_key tells the same press made twice."""

    platform: str
    credentials: Credentials
    profile: ChannelProfile
    member_id: int
    project_id: int
    hook_key: str
    until: datetime


@contextmanager
def platform_words(title: str) -> Iterator[None]:
    """A platform's errors as what is said to the person who is waiting."""
    try:
        yield
    except ConnectRefused as error:
        log.info("a platform did not let a channel be connected", platform=title, why=error.message, **error.params)
        raise Refusal(error.message, **error.params) from None
    except CredentialsRevoked:
        raise Refusal(REVOKED, platform=title) from None
    except (Temporary, Throttled, Ambiguous):
        raise Refusal(SILENT, platform=title) from None
    except PlatformError as error:
        log.info("a platform refused", platform=title, error=jobs.describe(error))
        raise _said(title, error) from None


def _said(title: str, error: PlatformError) -> Refusal:
    """A sentence of ours stands for itself; the platform's own words are in the log."""
    if ours(error.reason) and not isinstance(error, ChannelSuspended):
        return Refusal(error.reason, **error.params)
    return Refusal(REFUSED, platform=title, reason=error.reason)


def receiving_of(adapter: Adapter, public_url: str | None) -> Receiving:
    """How this installation gets the platform's events. Raises Refusal where there is no way."""
    if public_url is not None:
        return Receiving.WEBHOOK
    if isinstance(adapter, CanPoll):
        return Receiving.POLLING
    raise Refusal(NO_ADDRESS, platform=adapter.title)


def allowed(person_id: int, project_id: int) -> Steps[Actor]:
    """The person, if the project's channels may be changed by them. Raises Denied."""
    who = yield from actor(person_id, project_id)
    who.require(Right.CHANNELS)
    return who


def free(who: Actor, platform: str, profile: ChannelProfile) -> Steps[Row | None]:
    """Whether the account may become this project's channel; the row of its history here, if it was one before.

    Raises Refusal for a control bot and for what is connected already.
    """
    yield from _no_control_bot(platform, profile)
    rows = yield (
        f"SELECT {COLUMNS} FROM channels WHERE platform = ? AND external_id = ? ORDER BY id DESC {LOCK}",
        (platform, profile.id),
    )
    for row in rows:
        if row["state"] != ChannelState.DISCONNECTED.value:
            raise (yield from _occupied(who, row, profile))
    return next((row for row in rows if row["project_id"] == who.project_id), None)


def _no_control_bot(platform: str, profile: ChannelProfile) -> Steps[None]:
    if platform != CONTROL_PLATFORM or not profile.id.isdecimal():
        return
    rows = yield "SELECT id FROM control_bots WHERE telegram_id = ?", (int(profile.id),)
    if rows:
        raise Refusal(CONTROL_BOT, name=profile.name)


def _occupied(who: Actor, row: Row, profile: ChannelProfile) -> Steps[Refusal]:
    """Where it is connected, as far as this person may know."""
    if row["project_id"] == who.project_id:
        connecting = row["state"] == ChannelState.CONNECTING.value
        return Refusal(UNDER_WAY if connecting else HERE_ALREADY, name=profile.name)
    rows = yield (
        "SELECT other.name FROM projects other JOIN projects own ON own.account_id = other.account_id"
        " WHERE other.id = ? AND own.id = ?",
        (row["project_id"], who.project_id),
    )
    if rows:
        return Refusal(IN_OUR_PROJECT, name=profile.name, project=rows[0]["name"])
    return Refusal(ELSEWHERE, name=profile.name)


def new_ticket(who: Actor, platform: str, credentials: Credentials, profile: ChannelProfile) -> str:
    """The proposal, encrypted."""
    return fields.seal(
        to_json(
            {
                "platform": platform,
                "credentials": dict(credentials),
                "profile": [profile.id, profile.name, profile.username, profile.link, profile.picture],
                "member": who.member_id,
                "project": who.project_id,
                "hook_key": new_hook_key(),
                "until": (clock.now() + TICKET_LIFETIME).isoformat(),
            }
        )
    )


def read_ticket(text: str) -> Ticket:
    """Raises Gone for one that is too old or was made with a key that is not ours."""
    try:
        data: dict[str, Any] = from_json(fields.unseal(text))
    except (InvalidToken, ValueError):
        raise Gone(TOO_LATE) from None
    until = datetime.fromisoformat(data["until"])
    if clock.now() > until:
        raise Gone(TOO_LATE)
    number, name, username, link, picture = data["profile"]
    return Ticket(
        platform=data["platform"],
        credentials=Credentials(data["credentials"]),
        profile=ChannelProfile(number, name, username, link, picture),
        member_id=data["member"],
        project_id=data["project"],
        hook_key=data["hook_key"],
        until=until,
    )


def new_hook_key() -> str:
    return secrets.token_urlsafe(24)


def foreign_host(tied_to: str | None, public_url: str | None) -> str | None:
    """The host of somebody else's webhook: the rest of its address may be their secret."""
    if not tied_to:
        return None
    host = urlsplit(tied_to).hostname
    return None if public_url is not None and host == urlsplit(public_url).hostname else host


def begin(who: Actor, ticket: Ticket, credentials: Credentials, receiving: Receiving) -> Steps[tuple[Connected, bool]]:
    """Make, or revive, the row as *connecting*. True with it: this very press has connected it already."""
    rows = yield f"SELECT {COLUMNS} FROM channels WHERE hook_key = ? AND state = 'active'", (ticket.hook_key,)
    if rows and rows[0]["project_id"] == who.project_id:
        return connected(rows[0]), True
    earlier = yield from free(who, ticket.platform, ticket.profile)
    profile = ticket.profile
    values = (
        ChannelState.CONNECTING.value, profile.name[:255], _cut(profile.username, 128), _cut(profile.link, 512),
        _cut(profile.picture, 1024), sealed(credentials), receiving.value, ticket.hook_key, who.member_id, clock.now(),
    )  # fmt: skip
    if earlier is not None:
        rows = yield (
            "UPDATE channels SET state = ?, name = ?, username = ?, link = ?, picture = ?, credentials = ?,"
            " receiving = ?, hook_key = ?, connected_by_id = ?, checked_at = ?, cursor = NULL, confirmed_at = NULL,"
            f" last_event_at = NULL, trouble = NULL, trouble_detail = NULL WHERE id = ? RETURNING {COLUMNS}",
            (*values, earlier["id"]),
        )
    else:
        rows = yield (
            "INSERT INTO channels (state, name, username, link, picture, credentials, receiving, hook_key,"
            " connected_by_id, checked_at, project_id, platform, external_id, created_at)"
            f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {COLUMNS}",
            (*values, who.project_id, ticket.platform, profile.id, clock.now()),
        )
    return connected(rows[0]), False


def _cut(text: str | None, length: int) -> str | None:
    return text[:length] if text else None


def finish(channel: Connected) -> Steps[bool]:
    """Make it *active*; False where it was swept away meanwhile."""
    rows = yield (
        "UPDATE channels SET state = 'active' WHERE id = ? AND state = 'connecting' AND hook_key = ? RETURNING id",
        (channel.id, channel.hook_key),
    )
    if rows:
        yield from resume(channel.id)
    return bool(rows)


def undo(channel: Connected) -> Steps[None]:
    """Nothing half-connected stays: the row goes, or is a disconnected one where it has a history."""
    rows = yield (
        "DELETE FROM channels WHERE id = ? AND state = 'connecting' AND hook_key = ?"
        " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.channel_id = channels.id)"
        " AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.channel_id = channels.id)"
        " AND NOT EXISTS (SELECT 1 FROM files f WHERE f.channel_id = channels.id) RETURNING id",
        (channel.id, channel.hook_key),
    )
    if not rows:
        yield (
            "UPDATE channels SET state = 'disconnected', credentials = NULL, cursor = NULL"
            " WHERE id = ? AND state = 'connecting' AND hook_key = ?",
            (channel.id, channel.hook_key),
        )


def abandoned(before: datetime) -> Steps[list[Connected]]:
    """Channels that have been *connecting* since before that moment."""
    rows = yield (
        f"SELECT {COLUMNS} FROM channels WHERE state = 'connecting' AND (checked_at IS NULL OR checked_at < ?)",
        (before,),
    )
    return [connected(row) for row in rows]


def disconnect(channel: Connected) -> Steps[None]:
    """Free the account for others; its history stays, its secrets go. What waits to be sent is refused in its turn."""
    yield (
        "UPDATE channels SET state = 'disconnected', credentials = NULL, cursor = NULL, trouble = NULL,"
        " trouble_detail = NULL WHERE id = ?",
        (channel.id,),
    )
    yield from resume(channel.id)


def store_key(channel: Connected, credentials: Credentials, profile: ChannelProfile) -> Steps[None]:
    """Keep new credentials; what the platform calls the channel may have changed too."""
    yield (
        "UPDATE channels SET credentials = ?, name = ?, username = ?, link = ? WHERE id = ?",
        (
            sealed(credentials), profile.name[:255], _cut(profile.username, 128), _cut(profile.link, 512),
            channel.id,
        ),
    )  # fmt: skip


def keep(channel_id: int, credentials: Credentials) -> Steps[None]:
    """Keep credentials that were prepared anew."""
    yield "UPDATE channels SET credentials = ? WHERE id = ?", (sealed(credentials), channel_id)


def put_key_back(channel: Connected) -> Steps[None]:
    """The new credentials did not get through to the platform: the old ones stand."""
    yield from keep(channel.id, channel.credentials)


def works_again(channel_id: int) -> Steps[bool]:
    """The trouble is over; what waited goes out. False where there was none."""
    rows = yield (
        "UPDATE channels SET state = 'active', trouble = NULL, trouble_detail = NULL WHERE id = ?"
        " AND state IN ('active', 'broken') AND (trouble IS NOT NULL OR state = 'broken') RETURNING id",
        (channel_id,),
    )
    if rows:
        yield from resume(channel_id)
    return bool(rows)


def resume(channel_id: int) -> Steps[None]:
    """Let go what waited for the channel's key: answers and downloads."""
    yield from jobs.resume(f"channel:{channel_id}")
    yield from jobs.resume(f"files:channel:{channel_id}")


def receive_by(channel: Connected, receiving: Receiving) -> Steps[None]:
    """The platform was told how to deliver."""
    yield (
        "UPDATE channels SET receiving = ?, cursor = NULL WHERE id = ? AND state IN ('active', 'broken')",
        (receiving.value, channel.id),
    )


def into_trouble(channel_id: int, trouble: Trouble, detail: str | None) -> Steps[bool]:
    """Note the trouble; True where the team has not been told of it yet."""
    broken = trouble in (Trouble.REVOKED, Trouble.SUSPENDED)
    rows = yield (
        "UPDATE channels SET trouble = ?, trouble_detail = ?, state = CASE WHEN ? THEN 'broken' ELSE state END"
        " WHERE id = ? AND state IN ('active', 'broken') AND (trouble IS NULL OR trouble <> ?) RETURNING id",
        (trouble.value, detail, broken, channel_id, trouble.value),
    )
    return bool(rows)


def confirmed(channel_id: int) -> Steps[None]:
    """«Проверить» was pressed, and it works."""
    now = clock.now()
    yield (
        "UPDATE channels SET checked_at = ?, confirmed_at = COALESCE(confirmed_at, ?) WHERE id = ?",
        (now, now, channel_id),
    )
    yield from works_again(channel_id)


def keyed(channel: Connected) -> Steps[None]:
    """A new key works."""
    yield from receive_by(channel, channel.receiving)
    yield from works_again(channel.id)


def renamed(channel_id: int, name: str) -> Steps[None]:
    """The channel has another name at its platform."""
    yield "UPDATE channels SET name = ? WHERE id = ?", (one_line(name)[:255], channel_id)
