"""A PostgreSQL of our own for these tests, with a fresh database in it for each, and a Redis."""

from collections.abc import AsyncIterator, Iterator

import pytest

from crm_core.db import Database
from tests.databases import PostgresServer, postgres_server
from tests.processes.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.lent() as lent:
        yield lent


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
    yield opened
    await opened.close()


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Database]:
    """The same database as another process has it."""
    opened = Database(database.url)
    yield opened
    await opened.close()


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server
