"""A database that hangs holds up the rows, never the socket: an exchange cuts off whoever does not read."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core.calls.tables import calls
from pbx import metrics
from pbx.playing.calls import inbound
from pbx.practice import PracticeExchange
from tests.pbx.listening import Desk, database, desk, template

__all__ = ["database", "desk", "template"]

CALLS = 40


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    """As impatient as Asterisk: its `writetimeout` is 100 ms."""
    async with PracticeExchange(recordings_root=tmp_path / "monitor", speed=None, timestamps=True, write_timeout=0.1) as practice:
        yield practice


def figure(metric: object) -> float:
    value: float = metric.labels("default")._value.get()  # type: ignore[attr-defined]
    return value


async def test_the_socket_is_read_while_the_database_hangs_and_the_lag_is_told(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        lost = figure(metrics.RECONNECTS)
        async with desk.database.write():  # somebody holds the only place to write
            began, before = time.time(), figure(metrics.BYTES)
            for index in range(CALLS):
                await exchange.play(inbound(f"7916{index:07}", "74951112245").rings("101").given_up_after(1.0)).finished()
            async with asyncio.timeout(10):
                while figure(metrics.BYTES) - before < CALLS * 10_000:
                    await asyncio.sleep(0.01)
            assert figure(metrics.WAITING) > 0
            assert not await desk.rows(calls)
        await desk.ended(CALLS)

        assert figure(metrics.RECONNECTS) == lost
        async with asyncio.timeout(10):
            while figure(metrics.WAITING):
                await asyncio.sleep(0.01)
        assert 0 < figure(metrics.LAG) < time.time() - began
