"""Records that are out of reach when a gap ends are used when they come: late filling tells what filling at once tells."""

import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from pathlib import Path, PosixPath
from typing import Any, Self

import pytest

from crm_core.calls.tables import gaps, journal
from crm_core.db import Database
from pbx import gap_reading
from pbx.records import troubles
from tests.pbx.capture_exchange import RULES, CaptureExchange, Played, listened_to, told_calls
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import Capture, capture
from tests.pbx.listening import Desk, database, template

__all__ = ["database", "template"]

SCENARIOS = ["inbound_answered", "inbound_missed", "queue_abandoned", "attended_transfer_dtmf", "gap_whole", "two_overlapping"]


class DeadMount(PosixPath):
    """On a mount whose server is gone: whoever looks into a folder waits for good."""

    def iterdir(self) -> Generator[Self, None, None]:
        threading.Event().wait()
        yield from super().iterdir()


Opened = Callable[[str], Awaitable[tuple[CaptureExchange, Desk, Played]]]


@pytest.fixture
async def opened(database: Database, tmp_path: Path) -> AsyncIterator[Opened]:
    """An office that listens to the exchange of a capture."""
    exchanges: list[CaptureExchange] = []

    async def open_one(scenario: str) -> tuple[CaptureExchange, Desk, Played]:
        found = await _opened(scenario, database, tmp_path)
        exchanges.append(found[0])
        return found

    yield open_one
    for exchange in exchanges:
        await exchange.stop(kill=True)
        await exchange.unplug()


async def _opened(scenario: str, database: Database, folder: Path) -> tuple[CaptureExchange, Desk, Played]:
    played = Played(capture(scenario), scenario, stamped=True)
    exchange, desk = await listened_to(played, database, folder)
    return exchange, desk, played


async def missed(exchange: CaptureExchange, played: Played, lost_at: float, made_at: float) -> None:
    """The line is cut and the file of records is away meanwhile and afterwards."""
    await exchange.play_until(lost_at, heard=True)
    await exchange.unplug()
    await exchange.play_until(made_at, heard=False)
    exchange.cel_file.rename(exchange.hidden)
    await exchange.plug_in()
    await exchange.stored()


async def filled(desk: Desk, number: int = 1) -> list[Any]:
    return await desk.until(lambda rows: [bool(row.filled_at) for row in rows].count(True) == number, gaps)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "after a restart"])
async def test_records_that_come_late_tell_the_same(scenario: str, restarted: bool, opened: Opened, database: Database) -> None:
    exchange, desk, played = await opened(scenario)
    dice = random.Random(scenario)
    lost_at, made_at = sorted(dice.uniform(played.begins - 1.0, played.ends) for _ in range(2))
    lost_at, made_at = played.gaps[0] if played.gaps else (lost_at, made_at)

    await missed(exchange, played, lost_at, made_at)
    (gap,) = await desk.rows(gaps)
    assert (gap.filled_at, gap.note) == (None, troubles.NOT_THERE)
    if restarted:
        await exchange.stop(kill=True)
        exchange.listen()
        await exchange.stored()
    exchange.hidden.rename(exchange.cel_file)
    await exchange.play_until(played.ends, heard=True)
    await exchange.stored()
    await filled(desk, 2 if restarted else 1)
    await exchange.stop(kill=False)

    told = await told_calls(database)
    assert problems(Capture([], None, {**capture(scenario).truth, "gaps_s": [[0, 0]]}), told) == []
    assert not [call for call in told if call["partial"]]
    assert [row.source for row in await desk.rows(journal)].count("cel") >= 1


async def test_rows_written_after_the_gap_was_filled_are_used_when_it_is_looked_at_once_more(
    opened: Opened, database: Database
) -> None:
    exchange, desk, played = await opened("gap_whole")
    await exchange.stop(kill=False)
    await exchange.unplug()
    await exchange.play_until(played.ends, heard=False)
    whole = exchange.cel_file.read_bytes()
    exchange.cel_file.write_bytes(b"".join(whole.splitlines(keepends=True)[:5]))
    await exchange.plug_in()
    exchange.listen(gap_reading.GapRules(settle=0.0, recheck=0.5, again=0.01))
    await exchange.stored()
    (gap,) = await filled(desk)
    assert gap.rows == 5
    exchange.cel_file.write_bytes(whole)
    await desk.until(lambda rows: rows[0].rows == len(whole.splitlines()), gaps)
    await exchange.stop(kill=False)

    told = await told_calls(database)
    assert problems(Capture([], None, capture("gap_whole").truth), told) == []


async def test_a_file_of_something_else_is_said_to_be_none_of_ours(opened: Opened, database: Database) -> None:
    exchange, desk, played = await opened("inbound_answered")
    await exchange.play_until(played.begins + 1.0, heard=True)
    await exchange.unplug()
    exchange.cel_file.write_text('"Master","2026-11-21 10:00:00","something"\n' * 10)
    await exchange.plug_in()
    await exchange.stored()
    await exchange.stop(kill=False)

    (gap,) = await desk.rows(gaps)
    assert (gap.filled_at, gap.note) == (None, troubles.NOT_OURS)


async def test_a_file_that_does_not_answer_holds_nothing_up(opened: Opened, database: Database) -> None:
    exchange, desk, played = await opened("inbound_answered")
    await exchange.play_until(played.begins + 1.0, heard=True)
    await exchange.unplug()
    await exchange.stop(kill=False)
    exchange.cel_file = DeadMount(exchange.cel_file)
    exchange.records_end()
    await exchange.plug_in()
    exchange.listen(gap_reading.GapRules(settle=0.0, within=0.2, again=60.0))
    await exchange.heard()
    await exchange.play_until(played.ends, heard=True)
    await exchange.stored()
    await exchange.stop(kill=False)

    (gap,) = await desk.rows(gaps)
    (call,) = await told_calls(database)
    assert (gap.filled_at, gap.note) == (None, troubles.NO_ANSWER)
    assert (call["outcome"], call["partial"]) == ("answered", True)


async def test_the_first_start_has_no_gap(opened: Opened, database: Database) -> None:
    exchange, desk, _ = await opened("inbound_answered")
    await exchange.stop(kill=False)

    assert (await desk.rows(gaps), RULES.pause(1) < RULES.pause(3)) == ([], True)
