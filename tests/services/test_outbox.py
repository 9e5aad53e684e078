"""What an answer on its way finds when its channel or its files are gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.base import Attachment, AttachmentKind, Content, RecipientGone, Rejected
from models import File
from models.enums import FileState
from services import clock, outbox, statuses
from services.conversations import Sent
from services.delivery import refused
from services.jobs import Job
from services.outbox import Part
from services.showing import file_ready
from services.sql import Steps, fetch, run, transact, when
from tests.services.conftest import Company


async def test_an_answer_into_a_disconnected_channel_is_refused_at_once(company: Company) -> None:
    await company.hear(company.said("Анна"))
    [inquiry] = await company.inquiries()
    await company.conversations.open_dialog(company.person("Олег"), inquiry["id"])
    sent = await company.conversations.typed(company.person("Олег"), company.typed("Олег", "Да"))
    assert isinstance(sent, Sent)
    row = await run(outbox.message_row(sent.message_id))
    assert row is not None
    with pytest.raises(Rejected):
        outbox.channel_from(row | {"credentials": None})


async def test_a_file_that_will_not_come_refuses_the_answer_and_one_that_may_holds_it(company: Company) -> None:
    async def file(state: FileState) -> Content:
        row = await File.create(project=company.project, kind="photo", handle="h", state=state, created_at=clock.now())
        return Content(attachments=(Attachment(AttachmentKind.PHOTO, file_id=row.id),))

    ready, _ = await run(outbox.files_of(await file(FileState.STORED)))
    waiting, _ = await run(outbox.files_of(await file(FileState.WAITING)))
    assert (ready, waiting) == (True, False)
    with pytest.raises(Rejected):
        await run(outbox.files_of(await file(FileState.FAILED)))


async def test_an_answer_that_waits_for_its_file_goes_when_it_comes_and_an_album_waits_for_its_parts(
    company: Company,
) -> None:
    await company.hear(company.said("Анна"))
    [inquiry] = await company.inquiries()
    await company.conversations.open_dialog(company.person("Олег"), inquiry["id"])
    photo = Content(attachments=(Attachment(AttachmentKind.PHOTO, handle="p", size=10),))
    await company.conversations.typed(company.person("Олег"), company.typed("Олег", "", content=photo, album="a"))
    [message] = [row for row in await company.messages() if row["direction"] == "out"]
    [file] = await fetch("SELECT id FROM files WHERE message_id = ?", message["id"])
    await transact(lambda: file_ready(file["id"]))
    [send] = await company.jobs("send")
    assert when(send["run_at"]) > clock.now()
    # The job has looked for its file in vain.
    waiting = clock.now() + timedelta(seconds=5)
    await fetch("UPDATE jobs SET run_at = ?, last_error = 'NotYet: not yet' WHERE id = ?", waiting, send["id"])
    await transact(lambda: file_ready(file["id"]))
    [send] = await company.jobs("send")
    assert when(send["run_at"]) <= clock.now()


async def cut(company: Company, text: str = "Да") -> tuple[int, Part]:
    """An answer whose only part is about to leave."""
    await company.hear(company.said("Анна"))
    [inquiry] = await company.inquiries()
    await company.conversations.open_dialog(company.person("Олег"), inquiry["id"])
    sent = await company.conversations.typed(company.person("Олег"), company.typed("Олег", text))
    assert isinstance(sent, Sent)
    row = await run(outbox.message_row(sent.message_id))
    assert row is not None
    [made] = await transact(lambda: outbox.cut(row, (Content(text=text),)))
    part = await transact(lambda: outbox.start(outbox.part_of(made)))
    assert part is not None
    return sent.message_id, part


async def identity(company: Company) -> int:
    return int((await company.inquiries())[0]["identity_id"])


@pytest.mark.parametrize("afterwards", [outbox.doubt, outbox.unstart])
async def test_what_an_echo_told_to_be_out_never_goes_back(
    company: Company, afterwards: Callable[[int], Steps[object]]
) -> None:
    message_id, part = await cut(company)
    who = await identity(company)
    assert await transact(lambda: statuses.echoed(who, part.token, "m1"))
    await transact(lambda: afterwards(part.id))
    assert await transact(lambda: outbox.start(part)) is None
    assert await transact(lambda: outbox.fate(message_id)) == (True, False)


async def test_a_refusal_of_what_is_out_is_none(company: Company) -> None:
    message_id, part = await cut(company)
    who = await identity(company)
    await transact(lambda: outbox.doubt(part.id))
    await transact(lambda: outbox.start(part))
    await transact(lambda: statuses.echoed(who, part.token, "m1"))
    await transact(lambda: refused(job(message_id), RecipientGone("gone")))
    assert (await company.messages())[-1]["state"] == "sent"
    assert await company.jobs("notice") == []


async def test_a_refusal_after_a_doubt_leaves_it_unknown_and_the_next_try_is_marked(company: Company) -> None:
    message_id, part = await cut(company)
    await transact(lambda: outbox.doubt(part.id))
    await transact(lambda: outbox.start(part))
    await transact(lambda: outbox.unstart(part.id))
    await transact(lambda: refused(job(message_id), RecipientGone("gone")))
    assert (await company.messages())[-1]["state"] == "uncertain"
    await company.conversations.retry(company.person("Олег"), message_id)
    assert bool((await company.messages())[-1]["repeated"])


async def test_an_echo_after_giving_up_ends_the_doubt(company: Company) -> None:
    message_id, part = await cut(company)
    who = await identity(company)
    await transact(lambda: outbox.doubt(part.id))
    await transact(lambda: refused(job(message_id), RecipientGone("gone")))
    await transact(lambda: statuses.echoed(who, part.token, "m1"))
    row = (await company.messages())[-1]
    assert (row["state"], row["reason"]) == ("sent", None)


async def test_another_try_of_what_could_not_be_delivered_sends_it_again(company: Company) -> None:
    message_id, part = await cut(company)
    who = await identity(company)
    await transact(lambda: statuses.echoed(who, part.token, "m1"))
    for _again in range(2):
        await transact(lambda: statuses.failed(who, ["m1"], "no such phone"))
    await company.conversations.retry(company.person("Олег"), message_id)
    assert await transact(lambda: outbox.fate(message_id)) == (False, False)
    await transact(lambda: statuses.failed(who, ["m1"], "no such phone"))
    assert (await company.messages())[-1]["state"] == "queued"


def job(message_id: int) -> Job:
    now = clock.now()
    return Job(
        id=1, kind="send", lane="channel:1", target=None, order_key=None, cancel_key=None, priority=10, attempts=2,
        suspect=True, lease_token="t", payload={"message": message_id}, project_id=None, due_at=now, run_at=now,
        created_at=now,
    )  # fmt: skip
