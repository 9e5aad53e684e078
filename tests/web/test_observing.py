"""The example alerts and the board: every metric that they ask for exists, with the labels that they ask by."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

import bot.ticks  # noqa: F401 - its gauges are looked for
from adapters.base import Throttled
from models.enums import Priority
from services import clock, figures, jobs
from services.decisions import Retry
from services.jobs import Job, Kind, NewJob, enqueue
from services.leases import take
from services.sql import transact
from tests.installation import Installation

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FOREIGN = {"up": set(), "process_resident_memory_bytes": set(), "process_cpu_seconds_total": set()}
ADDED = {"job", "instance", "le"}
"""Labels that Prometheus and its libraries add."""
_WORDS = re.compile(r"\b(pult_\w+|process_\w+|up)\b(?:\{([^}]*)\})?")
_ASKED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_BY = re.compile(r"\bby \(([^)]*)\)")


def alerts() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text("utf-8"))["groups"]:
        yield from group["rules"]


def queries() -> Iterator[tuple[str, str]]:
    """Each expression with the text that is shown of its labels."""
    for rule in alerts():
        yield rule["expr"], " ".join(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    for panel in json.loads((DEPLOY / "grafana/pult.json").read_text("utf-8"))["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"], " ".join(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))


def own() -> dict[str, set[str]]:
    """The metrics that this process counts itself, with their labels: also those that have no value yet."""
    found: dict[str, set[str]] = {}
    for collector in set(REGISTRY._collector_to_names):
        names = REGISTRY._collector_to_names[collector]
        for name in names:
            if name.startswith("pult_"):
                found[name] = set(getattr(collector, "_labelnames", ()))
    return found


async def shown(place: Installation) -> dict[str, set[str]]:
    """What a scrape shows of the database."""
    async with aiohttp.ClientSession() as client, client.get(f"{place.address}/metrics") as response:
        text = await response.text()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def busy(place: Installation) -> None:
    """Something of everything in the database."""
    channel = await place.connect()
    await transact(lambda: enqueue(NewJob("copy", "control:1", Priority.COPY, project_id=place.project.id)))
    await transact(lambda: take("tick", "somebody", 30))
    await transact(
        lambda: jobs.pause(f"channel:{channel.id}", clock.now() + timedelta(hours=1), "CredentialsRevoked: dead")
    )
    clock.shift(timedelta(seconds=90))
    await place.inbox.failed((await place.connected(channel.id)).row, b"{", ValueError("no JSON"))


async def test_every_metric_of_the_alerts_and_of_the_board_exists_with_its_labels(place: Installation) -> None:
    await busy(place)
    there = FOREIGN | await shown(place) | own()
    there["pult_channels_last_event_seconds"] = {"platform", "state"}
    strange = []
    for expr, told in queries():
        names = [name for name, _ in _WORDS.findall(expr)]
        assert names, expr
        labels = set().union(*(there.get(name, set()) for name in names)) | ADDED
        asked = {label for _, inner in _WORDS.findall(expr) for label in _ASKED.findall(inner)}
        grouped = {label.strip() for inner in _BY.findall(expr) for label in inner.split(",")}
        strange += [f"{name} in {expr}" for name in names if name not in there]
        strange += [f"{label} in {expr}" for label in (asked | grouped | set(told.split())) - labels]
    assert strange == []


def test_every_metric_is_shown_somewhere() -> None:
    used = {name for expr, _ in queries() for name, _ in _WORDS.findall(expr)}
    spare = {
        name for name in own() if name.endswith(("_total", "_bucket", "_seconds")) and not name.endswith("_created")
    }
    families = {name.removesuffix("_bucket") for name in used}
    assert {name for name in spare if name not in used and name.removesuffix("_bucket") not in families} == set()


def test_every_alert_says_what_to_do() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("page", "warn"), rule["alert"]
        assert rule["annotations"]["action"].endswith((".", "?")), rule["alert"]
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names))


async def test_metrics_tell_of_the_database_what_is_stuck(place: Installation) -> None:
    await busy(place)
    async with aiohttp.ClientSession() as client, client.get(f"{place.address}/metrics") as response:
        text = await response.text()
    values = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert values["pult_kind_oldest_due_seconds", (("kind", "copy"),)] >= 90
    assert values["pult_jobs", (("kind", "copy"), ("state", "due"))] == 1
    assert values["pult_journal", (("journal", "events"), ("state", "failed"))] == 1
    assert values["pult_channels", (("platform", "telegram"), ("state", "active"))] == 1
    assert values["pult_paused", (("platform", "telegram"), ("reason", "CredentialsRevoked"))] == 1
    assert values["pult_lease_left_seconds", (("lease", "tick"),)] == pytest.approx(-60, abs=30)
    assert values["pult_disk_free_bytes", ()] > 0


def a_job(**more: Any) -> Job:
    now = clock.now()
    return Job(1, "send", "channel:7", None, None, None, 1, 1, False, "t", {"message": 5}, 1, now, now, now, **more)


async def nothing(job: Job) -> None:
    await asyncio.sleep(0)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_refusal_a_doubt_and_a_pause_are_counted_by_whose_they_are() -> None:
    doubts = value("pult_doubts_total", platform="vk", kind="send")
    refused = value("pult_jobs_refused_total", kind="send", reason="TimeoutError")
    kind, later = Kind(nothing, repeatable=False), clock.now()
    figures.put_off(a_job(), kind, "vk", TimeoutError(), Retry(later, suspect=True))
    figures.put_off(a_job(), kind, "vk", Throttled(), Retry(later, suspect=False, pause_lane="channel:7"))
    figures.refused(a_job(), "vk", TimeoutError())
    assert value("pult_doubts_total", platform="vk", kind="send") == doubts + 1
    assert value("pult_throttled_total", platform="vk", scope="channel") >= 1
    assert value("pult_pauses_total", platform="vk", cause="too fast") >= 1
    assert value("pult_jobs_refused_total", kind="send", reason="TimeoutError") == refused + 1
    assert value("pult_deliveries_total", platform="vk", kind="send", outcome="refused") >= 1
