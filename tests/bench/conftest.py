"""Keeps what was measured, and writes it into docs/performance.md where PULT_BENCH_WRITE is set (`make bench`)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import execute, run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


class Report:
    """Tables by the name of their place in the page: `<!-- name -->` … `<!-- end -->`."""

    def __init__(self) -> None:
        self._heads: dict[str, tuple[str, ...]] = {}
        self._rows: dict[str, list[tuple[str, ...]]] = {}

    def row(self, name: str, head: tuple[str, ...], *cells: str) -> None:
        """Add a row to a table and show it."""
        self._heads[name] = head
        self._rows.setdefault(name, []).append(cells)
        print(f"\n{name}: " + "; ".join(f"{what or 'of'} {cell}" for what, cell in zip(head, cells, strict=True)))

    def write(self, page: Path) -> None:
        """Put the tables into their places; the words around them stay."""
        text = page.read_text()
        for name, head in self._heads.items():
            lines = [head, ("---",) * len(head), *self._rows[name]]
            table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
            place = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
            assert place.search(text), f"{page.name} has no place for {name}"
            text = place.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)
        page.write_text(text)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The million rows last: what PostgreSQL knows of them misleads it about the few of whoever measures next."""
    items.sort(key=lambda item: item.path.name == "test_growth.py")


@pytest.fixture(autouse=True)
def housekeeping(migrated_url: str) -> None:
    """What PostgreSQL does by itself once a minute: the last test's rows are else gone through again and again."""
    if migrated_url.startswith("postgres"):
        run(execute(migrated_url, "VACUUM ANALYZE"))


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    made = Report()
    yield made
    if os.environ.get("PULT_BENCH_WRITE"):
        made.write(PAGE)


def kind_of(url: str) -> str:
    """The database's name for people."""
    return "PostgreSQL" if url.startswith("postgres") else "SQLite"
