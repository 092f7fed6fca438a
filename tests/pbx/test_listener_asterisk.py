"""The listener at a real Asterisk 22 with the configs we ship: it logs in as the least of users and hears calls through."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.calls.tables import call_talks, calls, exchanges
from crm_core.db import Database
from pbx.ami import troubles
from tests.asterisk.exchange import DIRECT, RealExchange
from tests.asterisk.fixtures import shared_exchange
from tests.databases import fresh_sqlite, sqlite_template
from tests.pbx.listening import Desk
from tests.pbx.test_connection import QUICK
from tests.requirements import requires_asterisk

__all__ = ["requires_asterisk", "shared_exchange"]

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture
async def desk(shared_exchange: RealExchange, template: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(fresh_sqlite(template, tmp_path))
    office = await Desk.opened(database, own_numbers=())
    assert isinstance(office, Desk)
    user, secret = shared_exchange.reader
    office.exchange = replace(office.exchange, ami_port=shared_exchange.port, ami_user=user, ami_secret=secret)
    office.patience = replace(QUICK, answer=5.0)  # it thinks for a second before it refuses a login
    yield office
    await database.close()


async def test_a_call_is_heard_from_the_first_ring_to_its_recording(desk: Desk, shared_exchange: RealExchange) -> None:
    async with desk.listening():
        row = await desk.state("up")
        with shared_exchange.phone("101", answers_after=1.0):
            await asyncio.to_thread(lambda: shared_exchange.customer_calls(DIRECT, talks=3).finish())
            (call,) = await desk.ended()

    (talk,) = await desk.rows(call_talks)
    assert (row.state_note, row.version.startswith("Asterisk 22")) == (None, True)
    assert (call.direction, call.caller, call.outcome, talk.extension) == ("inbound", "79161112233", "answered", "101")
    assert call.talk_seconds == pytest.approx(3.0, abs=0.3)
    assert any(path.endswith(f"{call.key}.wav") for path in call.announced)
    assert call.partial is False


async def test_a_call_goes_on_over_a_restart_of_the_listener(desk: Desk, shared_exchange: RealExchange) -> None:
    with shared_exchange.phone("101", answers_after=0.5):
        async with desk.listening():
            await desk.state("up")
            calling = asyncio.create_task(asyncio.to_thread(lambda: shared_exchange.customer_calls(DIRECT, talks=5).finish()))
            await desk.until(lambda rows: [row.state for row in rows] == ["talking"], calls)
        async with desk.listening():
            await desk.state("up")
            (call,) = await desk.ended()
        await calling

    assert (call.outcome, [talk.extension for talk in await desk.rows(call_talks)]) == ("answered", ["101"])
    assert call.talk_seconds == pytest.approx(5.0, abs=0.3)


async def test_a_wrong_secret_is_named_by_what_to_do(desk: Desk) -> None:
    desk.exchange = replace(desk.exchange, ami_secret="wrong")

    async with desk.listening():
        await desk.state("refused")

    assert (await desk.the(exchanges)).state_note == troubles.WRONG_SECRET
