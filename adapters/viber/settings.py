"""Where Viber's Bot API is for this installation."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PUBLIC_API = "https://chatapi.viber.com/pa"


class ViberSettings(BaseSettings):
    """`PULT_VIBER_API`: the Bot API or the sandbox. `PULT_VIBER_PROXY`: the way to it."""

    model_config = SettingsConfigDict(
        env_prefix="PULT_VIBER_", env_file=".env", env_ignore_empty=True, str_strip_whitespace=True, extra="ignore"
    )

    api: str = Field(PUBLIC_API, description="The address of the Bot API: Viber's or the sandbox")
    proxy: str | None = Field(None, repr=False, description="A proxy to Viber, where it is blocked: `http://HOST:PORT`")

    @field_validator("api")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be an address that begins with https:// or http://")
        return value.rstrip("/")
