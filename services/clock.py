"""The only source of now. Tests move it: `shift` in one process as if so much time had passed, `jump` as if somebody
had set the machine's clock, and the file of PULT_CLOCK_OFFSET_FILE likewise over several processes."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

_offset = timedelta()
_jumped = timedelta()
_file = os.environ.get("PULT_CLOCK_OFFSET_FILE")


def now() -> datetime:
    """The present moment, aware, in UTC."""
    moment = datetime.now(UTC)
    return moment + _offset + _jumped + _from_file() if _offset or _jumped or _file is not None else moment


def unshifted() -> datetime:
    """What the machine's clock shows, by which jumps are found."""
    return datetime.now(UTC) + _jumped + _from_file()


def shift(by: timedelta) -> None:
    """Let so much time pass for this process."""
    global _offset
    _offset += by


def jump(by: timedelta) -> None:
    """Set the machine's clock, as far as this process knows."""
    global _jumped
    _jumped += by


def reset() -> None:
    """Undo every `shift` and `jump`."""
    global _offset, _jumped
    _offset = _jumped = timedelta()


def _from_file() -> timedelta:
    if _file is None:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(_file).read_text() or 0))
    except (OSError, ValueError):
        return timedelta()
