"""What came for a whole app and could not be read: kept under the hash of its bytes until `replay` can read it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from models.fields import seal, unseal
from services import clock
from services.retention import Retention
from services.sql import Steps, fetch, in_slices, when

AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class AppBody:
    """A kept body, as its platform sent it. `at`: when it came."""

    id: int
    platform: str
    body: bytes
    at: datetime


def keep(platform: str, body: bytes, error: str) -> Steps[None]:
    """Write it down; once, however often it comes."""
    yield (
        "INSERT INTO app_bodies (platform, key, payload, error, received_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (platform, key) DO NOTHING",
        (platform, hashlib.sha256(body).hexdigest(), seal(body.decode("latin-1")), error, clock.now()),
    )


async def kept(after: int) -> list[AppBody]:
    """The next ones above that id, oldest first."""
    rows = await fetch(
        "SELECT id, platform, payload, received_at FROM app_bodies WHERE id > ? ORDER BY id LIMIT ?", after, AT_ONCE
    )
    return [
        AppBody(row["id"], row["platform"], unseal(row["payload"]).encode("latin-1"), when(row["received_at"]))
        for row in rows
    ]


def done(body_id: int) -> Steps[None]:
    """It has been read and its events are stored."""
    yield "DELETE FROM app_bodies WHERE id = ?", (body_id,)


async def sweep(days: int, retention: Retention) -> None:
    """Forget what nobody could read for so many days."""
    before = await retention.until("app bodies", clock.now() - timedelta(days=days))
    await in_slices(partial(_sweep, before), AT_ONCE)


def _sweep(before: datetime) -> Steps[int]:
    rows = yield (
        "DELETE FROM app_bodies WHERE id IN (SELECT id FROM app_bodies WHERE received_at < ? LIMIT ?) RETURNING id",
        (before, AT_ONCE),
    )
    return len(rows)
