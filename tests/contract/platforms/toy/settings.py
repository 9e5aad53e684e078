"""Where the toy messenger is."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class ToySettings(BaseSettings):
    """`PULT_TOY_API`: the address of the toy messenger."""

    model_config = SettingsConfigDict(env_prefix="PULT_TOY_", env_file=".env", extra="ignore")

    api: str = "https://api.toy.test"
