"""The table of docs/reliability.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos.count import Tally
from tests.chaos.faults import FAULTS
from tests.chaos.installations import INSTALLATIONS
from tests.chaos.matrix import Row

PATHS = {
    "in": "customer → member",
    "out": "member → customer",
    "claim": "claim",
    "reminder": "reminder",
    "other": "VK, Viber, Facebook, both ways",
}
Json = dict[str, Any]
BEGIN, END = "<!-- chaos:begin -->", "<!-- chaos:end -->"


def table(found: Mapping[str, Sequence[Row]], took: float, *, quick: bool = False) -> str:
    return "\n".join([*_head(found, took, quick), *(line for name, rows in found.items() for line in _of(name, rows))])


def _head(found: Mapping[str, Sequence[Row]], took: float, quick: bool) -> Iterator[str]:
    everything = [row for rows in found.values() for row in rows]
    cells = [cell for row in everything for cell in row.cells.values()]
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}{', the quick form' if quick else ''}:"
        f" {sum(row.messages for row in everything):,} messages of customers and members in {took / 60:.0f} minutes."
        f" Over all cells: {_sum(cells, 'lost')} lost, {_sum(cells, 'marked')} doubled and marked,"
        f" {_sum(cells, 'unmarked')} doubled and unmarked, {_sum(cells, 'disordered')} out of order,"
        f" {sum(len(row.untrue) for row in everything)} untrue in the chats when all was over."
        f" Of {_sum(cells, 'again')} answers it stayed unknown whether they had arrived: their authors were told, and"
        " sent them once more."
    )


def _sum(cells: Sequence[Tally], what: str) -> int:
    return sum(len(getattr(cell, what)) for cell in cells)


def _of(name: str, rows: Sequence[Row]) -> Iterator[str]:
    yield ""
    yield f"### {INSTALLATIONS[name].title}"
    yield f"| Fault | {' | '.join(PATHS.values())} | untrue | whole again after |"
    yield f"| --- | {' | '.join('---' for _ in PATHS)} | --- | --- |"
    for row in rows:
        if row.absent is not None:
            yield f"| {row.fault.title} | {row.absent} {'| ' * len(PATHS)}| | |"
            continue
        cells = " | ".join(_cell(row.cells[path]) for path in PATHS)
        untrue = f"**{len(row.untrue)}**" if row.untrue else "0"
        yield f"| {row.fault.title} | {cells} | {untrue} | {row.recovery:.0f} s |"


def _cell(cell: Tally) -> str:
    return f"{cell} of {cell.sent}" if cell.good else f"**{cell}** of {cell.sent}"


def remember(path: Path, found: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Add rows to those of earlier runs, for a matrix that is run piece by piece; all of them in their order."""
    known: dict[str, dict[str, Json]] = json.loads(path.read_text()) if path.exists() else {}
    for name, rows in found.items():
        known.setdefault(name, {}).update({row.fault.name: asdict(row) | {"fault": None} for row in rows})
    path.write_text(json.dumps(known, ensure_ascii=False))
    return {
        name: [_read(fault, known[name][fault]) for fault in FAULTS if fault in known[name]]
        for name in INSTALLATIONS
        if name in known
    }


def _read(fault: str, data: Json) -> Row:
    cells = {path: Tally(**cell) for path, cell in data["cells"].items()}
    return Row(**{**data, "fault": FAULTS[fault], "cells": cells})


def write(page: Path, found: Mapping[str, Sequence[Row]], took: float, *, quick: bool = False) -> None:
    """Put the table into the page, between its marks."""
    text = page.read_text("utf-8")
    made = f"{BEGIN}\n{table(found, took, quick=quick)}\n{END}"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: made, text, flags=re.S), "utf-8")
