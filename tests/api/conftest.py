import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from sqlalchemy.engine.url import make_url

from crm_core.blobs import Blobs
from crm_core.db import Database
from tests.api.world import AUDIO, BLOB, TABLE, House, World, build
from tests.databases import fresh_sqlite, shared_postgres_server, sqlite_template

ON_BOTH = {
    "test_dialling", "test_gates_rest", "test_live", "test_repeats", "test_requests", "test_rest", "test_scoped_houses",
    "test_sign_in", "test_why",
}  # fmt: skip
"""Whose tests run on both kinds of database: where what a route asks is more than where it leads."""
WALKS_ON_BOTH = {
    "test_a_route_answers_each_as_the_policy_says", "test_no_list_tells_a_manager_of_a_colleagues_customer",
    "test_a_route_answers_by_the_scope_of_the_role", "test_the_scope_of_each_kind_of_record_opens_that_kind_alone",
    "test_a_cursor_of_somebody_who_sees_more_gives_what_is_ones_own",
}  # fmt: skip

OF_SQLITE = {
    "test_while_the_database_is_gone_everybody_is_asked_to_come_back",  # moves its file away
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        name = metafunc.module.__name__.rpartition(".")[2]
        test = metafunc.function.__name__
        both = (name in ON_BOTH and test not in OF_SQLITE) or test in WALKS_ON_BOTH
        metafunc.parametrize("kind", ["sqlite", "postgresql"] if both else ["sqlite"], indirect=True)


@dataclass(frozen=True, slots=True)
class Built:
    """A world, and where it is to be copied from: a folder, and the name of a database of PostgreSQL if it is there."""

    world: World
    folder: Path
    database: str | None = None


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Without the values of variables: rendering them takes longer than a test."""
    structlog.configure([structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)])


async def fill(url: str, folder: Path) -> World:
    database = Database(url)
    await Blobs(folder / "blobs").put_bytes(BLOB, AUDIO)
    await Blobs(folder / "blobs").put_bytes(TABLE, b"Name;Phone\nIvan;+7 916 000-00-09\n")
    try:
        return await build(database)
    finally:
        await database.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The world once for all tests, in a folder that each of them copies."""
    folder = tmp_path_factory.mktemp("world")
    with sqlite_template() as template:
        yield Built(asyncio.run(fill(fresh_sqlite(template, folder), folder)), folder)


@pytest.fixture(scope="session")
def built_on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("world_on_postgres")
    url = shared_postgres_server().fresh()
    return Built(asyncio.run(fill(url, folder)), folder, str(make_url(url).database))


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def standing(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[House]:
    if kind == "sqlite":
        built: Built = request.getfixturevalue("built")
        yield House(built.world, built.folder, tmp_path / "data")
        return
    built = request.getfixturevalue("built_on_postgres")
    with shared_postgres_server().lent(like=str(built.database)) as url:
        yield House(built.world, built.folder, tmp_path / "data", url)


@pytest.fixture
async def house(standing: House) -> AsyncIterator[House]:
    yield standing
    await standing.database.close()
