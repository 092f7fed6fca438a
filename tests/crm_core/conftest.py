"""Each test of the core runs on a fresh, migrated database; those marked so by `database`, on both kinds."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from crm_core.db import Database
from tests.database_fixtures import database, database_url, postgres, postgres_url, template
from tests.databases import fresh_sqlite
from tests.office import Office

__all__ = ["database", "database_url", "postgres", "postgres_url", "template"]


@pytest.fixture
async def office(database: Database) -> Office:
    return await Office.opened(database)


@pytest.fixture
async def other_office(template: Path, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Office]]]:
    """Makes offices side by side, on SQLite, to compare them."""
    databases: list[Database] = []

    async def made() -> Office:
        folder = tmp_path / str(len(databases))
        folder.mkdir()
        databases.append(Database(fresh_sqlite(template, folder)))
        return await Office.opened(databases[-1])

    yield made
    for opened in databases:
        await opened.close()
