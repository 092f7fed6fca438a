"""Hints from process to process by PostgreSQL itself: NOTIFY, on a connection kept for it."""

from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import Database
from crm_core.live import HintsCut, Outbox, Wake

CHANNEL = "firstring"
LOOK = 10.0  # seconds of silence after which the connection is asked whether it lives


class NotifyHints:
    """One connection of the pool for hearing and telling. A pooler between us that hands out connections by the
    transaction lets nothing through: then the polling floor counts."""

    def __init__(self, database: Database, wake: Wake) -> None:
        self._database = database
        self._outbox = Outbox(wake)
        self._wake = wake
        self.tell = self._outbox.tell

    async def run(self) -> None:
        """Until cancelled; raises HintsCut when the connection is gone."""
        from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError  # noqa: PLC0415 - there with the extra `postgres` only

        try:
            async with self._database.read() as connection:
                await self._run(connection)
        except (SQLAlchemyError, InterfaceError, InternalClientError, PostgresError, OSError) as error:
            raise HintsCut(f"hints come a second late: {type(error).__name__}") from error

    async def _run(self, connection: AsyncConnection) -> None:
        line: Any = (await connection.get_raw_connection()).driver_connection
        try:
            await line.add_listener(CHANNEL, self._heard)
            self._wake.wake()  # what was committed while nobody listened
            await self._outbox.send_all(lambda me: self._send(line, me), lambda: self._look(line), LOOK)
        finally:
            await connection.invalidate()  # it listens: nobody else is to have it

    def _heard(self, _connection: object, _pid: int, _channel: str, signature: str) -> None:
        self._outbox.hear(signature)

    @staticmethod
    async def _send(line: Any, me: str) -> None:
        await line.execute("SELECT pg_notify($1, $2)", CHANNEL, me, timeout=LOOK)

    @staticmethod
    async def _look(line: Any) -> None:
        await line.execute("SELECT 1", timeout=LOOK)
