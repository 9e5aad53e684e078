"""Where Telegram's Bot API is for this installation."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PUBLIC_API = "https://api.telegram.org"


class TelegramSettings(BaseSettings):
    """`PULT_TELEGRAM_API`: the Bot API, a local Bot API server or the sandbox. `PULT_TELEGRAM_PROXY`: the way to it."""

    model_config = SettingsConfigDict(
        env_prefix="PULT_TELEGRAM_", env_file=".env", env_ignore_empty=True, str_strip_whitespace=True, extra="ignore"
    )

    api: str = Field(PUBLIC_API, description="The address of the Bot API: Telegram's, a local server or the sandbox")
    proxy: str | None = Field(
        None, repr=False, description="A proxy to Telegram, where it is blocked: `http://HOST:PORT`"
    )

    @field_validator("api")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be an address that begins with https:// or http://")
        return value.rstrip("/")

    @property
    def own_server(self) -> bool:
        """Whether the Bot API is run by the installation itself, whose file paths are on this machine."""
        return self.api != PUBLIC_API
