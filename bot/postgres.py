"""The PostgreSQL client given to Tortoise: a transaction that cannot begin gives its connection back to the pool.

Tortoise's own keeps it when BEGIN fails or is cancelled; the pool then runs dry, one cancelled request at a time.
"""

from __future__ import annotations

from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections


class Transaction(TransactionContextPooled):
    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        pool = self.client._parent._pool
        self.client._connection = await pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await pool.release(self.client._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client


class Client(AsyncpgDBClient):
    def _in_transaction(self) -> TransactionContext:
        return Transaction(TransactionWrapper(self), self._pool_init_lock)


def get_client_class(_db_info: dict[str, Any]) -> type[AsyncpgDBClient]:
    """Tortoise's hook: this module is named as the engine in the configuration."""
    return Client
