"""Moments that outlive the process: the last tick, and up to when things that are past their time were deleted."""

from __future__ import annotations

from datetime import datetime

from services.sql import Steps, moment


def note(name: str, at: datetime) -> Steps[None]:
    """Keep the moment under its name."""
    yield (
        "INSERT INTO moments (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
        (name, at),
    )


def noted(name: str) -> Steps[datetime | None]:
    """The moment of that name; None where there is none yet."""
    rows = yield "SELECT at FROM moments WHERE name = ?", (name,)
    return moment(rows[0]["at"]) if rows else None
