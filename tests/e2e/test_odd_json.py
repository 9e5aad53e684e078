"""Half an emoji, as clients that cut texts send it: in a message or an answer it stops nothing and nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.telegram.emulator import TelegramEmulator, people
from services import clock
from services.sql import fetch
from tests.e2e.conftest import Office, opened
from tests.e2e.test_facebook import Shop as Page
from tests.e2e.test_facebook import shop as page  # noqa: F401
from tests.e2e.test_viber import Shop as Public
from tests.e2e.test_viber import shop as public  # noqa: F401
from tests.e2e.test_viber import viber  # noqa: F401
from tests.e2e.test_vk import shop as community  # noqa: F401
from tests.e2e.vk_shop import Shop as Community

HALF = "Пока \ud83d"
SHOWN = "Пока \ufffd"


@pytest.fixture
async def at_home(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """Without a public address: everything is polled."""
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch, public=False) as running:
        yield running
    clock.reset()


async def nothing_failed() -> None:
    assert await fetch("SELECT kind, error FROM events WHERE state = 'failed'") == []


async def _in_telegram(office: Office) -> None:
    (olga,) = await office.company()
    anna = office.customer("Анна")
    office.say(anna, "первое")
    office.telegram.send_content(office.shop, anna, {"text": HALF})
    copy = await office.sees(olga, SHOWN)
    await office.sees(olga, "первое")
    answered = {"reply_to_message": people.without_reply(copy)}
    office.telegram.send_content(office.desk, olga, {"text": HALF, **answered})
    await office.hears(anna, SHOWN)
    office.type(olga, "и ещё", reply_to=copy)
    await office.hears(anna, "и ещё")
    await nothing_failed()


async def test_in_telegram_by_webhook(lite: Office) -> None:
    await _in_telegram(lite)


async def test_in_telegram_by_polling(at_home: Office) -> None:
    await _in_telegram(at_home)


async def test_on_facebook(page: Page) -> None:  # noqa: F811
    page.say("первое")
    page.say(HALF)
    copy = await page.office.sees(page.olga, SHOWN)
    await page.office.sees(page.olga, "первое")
    page.office.type(page.olga, "Да", reply_to=copy)
    await page.hears("Да")
    await nothing_failed()


async def test_in_vk(community: Community) -> None:  # noqa: F811
    community.say("первое")
    community.say(HALF)
    copy = await community.office.sees(community.olga, SHOWN)
    community.office.type(community.olga, "Да", reply_to=copy)
    await community.hears("Да")
    await nothing_failed()


async def test_in_viber(public: Public) -> None:  # noqa: F811
    public.viber.say(public.bot, public.anna, HALF)
    copy = await public.office.sees(public.olga, SHOWN)
    public.office.type(public.olga, "Да", reply_to=copy)
    await public.hears("Да")
    await nothing_failed()
