from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from crm_core.db import Database
from tests.databases import fresh_sqlite, sqlite_template
from tests.transcribe.desk import SpeechDesk


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture
async def desk(template: Path, tmp_path: Path) -> AsyncIterator[SpeechDesk]:
    database = Database(fresh_sqlite(template, tmp_path))
    yield await SpeechDesk.opened(database, tmp_path)
    await database.close()
