"""A fresh, migrated database for a test, on both kinds; import these fixtures where they are wanted."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crm_core.db import Database
from tests.databases import PostgresServer, fresh_sqlite, shared_postgres_server, sqlite_template


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    return shared_postgres_server()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.lent() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield fresh_sqlite(template, tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.lent() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, ZoneInfo("Europe/Moscow"))
    yield opened
    await opened.close()
