"""`python -m bot check` says what is wrong in words, names what to do, and shows no secret."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.telegram.emulator import TelegramEmulator
from bot.check import Mark, outside, place
from bot.keys import new_key
from bot.settings import load
from services import clock
from services.sql import fetch
from tests.bot.test_cli import pult
from tests.e2e.conftest import HOST, opened


async def test_each_part_is_told_with_what_to_do_and_no_secret(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as office:
        (olga,) = await office.company()
        good = office.shop
        revoked = await office.connect(olga, "tea_bot")
        keys = [row["hook_key"] for row in await fetch("SELECT hook_key FROM channels")]
    telegram.revoke(revoked)
    settings = {
        "PULT_BOT_TOKEN": office.desk.token,
        "PULT_TELEGRAM_API": telegram.base,  # type: ignore[attr-defined]
        "PULT_DATABASE_URL": sqlite_copy,
        "PULT_DATA_DIR": str(tmp_path / "data"),
        "PULT_PUBLIC_URL": f"https://{HOST}",
        **{f"PULT_{name}_API": "http://127.0.0.1:9" for name in ("VIBER", "VK", "FACEBOOK")},
    }
    code, out, err = await pult(tmp_path, "check", **settings)
    assert (code, err) == (1, "")
    for line in ("ok  settings: complete", "ok  database: up to date", "ok  control bot: @pult_bot",
                 "--  viber: 127.0.0.1:9 cannot be reached", "nothing runs on it now", "channels: 1 of 2 work",
                 "set PULT_VK_PROXY",
                 "BAD channel 2 (telegram, Кофейня): its token is dead"):  # fmt: skip
        assert line in out, out
    assert "nothing damaged" in out
    for secret in (office.desk.token, good.token, revoked.token, *keys):
        assert secret not in out + err


async def test_what_an_installation_uses_is_bad_where_it_is_away(
    telegram: TelegramEmulator, sqlite_copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(telegram, sqlite_copy, tmp_path / "data", monkeypatch) as office:
        await office.company()
        await fetch("UPDATE channels SET platform = 'viber' RETURNING id")
        settings = {
            "PULT_BOT_TOKEN": office.desk.token,
            "PULT_TELEGRAM_API": telegram.base,  # type: ignore[attr-defined]
            "PULT_DATABASE_URL": sqlite_copy,
            "PULT_DATA_DIR": str(tmp_path / "data"),
            **{f"PULT_{name}_API": "http://127.0.0.1:9" for name in ("VIBER", "VK", "FACEBOOK")},
        }
        code, out, _ = await pult(tmp_path, "check", **settings)
    assert code == 1
    assert "BAD viber: 127.0.0.1:9 cannot be reached" in out
    assert "--  vk: 127.0.0.1:9 cannot be reached" in out
    assert "Pult runs on it now" in out
    assert out.count("BAD") == 1


async def test_a_wrong_key_is_told_by_every_command_and_nothing_is_touched(
    telegram: TelegramEmulator, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(telegram, migrated_url, tmp_path / "data", monkeypatch) as office:
        await office.owner()
    key = tmp_path / "data" / "secret.key"
    right = key.read_text()
    key.write_text(new_key() + "\n")
    wrong = key.read_text()
    settings = {
        "PULT_BOT_TOKEN": office.desk.token,
        "PULT_TELEGRAM_API": telegram.base,  # type: ignore[attr-defined]
        "PULT_DATABASE_URL": migrated_url,
        "PULT_DATA_DIR": str(tmp_path / "data"),
    }
    for command in (("check",), ("run",), ("rotate-keys",), ("export", "all.gz"), ("replay",)):
        code, out, err = await asyncio.wait_for(pult(tmp_path, *command, **settings), 60)
        assert code == 1, command
        assert f"The key in {key} is not the one" in out + err, command
        assert "Traceback" not in out + err, command
    assert key.read_text() == wrong
    assert not (tmp_path / "all.gz").exists()
    key.write_text(wrong + right)
    code, _, err = await pult(tmp_path, "rotate-keys", **settings)
    assert (code, err) == (0, "")


async def test_the_readmes_way_of_writing_settings_is_private(telegram: TelegramEmulator, tmp_path: Path) -> None:
    desk = telegram.create_bot("Пульт", "pult_bot", control=True)
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    [line] = [one.strip() for one in readme.splitlines() if "> .env" in one]
    command = "umask 022; " + line.replace("123456:ABC…", desk.token)
    shell = await asyncio.create_subprocess_exec("sh", "-c", command, cwd=tmp_path)
    assert await shell.wait() == 0
    away = {f"PULT_{name}_API": "http://127.0.0.1:9" for name in ("VIBER", "VK", "FACEBOOK")}
    code, out, _ = await pult(tmp_path, "check", PULT_TELEGRAM_API=telegram.base, **away)  # type: ignore[attr-defined]
    assert "BAD" not in out
    assert code == 0


def test_a_damaged_database_is_found(sqlite_copy: str, tmp_path: Path) -> None:
    path = tmp_path / "pult.sqlite3"
    assert place._integrity(path).mark is Mark.GOOD
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 8192] = b"\xff" * 8192
    path.write_bytes(whole)
    line = place._integrity(path)
    assert line.mark is Mark.BAD
    assert "restore the last backup" in line.told


async def test_a_refused_token_of_the_control_bot_is_told(
    telegram: TelegramEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULT_BOT_TOKEN", "7000000009:AAGIkdcDPqyN0OeGEeTuH3RxWxSGVnJXbfU")
    monkeypatch.setenv("PULT_TELEGRAM_API", telegram.base)  # type: ignore[attr-defined]
    [line] = [line async for line in outside.control_bot(load())]
    assert (line.mark, "@BotFather" in line.told) == (Mark.BAD, True)


@contextlib.asynccontextmanager
async def answering(status: int, server: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def health(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Server": server})

    app = web.Application()
    app.router.add_get("/health/live", health)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pult.test")])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "own.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_the_public_address_is_tried_as_a_messenger_would(tmp_path: Path) -> None:
    async with answering(200, "Pult") as url:
        assert (await outside.public_address(url)).mark is Mark.GOOD
    assert "cannot be reached" in (await outside.public_address(url)).told
    async with answering(502, "nginx") as url:
        assert (await outside.public_address(url)).mark is Mark.NOTE
    async with answering(200, "nginx") as url:
        assert "does not lead to" in (await outside.public_address(url)).told
    async with answering(200, "Pult", self_signed(tmp_path)) as url:
        assert "certificate is not trusted" in (await outside.public_address(url)).told
    assert (await outside.public_address(None)).mark is Mark.NOTE
