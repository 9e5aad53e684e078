"""What is taken in together leaves the same rows and jobs as one after another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Attachment, AttachmentKind, Content, MessageReceived, Profile, Subscribed, UserId
from adapters.content import MessageId
from models import InquiryMember
from models.enums import Role
from models.fields import seal
from services import clock, trace
from services.arrivals import Arrival, together
from services.conversations import Conversations
from services.sql import fetch, from_json, transact
from tests.services.conftest import Company, found


@pytest.fixture
async def twin(company: Company, conversations: Conversations) -> Company:
    """Another café with the same people, in the same database."""
    other = await found("Вторая", conversations)
    await other.join("Ольга", Role.OWNER)
    await other.join("Олег")
    await other.join("Мария")
    return other


async def at_work(cafe: Company) -> None:
    """Анна is new, with a card in Олег's chat; Борис is with Олег and Мария; Вера's inquiry is done."""
    for name in ("Анна", "Борис", "Вера", "Дина"):
        await cafe.hear(cafe.said(name, "Первое", at=BEGAN))
    anna, boris, vera, _ = await cafe.inquiries()
    await cafe.shown_as("Олег", anna["id"], 500, kind="card")
    await cafe.conversations.claim(cafe.person("Олег"), boris["id"])
    await InquiryMember.create(
        project=cafe.project, inquiry_id=boris["id"], member=cafe.members["Мария"], joined_at=clock.now()
    )
    await cafe.conversations.claim(cafe.person("Мария"), vera["id"])
    await cafe.conversations.done(cafe.person("Мария"), vera["id"])
    await fetch("DELETE FROM jobs WHERE project_id = ?", cafe.project.id)


BEGAN = clock.now() - timedelta(hours=1)


def burst(cafe: Company) -> list[MessageReceived | Subscribed]:
    """A bit of everything, twice of some, in the order of arrival."""
    minutes = [BEGAN + timedelta(minutes=n) for n in range(60)]
    events: list[MessageReceived | Subscribed] = []
    for n in range(4):
        for name in ("Анна", "Борис", "Вера", "Глеб"):
            events.append(cafe.said(name, f"{name} {n}", at=minutes[10 + n]))
    events += [events[0], events[5]]
    events.append(cafe.said("Борис", "раньше", at=minutes[2]))
    events.append(replace(cafe.said("Анна", "окно", at=minutes[20]), window_until=minutes[50]))
    photo = Content(attachments=(Attachment(AttachmentKind.PHOTO, handle="f", size=10),))
    events.append(cafe.said("Борис", at=minutes[21], content=photo))
    events.append(cafe.said("Борис", "после снимка", at=minutes[22]))
    events.append(replace(cafe.said("Дина", "новое имя", at=minutes[23]), profile=Profile(name="Дина Ивановна")))
    events.append(Subscribed(key="s", user=UserId("Анна"), at=minutes[24]))
    return events


async def rows_of(cafe: Company) -> dict[str, Any]:
    """All that accepting leaves behind, without numbers and times that differ from project to project."""
    project = cafe.project.id
    messages = await fetch(
        "SELECT m.id, i.external_id AS who, m.external_id, m.content, m.late, m.at, q.number, m.state FROM messages m"
        " JOIN identities i ON i.id = m.identity_id LEFT JOIN inquiries q ON q.id = m.inquiry_id"
        " WHERE m.project_id = ? ORDER BY i.external_id, m.id", project,
    )  # fmt: skip
    names = {row["id"]: (row["who"], row["external_id"]) for row in messages}
    inquiries = await fetch(
        "SELECT id, number, state, inbound, waiting_since, snoozed_until FROM inquiries WHERE project_id = ?"
        " ORDER BY number", project,
    )  # fmt: skip
    numbers = {row["id"]: row["number"] for row in inquiries}
    members = {member.id: name for name, member in cafe.members.items()}
    jobs = await fetch("SELECT * FROM jobs WHERE project_id = ? ORDER BY order_key, seq, id", project)
    assert len({(job["order_key"], job["seq"]) for job in jobs if job["order_key"]}) == len(
        [job for job in jobs if job["order_key"]]
    )
    made = [
        (
            job["kind"], members.get(payload.get("member")), numbers.get(payload.get("inquiry")),
            *names.get(payload.get("message"), (None, None)), job["priority"], job["run_at"] > job["created_at"],
            job["due_at"] == job["run_at"],
        )
        for job in jobs
        for payload in [_payload(job)]
    ]  # fmt: skip
    return {
        "messages": [{**row, "id": 0, "content": str(row["content"]).split("file_id")[0]} for row in messages],
        "inquiries": [{**row, "id": 0} for row in inquiries],
        "identities": await fetch(
            "SELECT external_id, name, last_inbound_at, window_until, subscribed FROM identities"
            " WHERE project_id = ? ORDER BY external_id", project,
        ),
        "events": await fetch("SELECT key, kind, state FROM events WHERE project_id = ? ORDER BY key", project),
        "jobs": sorted(made, key=lambda job: tuple(map(str, job[:4]))),
    }  # fmt: skip


def _payload(job: dict[str, Any]) -> dict[str, Any]:
    return dict(from_json(job["payload"]))


async def test_a_burst_taken_in_together_is_as_one_after_another(company: Company, twin: Company) -> None:
    for cafe in (company, twin):
        await at_work(cafe)
    results = await asyncio.gather(*(company.hear(event) for event in burst(company)))
    alone = [await twin.hear(event) for event in burst(twin)]
    assert results == alone
    assert await rows_of(company) == await rows_of(twin)


async def test_a_second_burst_joins_what_waits(company: Company, twin: Company) -> None:
    for cafe in (company, twin):
        await at_work(cafe)
    for _ in range(2):
        await asyncio.gather(*(company.hear(event) for event in burst(company)))
        for event in burst(twin):
            await twin.hear(event)
    assert await rows_of(company) == await rows_of(twin)


def carried(company: Company, *events: MessageReceived | Subscribed) -> list[trace.Carried[bool]]:
    return [trace.Carried(Arrival(company.channel, event, seal("{}"), False), None) for event in events]


async def test_plain_messages_of_known_people_are_done_together_and_others_left(company: Company) -> None:
    await at_work(company)
    plain = [company.said(name, "ещё") for name in ("Анна", "Борис", "Борис", "Анна")]
    others = [company.said("Вера"), company.said("Глеб"), company.said("Дина"), Subscribed(
        key="s", user=UserId("Дина"), at=clock.now()
    )]  # fmt: skip
    makes = carried(company, *plain, plain[0], *others)
    done = await transact(lambda: together(makes))
    assert done == {0: True, 1: True, 2: True, 3: True, 4: False}
    copies = [job["payload"]["message"] for job in await company.jobs("copy")]
    assert copies == sorted(copies)
    assert len(copies) == 4


async def test_a_few_are_not_worth_it(company: Company) -> None:
    await at_work(company)
    makes = carried(company, company.said("Анна"), company.said("Борис"))
    assert await transact(lambda: together(makes)) == {}


async def test_a_message_that_is_there_under_another_key_spoils_nothing(company: Company) -> None:
    await at_work(company)
    first = company.said("Анна", "одно и то же")
    await company.hear(first)
    again = replace(company.said("Анна"), message_id=MessageId(first.message_id))
    others = [company.said("Борис", str(n)) for n in range(5)]
    await asyncio.gather(*(company.hear(event) for event in [*others, again]))
    texts = [row["external_id"] for row in await company.messages()]
    assert len(texts) == len(set(texts)) == 4 + 1 + 5
    anna = (await company.inquiries())[0]
    assert anna["inbound"] == 2


async def test_many_at_once_keep_the_order_of_each_customer(company: Company) -> None:
    await at_work(company)
    events = [company.said(name, str(n)) for n in range(50) for name in ("Анна", "Борис", "Вера", "Глеб")]
    assert sum(await asyncio.gather(*(company.hear(event) for event in events))) == 200
    for name in ("Анна", "Борис", "Вера", "Глеб"):
        rows = await fetch(
            "SELECT m.content FROM messages m JOIN identities i ON i.id = m.identity_id WHERE i.external_id = ?"
            " ORDER BY m.id", name,
        )  # fmt: skip
        texts = [_payload({"payload": row["content"]})["text"] for row in rows]
        assert texts[-50:] == [str(n) for n in range(50)]
