import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from crm_core.db import Database
from tests.databases import fresh_sqlite, sqlite_template
from tests.transcribe.desk import SpeechDesk
from transcribe import models


@pytest.fixture(scope="session")
def base_model() -> Path:
    """The folder of the real base model, fetched as `make setup` does if it is not there yet."""
    return models.fetch("base", Path(sys.prefix) / "models")


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture
async def database(template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(fresh_sqlite(template, tmp_path))
    yield opened
    await opened.close()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> SpeechDesk:
    return await SpeechDesk.opened(database, tmp_path)
