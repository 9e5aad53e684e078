"""Every fault on one installation after the other, with all four paths under way."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import count
from tests.chaos.count import Tally
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.installations import INSTALLATIONS
from tests.chaos.load import FULL, Played, Size, Town

LOOK = 0.25
QUIET = 3.0
"""Seconds without anything missing after which a cell is over: what comes twice comes by then."""


@dataclass
class Row:
    """One fault on one installation."""

    fault: Fault
    absent: str | None = None
    cells: dict[str, Tally] = field(default_factory=dict)
    messages: int = 0
    seconds: float = 0.0
    recovery: float = 0.0
    """Seconds from the fault's end until nothing was missing."""
    untrue: list[str] = field(default_factory=list)
    """What the judge of all chats found when it was over."""

    @property
    def good(self) -> bool:
        return not self.untrue and all(cell.good for cell in self.cells.values())


Say = Callable[[str], None]
Done = Callable[[str, Row], None]
"""Told the installation and each row as soon as it is there."""


async def column(
    name: str, folder: Path, size: Size, faults: Collection[str], say: Say, *, patience: float = 1.0,
    done: Done = lambda name, row: None,
) -> list[Row]:  # fmt: skip
    """All faults on one installation. `patience` lengthens every deadline."""
    where = INSTALLATIONS[name](folder / name)
    rows: list[Row] = []
    async with where.open():
        town = Town(where)
        await town.found(size.dialogs)
        for fault in (FAULTS[one] for one in FAULTS if one in faults):
            row = Row(fault, fault.absent(where))
            if row.absent is None:
                await _run(town, row, size, patience)
                say(_told(name, row))
            rows.append(row)
            done(name, row)
    return rows


async def _run(town: Town, row: Row, size: Size, patience: float) -> None:
    deadline = row.fault.deadline * patience
    started = time.monotonic()
    since = count.newest(town)
    over = started + size.span * 3 + deadline
    playing = asyncio.create_task(town.play(size, lambda: time.monotonic() < over))
    again: set[str] = set()
    hands = asyncio.create_task(_try_again(town, since, again))
    try:
        async with row.fault.strike(town.where):
            await asyncio.sleep(size.span)
        ended = time.monotonic()
        played = await playing
        found = await _settled(town, played, since, max(ended, time.monotonic() - 1) + deadline)
        row.recovery = time.monotonic() - ended
        await asyncio.sleep(QUIET)
        found = count.look(town, since)
    finally:
        for task in (playing, hands):
            task.cancel()
        await asyncio.gather(playing, hands, return_exceptions=True)
    row.cells = await count.tally(town, played, found, again)
    row.untrue = await town.judged(deadline)
    row.messages, row.seconds = played.messages, time.monotonic() - started


async def _settled(town: Town, played: Played, since: dict[tuple[str, int], int], deadline: float) -> count.Found:
    """Until nothing is missing, or the cell's deadline."""
    while True:
        found = count.look(town, since)
        if not count.missing(played, found) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(LOOK)


async def _try_again(town: Town, since: dict[tuple[str, int], int], again: set[str]) -> None:
    """The team presses «Повторить» where an answer is said not to have been sent."""
    while True:
        for member in town.house.team:
            after = since.get(("desk", int(member.id)), 0)
            chat = town.house.telegram.chat(town.where.desk, member)
            for one in chat.all():
                if one.id > after and one.outgoing and "Повторить" in one.labels():
                    own = chat.messages.get(one.reply_to or 0)
                    again.update(count.marks_in(own.text) if own else ())
                    with contextlib.suppress(Exception):
                        await town.house.telegram.press(one, "Повторить", timeout=3.0)
        await asyncio.sleep(1.0)


def _told(name: str, row: Row) -> str:
    cells = ", ".join(f"{path} {cell}" for path, cell in row.cells.items())
    again = sum(len(cell.again) for cell in row.cells.values())
    lines = [
        f"{name} {row.fault.name}: {cells} ({row.messages} messages, {again} again, {row.seconds:.0f} s,"
        f" +{row.recovery:.1f} s)"
    ]
    for path, cell in row.cells.items():
        for what in ("lost", "unmarked", "disordered"):
            for one in getattr(cell, what)[:6]:
                lines.append(f"    {path} {what}: {one}")
    return "\n".join([*lines, *(f"    untrue: {one}" for one in row.untrue[:6])])


async def matrix(
    folder: Path, say: Say, *, size: Size = FULL, names: Collection[str] = tuple(INSTALLATIONS),
    faults: Collection[str] = tuple(FAULTS), done: Done = lambda name, row: None,
) -> dict[str, list[Row]]:  # fmt: skip
    """All of it, by installation."""
    return {name: await column(name, folder, size, faults, say, done=done) for name in INSTALLATIONS if name in names}
