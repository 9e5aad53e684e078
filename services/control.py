"""The journal of the control bots: each update is written down before it is confirmed, and kept until it is done.

An update whose handling was cut off three times by the service's end, or fails for good, is marked and left behind.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import orjson
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from adapters.errors import PlatformError, Refused
from adapters.lenient import loads, shallow
from adapters.redaction import told
from models import fields
from models.enums import UpdateState
from services import clock, jobs, trace
from services.retention import Retention
from services.sql import Row, Steps, in_slices, marks, one, run, transact

ATTEMPTS = 3
"""How often an update may be begun after restarts: by then it is the update that is wrong, not the moment."""
LARGEST = 2**63
DONE_KEPT = timedelta(days=3)
"""Telegram repeats an update for a day at most; until then its number must be known."""
RECENT = timedelta(minutes=15)
FAILED_KEPT = timedelta(days=30)
SWEPT_AT_ONCE = 2000
_ENTRY = "id, update_id, chat_id, payload"
_REQUEST = "pult_request"
"""The name in the journaled update under which the id of the request that brought it is kept."""


@dataclass(frozen=True, slots=True)
class ControlBot:
    """A bot through which the team works. `telegram_id` is its user id; hook_* are for webhooks."""

    id: int
    telegram_id: int
    username: str
    name: str
    token: str
    hook_key: str
    hook_secret: str

    def __repr__(self) -> str:
        return f"ControlBot({self.id}, @{self.username})"


@dataclass(frozen=True, slots=True)
class Entry:
    """A journaled update that waits to be handled. chat_id: where it is from, None where that cannot be told."""

    id: int
    update_id: int
    chat_id: int | None
    payload: dict[str, Any]
    left_over: bool = False
    """An earlier run of the service may have begun it."""
    request: str | None = None
    """The request by which it came, see `services.trace`."""


async def register_bot(token: str, telegram_id: int, username: str, name: str) -> ControlBot:
    """Make the row of a control bot, or bring it up to date; its hook key and secret stay what they were."""
    return await transact(lambda: _register(token, telegram_id, username, name))


def _register(token: str, telegram_id: int, username: str, name: str) -> Steps[ControlBot]:
    rows = yield (
        "INSERT INTO control_bots (telegram_id, username, name, token, hook_key, hook_secret, cursor, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (telegram_id) DO UPDATE SET"
        " username = excluded.username, name = excluded.name, token = excluded.token"
        " RETURNING id, telegram_id, username, name, token, hook_key, hook_secret",
        (
            telegram_id, username[:64], name[:255], fields.seal(token), secrets.token_urlsafe(24),
            fields.seal(secrets.token_urlsafe(32)), clock.now(),
        ),
    )  # fmt: skip
    return _bot(rows[0])


def let_go(control_bot_id: int) -> Steps[None]:
    """Its token is taken: end the pause of a refused one, if there is any."""
    lane = f"control:{control_bot_id}"
    rows = yield "SELECT lane FROM lane_pauses WHERE lane = ? AND reason LIKE ?", (lane, "CredentialsRevoked%")
    if rows:
        yield from jobs.resume(lane)


async def bots() -> list[ControlBot]:
    """All control bots of the installation."""
    rows = await run(
        one("SELECT id, telegram_id, username, name, token, hook_key, hook_secret FROM control_bots ORDER BY id")
    )
    return [_bot(row) for row in rows]


def _bot(row: Row) -> ControlBot:
    return ControlBot(
        id=row["id"],
        telegram_id=row["telegram_id"],
        username=row["username"],
        name=row["name"],
        token=fields.unseal(row["token"]),
        hook_key=row["hook_key"],
        hook_secret=fields.unseal(row["hook_secret"]),
    )


async def receive(control_bot_id: int, updates: Sequence[object]) -> list[Entry]:
    """Write updates down in one commit; returns those that are to be handled, in order: all are now safe to confirm.

    What is known already and done is left out; known and not done it is returned again, since the acknowledgement of
    the commit that wrote it down may have been lost. What is no update at all (no number) is left out too, and one that
    nobody can read is journaled as skipped: it must not keep those behind it from being confirmed.
    """
    numbered = [shallow(one) for one in updates if isinstance(one, dict) and _fits(one.get("update_id"))]
    if not numbered:
        return []
    return await transact(lambda: _receive(control_bot_id, numbered))


def _receive(control_bot_id: int, updates: Sequence[dict[str, Any]]) -> Steps[list[Entry]]:
    fresh = []
    for update in updates:
        chat_id = chat_of(update)
        text, problem = _written(update)
        rows = yield (
            "INSERT INTO control_updates (control_bot_id, update_id, chat_id, payload, state, error, attempts,"
            " received_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (control_bot_id, update_id) DO NOTHING"
            " RETURNING id",
            (
                control_bot_id, update["update_id"], chat_id, fields.seal(text),
                (UpdateState.SKIPPED if problem else UpdateState.RECEIVED).value, problem, clock.now(),
            ),
        )  # fmt: skip
        rows = rows or (yield _UNDONE, (control_bot_id, update["update_id"]))
        if rows and problem is None:
            fresh.append(Entry(rows[0]["id"], update["update_id"], chat_id, update, request=trace.current()))
    return fresh


_UNDONE = "SELECT id FROM control_updates WHERE control_bot_id = ? AND update_id = ? AND state = 'received'"


def _written(update: dict[str, Any]) -> tuple[str, str | None]:
    """The update for the journal; of one that cannot be written as JSON, its outermost names and the reason."""
    try:
        return orjson.dumps({**update, _REQUEST: trace.current()}).decode(), None
    except TypeError as error:
        return orjson.dumps({"update_id": update["update_id"], "left out": list(update)[:20]}).decode(), told(error)


def _fits(number: object) -> bool:
    """Whether it is a number that a column holds."""
    return isinstance(number, int) and not isinstance(number, bool) and abs(number) < LARGEST


def chat_of(update: Mapping[str, Any]) -> int | None:
    """The id of the chat (else the user) that an update is from, whatever kind it is; None where none is found."""
    for name, event in update.items():
        if name == "update_id" or not isinstance(event, dict):
            continue
        holders = [event, event.get("message"), {"chat": event.get("from")}, {"chat": event.get("user")}]
        for holder in holders:
            chat = holder.get("chat") if isinstance(holder, dict) else None
            if isinstance(chat, dict) and _fits(chat.get("id")):
                return int(chat["id"])
    return None


async def waiting(control_bot_id: int, held: Container[int] = frozenset()) -> list[Entry]:
    """What was written down, is not finished and not `held` by this process, in order. Poisonous ones are marked as
    failed.

    Only `begin` counts: an update that merely waited for its turn survives any number of restarts.
    """
    rows = await run(
        one(
            "SELECT id, attempts FROM control_updates WHERE control_bot_id = ? AND state = 'received' ORDER BY id",
            control_bot_id,
        )
    )
    left = [row for row in rows if row["id"] not in held]
    return await transact(lambda: _waiting(left)) if left else []


def _waiting(left: Sequence[Row]) -> Steps[list[Entry]]:
    """One by one: there are few of them, but for a start after long trouble."""
    entries = []
    for one_left in left:
        if one_left["attempts"] >= ATTEMPTS:
            yield from fail(one_left["id"], "begun three times after restarts and never finished")
            continue
        rows = yield f"SELECT {_ENTRY}, state FROM control_updates WHERE id = ?", (one_left["id"],)
        if not rows or rows[0]["state"] != UpdateState.RECEIVED.value:
            continue
        payload = _opened(rows[0]["payload"])
        if payload is None:
            yield from skip(one_left["id"], "the journal's text cannot be read")
        else:
            entries.append(_entry(rows[0], payload, left_over=True))
    return entries


def begin(entry_id: int) -> Steps[None]:
    """An update that was left over is about to be handled: should it end the service, that shows."""
    yield "UPDATE control_updates SET attempts = attempts + 1 WHERE id = ?", (entry_id,)


async def recent(control_bot_id: int) -> list[Entry]:
    """What was written down within the last minutes, by whatever process, and is not finished; in order."""
    rows = await run(
        one(
            f"SELECT {_ENTRY} FROM control_updates"
            " WHERE received_at > ? AND control_bot_id = ? AND state = 'received' ORDER BY id",
            clock.now() - RECENT,
            control_bot_id,
        )
    )
    opened = ((row, _opened(row["payload"])) for row in rows)
    return [_entry(row, payload) for row, payload in opened if payload is not None]


def _entry(row: Row, payload: dict[str, Any], *, left_over: bool = False) -> Entry:
    request = payload.pop(_REQUEST, None)
    return Entry(row["id"], row["update_id"], row["chat_id"], payload, left_over, request)


def _opened(payload: str | None) -> dict[str, Any] | None:
    try:
        found = loads(fields.unseal(payload or ""))
    except Exception:
        # Another key, a cut text: whatever it is, this update must not keep the others from being handled.
        return None
    return found if isinstance(found, dict) else None


def finish(*entry_ids: int) -> Steps[None]:
    """These were handled: forget what they said, they may hold a pasted token."""
    yield (
        f"UPDATE control_updates SET state = 'done', payload = NULL, error = NULL WHERE id IN ({marks(entry_ids)})",
        entry_ids,
    )


def fail(entry_id: int, error: str) -> Steps[None]:
    """Handling it failed for good; its text is kept for `FAILED_KEPT`."""
    yield _END, (UpdateState.FAILED.value, error[:2000], entry_id)


def skip(entry_id: int, reason: str) -> Steps[None]:
    """It cannot be understood, and is left behind."""
    yield _END, (UpdateState.SKIPPED.value, reason[:2000], entry_id)


_END = "UPDATE control_updates SET state = ?, error = ? WHERE id = ?"


_AWAY = (
    OSError,
    DBConnectionError,
    OperationalError,
    sqlite3.OperationalError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
)


def passing(error: Exception) -> bool:
    """Whether handling may succeed in a moment: the database or the platform was away, not the update wrong."""
    if isinstance(error, PlatformError):
        return not isinstance(error, Refused)
    return isinstance(error, _AWAY) and not isinstance(error, IntegrityError)


async def sweep(retention: Retention) -> None:
    """Forget what is past its time."""
    now = clock.now()
    kept = {("done",): DONE_KEPT, ("failed", "skipped"): FAILED_KEPT}
    for states, keep in kept.items():
        before = await retention.until(f"updates {states[0]}", now - keep)
        await in_slices(partial(_sweep, states, before), SWEPT_AT_ONCE)


def _sweep(states: Sequence[str], before: datetime) -> Steps[int]:
    rows = yield (
        f"DELETE FROM control_updates WHERE id IN (SELECT id FROM control_updates WHERE state IN ({marks(states)})"
        " AND received_at < ? LIMIT ?) RETURNING id",
        (*states, before, SWEPT_AT_ONCE),
    )
    return len(rows)
