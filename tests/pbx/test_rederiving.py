"""After a fix, or once an exchange's lines are known better, a period is derived again: what differs is shown and taken in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from crm_core.calls.intake import USUAL
from crm_core.calls.journal import AMI
from crm_core.calls.tables import call_linkedids, call_talks, calls, journal
from crm_core.db import Database
from crm_core.event_log import events
from crm_core.tasks.tables import tasks
from pbx.differing import Comparison, Difference, Kind, compare, take_in
from tests.pbx.capture_exchange import CaptureExchange, Played, told_calls
from tests.pbx.capture_variants import capture
from tests.pbx.listening import Desk, database, template

__all__ = ["database", "template"]

TRANSFERRED = "attended_transfer_replaces"


class Listened(Desk):
    """An office whose exchange has played a capture, with the middle of it missed and filled from the records."""

    played: Played

    async def differences(self, **changed: Any) -> list[Difference]:
        return [one for window in await self.compared(**changed) for one in window.differences]

    async def compared(self, **changed: Any) -> list[Comparison]:
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (self.played.begins - 1, self.played.ends))
        exchange = replace(self.exchange, **changed)
        return [window async for window in compare(self.database, exchange, begin, end)]

    async def take_in(self, found: Sequence[Difference], **changed: Any) -> list[bool]:
        now = datetime.fromtimestamp(self.played.ends, UTC) + timedelta(hours=1)
        exchange = replace(self.exchange, **changed)
        return [await take_in(self.database, exchange, one, now=now, rules=USUAL) for one in found]


@pytest.fixture
async def listened(database: Database, tmp_path: Path) -> Listened:
    office = await Listened.opened(database, own_numbers=())
    assert isinstance(office, Listened)
    office.played = Played(capture(TRANSFERRED), TRANSFERRED, stamped=True)
    exchange = CaptureExchange(office.played, tmp_path / "cel.csv", database, office.exchange, tmp_path)
    middle = (office.played.begins + office.played.ends) / 2
    await exchange.plug_in()
    exchange.listen()
    await exchange.stored()
    await exchange.play_until(middle, heard=True)
    await exchange.unplug()
    await exchange.play_until(middle + 1.0, heard=False)
    await exchange.plug_in()
    await exchange.heard()
    await exchange.play_until(office.played.ends, heard=True)
    await exchange.stored()
    await exchange.stop(kill=False)
    await exchange.unplug()
    return office


async def test_what_the_code_of_today_tells_alike_does_not_differ(listened: Listened) -> None:
    (window,) = await listened.compared()

    assert window.differences == []
    assert (window.same, window.unknown, window.faults) == (len(await told_calls(listened.database)), 0, [])


async def test_a_period_in_which_nobody_listened_is_derived_from_the_records(database: Database, tmp_path: Path) -> None:
    office = await Listened.opened(database, own_numbers=())
    assert isinstance(office, Listened)
    office.played = Played(capture(TRANSFERRED), TRANSFERRED, stamped=True)
    exchange = CaptureExchange(office.played, tmp_path / "cel.csv", database, office.exchange, tmp_path)
    await exchange.plug_in()
    exchange.listen()
    await exchange.stored()
    await exchange.unplug()
    await exchange.play_until(office.played.ends + 600.0, heard=False)
    await exchange.plug_in()
    await exchange.heard()
    await exchange.stored()
    await exchange.stop(kill=False)
    await exchange.unplug()

    (window,) = await office.compared()

    assert window.differences == []
    assert (window.same, window.unknown) == (len(await told_calls(database)), 0)


async def test_a_call_told_otherwise_is_shown_figure_by_figure_and_taken_in(listened: Listened) -> None:
    before = await told_calls(listened.database)
    async with listened.database.write() as tx:
        call_id = await tx.scalar(select(calls.c.id).where(calls.c.outcome == "answered"))
        await tx.execute(update(calls).where(calls.c.id == call_id).values(outcome="missed", talk_seconds=0.5))
        await tx.execute(delete(call_talks).where(call_talks.c.call_id == call_id))

    found = await listened.differences()
    assert [(one.kind, one.call_id) for one in found] == [(Kind.CHANGED, call_id)]
    assert found[0].changed()["outcome"] == ("missed", "answered")
    assert found[0].changed()["talk_seconds"][0] == 0.5
    assert found[0].changed().keys() == {"outcome", "talk_seconds", "answered_by"}

    assert await listened.take_in(found) == [True]
    assert await told_calls(listened.database) == before
    assert await listened.differences() == []


async def test_a_call_that_was_never_written_is_added(listened: Listened) -> None:
    before = await told_calls(listened.database)
    async with listened.database.write() as tx:
        for table in (tasks, events, calls):  # what hangs on a call alone goes with it
            await tx.execute(delete(table))

    found = await listened.differences()
    assert [one.kind for one in found] == [Kind.ADDED] * len(before)

    await listened.take_in(found)
    assert await told_calls(listened.database) == before


async def test_a_row_that_is_part_of_another_call_goes_into_it(listened: Listened) -> None:
    before = await told_calls(listened.database)
    (whole,) = [call for call in before if len(call["linkedids"]) > 1]
    part = whole["linkedids"][1]
    async with listened.database.write() as tx:
        row = (await tx.execute(select(calls).where(calls.c.key == whole["linkedids"][0]))).one()
        split = {**row._mapping, "key": part, "id": None}
        del split["id"]
        new = await tx.scalar(insert(calls).values(split).returning(calls.c.id))
        await tx.execute(update(call_linkedids).where(call_linkedids.c.linkedid == part).values(call_id=new))

    found = await listened.differences()
    assert {(one.kind, one.call_id) for one in found} == {(Kind.CHANGED, row.id), (Kind.JOINED, new)}

    await listened.take_in(found)
    assert await told_calls(listened.database) == before


async def test_a_row_that_nothing_tells_of_stays_and_is_named(listened: Listened) -> None:
    async with listened.database.write() as tx:
        row = (await tx.execute(select(calls).limit(1))).one()
        phantom = {**row._mapping, "key": "1.1"}
        del phantom["id"]
        new = await tx.scalar(insert(calls).values(phantom).returning(calls.c.id))

    found = await listened.differences()

    assert [(one.kind, one.call_id) for one in found] == [(Kind.GONE, new)]
    assert await listened.take_in(found) == [False]


async def test_lines_that_are_known_better_change_the_direction(listened: Listened) -> None:
    lines = {"trunks": ("PJSIP/none-*",), "extensions": ()}

    found = await listened.differences(**lines)

    assert {one.changed()["direction"] for one in found} == {("inbound", "internal")}
    await listened.take_in(found, **lines)
    assert {call["direction"] for call in await told_calls(listened.database)} == {"internal"}


async def test_calls_whose_journal_is_dropped_are_counted_and_left_alone(listened: Listened) -> None:
    async with listened.database.write() as tx:
        await tx.execute(update(calls).values(outcome="busy", journal_id=None))
        await tx.execute(delete(journal).where(journal.c.source == AMI))

    (window,) = await listened.compared()

    assert (window.differences, window.same, window.unknown) == ([], 0, len(await told_calls(listened.database)))
