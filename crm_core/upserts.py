"""INSERT … ON CONFLICT, which SQLite and PostgreSQL both speak but SQLAlchemy words once for each."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_into(tx: AsyncConnection, table: Table) -> sqlite.Insert:
    """An INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`, for the database behind `tx`."""
    if tx.dialect.name == "postgresql":
        # The two classes offer the same methods; typed as one of them, callers need not care.
        return postgresql.insert(table)  # type: ignore[return-value]
    return sqlite.insert(table)
