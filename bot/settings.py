"""What an installation is told by its environment or `.env`: names, defaults, meanings, one message for what is wrong.

Settings of a platform (`PULT_TELEGRAM_…`) belong to its adapter; they are read and checked here along with ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final

from cryptography.fernet import Fernet
from dotenv import dotenv_values
from pydantic import AnyUrl, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.texts import LOCALES

PREFIX: Final = "PULT_"
_OF_TESTS: Final = ("PULT_TEST_", "PULT_CI")
_TOKEN: Final = re.compile(r"\d+:[\w-]+")


class Role(StrEnum):
    """What a process is to do, as far as it changes which settings are needed."""

    RUN = "run"
    WEB = "web"
    WORKER = "worker"
    TOOL = "tool"


class Updates(StrEnum):
    POLLING = "polling"
    WEBHOOK = "webhook"


class Registration(StrEnum):
    OPEN = "open"
    FIRST = "first"
    INVITE = "invite"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class SettingsError(Exception):
    """Names every setting that is wrong or missing. Holds no values: they may be secrets."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The settings are not right:\n" + "\n".join(f"  {problem}" for problem in problems))


def _described(meaning: str, *, default: str | None = None) -> dict[str, Any]:
    """Metadata of a setting for the generated table; `default` where the real one would say nothing to a reader."""
    return {"description": meaning, "json_schema_extra": {"default_text": default} if default is not None else None}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        str_strip_whitespace=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    bot_token: SecretStr | None = Field(None, **_described("The control bot's token, from @BotFather"))
    public_url: str | None = Field(
        None,
        **_described(
            "The https address under which the platforms reach this service. Without it Telegram bots are received by"
            " long polling, and channels of platforms that cannot be polled are refused with the reason"
        ),
    )
    host: str = Field("127.0.0.1", **_described("Where the web server listens"))
    port: int = Field(
        8080, ge=1, le=65535, **_described("Its port; `/health/live`, `/health/ready`, `/metrics` are there")
    )
    watch_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        **_described("A second port with `/health` and `/metrics` alone: for workers, which have no web server"),
    )
    proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (ip_network("127.0.0.0/8"), ip_network("::1/128")),
        **_described(
            "Addresses or networks, separated by commas, of the reverse proxies whose X-Forwarded-For is believed",
            default="127.0.0.0/8,::1/128",
        ),
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        le=300,
        **_described(
            "For how long a web that is being stopped still takes requests, with `/health/ready` at 503: for balancers"
            " that look there before they send"
        ),
    )
    updates: Updates = Field(
        Updates.POLLING, **_described("How the control bot receives its updates: `polling` or `webhook`")
    )
    data_dir: Path = Field(Path("data"), **_described("The folder of files, of the SQLite database and of its backups"))
    database_url: str = Field(
        default_factory=lambda data: f"sqlite://{data.get('data_dir', 'data')}/pult.sqlite3",
        repr=False,
        **_described(
            "`sqlite://FILE` (`sqlite:///FILE` from the root) or `postgres://USER:PASSWORD@HOST/NAME`;"
            " `?minsize=2&maxsize=10` sets PostgreSQL's connections",
            default="sqlite://data/pult.sqlite3",
        ),
    )
    redis_url: SecretStr | None = Field(None, **_described("Redis, for several processes: wake-ups and shared rates"))
    secret_key: SecretStr | None = Field(
        None,
        **_described(
            "One or more keys, newest first, separated by commas: encrypt secrets at rest and sign links",
            default="made in `data/` on first start",
        ),
    )
    registration: Registration = Field(
        Registration.OPEN, **_described("Who may register: `open` (everybody), `first` (only the first), `invite`")
    )
    operators: Annotated[tuple[int, ...], NoDecode] = Field(
        (), **_described("Telegram ids, separated by commas, of those who get the installation's notices")
    )
    smtp_url: SecretStr | None = Field(
        None, **_described("The mail server: `smtp://USER:PASSWORD@HOST:587`, or `smtps://…:465`")
    )
    locale: str = Field("ru", **_described("The language of those whose own is not known: `ru` or `en`"))
    plans: bool = Field(False, **_described("Whether plans with limits and dates are on"))
    files_days: int = Field(180, ge=1, **_described("How many days files are kept"))
    events_days: int = Field(30, ge=1, **_described("How many days the journal of received events is kept"))
    log_level: LogLevel = Field(LogLevel.INFO, **_described("`debug`, `info`, `warning` or `error`"))
    log_format: LogFormat = Field(LogFormat.TEXT, **_described("`text` or `json`"))
    # For tests only, and so in no table: a file with the seconds by which the clock is moved.
    clock_offset_file: Path | None = None

    @field_validator("bot_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("must look like 123456:ABC…, as @BotFather gives it")
        return value

    @field_validator("public_url")
    @classmethod
    def _https(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = AnyUrl(value)
        if address.scheme != "https" or not address.host or address.query or address.fragment:
            raise ValueError("must be an address that begins with https:// and has no ? or #")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value.startswith(("sqlite://", "postgres://", "postgresql://")):
            raise ValueError("must begin with sqlite:// or postgres://")
        if ":memory:" in value:
            raise ValueError("must name a file: what is in memory is lost")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("smtp://", "smtps://")):
            raise ValueError("must begin with smtp:// or smtps://")
        return value

    @field_validator("secret_key")
    @classmethod
    def _keys(cls, value: SecretStr | None) -> SecretStr | None:
        for number, key in enumerate(_listed(value.get_secret_value()) if value else (), 1):
            try:
                Fernet(key)
            except ValueError:
                raise ValueError(f"key {number} is none: python -m bot new-key makes one") from None
        return value

    @field_validator("operators", "proxies", mode="before")
    @classmethod
    def _ids(cls, value: object) -> object:
        return _listed(value) if isinstance(value, str) else value

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        if value not in LOCALES:
            raise ValueError(f"must be one of {', '.join(LOCALES)}")
        return value

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys given by setting, newest first; `bot.keys` knows those of the data folder."""
        return tuple(_listed(self.secret_key.get_secret_value())) if self.secret_key else ()


def load(role: Role = Role.TOOL) -> Settings:
    """The settings of this process. Raises SettingsError that names all that is wrong or missing for its role."""
    problems: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings()
    except ValidationError as error:
        problems += _sentences(error, PREFIX)
    for model in platform_settings():
        try:
            model()
        except ValidationError as error:
            problems += _sentences(error, str(model.model_config.get("env_prefix", "")))
    if settings:
        problems += _missing(settings, role)
    if problems or settings is None:
        raise SettingsError(problems)
    return settings


def platform_settings() -> list[type[BaseSettings]]:
    """The settings models of the platforms found, in alphabetical order of the platforms."""
    from adapters.registry import discover

    return [kind.settings for kind in discover().values()]


def unknown() -> list[str]:
    """A sentence for each PULT_ name in the environment or `.env` that nothing reads: most likely a slip."""
    models: list[type[BaseSettings]] = [Settings, *platform_settings()]
    known = {
        f"{model.model_config.get('env_prefix', '')}{name}".upper() for model in models for name in model.model_fields
    }
    given = {*os.environ, *dotenv_values(".env")}
    strange = sorted(name for name in given - known if name.startswith(PREFIX) and not name.startswith(_OF_TESTS))
    return [f"{name} is no setting{_meant(name, known)}" for name in strange]


def _meant(name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.8)
    return f", is {close[0]} meant?" if close else ""


def secrets_in(settings: BaseSettings) -> Iterator[str]:
    """Every string of the settings that must not be seen in a log: keys, tokens, passwords inside addresses."""
    for value in dict(settings).values():
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str):
            continue
        if isinstance(value, SecretStr):
            yield from {text, *_listed(text)}
        if password := re.search(r"://[^:@/]*:([^@/]+)@", text):
            yield password[1]


def _missing(settings: Settings, role: Role) -> Iterator[str]:
    if role is Role.TOOL:
        return
    if settings.bot_token is None:
        yield "PULT_BOT_TOKEN is missing: make a bot with @BotFather and put its token there"
    if settings.updates is Updates.WEBHOOK and settings.public_url is None:
        yield "PULT_PUBLIC_URL is missing: PULT_UPDATES=webhook needs it"
    if role is Role.RUN:
        return
    if settings.sqlite:
        yield f"PULT_DATABASE_URL must be PostgreSQL: `{role}` is one of several processes, SQLite serves only `run`"
    if not settings.secret_keys:
        yield f"PULT_SECRET_KEY is missing: all processes need the same (`{role}` makes none); python -m bot new-key"


def _sentences(error: ValidationError, prefix: str) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = prefix + "_".join(str(part) for part in problem["loc"][:1]).upper()
        message = problem["msg"].removeprefix("Value error, ")
        yield f"{name} {message[:1].lower() + message[1:]}"


def _listed(value: str) -> list[str]:
    return [part for part in re.split(r"[\s,]+", value) if part]
