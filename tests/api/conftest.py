import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from crm_core.blobs import Blobs
from crm_core.db import Database
from tests.api.world import AUDIO, BLOB, House, World, build
from tests.databases import fresh_sqlite, sqlite_template


@dataclass(frozen=True, slots=True)
class Built:
    world: World
    folder: Path


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Without the values of variables: rendering them takes longer than a test."""
    structlog.configure([structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)])


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The world once for all tests, in a folder that each of them copies."""
    folder = tmp_path_factory.mktemp("world")

    async def fill(url: str) -> World:
        database = Database(url)
        await Blobs(folder / "blobs").put_bytes(BLOB, AUDIO)
        try:
            return await build(database)
        finally:
            await database.close()

    with sqlite_template() as template:
        yield Built(asyncio.run(fill(fresh_sqlite(template, folder))), folder)


@pytest.fixture
async def house(built: Built, tmp_path: Path) -> AsyncIterator[House]:
    made = House(built.world, built.folder, tmp_path / "data")
    yield made
    await made.database.close()
