"""INSERT … ON CONFLICT, which SQLite and PostgreSQL both speak but SQLAlchemy words once for each."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Insert", "insert_for", "insert_into"]


def insert_into(tx: AsyncConnection, table: Table) -> Insert:
    """An INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`, for the database behind `tx`."""
    return insert_for(tx.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Insert:
    """The same by the dialect's name, for statements that are built once and kept."""
    if dialect == "postgresql":
        # The two classes offer the same methods; typed as one of them, callers need not care.
        return postgresql.insert(table)  # type: ignore[return-value]
    return sqlite.insert(table)
