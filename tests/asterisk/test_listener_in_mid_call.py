"""The listener restarted in mid-call, at a real Asterisk: the rows say at once who waits since when, who is parked, who talks."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row

from crm_core.calls.tables import call_talks, calls
from crm_core.db import Database
from crm_core.exchanges import learned
from tests.asterisk.exchange import RealExchange
from tests.asterisk.test_attached_in_mid_call import OFFICE, busy
from tests.databases import fresh_sqlite, sqlite_template
from tests.pbx.listening import Desk
from tests.pbx.test_connection import QUICK

pytestmark = pytest.mark.asterisk

ALL_STATES = {"ringing", "talking", "held"}
WAITING, TALKING, PARKED = "79161112233", "79265556677", "79031234567"


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture
def office(requires_asterisk: None) -> Iterator[RealExchange]:
    with RealExchange(extra=OFFICE) as exchange:
        yield exchange


@pytest.fixture
async def desk(office: RealExchange, template: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(fresh_sqlite(template, tmp_path))
    desk = await Desk.opened(database, own_numbers=())
    assert isinstance(desk, Desk)
    user, secret = office.reader
    desk.exchange = replace(desk.exchange, ami_port=office.port, ami_user=user, ami_secret=secret)
    desk.patience = replace(QUICK, answer=30.0, quiet=60.0)  # the telephones begin while the loop waits for them
    yield desk
    await database.close()


def whole(rows: Sequence[Row[Any]]) -> bool:
    """The three are there, the queue is told, and the phone of the queue's member rings."""
    by_caller = {row.caller: row for row in rows}
    waiting = by_caller.get(WAITING)
    return len(by_caller) == 3 and waiting is not None and waiting.queued_at is not None and waiting.state == "ringing"


def shown(rows: Sequence[Row[Any]]) -> dict[str, tuple[object, ...]]:
    return {row.caller: (row.key, row.state, row.queue, row.queued_at, row.started_at, row.answered_at) for row in rows}


async def test_a_restart_in_mid_call_changes_nothing_of_the_picture(desk: Desk, office: RealExchange) -> None:
    with ExitStack() as calling:
        async with desk.listening():
            await desk.state("up")
            calling.enter_context(busy(office))
            before = await desk.until(lambda rows: whole(rows) and {row.state for row in rows} == ALL_STATES, calls)
        async with desk.listening():
            await desk.state("up")
            after = await desk.rows(calls)

    assert shown(after) == shown(before)
    assert {row.caller: row.state for row in after} == {WAITING: "ringing", TALKING: "talking", PARKED: "held"}


async def test_attached_in_mid_call_the_rows_tell_it_all_and_the_lines_are_kept(desk: Desk, office: RealExchange) -> None:
    with busy(office):
        async with desk.listening():
            rows = {row.caller: row for row in await desk.until(whole, calls)}
            talks = await desk.rows(call_talks)
    async with desk.database.read() as connection:
        lines = await learned.of(connection, desk.exchange.id)

    waiting = rows[WAITING]
    assert waiting.queue == "sales"
    assert timedelta(0) <= waiting.queued_at - waiting.started_at < timedelta(seconds=2)
    assert [(talk.call_id, talk.extension, talk.left_at) for talk in talks] == [(rows[TALKING].id, "anna", None)]
    assert rows[PARKED].answered_at is None
    assert lines.phones == ("PJSIP/101", "PJSIP/102", "PJSIP/103", "PJSIP/anna")
