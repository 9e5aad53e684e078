"""The control bot's updates: written down before they are confirmed, handled in order, never lost, never in the way."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from handlers.chat import control as chat_control
from handlers.chat.control import KINDS, Control, Way
from models.fields import unseal
from services import control
from services.retention import Retention
from services.sql import fetch, transact
from tests.chat.office import Office
from tests.jobs.engine import until
from tests.jobs.outage import outage


def update(number: int, person: int, text: str, **more: Any) -> dict[str, Any]:
    user = {"id": person, "is_bot": False, "first_name": "Олег", "language_code": "ru"}
    chat = {"id": person, "type": "private", "first_name": "Олег"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(text)}] if text.startswith("/") else []
    message = {"message_id": number, "date": 1, "from": user, "chat": chat, "text": text, "entities": entities}
    return {"update_id": number, "message": message | more}


async def states() -> list[tuple[int, str]]:
    rows = await fetch("SELECT update_id, state FROM control_updates ORDER BY update_id")
    return [(row["update_id"], row["state"]) for row in rows]


async def test_what_is_done_is_forgotten_at_once(office: Office) -> None:
    await office.owner()
    assert await fetch("SELECT id FROM control_updates WHERE payload IS NOT NULL") == []
    assert {state for _, state in await states()} == {"done"}


async def test_an_update_that_comes_twice_is_one(office: Office) -> None:
    entries = await control.receive(office.row.id, [update(5, 7, "а"), update(6, 7, "б")])
    assert [entry.update_id for entry in entries] == [5, 6]
    await transact(partial(control.finish, entries[1].id))
    again = await control.receive(office.row.id, [update(5, 7, "а"), update(6, 7, "б"), update(7, 7, "в")])
    assert [(entry.id == entries[0].id, entry.update_id) for entry in again] == [(True, 5), (False, 7)]


async def test_the_journal_is_encrypted(office: Office) -> None:
    await control.receive(office.row.id, [update(5, 7, "1234567:token")])
    rows = await fetch("SELECT payload FROM control_updates")
    assert "token" not in rows[0]["payload"]
    assert orjson.loads(unseal(rows[0]["payload"]))["message"]["text"] == "1234567:token"


@pytest.mark.parametrize(
    ("payload", "chat"),
    [
        ({"message": {"chat": {"id": 5}}}, 5),
        ({"callback_query": {"from": {"id": 6}, "message": {"chat": {"id": 7}}}}, 7),
        ({"inline_query": {"from": {"id": 6}}}, 6),
        ({"message_reaction": {"user": {"id": 8}, "chat": {"id": 9}}}, 9),
        ({"something_new": "text"}, None),
        ({"something_new": {"chat": "text"}}, None),
    ],
)
def test_the_chat_of_any_update_is_found(payload: dict[str, Any], chat: int | None) -> None:
    assert control.chat_of({"update_id": 1} | payload) == chat


async def test_what_cannot_be_understood_keeps_nothing_from_being_handled(office: Office) -> None:
    oleg = await office.owner()
    odd = {"update_id": 1, "message": {"message_id": "what?"}}
    unknown = {"update_id": 2, "news": {"chat": {"id": oleg.id}}}
    await office.control.receive(office.row.id, [odd, unknown, "no update", update(3, oleg.id, "/menu")])
    await office.rest()
    assert (await states())[:3] == [(1, "skipped"), (2, "skipped"), (3, "done")]
    assert "Команда" in office.last(oleg).labels()


async def test_what_a_crash_left_is_handled_in_order_at_the_next_start(office: Office) -> None:
    oleg = await office.owner()
    await office.stop()
    await control.receive(office.row.id, [update(1, oleg.id, "/project"), update(2, oleg.id, "/cancel")])
    before = len(office.texts(oleg))
    await office.begin()
    await office.rest()
    first, second = office.texts(oleg)[before:]
    assert first.startswith("Олег")
    assert "Закрыто" in second


async def test_restarts_before_its_turn_cost_an_update_nothing(office: Office) -> None:
    oleg = await office.owner()
    await office.stop()
    await control.receive(office.row.id, [update(1, oleg.id, "/menu"), update(2, oleg.id, "/project")])
    for _ in range(5):
        assert len(await control.waiting(office.row.id)) == 2
    await office.begin()
    await office.rest()
    assert (await states())[:2] == [(1, "done"), (2, "done")]


async def test_a_bot_that_was_lost_to_another_process_is_served_when_it_comes_back(office: Office) -> None:
    oleg = await office.owner()
    polling = office._tasks.pop()
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    await office.control.stop()
    await control.receive(office.row.id, [update(1, oleg.id, "/project")])
    office._tasks.append(asyncio.create_task(office.control.run(office.row.id)))
    await office.say(oleg, "/cancel")
    assert (await states())[0] == (1, "done")
    assert "Закрыто" in office.last(oleg).text


async def test_an_update_begun_three_times_after_restarts_is_left_behind(office: Office) -> None:
    oleg = await office.owner()
    await office.stop()
    await control.receive(office.row.id, [update(1, oleg.id, "/menu"), update(2, oleg.id, "/project")])
    for _ in range(3):
        first, _second = await control.waiting(office.row.id)
        await transact(partial(control.begin, first.id))
    [left] = await control.waiting(office.row.id)
    assert left.update_id == 2
    assert (await states())[:2] == [(1, "failed"), (2, "received")]


async def test_an_update_that_crashes_every_start_is_left_behind(office: Office) -> None:
    oleg = await office.owner()
    await office.stop()
    await control.receive(office.row.id, [update(1, oleg.id, "/menu"), update(2, oleg.id, "/project")])
    await fetch("UPDATE control_updates SET attempts = 3 WHERE update_id = 1 RETURNING id")
    await office.begin()
    await office.rest()
    assert (await states())[:2] == [(1, "failed"), (2, "done")]


async def test_a_journal_that_cannot_be_read_is_left_out(office: Office) -> None:
    oleg = await office.owner()
    await office.stop()
    await control.receive(office.row.id, [update(1, oleg.id, "/menu"), update(2, oleg.id, "/project")])
    await fetch("UPDATE control_updates SET payload = 'spoiled' WHERE update_id = 1 RETURNING id")
    await office.begin()
    await office.rest()
    assert (await states())[:2] == [(1, "skipped"), (2, "done")]


async def test_one_slow_chat_holds_up_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    oleg, boris = await office.owner("Олег"), await office.owner("Борис")
    gate = asyncio.Event()
    view = type(office.services.team).view

    async def slow(self: Any, person_id: int, project_id: int) -> Any:
        if person_id == 1:
            await gate.wait()
        return await view(self, person_id, project_id)

    monkeypatch.setattr(type(office.services.team), "view", slow)
    office.emulator.say(office.account, oleg, "/team")
    office.emulator.say(office.account, oleg, "/profile")
    office.emulator.say(office.account, boris, "/team")
    await office.emulator.wait_for(lambda: "Команда проекта «Борис»" in office.last(boris).text)
    assert "смене" not in office.last(oleg).text
    gate.set()
    await office.rest()
    assert "смене" in office.last(oleg).text


async def test_trouble_that_passes_is_waited_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    oleg = await office.owner()
    office.emulator.fault("500", method="sendMessage", times=1)
    await office.say(oleg, "/menu")
    assert "Команда" in office.last(oleg).labels()
    assert not any("Что-то пошло" in text for text in office.texts(oleg))


async def test_a_short_429_is_waited_out(office: Office) -> None:
    oleg = await office.owner()
    office.emulator.fault("429", method="sendMessage", times=1, retry_after=1)
    assert "Команда" in (await office.say(oleg, "/menu")).labels()


async def test_polling_removes_a_webhook_and_keeps_what_waits(office: Office) -> None:
    oleg = await office.owner()
    await office.stop()
    await office.bots.add(office.row).set_webhook("https://pult.test/hooks/control/x", secret_token="s")
    await office.bots.close()
    office.emulator.say(office.account, oleg, "/menu")
    await office.begin()
    await office.rest()
    assert office.account.webhook is None
    assert "Команда" in office.last(oleg).labels()


async def test_all_wanted_kinds_are_named(office: Office) -> None:
    await office.owner()
    assert office.account.kinds == frozenset(KINDS)


async def test_a_revoked_token_stops_the_bot_and_tells(office: Office) -> None:
    await office.stop()
    office.emulator.revoke(office.account)
    told: list[str] = []

    async def on_stopped(row: control.ControlBot) -> None:
        told.append(row.username)

    stopped = Control(office.bots, office.dispatcher, base=office.base, on_stopped=on_stopped)
    await asyncio.wait_for(stopped.run(office.row.id), 5)
    assert told == ["pult_desk_bot"]
    await office.begin(polling=False)


async def test_webhooks_need_the_secret_and_are_stored_before_the_answer(office: Office) -> None:
    oleg = await office.owner()
    body = orjson.dumps(update(1, oleg.id, "/menu"))
    key, secret = office.row.hook_key, {"X-Telegram-Bot-Api-Secret-Token": office.row.hook_secret}
    assert await office.control.receive_webhook("другой", secret, body) == 404
    assert await office.control.receive_webhook(key, {}, body) == 403
    assert await office.control.receive_webhook(key, {"X-Telegram-Bot-Api-Secret-Token": "нет"}, body) == 403
    assert (1, "done") not in await states()
    assert await office.control.receive_webhook(key, secret, body) == 200
    assert await office.control.receive_webhook(key, secret, b"{") == 200
    await office.rest()
    assert (1, "done") in await states()
    assert "Команда" in office.last(oleg).labels()


async def test_the_webhook_is_set_with_its_secret_and_kinds(office: Office) -> None:
    await office.stop()
    await office.begin(polling=False)
    pushed = Control(office.bots, office.dispatcher, way=Way.WEBHOOK, public_url="https://pult.test/", base=office.base)
    task = asyncio.create_task(pushed.run(office.row.id))
    hook = await office.emulator.wait_for(lambda: office.account.webhook)
    task.cancel()
    assert hook.url == f"https://pult.test/hooks/control/{office.row.hook_key}"
    assert hook.secret == office.row.hook_secret
    assert office.account.kinds == frozenset(KINDS)


async def test_old_updates_are_forgotten(office: Office, clock: Any) -> None:
    await office.owner()
    await control.receive(office.row.id, [update(1, 7, "а")])
    clock.shift(timedelta(days=4))
    await control.sweep(Retention())
    assert await states() == [(1, "received")]


async def test_what_another_process_took_in_is_handled_here(office: Office) -> None:
    oleg = await office.owner()
    await office.stop()
    await office.begin(polling=False)
    hooks = Control(
        office.bots, office.dispatcher, way=Way.WEBHOOK, public_url="https://pult.test", handles=False, base=office.base
    )
    working = Control(office.bots, office.dispatcher, way=Way.WEBHOOK, public_url="https://pult.test", base=office.base)
    task = asyncio.create_task(working.run(office.row.id))
    secret = {"X-Telegram-Bot-Api-Secret-Token": office.row.hook_secret}
    for number, text in ((1, "/team"), (2, "/menu")):
        body = orjson.dumps(update(number, oleg.id, text))
        assert await hooks.receive_webhook(office.row.hook_key, secret, body) == 200
    await office.emulator.wait_for(lambda: "Команда" in office.last(oleg).labels())
    await working.idle()
    assert [state for _, state in (await states())[:2]] == ["done", "done"]
    assert sum("Команда проекта «Олег»" in text for text in office.texts(oleg)) == 1
    task.cancel()


async def test_no_update_is_given_up_while_the_database_is_locked(
    office: Office, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not migrated_url.startswith("sqlite"):
        pytest.skip("only SQLite can be read while nobody can write")
    oleg = await office.owner()
    await office.stop()
    await office.begin(polling=False)
    [entry] = await control.receive(office.row.id, [update(1, oleg.id, "/menu")])
    monkeypatch.setattr(chat_control, "PAUSES", (0.01,))
    monkeypatch.setattr(chat_control, "AWAY_PAUSE", 0.01)
    with capture_logs() as said:
        async with outage(migrated_url):
            handling = asyncio.create_task(office.control._carry_out(office.row.id, entry))
            await until(lambda: sum("passing trouble" in one["event"] for one in said) >= 5)
        await handling
        await office.rest()
    assert "Команда" in office.last(oleg).labels()
    assert not any("ошло не так" in text for text in office.texts(oleg))
