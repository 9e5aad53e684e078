"""Column types of the house: UTC time in one fixed form, and text that is encrypted at rest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from tortoise import fields
from tortoise.models import Model


def to_text(moment: datetime) -> str:
    """The one text form of a moment on SQLite; comparing two of them as text compares the moments."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")


class UtcField(fields.DatetimeField[datetime]):
    """An aware moment. SQLite keeps it as text, where any other offset or precision would compare wrongly."""

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        if not isinstance(value, datetime):
            return super().to_db_value(value, instance)
        if value.tzinfo is None:
            raise ValueError("a moment without a zone is no moment")
        # A queryset's update gives no instance; the field knows its model.
        return to_text(value) if _is_sqlite(instance or self.model) else value.astimezone(UTC)


def _is_sqlite(instance: Any) -> bool:
    return bool(instance._meta.db.capabilities.dialect == "sqlite")


class Cipher(Protocol):
    """What encrypts: `cryptography.fernet.MultiFernet` fits."""

    def encrypt(self, msg: bytes) -> bytes: ...

    def decrypt(self, msg: bytes) -> bytes: ...


class _Keyring:
    cipher: Cipher | None = None


def use_cipher(cipher: Cipher) -> None:
    """Set what every encrypted column uses from now on, in this process."""
    _Keyring.cipher = cipher


def seal(text: str) -> str:
    """Encrypt. Raises RuntimeError before `use_cipher`: nothing secret is ever stored in the clear."""
    if _Keyring.cipher is None:
        raise RuntimeError("no cipher is set: secrets cannot be stored")
    return _Keyring.cipher.encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """Decrypt what `seal` made."""
    if _Keyring.cipher is None:
        raise RuntimeError("no cipher is set: secrets cannot be read")
    return _Keyring.cipher.decrypt(text.encode()).decode()


class SecretField(fields.TextField):
    """Text that is encrypted in the database and plain in the object."""

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        return None if value is None else seal(value)

    def to_python_value(self, value: Any) -> Any:
        if value is None or not value.startswith("gAAAA"):
            return value
        return unseal(value)
