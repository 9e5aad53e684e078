"""What an answer on its way finds when its channel or its files are gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.base import Attachment, AttachmentKind, Content, Rejected
from models import File
from models.enums import FileState
from services import clock, outbox
from services.conversations import Sent
from services.showing import file_ready
from services.sql import fetch, run, transact, when
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
