"""Tortoise's migration executor with two repairs: a rebuild of an SQLite table keeps the table's indexes and uniques,
and every statement is noted, so that what it takes away by name can be told from what merely got lost."""

from __future__ import annotations

from copy import copy
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.base import Field
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.indexes import Index as TortoiseIndex
from tortoise.migrations.executor import MigrationExecutor, PlanStep
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, BaseSchemaEditor, SqliteSchemaEditor
from tortoise.models import Model

from bot.migrate.intent import Intent
from bot.migrate.structure import Index, sqlite_indexes


class Executor(MigrationExecutor):
    def __init__(self, connection: BaseDBAsyncClient, apps: dict[str, dict[str, Any]]) -> None:
        super().__init__(connection, apps)
        self.intent = Intent()

    async def pending(self) -> list[PlanStep]:
        """The migrations still to be applied, oldest first."""
        await self.recorder.ensure_schema(self._schema_editor(atomic=False))
        plan = await self.plan()
        for step in plan:
            self.intent.may_lose.update(getattr(step.migration, "may_lose", ()))
        return plan

    async def unknown(self) -> list[str]:
        """Migrations that the database has and this code does not: a newer Pult wrote it."""
        await self.loader.build_graph()
        return [key.name for key in await self.recorder.applied_migrations() if key not in self.loader.graph.nodes]

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:
        if self.connection.capabilities.dialect == "sqlite":
            return SqliteEditor(self.connection, self.intent, atomic=atomic, collect_sql=collect_sql)
        return PostgresEditor(self.connection, self.intent, atomic=atomic, collect_sql=collect_sql)


class PostgresEditor(AsyncpgSchemaEditor):
    def __init__(self, connection: BaseDBAsyncClient, intent: Intent, **options: bool) -> None:
        super().__init__(connection, **options)
        self.intent = intent

    async def _run_sql(self, sql: str) -> None:
        self.intent.note(sql)
        await super()._run_sql(sql)

    async def _alter_field(self, model: type[Model], old_field: Field[Any], new_field: Field[Any]) -> None:
        await super()._alter_field(model, await _rename_first(self, model, old_field, new_field), new_field)

    async def _get_unique_constraint_names_from_db(
        self, table_name: str, column_names: list[str], schema: str | None = None
    ) -> list[str]:
        if schema is None:
            schema = (await self.client.execute_query_dict("SELECT current_schema() AS name"))[0]["name"]
        return await super()._get_unique_constraint_names_from_db(table_name, column_names, schema)


class SqliteEditor(SqliteSchemaEditor):
    """Needs a connection with foreign_keys=OFF: otherwise the rebuild's DROP TABLE deletes the children's rows."""

    def __init__(self, connection: BaseDBAsyncClient, intent: Intent, **options: bool) -> None:
        super().__init__(connection, **options)
        self.intent = intent
        self._held: list[str] | None = None
        self._unwanted: tuple[str, ...] = ()

    async def _run_sql(self, sql: str) -> None:
        if self._held is not None:
            self._held.append(sql)
            return
        self.intent.note(sql)
        await super()._run_sql(sql)

    async def _alter_field(self, model: type[Model], old_field: Field[Any], new_field: Field[Any]) -> None:
        """Tortoise's rebuild does not make the index that a field has gained."""
        await super()._alter_field(model, await _rename_first(self, model, old_field, new_field), new_field)
        if new_field.index and not old_field.index:
            await self.add_index(model, TortoiseIndex(fields=(_column(new_field),)))

    async def remove_field(self, model: type[Model], field: Field[Any]) -> None:
        """A relation stands in the model twice, as itself and as its column: Tortoise's rebuild forgets the second."""
        key = _column(field) if isinstance(field, ForeignKeyFieldInstance) else None
        hidden = model._meta.fields_map.pop(key, None) if key else None
        try:
            await super().remove_field(model, field)
        finally:
            if key and hidden:
                model._meta.fields_map[key] = hidden

    async def remove_constraint(self, model: type[Model], constraint: Any) -> None:
        """A uniqueness made with its table has no index that could be dropped: the table is rebuilt without it."""
        fields = getattr(constraint, "fields", None)
        if fields is not None and not getattr(constraint, "condition", None):
            columns = tuple(self._resolve_fields_to_columns(model, fields))
            found = [i for i in await sqlite_indexes(self.client, model._meta.db_table) if i.unique]
            if any(i.columns == columns and not i.name for i in found):
                self._unwanted = columns
                await self._remake_table(model)
                return
        await super().remove_constraint(model, constraint)

    async def _remake_table(
        self,
        model: type[Model],
        create_field: Field[Any] | None = None,
        delete_field: Field[Any] | None = None,
        alter_fields: list[tuple[Field[Any], Field[Any]]] | None = None,
    ) -> None:
        table = model._meta.db_table
        indexes = await sqlite_indexes(self.client, table)
        sequence = await self._last_id(table)
        gone = self._taken_away(table, delete_field, alter_fields or [])
        keep = [index for index in indexes if not gone(index)]

        self._held = []
        await super()._remake_table(model, create_field, delete_field, alter_fields)
        (create, *rest), self._held = self._held, None

        await super()._run_sql(self._with_uniques(create, model, keep))
        for sql in rest:
            await super()._run_sql(sql)
        for index in keep:
            if index.sql:
                await super()._run_sql(index.sql)
        await self._restore_last_id(table, sequence)

    def _taken_away(
        self, table: str, delete_field: Field[Any] | None, altered: list[tuple[Field[Any], Field[Any]]]
    ) -> Any:
        """Which of the table's indexes the change is about to end, as a test; noted as intended."""
        deleted = _column(delete_field) if delete_field else None
        if deleted:
            self.intent.dropped_columns.add((table, deleted))
        uniques, self._unwanted = [self._unwanted] if self._unwanted else [], ()
        uniques += [(_column(new),) for old, new in altered if old.unique and not new.unique]
        plain = [(_column(new),) for old, new in altered if old.index and not new.index]
        self.intent.dropped_uniques.update((table, columns) for columns in uniques)
        self.intent.dropped_uniques.update((table, columns) for columns in plain)

        def gone(index: Index) -> bool:
            if deleted in index.columns:
                return True
            return " WHERE " not in index.body.upper() and index.columns in (uniques if index.unique else plain)

        return gone

    def _with_uniques(self, create: str, model: type[Model], keep: list[Index]) -> str:
        inside = [
            self._get_unique_constraint_sql(model, list(index.columns))
            for index in keep
            if index.unique and not index.sql
        ]
        return create.removesuffix(")") + "".join(f", {constraint}" for constraint in inside) + ")"

    async def _last_id(self, table: str) -> int | None:
        """The highest number that AUTOINCREMENT ever gave in the table, which a rebuild would forget."""
        if not await self.client.execute_query_dict("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
            return None
        rows = await self.client.execute_query_dict("SELECT seq FROM sqlite_sequence WHERE name = ?", [table])
        return int(rows[0]["seq"]) if rows else None

    async def _restore_last_id(self, table: str, sequence: int | None) -> None:
        if sequence is None:
            return
        await self.client.execute_query("DELETE FROM sqlite_sequence WHERE name = ?", [table])
        await self.client.execute_query("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, sequence])


def _column(field: Field[Any]) -> str:
    return field.source_field or field.model_field_name


async def _rename_first(
    editor: BaseSchemaEditor, model: type[Model], old_field: Field[Any], new_field: Field[Any]
) -> Field[Any]:
    """Renames the column of a field that is renamed and changed at once; the old field under its new name.

    The database then mends the indexes and children that name the column, and the change finds it where it looks.
    """
    old, new = _column(old_field), _column(new_field)
    if old == new:
        return old_field
    table = editor.quote(model._meta.db_table)
    await editor._run_sql(f"ALTER TABLE {table} RENAME COLUMN {editor.quote(old)} TO {editor.quote(new)}")
    renamed = copy(old_field)
    renamed.source_field = new
    return renamed
