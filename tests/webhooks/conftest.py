"""An office on a fresh database of each kind, an administrator in it, and a receiver on loopback."""

from collections.abc import AsyncIterator

import pytest

from crm_core.db import Database
from tests.api.conftest import plain_log
from tests.database_fixtures import database, database_url, postgres, template
from tests.office import Office
from tests.webhooks.desk import Desk
from tests.webhooks.receiver import Receiver

__all__ = ["database", "database_url", "plain_log", "postgres", "template"]


@pytest.fixture
async def office(database: Database) -> Office:
    return await Office.opened(database)


@pytest.fixture
async def desk(office: Office) -> Desk:
    return await Desk.opened(office)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as listening:
        yield listening
