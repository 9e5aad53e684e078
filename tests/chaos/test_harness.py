"""The matrix in its smallest form: it loses nothing where nothing goes wrong, and sees whatever does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import count
from tests.chaos.count import Tally
from tests.chaos.faults import FAULTS
from tests.chaos.load import Expected, Played, Size
from tests.chaos.matrix import Row, column
from tests.chaos.report import PATHS, table

TINY = Size(inbound=8, answers=8, races=1, reminders=2, others=6, span=1.0, dialogs=2)


@pytest.mark.timeout(400)
async def test_nothing_is_lost_where_nothing_goes_wrong(tmp_path: Path) -> None:
    [row, absent] = await column("sqlite", tmp_path, TINY, ("none", "redis"), print, patience=6.0)
    assert set(row.cells) == set(PATHS)
    assert all(cell.good and cell.sent and not cell.marked for cell in row.cells.values()), row
    assert row.untrue == []
    assert row.messages == 8 + 8 + 2 + 2 + 6
    text = table({"sqlite": [row, absent]}, 60.0)
    assert f"| {FAULTS['none'].title} | 0 / 0 / 0 / 0 of 8 |" in text
    assert "n/a: no Redis" in text


class _Reader:
    id = 7
    name = "Мария"


class _Where:
    async def rows(self, _: str) -> list[dict[str, object]]:
        return []


class _Town:
    abroad = ()
    where = _Where()


async def test_every_kind_of_harm_is_seen() -> None:
    marks = [f"№{number:06}." for number in range(5)]
    expected = [Expected(mark, "desk", _Reader(), "key", place) for place, mark in enumerate(marks)]  # type: ignore[arg-type]
    found = {
        ("desk", "7", marks[0]): [(5, "a")],
        ("desk", "7", marks[1]): [(4, "b")],
        ("desk", "7", marks[2]): [(6, "c"), (7, "c")],
        ("desk", "7", marks[3]): [(8, "d"), (9, f"d {count.REPEAT}")],
    }
    cell: Tally = (await count.tally(_Town(), Played({"in": expected}), found))["in"]  # type: ignore[arg-type]
    assert [len(one) for one in (cell.lost, cell.marked, cell.unmarked, cell.disordered)] == [1, 1, 1, 1]
    assert not cell.good
    assert "**1 / 1 / 1 / 1** of 5" in table({"sqlite": [Row(FAULTS["none"], cells=dict.fromkeys(PATHS, cell))]}, 1.0)
