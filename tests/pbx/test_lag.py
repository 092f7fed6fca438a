"""A database that hangs holds up the rows, never the socket: an exchange cuts off whoever does not read."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core.calls.tables import calls
from pbx.listener import Listener
from pbx.playing.calls import inbound
from pbx.practice import PracticeExchange
from pbx.received import Received
from tests.builders import MORNING
from tests.captured import CAPTURES
from tests.metered import figure
from tests.pbx.listening import Desk, database, desk, template

__all__ = ["database", "desk", "template"]

CALLS = 40


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    """As impatient as Asterisk: its `writetimeout` is 100 ms."""
    async with PracticeExchange(recordings_root=tmp_path / "monitor", speed=None, timestamps=True, write_timeout=0.1) as practice:
        yield practice


def ami(name: str) -> float:
    return figure(f"firstring_{name}", exchange="default")


async def test_the_socket_is_read_while_the_database_hangs_and_the_lag_is_told(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        lost = ami("ami_reconnects_total")
        async with desk.database.write():  # somebody holds the only place to write
            began, before = time.time(), ami("ami_bytes_total")
            for index in range(CALLS):
                await exchange.play(inbound(f"7916{index:07}", "74951112245").rings("101").given_up_after(1.0)).finished()
            async with asyncio.timeout(10):
                while ami("ami_bytes_total") - before < CALLS * 10_000:
                    await asyncio.sleep(0.01)
            assert ami("journal_waiting_bytes") > 0
            assert not await desk.rows(calls)
        await desk.ended(CALLS)

        assert ami("ami_reconnects_total") == lost
        async with asyncio.timeout(10):
            while ami("journal_waiting_bytes"):
                await asyncio.sleep(0.01)
        assert 0 < ami("journal_lag_seconds") < time.time() - began


async def test_others_have_their_turn_while_a_long_batch_is_derived(desk: Desk) -> None:
    listener = Listener(desk.database, desk.exchange)
    batch = Received("capture", 0, MORNING, (CAPTURES / "fpbx_queue_attended.ami").read_bytes())
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(take_turns())
    told = await listener._derive(batch)
    other.cancel()

    assert told.events
    assert turns >= 3
