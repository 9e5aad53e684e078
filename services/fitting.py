"""Pictures as platforms take them that fetch by address: a smaller JPEG, kept beside the original and gone with it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.base import Attachment
from adapters.pictures import Unreadable, alone, fit, still
from services.links import Links
from services.store import TMP, Store

SIDE: Final = 2560
"""Pixels of the longer side; what a phone shows is less."""
MIME: Final = "image/jpeg"


async def fitted(store: Store, links: Links, item: Attachment, limit: int) -> Attachment:
    """The picture as JPEG of at most `limit` bytes, with path and link of its own; itself where none can be made."""
    if item.file_id is None:
        return item
    path, target = store.path(item.file_id), store.fitted(item.file_id)
    size = await alone(_made, path, target, limit)
    if size is None:
        return item
    return replace(item, path=target, url=links.make(item.file_id, MIME, fitted=True), mime=MIME, size=size)


def _made(path: Path, target: Path, limit: int) -> int | None:
    """The size of the fitted picture; None where it cannot be made."""
    if target.is_file() and target.stat().st_size <= limit:
        return target.stat().st_size
    part = target.with_name(f"{target.name}-{os.getpid()}-{time.monotonic_ns()}{TMP}")
    try:
        part.write_bytes(_picture(path, part, limit))
        part.replace(target)
        return target.stat().st_size
    except (Unreadable, OSError):
        return None
    finally:
        part.unlink(missing_ok=True)


def _picture(path: Path, part: Path, limit: int) -> bytes:
    """Of something that moves, its first frame."""
    try:
        return fit(path, SIDE, limit)
    except Unreadable:
        frame = still(path)
        if frame is None:
            raise
        part.write_bytes(frame)
        return fit(part, SIDE, limit)
