"""An office with a listener at a practice exchange, for tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row

from crm_core.calls.tables import calls, exchanges
from crm_core.db import Database
from pbx.listener import Listener
from pbx.playing.calls import inbound
from pbx.practice import PracticeExchange
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office
from tests.pbx.test_connection import QUICK

DIRECT, SALES, GROUP = "74951112245", "74951112233", "74951112266"


CALLER = "79161112233"


PLAIN = inbound(CALLER, DIRECT, "Ivan Petrov").rings("101").answered_after(2).talks(6.0)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture
async def database(template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(fresh_sqlite(template, tmp_path))
    yield opened
    await opened.close()


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    async with PracticeExchange(recordings_root=tmp_path / "monitor", speed=None, timestamps=True) as practice:
        yield practice


class Desk(Office):
    """The office with a listener that can be switched on and off."""

    patience = QUICK

    def at_port(self, port: int, secret: str = "practice") -> "Desk":
        changed = {"ami_port": port, "ami_user": "practice", "ami_secret": secret}
        self.exchange = replace(self.exchange, **changed)
        return self

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        await self.set(exchanges, self.exchange.id, state="new")
        task = asyncio.create_task(Listener(self.database, self.exchange, patience=self.patience).run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def until(self, holds: Callable[[Any], bool], table: Any) -> list[Row[Any]]:
        """The rows of a table once they are so, looked at after each commit."""
        committed = asyncio.Event()
        self.database.on_commit(committed.set)
        async with asyncio.timeout(15):
            while True:
                committed.clear()
                rows = list(await self.rows(table))
                if holds(rows):
                    return rows
                await committed.wait()

    async def looked_at(self, holds: Callable[[Any], bool], table: Any) -> None:
        """As `until`, for rows that another process writes."""
        async with asyncio.timeout(20):
            while not holds(await self.rows(table)):
                await asyncio.sleep(0.05)

    async def ended(self, number: int = 1) -> list[Row[Any]]:
        return await self.until(lambda rows: len(rows) == number and all(row.ended_at for row in rows), calls)

    async def state(self, wanted: str) -> Row[Any]:
        return (await self.until(lambda rows: rows[0].state == wanted, exchanges))[0]


@pytest.fixture
async def desk(database: Database, exchange: PracticeExchange) -> Desk:
    office = await Desk.opened(database, own_numbers=())
    assert isinstance(office, Desk)
    return office.at_port(exchange.port)
