"""An audited office on SQLite."""

from pathlib import Path

import pytest

from crm_core.db import Database
from tests.audit.house import House, opened
from tests.pbx.listening import database, template

__all__ = ["database", "template"]


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> House:
    folder = tmp_path / "exchange"
    folder.mkdir()
    return await opened(database, folder)
