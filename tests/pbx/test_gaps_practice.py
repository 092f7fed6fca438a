"""The practice exchange writes its own log of events, so what it plays while nobody listens is told all the same."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.calls.tables import call_talks, calls, gaps
from crm_core.db import Database
from pbx.playing.calls import Ending, inbound
from pbx.practice import PracticeExchange
from tests.pbx.listening import CALLER, DIRECT, GROUP, Desk, database, template

__all__ = ["database", "template"]


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    async with PracticeExchange(
        recordings_root=tmp_path / "monitor", speed=1.0, records=False, cel_file=tmp_path / "cel.csv"
    ) as practice:
        yield practice


@pytest.fixture
async def desk(database: Database, exchange: PracticeExchange, tmp_path: Path) -> Desk:
    office = await Desk.opened(database, own_numbers=())
    assert isinstance(office, Desk)
    office.exchange = replace(office.exchange, cel_file=tmp_path / "cel.csv")
    return office.at_port(exchange.port)


async def test_calls_while_nobody_listens_are_told_from_the_records(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
    answered = exchange.play(inbound(CALLER, DIRECT).rings("101").answered_after(0.5).talks(1.0))
    group = inbound("79169998877", GROUP).rings("101", "102").answered_after(0.5, by="102").talks(1.0, Ending.PHONE_HANGS_UP)
    grouped = exchange.play(group)
    missed = exchange.play(inbound("79035551122", DIRECT).rings("103").given_up_after(1.0))
    for playing in (answered, grouped, missed):
        await playing.finished()
    async with desk.listening():
        rows = {row.caller: row for row in await desk.ended(3)}

    assert {caller: row.outcome for caller, row in rows.items()} == {
        CALLER: "answered", "79169998877": "answered", "79035551122": "missed"
    }  # fmt: skip
    assert {(row.source, row.partial) for row in rows.values()} == {("records", False)}
    assert sorted(talk.extension for talk in await desk.rows(call_talks)) == ["101", "102"]
    assert rows[CALLER].talk_seconds == pytest.approx(answered.truth.talk_seconds, abs=0.1)
    assert (await desk.the(gaps)).filled_at


async def test_a_call_that_ended_while_nobody_listened_is_whole(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        playing = exchange.play(inbound(CALLER, DIRECT).rings("101"))
        await playing.answer()
        await desk.until(lambda rows: [row.state for row in rows] == ["talking"], calls)
    await playing.hang_up()
    async with desk.listening():
        (call,) = await desk.ended()

    assert (call.outcome, call.source, call.partial) == ("answered", "both", False)
