"""A changed key: every encrypted column there is, found from the models, is read with the new key alone."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from tortoise import Tortoise, fields
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

from bot import keys
from bot.database import close_database, open_database
from bot.rotation import rotate_keys
from bot.settings import Settings
from models import fields as fields_at_rest
from models.fields import SecretField, use_cipher
from services import clock, pasting
from services.links import BadLink, Links
from services.sql import fetch
from tests.contract.subjects import SUBJECTS

WORDS = "canary-of-a-secret"


def secret_columns() -> list[tuple[type[Model], str]]:
    """Every column of every model whose text is encrypted."""
    found = [
        (model, name)
        for model in Tortoise.apps["models"].values()
        for name, field in model._meta.fields_map.items()
        if isinstance(field, SecretField)
    ]
    return sorted(found, key=lambda one: (one[0].__name__, one[1]))


async def row_of(model: type[Model]) -> Any:
    """A row of any table, with rows of whatever it needs; all its secrets say the same words."""
    values: dict[str, Any] = {}
    for name, field in model._meta.fields_map.items():
        if isinstance(field, ForeignKeyFieldInstance):
            if not field.null:
                related: type[Model] = field.related_model
                values[name] = await related.first() or await row_of(related)
        elif name in model._meta.db_fields and field.reference is None and not field.generated:
            values[name] = _value(field)
    return await model.create(**values)


def _value(field: Any) -> Any:
    if isinstance(field, SecretField):
        return WORDS
    if (kind := getattr(field, "enum_type", None)) is not None and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(field, fields.DatetimeField):
        return clock.now()
    if isinstance(field, fields.BooleanField):
        return True
    if isinstance(field, fields.IntField):
        return 1
    if isinstance(field, fields.JSONField):
        return {}
    return "x"


async def test_every_encrypted_column_is_read_with_the_new_key_alone(migrated_url: str, tmp_path: Path) -> None:
    old, new = keys.new_key(), keys.new_key()
    use_cipher(keys.cipher((old,)))
    await open_database(migrated_url)
    try:
        columns = secret_columns()
        names = {(model.__name__, name) for model, name in columns}
        for model in dict.fromkeys(model for model, _ in columns):
            await model.first() or await row_of(model)
    finally:
        await close_database()
    assert {("Channel", "credentials"), ("ControlBot", "token"), ("Event", "payload"), ("WizardState", "data")} <= names

    settings = Settings(
        _env_file=None, database_url=migrated_url, data_dir=tmp_path, secret_key=f"{new},{old}"  # type: ignore[call-arg, arg-type]
    )  # fmt: skip
    assert await rotate_keys(settings, print) == len(columns)
    assert await rotate_keys(settings, print) == len(columns), "it may be repeated"

    for key, readable in ((old, False), (new, True)):
        use_cipher(keys.cipher((key,)))
        await open_database(migrated_url)
        try:
            for model, name in columns:
                raw = await fetch(f"SELECT {name} AS value FROM {model._meta.db_table} WHERE {name} IS NOT NULL")
                assert raw
                assert all(WORDS not in row["value"] for row in raw)
                if readable:
                    assert [getattr(row, name) for row in await model.all()] == [WORDS] * len(raw)
                else:
                    with pytest.raises(InvalidToken):
                        await model.all()
        finally:
            await close_database()


def test_a_link_signed_with_a_removed_key_leads_nowhere() -> None:
    old, new = keys.new_key(), keys.new_key()
    made = [Links([old], "https://pult.test").make(7, "image/png", fitted=fitted) for fitted in (False, True)]
    for link in made:
        token = str(link).rsplit("/", 1)[1].removesuffix(".png")
        assert Links([new, old], "https://pult.test").read(token).file_id == 7
        with pytest.raises(BadLink):
            Links([new], "https://pult.test").read(token)


def test_a_form_begun_before_the_change_is_begun_anew() -> None:
    adapter = SUBJECTS["telegram"].adapter()
    use_cipher(keys.cipher((keys.new_key(),)))
    given = fields_at_rest.seal('{"token": "x"}')
    use_cipher(keys.cipher((keys.new_key(),)))
    assert pasting.asked(adapter, given) == pasting.asked(adapter)
