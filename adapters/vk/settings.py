"""Where VK is for this installation, and the app through which people sign in there."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PUBLIC_API = "https://api.vk.ru"
PUBLIC_LOGIN = "https://id.vk.ru"
PUBLIC_OAUTH = "https://oauth.vk.ru"


class VkSettings(BaseSettings):
    """`PULT_VK_API`: VK's API or the sandbox. `PULT_VK_PROXY`: the way to it. The app is for logins alone."""

    model_config = SettingsConfigDict(
        env_prefix="PULT_VK_",
        env_file=".env",
        env_ignore_empty=True,
        str_strip_whitespace=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    api: str = Field(
        PUBLIC_API, description="The address of VK's API: VK's own (also https://api.vk.com) or the sandbox"
    )
    proxy: str | None = Field(None, repr=False, description="A proxy to VK, where it is blocked: `http://HOST:PORT`")
    app_id: str | None = Field(
        None,
        pattern=r"^\d{1,32}$",
        description="The id of your VK app: with it people connect communities by signing in",
    )
    app_secret: SecretStr | None = Field(None, description="The app's protected key")
    login: str = Field(PUBLIC_LOGIN, description="Where people sign in: VK ID (also https://id.vk.com) or the sandbox")
    oauth: str = Field(
        PUBLIC_OAUTH,
        description="Where they give a community's key: VK itself (also https://oauth.vk.com) or the sandbox",
    )

    @field_validator("api", "login", "oauth")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be an address that begins with https:// or http://")
        return value.rstrip("/")

    @property
    def secret(self) -> str:
        """The app's protected key, or nothing."""
        return self.app_secret.get_secret_value() if self.app_secret else ""
