"""What a million stored messages change: beside the same work on an empty database.

python -m pytest tests/bench/test_growth.py -m bench -s
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import pytest
from cryptography.fernet import Fernet, MultiFernet

from adapters.http import Http
from adapters.registry import build
from models.enums import Role
from models.fields import to_text, use_cipher
from services import clock
from services.conversations import Conversations
from services.sql import fetch
from services.views import Tab
from tests.bench.conftest import Report, kind_of
from tests.services.conftest import Company, found

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

MESSAGES = 1_000_000
PEOPLE = 50_000
"""Each with one inquiry of 20 messages; one in a hundred is open."""
BEHIND = 10_000_000
"""Their numbers are above those that the project gives."""
EVENTS = 3_000
TURNS = 4
CONNECTIONS = 64
READS = 50
GROWN = 1.2
"""By how much an event's CPU may grow."""
READ_WITHIN = 10
"""Milliseconds."""


@pytest.fixture
async def cafe(database: str) -> Company:
    use_cipher(MultiFernet([Fernet(Fernet.generate_key())]))
    company = await found("Кофейня", Conversations(build(lambda _: Http())))
    await company.join("Ольга", Role.OWNER)
    await company.join("Олег")
    return company


def counted(count: int) -> str:
    """Numbers from 1, on either database."""
    return f"(WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"


def earlier(at: str, minutes: str, database: str) -> str:
    """So many minutes before, as either database writes it."""
    if database.startswith("postgres"):
        return f"CAST('{at}' AS timestamptz) - make_interval(mins => CAST({minutes} AS int))"
    return f"strftime('%Y-%m-%d %H:%M:%f000+00:00', '{at}', '-' || ({minutes}) || ' minutes')"


async def filled(company: Company, database: str) -> None:
    """A million messages of fifty thousand customers, written over two years."""
    project, channel = company.project.id, company.channel.id
    at = to_text(clock.now())
    await fetch(
        "INSERT INTO contacts (project_id, number, name, spam, created_at)"
        f" SELECT {project}, {BEHIND} + n, 'Клиент ' || n, FALSE, '{at}'"
        f" FROM {counted(PEOPLE)} SELECT n FROM numbers) AS s"
    )
    await fetch(
        "INSERT INTO identities (project_id, channel_id, contact_id, external_id, name, subscribed, created_at,"
        f" last_inbound_at) SELECT {project}, {channel}, id, 'old' || number, name, TRUE, '{at}', '{at}' FROM contacts"
        f" WHERE project_id = {project} AND number > {BEHIND}"
    )
    await fetch(
        "INSERT INTO inquiries (project_id, identity_id, number, state, assignee_id, opened_at, last_at, inbound)"
        f" SELECT {project}, id, {BEHIND} + id, CASE WHEN id % 100 = 0 THEN 'new' ELSE 'done' END, NULL,"
        f" {earlier(at, 'id * 20', database)}, {earlier(at, 'id * 20', database)}, 20"
        f" FROM identities WHERE project_id = {project} AND external_id LIKE 'old%'"
    )
    await fetch(
        "INSERT INTO messages (project_id, identity_id, inquiry_id, direction, author, external_id, content, state,"
        f" repeated, at, sequence, received_at, late) SELECT {project}, q.identity_id, q.id, 'in', 'customer',"
        f""" 'old' || s.n, '{{"text": "Здравствуйте, скажите, пожалуйста, когда вы открыты?"}}', 'received', FALSE,"""
        f" {earlier(at, 'q.id * 20 - s.n', database)}, s.n, '{at}', FALSE"
        f" FROM inquiries q CROSS JOIN {counted(MESSAGES // PEOPLE)} SELECT n FROM numbers)"
        f" AS s WHERE q.project_id = {project} AND q.number > {BEHIND}"
    )
    # As the database's own housekeeping would: it would else begin with it while we measure.
    await fetch("VACUUM ANALYZE" if database.startswith("postgres") else "ANALYZE")


async def accepted(company: Company, name: str) -> tuple[float, float]:
    """Events a second and milliseconds of CPU for each, the best of some turns: of people who become known."""
    turns = [await _accepted(company, name) for _ in range(TURNS)]
    return max(rate for rate, _ in turns), min(cpu for _, cpu in turns)


async def _accepted(company: Company, name: str) -> tuple[float, float]:
    events = [company.said(f"{name} {number % 200}", f"слово {number}") for number in range(EVENTS)][::-1]

    async def connection() -> None:
        while events:
            await company.hear(events.pop())

    started, spent = time.perf_counter(), time.process_time()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return EVENTS / (time.perf_counter() - started), (time.process_time() - spent) / EVENTS * 1e3


async def milliseconds(work: Callable[[], Awaitable[object]]) -> float:
    """The median, of the quietest of some turns."""
    medians = []
    for _ in range(TURNS):
        times = []
        for _ in range(READS):
            started = time.perf_counter()
            await work()
            times.append(time.perf_counter() - started)
        medians.append(statistics.median(times))
    return min(medians) * 1e3


async def read(company: Company) -> dict[str, float]:
    """The median milliseconds of what a member looks at."""
    conversations, olga, project = company.conversations, company.person("Ольга"), company.project.id
    rows = await fetch("SELECT id FROM inquiries WHERE project_id = ? AND state = 'new' ORDER BY id DESC", project)
    inquiry = int(rows[0]["id"])
    return {
        "«Новые», first page": await milliseconds(lambda: conversations.tab(olga, project, Tab.NEW, 0)),
        "«Новые», 30th page": await milliseconds(lambda: conversations.tab(olga, project, Tab.NEW, 29)),
        "«Готово», first page": await milliseconds(lambda: conversations.tab(olga, project, Tab.DONE, 0)),
        "counts": await milliseconds(lambda: conversations.counts(olga, project)),
        "card": await milliseconds(lambda: conversations.card(olga, inquiry)),
    }


async def test_a_million_messages_are_no_burden(cafe: Company, database: str, report: Report) -> None:
    (empty, empty_cpu), empty_reads = await accepted(cafe, "early"), await read(cafe)
    await filled(cafe, database)
    (full, full_cpu), full_reads = await accepted(cafe, "late"), await read(cafe)
    head, kind = ("", "empty", "with a million messages", "ratio"), kind_of(database)
    report.row("growth", head, f"{kind}: events accepted a second", f"{empty:,.0f}", f"{full:,.0f}",
               f"{full / empty:.2f}")  # fmt: skip
    report.row("growth", head, f"{kind}: CPU of an event, ms", f"{empty_cpu:.2f}", f"{full_cpu:.2f}",
               f"{full_cpu / empty_cpu:.2f}")  # fmt: skip
    for what, before in empty_reads.items():
        report.row("growth", head, f"{kind}: {what}, ms", f"{before:.2f}", f"{full_reads[what]:.2f}", "")
    assert full_cpu / empty_cpu < GROWN
    assert max(full_reads.values()) < READ_WITHIN
