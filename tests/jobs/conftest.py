from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import clock, jobs, sql, taking
from tests.jobs.engine import Engine


@pytest.fixture
def engine(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine on an empty database of each kind, whose worker looks at the clock every few milliseconds.

    Its leases are long, so that a clock that is moved while a slow machine claims does not end them.
    """
    monkeypatch.setattr(taking, "IDLE", 0.02)
    monkeypatch.setattr(jobs, "LEASE", timedelta(hours=1))
    yield Engine(postgres=database.startswith("postgres"))
    sql.on_commit(None)
    clock.reset()
