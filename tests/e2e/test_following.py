"""One message is followed through the logs: the id of what brought it stands in the line of all that it caused."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest
import structlog

from bot import logging as logs
from tests.e2e.conftest import PATIENCE, Office

pytestmark = pytest.mark.judged

WORDS = "тайное слово"
GIVEN = "edge-0123456789"


@pytest.fixture
def lines() -> Iterator[Any]:
    """What is logged, as the service does it in JSON; the lines so far, each time they are asked for."""
    root = logging.getLogger()
    before, level, hook = root.handlers, root.level, sys.excepthook
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, sys.excepthook = before, hook
    root.setLevel(level)
    structlog.reset_defaults()


async def logged(true: Callable[[], Any]) -> None:
    """Until the log says so: it tells nobody of a new line."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def found(lines: list[dict[str, Any]], **fields: Any) -> list[dict[str, Any]]:
    return [line for line in lines if all(line.get(name) == value for name, value in fields.items())]


async def test_the_id_of_a_webhook_stands_in_the_lines_of_the_sends_that_it_caused(office: Office, lines: Any) -> None:
    _olga, oleg = await office.company("Олег")
    anna = office.customer("Анна")
    office.say(anna, WORDS)
    card = await office.talk(oleg, "Анна")
    office.say(anna, f"{WORDS} ещё раз")
    copy = await office.sees(oleg, f"{WORDS} ещё раз")
    await logged(lambda: found(lines(), event="job ended", kind="copy", outcome="done"))
    brought = found(lines(), event="event stored", kind="MessageReceived", new=True)[-1]["request"]
    followed = found(lines(), request=brought)
    assert found(followed, event="job ended", kind="copy", outcome="done")
    assert found(followed, event="platform call", platform="control", method="sendMessage", outcome="ok")

    office.type(oleg, f"{WORDS} в ответ", reply_to=copy)
    await office.hears(anna, f"{WORDS} в ответ")
    await logged(lambda: found(lines(), event="job ended", kind="send", outcome="done"))
    [sent] = found(lines(), event="job ended", kind="send", outcome="done")
    followed = found(lines(), request=sent["request"])
    assert sent["request"] != brought
    assert found(followed, event="update stored")
    assert found(followed, event="platform call", method="sendMessage", status=200)
    assert found(followed, event="update handled")

    assert card.labels()
    assert WORDS not in json.dumps(lines(), ensure_ascii=False)
    assert office.shop.token not in json.dumps(lines())
    assert office.desk.token not in json.dumps(lines())


async def test_the_id_of_a_proxy_of_ours_is_taken_over(lite: Office, lines: Any) -> None:
    (olga,) = await lite.company()
    anna = lite.customer("Анна")
    update = {"update_id": 77, "message": {"message_id": 7_000, "date": 1, "chat": {"id": anna.id, "type": "private"},
              "from": anna.user(), "text": WORDS}}  # fmt: skip
    hook = lite.shop.webhook
    assert hook is not None
    address = lite.telegram.delivery.route(hook.url)[0]
    headers = {"X-Request-Id": GIVEN, "X-Telegram-Bot-Api-Secret-Token": hook.secret}
    async with aiohttp.ClientSession() as client, client.post(address, json=update, headers=headers) as response:
        assert (response.status, response.headers["X-Request-Id"]) == (200, GIVEN)
    await lite.sees(olga, WORDS)
    await logged(lambda: found(lines(), request=GIVEN, event="job ended", outcome="done"))
