"""An office that may dial, and a practice exchange that plays what it orders."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core.db import Database
from pbx.practice import PracticeExchange
from tests.database_fixtures import database, database_url, postgres, template
from tests.dialling.desk import DialDesk

__all__ = ["database", "database_url", "postgres", "template"]


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    async with PracticeExchange(recordings_root=tmp_path / "monitor", speed=None, timestamps=True) as practice:
        yield practice


@pytest.fixture
async def desk(database: Database, exchange: PracticeExchange) -> DialDesk:
    return await DialDesk.at(database, exchange.port)
