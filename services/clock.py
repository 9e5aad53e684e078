"""The only source of now. Tests move it: `shift` in one process, the file of PULT_CLOCK_OFFSET_FILE over several."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

_offset = timedelta()
_file = os.environ.get("PULT_CLOCK_OFFSET_FILE")


def now() -> datetime:
    """The present moment, aware, in UTC."""
    moment = datetime.now(UTC)
    return moment + _offset + _from_file() if _offset or _file is not None else moment


def shift(by: timedelta) -> None:
    """Move the clock of this process."""
    global _offset
    _offset += by


def reset() -> None:
    """Undo every `shift`."""
    global _offset
    _offset = timedelta()


def _from_file() -> timedelta:
    if _file is None:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(_file).read_text() or 0))
    except (OSError, ValueError):
        return timedelta()
