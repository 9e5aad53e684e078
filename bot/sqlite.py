"""The SQLite client given to Tortoise: its transactions take the write lock at once, and always give it back.

Tortoise's own begins with a plain BEGIN: of two processes that read and then write, one fails at once with "database is
locked", whatever the busy_timeout. It also keeps its in-process lock for ever when BEGIN fails or is cancelled.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError


class ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as exc:
            raise OperationalError(exc) from exc


class Transaction(SqliteTransactionContext):
    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            try:
                await self._undo_begin()
            finally:
                self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client

    async def _undo_begin(self) -> None:
        """A cancelled BEGIN may still be on its way to the connection's thread; what is sent now comes after it."""
        raw = self.connection._connection
        if raw is not None:
            with suppress(sqlite3.Error):
                await raw.rollback()


class Client(SqliteClient):
    def _in_transaction(self) -> TransactionContext:
        return Transaction(ImmediateTransaction(self), self._lock)


def get_client_class(_db_info: dict[str, Any]) -> type[SqliteClient]:
    """Tortoise's hook: this module is named as the engine in the configuration."""
    return Client
