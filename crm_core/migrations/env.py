"""How Alembic reaches the database: one transaction for the whole way, so a kill leaves the old tables or the new ones."""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, event, pool, text
from sqlalchemy.engine.url import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import crm_core.tables
from crm_core.db import CONNECT_SECONDS, Json, UtcTime
from crm_core.errors import SettingsError

ONE_AT_A_TIME = 4_071_961  # any number of our own: two processes that migrate wait for each other


async def _migrate(database_url: str) -> None:
    engine = _engine(database_url)
    try:
        async with engine.begin() as tx:
            await tx.run_sync(_run)
    finally:
        await engine.dispose()


def _engine(database_url: str) -> AsyncEngine:
    is_sqlite = make_url(database_url).get_backend_name() == "sqlite"
    options = {} if is_sqlite else {"connect_args": {"timeout": CONNECT_SECONDS}}
    engine = create_async_engine(database_url, poolclass=pool.NullPool, **options)
    if is_sqlite:
        event.listen(engine.sync_engine, "connect", _explicit_transactions)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _explicit_transactions(connection: Any, _record: Any) -> None:
    # The driver would end the transaction before each CREATE; foreign keys stay off while tables are made anew.
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=10000")


def _run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        _require_utf8(connection)
    context.configure(
        connection=connection,
        target_metadata=crm_core.tables.metadata,
        render_as_batch=True,
        render_item=_render,
        transactional_ddl=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _require_utf8(connection: Connection) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        say = f"The database keeps text as {encoding}, in which not all of it can be kept"
        raise SettingsError(f"{say}: make it anew by `createdb --encoding=UTF8 --template=template0 NAME`")


def _render(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(item, UtcTime):
        return "UtcTime()"
    if kind == "type" and item is Json:
        return "Json"
    return False


asyncio.run(_migrate(context.config.attributes["database_url"]))
