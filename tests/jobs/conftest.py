from __future__ import annotations

from collections.abc import Iterator

import pytest

from services import clock, runner, sql
from tests.jobs.engine import Engine


@pytest.fixture
def engine(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine on an empty database of each kind, whose worker looks at the clock every few milliseconds."""
    monkeypatch.setattr(runner, "IDLE", 0.02)
    yield Engine(postgres=database.startswith("postgres"))
    sql.on_commit(None)
    clock.reset()
