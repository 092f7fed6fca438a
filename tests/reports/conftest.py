"""Reports are read of an office on both kinds of databases."""

import pytest

from crm_core.db import Database
from tests.database_fixtures import database, database_url, postgres, template
from tests.office import Office

__all__ = ["database", "database_url", "postgres", "template"]


@pytest.fixture
async def office(database: Database) -> Office:
    return await Office.opened(database)
