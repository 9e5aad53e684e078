"""A small application with migrations of its own, written into a folder: two tables, parent and child."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.database import CONNECTION, Schema, new_context, tortoise_config

_numbers = itertools.count(1)

MODELS = """
from tortoise import fields
from tortoise.models import Model

class Channel(Model):
    id = fields.BigIntField(primary_key=True)
"""

INITIAL = """
ops.CreateModel(
    name="Channel",
    fields=[
        ("id", fields.BigIntField(generated=True, primary_key=True)),
        ("platform", fields.CharField(max_length=32)),
        ("external_id", fields.CharField(max_length=64)),
        ("name", fields.CharField(max_length=64, db_index=True)),
        ("key", fields.CharField(max_length=64, unique=True)),
        ("note", fields.TextField(null=True)),
    ],
    options={"table": "channels", "app": "models", "unique_together": (("platform", "external_id"),),
             "indexes": [Index(fields=["platform", "name"])], "pk_attr": "id"},
),
ops.CreateModel(
    name="Message",
    fields=[
        ("id", fields.BigIntField(generated=True, primary_key=True)),
        ("channel", fields.ForeignKeyField("models.Channel", source_field="channel_id", to_field="id",
                                           on_delete=OnDelete.CASCADE, related_name="messages")),
        ("text", fields.TextField()),
    ],
    options={"table": "messages", "app": "models", "pk_attr": "id"},
),
ops.CreateModel(
    name="Card",
    fields=[
        ("id", fields.BigIntField(generated=True, primary_key=True)),
        ("channel", fields.OneToOneField("models.Channel", source_field="channel_id", to_field="id",
                                         on_delete=OnDelete.CASCADE, related_name="card")),
        ("text", fields.CharField(max_length=32)),
    ],
    options={"table": "cards", "app": "models", "pk_attr": "id"},
),
ops.RunSQL(["CREATE UNIQUE INDEX uid_channels_named ON channels (name) WHERE note IS NOT NULL"]),
"""

HEAD = """
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

"""


class Scratch:
    """Migrations are added one by one, as in life; `schema` is what `migrate` takes."""

    def __init__(self, folder: Path) -> None:
        self._name = f"scratch_{next(_numbers)}"
        self._package = folder / self._name
        self._migrations = self._package / "migrations"
        self._migrations.mkdir(parents=True)
        (self._package / "__init__.py").write_text(MODELS)
        (self._migrations / "__init__.py").write_text("")
        self._last: str | None = None
        self.schema = Schema(models=self._name, migrations=f"{self._name}.migrations")
        sys.path.insert(0, str(folder))
        self.add("0001_initial", INITIAL)

    def add(self, name: str, operations: str, *, extra: str = "", before: str = "") -> None:
        """`operations`: the list's source; `extra`: lines of the class; `before`: lines before it."""
        depends = f"dependencies = [('models', {self._last!r})]" if self._last else "initial = True"
        body = f"{depends}\n{extra}\noperations = [\n{dedent(operations)}\n]\n"
        source = f"{HEAD}{dedent(before)}\n\nclass Migration(migrations.Migration):\n{indent(body, '    ')}"
        (self._migrations / f"{name}.py").write_text(source)
        self._last = name
        importlib.invalidate_caches()

    def forget(self, name: str) -> None:
        (self._migrations / f"{name}.py").unlink()
        sys.modules.pop(f"{self.schema.migrations}.{name}", None)

    def leave(self) -> None:
        sys.path.remove(str(self._package.parent))
        for module in [name for name in sys.modules if name.split(".")[0] == self._name]:
            del sys.modules[module]


@asynccontextmanager
async def connected(url: str, schema: Schema) -> AsyncIterator[BaseDBAsyncClient]:
    context = await new_context(tortoise_config(url, schema))
    with context:
        try:
            yield context.db(CONNECTION)
        finally:
            await context.close_connections()


async def query(url: str, schema: Schema, sql: str) -> list[dict[str, Any]]:
    async with connected(url, schema) as db:
        return await db.execute_query_dict(sql)


async def seed(url: str, schema: Schema) -> None:
    async with connected(url, schema) as db:
        await db.execute_script(
            "INSERT INTO channels (platform, external_id, name, key, note)"
            " VALUES ('viber', '1', 'Cafe', 'a', 'x'), ('vk', '1', 'Shop', 'b', NULL);"
            "INSERT INTO messages (channel_id, text) VALUES (1, 'one'), (1, 'two; three'), (2, 'four');"
            "INSERT INTO cards (channel_id, text) VALUES (1, 'card');"
        )
