"""A day of each messenger, with its faults: neither its key nor what its webhooks are checked with stands anywhere."""

from __future__ import annotations

import io
import json
from pathlib import Path

from models.fields import unseal
from services.sql import fetch
from tests.e2e import conftest as e2e
from tests.e2e import test_facebook as pages
from tests.e2e import test_viber as bots
from tests.e2e import vk_shop as communities
from tests.security import canaries

telegram, sqlite_copy = e2e.telegram, e2e.sqlite_copy
page, bot, community, viber = pages.shop, bots.shop, communities.shop, bots.viber


async def kept() -> set[str]:
    """What the installation keeps of its channels' credentials, opened; short values say nothing."""
    rows = await fetch("SELECT credentials FROM channels")
    return {
        str(value) for row in rows for value in json.loads(unseal(row["credentials"])).values() if len(str(value)) > 7
    }


async def test_no_secret_of_a_page_is_found_anywhere(written: io.StringIO, page: pages.Shop, tmp_path: Path) -> None:
    await page.talk()
    for fault in ("500", "429"):
        page.facebook.fault(fault, method="messages")
    page.answer("Да")
    await page.hears("Да")
    secrets = {page.page.token, page.facebook.app.secret, *await kept()}
    canaries.in_none(secrets, await canaries.left_by(page.office, tmp_path / "pult.sqlite3"), written)


async def test_no_secret_of_a_viber_bot_is_found_anywhere(written: io.StringIO, bot: bots.Shop, tmp_path: Path) -> None:
    copy = await bot.asked()
    bot.viber.fault("500", method="send_message")
    bot.office.type(bot.olga, "Да", reply_to=copy)
    await bot.hears("Да")
    secrets = {bot.bot.token, *await kept()}
    canaries.in_none(secrets, await canaries.left_by(bot.office, tmp_path / "pult.sqlite3"), written)


async def test_no_secret_of_a_community_is_found_anywhere(
    written: io.StringIO, community: communities.Shop, tmp_path: Path
) -> None:
    await community.talk()
    for fault in ("500", "429"):
        community.vk.fault(fault, method="messages.send")
    community.answer("Да")
    await community.hears("Да")
    secrets = {*community.vk.world.by_token, *await kept()}
    canaries.in_none(secrets, await canaries.left_by(community.office, tmp_path / "pult.sqlite3"), written)
