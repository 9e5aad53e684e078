"""«История» on the customer's card: earlier inquiries, newest first, readable and with their media."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.telegram.emulator import Message, picture
from services import clock, sql
from services.sql import fetch, to_json
from tests.chat.office import Office
from tests.chat.shop import Shop, opened_shop

GONE = "Этого здесь больше нет, или вы не в команде, которой это принадлежит."


@pytest.fixture
async def shop(office: Office) -> Shop:
    return await opened_shop(office, "Мария")


async def talked(shop: Shop, *texts: str) -> None:
    """An inquiry of Анна's with these messages, answered by Мария and done."""
    for text in texts:
        await shop.write(shop.anna, text)
    await shop.settle()
    copy = shop.with_text(shop.maria, texts[-1])
    await shop.office.say(shop.maria, f"Ответ на «{texts[-1][:20]}»", reply_to=copy)
    await shop.settle()
    person = await fetch("SELECT person_id FROM members WHERE name = ?", "Мария")
    rows = await fetch("SELECT id FROM inquiries ORDER BY id DESC LIMIT 1")
    await shop.office.services.conversations.done(person[0]["person_id"], rows[0]["id"])
    await shop.settle()


async def history(shop: Shop) -> Message:
    """The list, opened from the card of the customer's newest inquiry."""
    cards = [one for one in shop.office.chat(shop.maria).sent() if "Карточка" in one.labels()]
    await shop.office.press(shop.maria, "Карточка", cards[-1])
    await shop.office.press(shop.maria, "История", shop.with_text(shop.maria, "клиент №"))
    return shop.with_text(shop.maria, "История")


async def old_inquiries(count: int, messages: int = 1) -> None:
    """So many inquiries more of the only customer there is, straight into the rows, each older than the last."""
    first = (await fetch("SELECT project_id, identity_id FROM inquiries LIMIT 1"))[0]
    now = clock.now() - timedelta(days=400)

    def steps() -> sql.Steps[None]:
        for number in range(1000, 1000 + count):
            at = now + timedelta(hours=number)
            rows = yield (
                "INSERT INTO inquiries (project_id, identity_id, number, state, opened_at, last_at, done_at, inbound)"
                " VALUES (?, ?, ?, 'done', ?, ?, ?, ?) RETURNING id",
                (first["project_id"], first["identity_id"], number, at, at, at, messages),
            )
            for place in range(messages):
                yield (
                    "INSERT INTO messages (project_id, identity_id, inquiry_id, direction, author, external_id,"
                    " content, state, repeated, at, sequence, received_at, late)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        first["project_id"], first["identity_id"], rows[0]["id"], "in", "customer",
                        f"{number}:{place}", to_json({"text": f"Вопрос {number}.{place}"}), "received", False, at,
                        place, at, False,
                    ),
                )  # fmt: skip

    await sql.transact(steps)


async def test_earlier_inquiries_stand_newest_first_and_can_be_read(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await talked(shop, "Точно есть?")
    await talked(shop, "А розы?", "Алло?")
    listed = await history(shop)
    assert listed.text.startswith("История · Анна")
    assert listed.text.index("№2") < listed.text.index("№1")
    assert "Мария · готово" in listed.text
    await shop.office.press(shop.maria, "№1", listed)
    assert "Есть пионы?" in listed.text
    assert "Ответ на «Точно есть?»" in listed.text
    assert "Мария" in listed.text
    await shop.office.press(shop.maria, "Все обращения", listed)
    assert listed.text.startswith("История · Анна")


async def test_the_three_hundredth_inquiry_and_a_very_long_one_can_be_reached(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await talked(shop, "Точно?")
    await old_inquiries(299, messages=2)
    listed = await history(shop)
    assert "1 / 38" in listed.labels()
    await shop.office.press(shop.maria, "‹", listed)
    assert "38 / 38" in listed.labels()
    assert [label for label in listed.labels() if label.startswith("№")] == ["№1002", "№1001", "№1000", "№1"]
    await old_inquiries_long()
    listed = await history(shop)
    await shop.office.press(shop.maria, "№5000", listed)
    assert "1 / 63" in listed.labels()
    await shop.office.press(shop.maria, "‹", listed)
    assert "Длинный 499" in listed.text


async def old_inquiries_long() -> None:
    first = (await fetch("SELECT project_id, identity_id FROM inquiries LIMIT 1"))[0]
    at = clock.now()

    def steps() -> sql.Steps[None]:
        rows = yield (
            "INSERT INTO inquiries (project_id, identity_id, number, state, opened_at, last_at, done_at, inbound)"
            " VALUES (?, ?, 5000, 'done', ?, ?, ?, 500) RETURNING id",
            (first["project_id"], first["identity_id"], at, at, at),
        )
        for place in range(500):
            yield (
                "INSERT INTO messages (project_id, identity_id, inquiry_id, direction, author, external_id, content,"
                " state, repeated, at, sequence, received_at, late) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    first["project_id"], first["identity_id"], rows[0]["id"], "in", "customer", f"long:{place}",
                    to_json({"text": f"Длинный {place} " + "ж" * 3900}), "received", False, at, place, at, False,
                ),
            )  # fmt: skip

    await sql.transact(steps)


async def test_media_are_named_and_sent_on_request(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.send(shop.anna, "photo", picture(), caption="Вот такие")
    await talked(shop, "д" * 1000)
    listed = await history(shop)
    await shop.office.press(shop.maria, "№1", listed)
    assert "Фото · Вот такие" in listed.text
    assert "д" * 500 not in listed.text
    photos = len(shop.office.chat(shop.maria).sent())
    await shop.office.press(shop.maria, "Фото", listed)
    await shop.settle()
    sent = shop.office.last(shop.maria)
    assert len(shop.office.chat(shop.maria).sent()) == photos + 1
    assert "photo" in sent.wire
    assert "Вот такие" in sent.text
    await shop.office.press(shop.maria, "Целиком", listed)
    await shop.settle()
    assert "д" * 1000 in shop.office.last(shop.maria).text


async def test_whoever_is_out_of_the_team_reads_nothing_by_old_buttons(shop: Shop) -> None:
    await shop.write(shop.anna, "Есть пионы?")
    await shop.office.press(shop.maria, "Взять", shop.with_text(shop.maria, "Есть пионы?"))
    await shop.send(shop.anna, "photo", picture())
    await talked(shop, "Точно?")
    listed = await history(shop)
    await shop.office.press(shop.maria, "№1", listed)
    before = listed.text
    await fetch("UPDATE members SET removed_at = created_at WHERE name = ? RETURNING id", "Мария")
    for label in ("Фото", "Все обращения"):
        assert await shop.office.press(shop.maria, label, listed) == GONE
    assert listed.text == before
