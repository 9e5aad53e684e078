"""The judge of statements refuses what reads a growing table whole, on both databases, and lets look-ups pass."""

from __future__ import annotations

import os

import pytest

from tests.conftest import POSTGRES
from tests.statements import judge, report
from tests.statements.collect import Statement


def asked(text: str, place: str = "services.somewhere:look") -> Statement:
    return place, text, text, "sqlite"


WHOLE = {
    "by what has no index": "SELECT id FROM messages WHERE state = ?",
    "under another name": "SELECT m.id FROM identities i JOIN messages m ON m.state = i.name WHERE i.id = ?",
    "to write": "UPDATE contacts SET name = ? WHERE phone = ?",
    "to delete": "DELETE FROM operator_copies WHERE created_at > ?",
    "through a whole index": "SELECT COUNT(*) FROM inquiries WHERE number > ?",
}
LOOKED_UP = {
    "by its id": "SELECT state FROM messages WHERE id = ?",
    "by an index": "SELECT id FROM inquiries WHERE project_id = ? AND state = ? ORDER BY last_at DESC LIMIT 20",
    "of an index of few rows": "SELECT COUNT(*) FROM events WHERE state = 'failed'",
    "of few rows": "SELECT name FROM leases WHERE holder = ?",
    "made": "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?)",
}


@pytest.mark.postgres
@pytest.mark.usefixtures("postgres_server")
async def test_reading_a_growing_table_whole_is_refused_on_both_databases() -> None:
    found = await report.judged([asked(text, name) for name, text in WHOLE.items()], _server())
    assert {(fault.place, fault.database) for fault in found} >= {(name, "SQLite") for name in WHOLE}
    assert {fault.place for fault in found if fault.database == "PostgreSQL"} == set(WHOLE)


@pytest.mark.postgres
@pytest.mark.usefixtures("postgres_server")
async def test_what_an_index_answers_passes_on_both_databases() -> None:
    assert await report.judged([asked(text, name) for name, text in LOOKED_UP.items()], _server()) == []


def test_only_a_named_place_is_excused(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = judge.Fault("SQLite", "services.backlog:_jobs", "jobs", "SCAN jobs", "SELECT 1 FROM jobs")
    monkeypatch.setattr(judge, "EXCUSED", (judge.Excused("services.backlog", "jobs", "counts what waits"),))
    assert judge.excused(fault)
    assert not judge.excused(judge.Fault("SQLite", "services.team:_team", "jobs", "SCAN jobs", "SELECT 1 FROM jobs"))
    assert not judge.excused(judge.Fault("SQLite", "services.backlog:_jobs", "events", "SCAN events", "SELECT 1"))


def _server() -> str:
    return os.environ.get("PULT_TEST_POSTGRES", POSTGRES)
