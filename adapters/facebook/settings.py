"""Where Facebook's Graph API is for this installation, and the Facebook app under which it speaks."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PUBLIC_API = "https://graph.facebook.com"
PUBLIC_LOGIN = "https://www.facebook.com"


class FacebookSettings(BaseSettings):
    """`PULT_FACEBOOK_API`, and the app through which this installation's pages speak: id, secret, verify token."""

    model_config = SettingsConfigDict(
        env_prefix="PULT_FACEBOOK_",
        env_file=".env",
        env_ignore_empty=True,
        str_strip_whitespace=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    api: str = Field(PUBLIC_API, description="The address of the Graph API: Facebook's or the sandbox")
    login: str = Field(PUBLIC_LOGIN, description="Where people sign in: Facebook itself or the sandbox")
    proxy: str | None = Field(
        None, repr=False, description="A proxy to Facebook, where it is blocked: `http://HOST:PORT`"
    )
    app_id: str | None = Field(None, pattern=r"^\d{1,32}$", description="The id of your Facebook app, which pages need")
    app_secret: SecretStr | None = Field(None, description="The app's secret: signs calls, checks webhooks")
    verify_token: SecretStr | None = Field(
        None, description="Any long random text: Facebook repeats it when the app's webhook is set up"
    )

    login_config: str | None = Field(
        None,
        pattern=r"^\d{1,32}$",
        description="The id of the login's configuration, where the app has Facebook Login for Business",
    )

    @field_validator("api", "login")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be an address that begins with https:// or http://")
        return value.rstrip("/")

    @property
    def secret(self) -> str:
        """The app's secret, or nothing."""
        return self.app_secret.get_secret_value() if self.app_secret else ""

    @property
    def verify(self) -> str:
        """The verify token, or nothing."""
        return self.verify_token.get_secret_value() if self.verify_token else ""

    @property
    def complete(self) -> bool:
        """Whether pages can be connected at all."""
        return bool(self.app_id and self.secret and self.verify)
