"""Errors quote what they were given. What of them is shown, logged or kept holds no secret and no refused data."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from adapters.base import Credentials, PlatformError
from adapters.http import Http, describe
from adapters.redaction import HIDDEN, told, without_secrets
from bot import keys
from bot.check import report
from bot.redaction import Redaction
from bot.settings import Role, Settings, SettingsError, load, platform_settings
from services import control, jobs
from services.sql import fetch, transact
from tests.chat.office import Office
from tests.contract.subjects import SUBJECTS, Subject
from tests.installation import Installation
from tests.security.test_injection import office  # noqa: F401

SECRETS = {
    "telegram": "7654321:AAGIkdcDPqyN0OeGEeTuH3RxWxSGVnJXbfU",
    "facebook": "EAAGm0PX4ZCpsBAKZCfromAMadeUpPage1234567890",
    "vk": "vk1.a.Made-up_key0fAcommunity1234567890abcdefghij",
    "vk, old": "0a1b2c3d4e" * 8 + "5f607",
    "viber": "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9",
    "invitation": "inv_dGhpcyBpcyBub3QgYW4gaW52aXRhdGlvbg",
    "key": keys.new_key(),
    "hook": "https://pult.test/hooks/viber/bm90IGEgcmVhbCBrZXkgb2YgYSBob29r",
    "media": "https://pult.test/media/AAAAAAAAAAdpKbyQbm90LWEtcmVhbC1zaWduYXR1cmU.jpg",
}
WAYS = (
    "{secret}", "https://api.example/{secret}/getMe", "Bearer {secret}", "https://a.example/?access_token={secret}&v=1",
    "refused: '{secret}'", '{{"token": "{secret}"}}', "url=URL('https://a.example/x?key={secret}')",
)  # fmt: skip


@pytest.mark.parametrize("kind", SECRETS, ids=str)
def test_what_looks_like_a_secret_is_hidden_without_being_known(kind: str) -> None:
    secret = SECRETS[kind].rpartition("/")[2]
    for way in WAYS:
        text = way.format(secret=SECRETS[kind])
        assert secret not in without_secrets(text), text
        assert secret not in told(ValueError(text))
        assert secret not in Redaction().text(text)
        assert secret not in jobs.describe(RuntimeError(text))


@pytest.mark.parametrize(
    "text",
    [
        "event=an event could not be applied channel=7 key=update:812 state=failed code=100",
        "Error validating: (#100) Invalid parameter, fbtrace_id AbCdEfGhIjKlMnOpQ",
        "00000000-0000-4000-8000-000000000001",
        "2026-11-28T20:39:07.123456Z",
        "asyncio.exceptions.TimeoutError: Cannot connect to host graph.facebook.com:443 ssl:default",
    ],
)
def test_what_helps_to_find_an_error_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "a-" * 50_000, "1" * 100_000, "1:" * 50_000, "input_value=" * 8_000, "Key (" * 20_000,
     "://" * 30_000, "://a:" * 20_000, "EAA" * 30_000, "inv_" * 25_000, "/hooks/a/" * 10_000, "key=" * 25_000,
     "?key=" * 20_000, "0a" * 50_000, "aaaaaaaaaaaa-" * 8_000, "Bearer " * 15_000, "Failing row contains (" * 20_000],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_no_text_makes_looking_for_secrets_slow(text: str) -> None:
    began = time.process_time()
    told(ValueError(text))
    describe(OSError(text))
    assert time.process_time() - began < 2


# Errors of the HTTP library


def raised() -> Iterator[BaseException]:
    """Every error of aiohttp's client, made of an address that holds a secret."""
    address = URL(f"https://api.example/bot{SECRETS['telegram']}/x?access_token=canary-of-an-address&key=canary-two")
    request = aiohttp.RequestInfo(address, "GET", CIMultiDictProxy(CIMultiDict({"A": "canary-three"})), address)
    key = ConnectionKey("api.example", 443, True, True, None, None, None)
    for kind in vars(aiohttp).values():
        if not (inspect.isclass(kind) and issubclass(kind, aiohttp.ClientError)):
            continue
        if issubclass(kind, aiohttp.ClientResponseError):
            yield kind(
                request, (), status=302, message=f"see {address}", headers=CIMultiDict({"Location": str(address)})
            )
        elif issubclass(kind, aiohttp.InvalidURL):
            yield kind(address)
            yield kind(str(address), f"wrong: {address}")
        elif issubclass(kind, aiohttp.ServerFingerprintMismatch):
            yield kind(b"a", b"b", "api.example", 443)
        elif issubclass(kind, aiohttp.ClientConnectorCertificateError):
            yield kind(key, ValueError(str(address)))
        elif issubclass(kind, aiohttp.ClientConnectorError):
            yield kind(key, OSError(1, f"refused {address}"))
        else:
            yield kind(f"{address}")
    yield OSError(2, f"no such thing: {address}")
    yield TimeoutError(str(address))


def test_no_error_of_the_http_library_shows_an_address() -> None:
    errors = list(raised())
    assert len(errors) > 15
    for error in errors:
        for text in (describe(error), told(PlatformError(describe(error)))):
            assert "canary" not in text, text
            assert SECRETS["telegram"] not in text


async def test_a_call_to_an_address_that_is_none_shows_nothing_of_it() -> None:
    async with Http() as http:
        for address in (f"https://exa mple/bot{SECRETS['telegram']}", "nonsense?access_token=canary", "https://"):
            with pytest.raises(PlatformError) as refused:
                await http.call("GET", address)
            assert "canary" not in repr(refused.value)
            assert SECRETS["telegram"] not in repr(refused.value)


@pytest.mark.parametrize("name", sorted(SUBJECTS))
async def test_no_call_of_a_messenger_shows_its_key_when_it_fails(name: str) -> None:
    """Every call that an adapter has, against a server that is not there."""
    subject: Subject = SUBJECTS[name]
    secrets = [value for value in subject.credentials.values() if len(value) > 8]
    assert secrets
    async with Http() as http:
        adapter = subject.adapter(http)
        for operation in subject.operations().values():
            try:
                await operation(adapter, subject.channel)
            except PlatformError as error:
                said = f"{error!r} {error} {error.params} {error.__cause__!r}"
                assert not [secret for secret in secrets if secret in said], said


def test_credentials_show_only_their_names() -> None:
    credentials = Credentials(token="canary-of-a-token", hook_secret="canary-of-a-hook")
    assert "canary" not in f"{credentials!r} {credentials} {[credentials]} {ValueError(credentials)!r}"


# What is kept


async def test_an_update_that_cannot_be_read_leaves_no_pasted_key_in_the_journal(office: Office) -> None:  # noqa: F811
    person = await office.owner()
    pasted = SECRETS["facebook"]
    update = {"update_id": 4_000_000, "message": {"message_id": pasted, "text": pasted, "chat": {"id": person.id}}}
    await office.control.receive(office.row.id, [update])
    await office.control.idle()
    rows = await fetch("SELECT state, error FROM control_updates WHERE update_id = 4000000")
    assert rows[0]["state"] == "skipped"
    assert "ValidationError" in rows[0]["error"]
    assert pasted not in rows[0]["error"]
    entry = (await fetch("SELECT id FROM control_updates WHERE update_id = 4000000"))[0]["id"]
    await transact(lambda: control.fail(entry, told(ValueError(f"wrong: {pasted}"))))
    rows = await fetch("SELECT error FROM control_updates WHERE update_id = 4000000")
    assert HIDDEN in rows[0]["error"]


# What strangers are answered


async def test_no_answer_of_the_web_server_repeats_what_it_was_told(place: Installation) -> None:
    channel = await place.connected((await place.connect()).id)
    secret = channel.credentials["hook_secret"]
    async with aiohttp.ClientSession() as client:
        for method, path, headers in (
            ("GET", f"/hooks/telegram/{channel.hook_key}x", {}), ("GET", f"/media/{channel.hook_key}.jpg", {}),
            ("POST", f"/hooks/telegram/{channel.hook_key}", {"X-Telegram-Bot-Api-Secret-Token": f"{secret}x"}),
            ("PATCH", f"/{secret}", {"Cookie": secret}), ("GET", f"/<script>{secret}", {"Accept": "text/html"}),
        ):  # fmt: skip
            async with client.request(method, place.address + path, headers=headers) as answer:
                text = await answer.text() + str(answer.headers)
                assert answer.status >= 400
                assert not [one for one in (secret, channel.hook_key, "<script", "Traceback") if one in text], path


# The command line


async def test_the_check_of_an_installation_tells_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canaries = {
        "PULT_BOT_TOKEN": SECRETS["telegram"],
        "PULT_DATABASE_URL": "postgres://pult:canary-of-the-database@127.0.0.1:9/pult",
        "PULT_REDIS_URL": "redis://:canary-of-redis@127.0.0.1:9/0",
        "PULT_SECRET_KEY": SECRETS["key"],
        "PULT_SMTP_URL": "smtp://pult:canary-of-the-mail@127.0.0.1:9",
        "PULT_FACEBOOK_APP_ID": "1234567890",
        "PULT_FACEBOOK_APP_SECRET": "canary-of-facebook",
        "PULT_FACEBOOK_VERIFY_TOKEN": "canary-of-the-verification",
        "PULT_DATA_DIR": str(tmp_path),
        "PULT_TELEGRAM_API": "http://127.0.0.1:9",
        "PULT_VIBER_API": "http://127.0.0.1:9",
        "PULT_VK_API": "http://127.0.0.1:9",
        "PULT_FACEBOOK_API": "http://127.0.0.1:9",
    }
    for name, value in canaries.items():
        monkeypatch.setenv(name, value)
    text = " ".join([str(line) async for line in report(load(Role.RUN))])
    assert "BAD database" in text
    for name in ("PULT_BOT_TOKEN", "PULT_SECRET_KEY", "PULT_DATABASE_URL", "PULT_PORT"):
        with monkeypatch.context() as wrong:
            wrong.setenv(name, "canary of what it is not")
            with pytest.raises(SettingsError) as refused:
                load(Role.RUN)
        text += str(refused.value)
    assert "canary" not in text
    assert not [secret for secret in SECRETS.values() if secret in text]


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {
        "bot_token": SECRETS["telegram"], "database_url": "postgres://u:canary@h/d", "redis_url": "redis://:canary@h",
        "secret_key": SECRETS["key"], "smtp_url": "smtp://u:canary@h",
    }  # fmt: skip
    shown = [repr(Settings(_env_file=None, **values))]
    for model in platform_settings():
        secret = {name: "canary-0123456789abcdef" for name in model.model_fields if "secret" in name or "token" in name}
        shown.append(repr(model(_env_file=None, **secret)))
    assert not [text for text in shown for word in ("canary", *SECRETS.values()) if word in text]
