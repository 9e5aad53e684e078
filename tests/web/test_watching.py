"""Health and metrics, as whoever runs the installation sees them."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import aiohttp

from handlers.web.app import build_app
from models.enums import Priority
from services import clock
from services.backlog import reachable
from services.jobs import NewJob, enqueue
from services.sql import transact
from tests.installation import Installation, serving


async def test_readiness_names_what_is_not_well(place: Installation) -> None:
    async def dead() -> bool:
        return False

    async def raising() -> bool:
        raise OSError("no route to 10.0.0.5")

    probes = {"database": reachable, "poller": dead, "runner": raising}
    async with (
        serving(build_app(dataclasses.replace(place.web, probes=probes))) as address,
        aiohttp.ClientSession() as client,
    ):
        async with client.get(f"{address}/health/ready") as response:
            assert response.status == 503
            assert (await response.json())["parts"] == {"database": True, "poller": False, "runner": False}
        async with client.get(f"{address}/health/live") as response:
            assert response.status == 200
    async with (
        serving(build_app(dataclasses.replace(place.web, probes={"database": reachable}))) as address,
        aiohttp.ClientSession() as client,
        client.get(f"{address}/health/ready") as response,
    ):
        assert response.status == 200


async def test_metrics_show_webhooks_and_how_late_the_jobs_are(place: Installation) -> None:
    await transact(lambda: enqueue(NewJob("copy", "control:1", Priority.COPY, project_id=place.project.id)))
    clock.shift(timedelta(seconds=90))
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{place.address}/hooks/telegram/unknown") as response:
            assert response.status == 404
        async with client.get(f"{place.address}/metrics") as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/plain")
            text = await response.text()
    assert 'pult_webhooks_total{outcome="unknown",platform="telegram"}' in text
    late = next(line for line in text.splitlines() if line.startswith('pult_jobs_oldest_due_seconds{lane="control:1"}'))
    assert float(late.split()[-1]) >= 90


async def test_the_control_bots_webhook_is_passed_on(place: Installation) -> None:
    seen = []

    async def receive(key: str, headers: object, body: bytes) -> int:
        seen.append((key, body))
        if body == b"trouble":
            raise OSError("the database is away")
        return 200 if key == "right" else 404

    async with (
        serving(build_app(dataclasses.replace(place.web, control=receive))) as address,
        aiohttp.ClientSession() as client,
    ):
        for key, body, status in (("right", b"{}", 200), ("wrong", b"{}", 404), ("right", b"trouble", 503)):
            async with client.post(f"{address}/hooks/control/{key}", data=body) as response:
                assert response.status == status
    assert seen[0] == ("right", b"{}")
