"""Each test of the core runs on a fresh, migrated database; those marked so by `database`, on both kinds."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from crm_core.db import Database
from tests.databases import PostgresServer, fresh_sqlite, postgres_server, sqlite_template
from tests.office import Office


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return fresh_sqlite(template, tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


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
