from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.settings import PREFIX, Role, SettingsError, Updates, load, platform_settings, secrets_in, unknown

TOKEN = "1234567:AAGIkdcDPqyN0OeGEeTuH3RxWxSGVnJXbfU"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment and a folder without any settings."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_a_token_is_all_that_run_needs(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PULT_BOT_TOKEN", TOKEN)

    settings = load(Role.RUN)

    assert settings.database_url == "sqlite://data/pult.sqlite3"
    assert settings.updates is Updates.POLLING
    assert (settings.host, settings.port, settings.locale, settings.plans) == ("127.0.0.1", 8080, "ru", False)


def test_the_database_lies_in_the_data_folder(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PULT_DATA_DIR", "/var/lib/pult")

    assert load().database_url == "sqlite:///var/lib/pult/pult.sqlite3"


def test_a_file_named_env_is_read_and_the_environment_wins(environment: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PULT_PORT=9000\nPULT_HOST=0.0.0.0\nPULT_OPERATORS=1, 2\n")
    environment.setenv("PULT_PORT", "9001")

    settings = load()

    assert (settings.port, settings.host, settings.operators) == (9001, "0.0.0.0", (1, 2))


def test_everything_wrong_is_named_at_once_and_no_value_is_shown(environment: pytest.MonkeyPatch) -> None:
    wrong = {
        "PULT_BOT_TOKEN": "secret-token",
        "PULT_PUBLIC_URL": "http://secret.example",
        "PULT_DATABASE_URL": "mysql://secret@host/db",
        "PULT_SECRET_KEY": "secret-key",
        "PULT_PORT": "secret",
        "PULT_UPDATES": "secret",
        "PULT_OPERATORS": "1,secret",
        "PULT_LOCALE": "secret",
        "PULT_SMTP_URL": "secret",
        "PULT_TELEGRAM_API": "secret",
    }
    for name, value in wrong.items():
        environment.setenv(name, value)

    with pytest.raises(SettingsError) as error:
        load(Role.RUN)

    told = str(error.value)
    assert [name for name in wrong if name not in told] == []
    assert "secret" not in told.lower().replace("pult_secret_key", "")


def test_an_empty_setting_counts_as_missing(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PULT_BOT_TOKEN", "")

    with pytest.raises(SettingsError, match="PULT_BOT_TOKEN is missing"):
        load(Role.RUN)


@pytest.mark.parametrize("role", [Role.WEB, Role.WORKER])
def test_several_processes_need_postgresql_and_a_common_key(environment: pytest.MonkeyPatch, role: Role) -> None:
    environment.setenv("PULT_BOT_TOKEN", TOKEN)
    with pytest.raises(SettingsError) as error:
        load(role)
    assert [problem.split()[0] for problem in error.value.problems] == ["PULT_DATABASE_URL", "PULT_SECRET_KEY"]

    environment.setenv("PULT_DATABASE_URL", "postgres://pult@db/pult")
    environment.setenv("PULT_SECRET_KEY", Fernet.generate_key().decode())
    assert not load(role).sqlite


def test_updates_by_webhook_need_an_address(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PULT_BOT_TOKEN", TOKEN)
    environment.setenv("PULT_UPDATES", "webhook")

    with pytest.raises(SettingsError, match="PULT_PUBLIC_URL"):
        load(Role.RUN)


def test_secrets_are_known_and_not_shown(environment: pytest.MonkeyPatch) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    environment.setenv("PULT_BOT_TOKEN", TOKEN)
    environment.setenv("PULT_SECRET_KEY", ",".join(keys))
    environment.setenv("PULT_DATABASE_URL", "postgres://pult:wordpass@db/pult")
    environment.setenv("PULT_REDIS_URL", "redis://:sesame99@redis/0")

    settings = load(Role.RUN)

    assert {TOKEN, *keys, "wordpass", "sesame99"} <= set(secrets_in(settings))
    assert settings.secret_keys == tuple(keys)
    for secret in (TOKEN, *keys, "wordpass", "sesame99"):
        assert secret not in repr(settings)


def test_a_slip_in_a_name_is_pointed_out(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PULT_DATABSE_URL", "postgres://pult@db/pult")
    Path(".env").write_text("PULT_NONSENSE=1\nOTHER=1\n")

    assert unknown() == [
        "PULT_DATABSE_URL is no setting, is PULT_DATABASE_URL meant?",
        "PULT_NONSENSE is no setting",
    ]


def test_blanks_around_a_value_are_no_part_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULT_PUBLIC_URL", " https://desk.example.com/ \t")
    monkeypatch.setenv("PULT_BOT_TOKEN", " 1234567:AAGIkdcDPqyN0OeGEeTuH3RxWxSGVnJXbfU\n")
    monkeypatch.setenv("PULT_FACEBOOK_APP_SECRET", "secret ")
    monkeypatch.setenv("PULT_TELEGRAM_API", "http://127.0.0.1:9 ")
    settings = load()
    assert settings.public_url == "https://desk.example.com"
    assert settings.bot_token is not None
    assert settings.bot_token.get_secret_value() == "1234567:AAGIkdcDPqyN0OeGEeTuH3RxWxSGVnJXbfU"
    found = {str(getattr(model(), "api", "")) for model in platform_settings()}
    assert "http://127.0.0.1:9" in found
    secrets = [getattr(model(), "app_secret", None) for model in platform_settings()]
    assert "secret" in [one.get_secret_value() for one in secrets if one is not None]
