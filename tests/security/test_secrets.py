"""Secrets that are planted, used and broken: looked for in logs, metrics, the database's raw file and its tables."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import structlog

from adapters.base import Credentials
from adapters.telegram.emulator import TelegramEmulator
from adapters.vk.emulator.oauth import APP_SECRET
from bot import keys
from bot import logging as logs
from models.enums import Role
from services import clock
from services.access import Refusal
from services.sql import fetch
from services.team import Team
from tests.e2e.conftest import emulated, opened
from tests.e2e.signing_in import Desk, desk_of
from tests.security import canaries

APP = {
    "PULT_FACEBOOK_APP_ID": "1234567890",
    "PULT_FACEBOOK_APP_SECRET": "canary-of-the-app-secret",
    "PULT_FACEBOOK_VERIFY_TOKEN": "canary-of-the-verify-token",
    "PULT_SMTP_URL": "smtp://pult:canary-of-the-mail-password@127.0.0.1:1",
}
REFUSED = {
    "viber": "4dc0canary0of0viber-0123456789abcdef-0123456789",
    "vk": "vk1.a.canary-of-vk-0123456789",
    "facebook": "EAAcanaryOfFacebook0123456789",
    "telegram": "123456789:CanaryOfTelegram0123456789abcdefg",
}


async def test_no_secret_is_found_anywhere(
    written: io.StringIO, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pult.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    key = keys.new_key()
    for name in ("FACEBOOK", "VIBER", "VK"):
        # Nobody listens there: connecting fails on the way.
        monkeypatch.setenv(f"PULT_{name}_API", "http://127.0.0.1:9")
    more = {**APP, "PULT_SECRET_KEY": key}
    async with (
        emulated() as telegram,
        opened(telegram, f"sqlite://{file}", tmp_path / "data", monkeypatch, **more) as office,
    ):
        logs.hide([office.desk.token, key, *(value for name, value in APP.items() if not name.endswith("_ID"))])
        secrets = await _lived(telegram, office)
        secrets |= {office.desk.token, key, *REFUSED.values(), *(v for n, v in APP.items() if "APP_ID" not in n)}
        secrets |= {"canary-of-the-mail-password"}
        places = await canaries.left_by(office, file)
    canaries.in_none(secrets, places, written)
    clock.reset()


async def _lived(telegram: TelegramEmulator, office: Any) -> set[str]:
    """Connecting, faults of all sorts, a pasted key, a refused one, an invitation; the secrets that came up."""
    olga = await office.owner()
    shop = await office.connect(olga)
    person, project = await office.place(olga)
    invitation = await Team().invite(person, project, Role.MANAGER)
    anna = office.customer("Анна")
    office.say(anna, "Здравствуйте")
    await office.until(lambda: office.card(olga, "Анна") or office.find(olga, "Здравствуйте"))
    for fault in ("500", "429", "reset_before"):
        telegram.fault(fault, bot=shop, method="sendMessage")
    office.type(olga, "Добрый день", office.find(olga, "Здравствуйте"))
    await office.hears(anna, "Добрый день")
    pasted = "987654321:CanaryPastedIntoTheChat012345678901"
    office.type(olga, pasted)
    for platform, token in REFUSED.items():
        for credentials in (Credentials(token=token),):
            with pytest.raises(Refusal) as refused:
                await office.parts.channels.identify(person, project, platform, credentials)
            assert token not in repr(refused.value) + repr(refused.value.params) + repr(credentials)
    structlog.get_logger("test").error("raised inside", error=repr(Credentials(token=shop.token)))
    rows = await fetch("SELECT hook_secret FROM control_bots")
    assert rows
    found = await office.parts.channels.known.by_account("telegram", str(shop.id))
    hook = {found.credentials["hook_secret"]} if found is not None and "hook_secret" in found.credentials else set()
    await office.until(lambda: pasted not in [one.text for one in telegram.chat(office.desk, olga).messages.values()])
    return {shop.token, invitation.start.removeprefix("inv_"), pasted, *hook}


async def test_no_secret_of_a_login_is_found_anywhere(
    written: io.StringIO, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pult.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    async with (
        emulated() as telegram,
        desk_of(telegram, f"sqlite://{file}", tmp_path / "data", monkeypatch) as desk,
    ):
        secrets = await _logged_in(desk)
        places = await canaries.left_by(desk.office, file)
        rows = await fetch("SELECT * FROM logins")
        assert any(row["accounts"] for row in rows)
    assert "a login came to nothing" in written.getvalue()
    canaries.in_none(secrets, places, written)


async def _logged_in(desk: Desk) -> set[str]:
    """Both platforms, to the end and to nothing, with a stolen state; what went through the browser, and all keys."""
    for platform in ("facebook", "vk"):
        desk.accounts(platform, "Кофейня")
        await desk.another_browser().open(desk.back(platform, state="s" * 43, code="canary-of-a-stolen-code"))
        for decision in ("no", "yes"):
            await desk.browser.decide(await desk.consent(await desk.begin(platform)), decision)
        (desk.facebook if platform == "facebook" else desk.vk).oauth.fails = True
        await desk.signed_in(platform)
    queries = [query for url in desk.browser.visited for query in parse_qsl(urlsplit(url).query)]
    keys_used = {urlsplit(url).path.rpartition("/")[2] for url in desk.browser.visited if "/login/" in url}
    passed = {value for name, value in queries if name in ("state", "code", "device_id", "code_challenge")}
    assert len(passed) >= 10
    tokens = {*desk.facebook.world.keys, *desk.vk.world.granted, *desk.vk.world.by_token}
    apps = {desk.facebook.app.secret, APP_SECRET}
    return {*passed, *tokens, *apps, *(key for key in keys_used if len(key) == 43), "canary-of-a-stolen-code"}
