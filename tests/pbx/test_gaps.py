"""Whatever is lost of a capture, by cut lines and kill -9, the calls in the database are those that truly happened."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crm_core.calls.tables import gaps
from crm_core.db import Database
from tests.pbx.capture_exchange import CaptureExchange, Played, listened_to, told_calls
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import Capture, capture, scenarios
from tests.pbx.listening import database, template

__all__ = ["database", "template"]

DAY = 24 * 3600.0


@pytest.mark.parametrize("scenario", scenarios())
@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "plain"])
async def test_what_was_lost_is_told_from_the_records(scenario: str, stamped: bool, database: Database, tmp_path: Path) -> None:
    given = capture(scenario)
    dice = random.Random(f"{scenario} {stamped}")

    exchange = await played_with_gaps(given, scenario, dice, stamped, database, tmp_path)

    told = await told_calls(database)
    truth = {**given.truth, "gaps_s": [[0, 0]]}
    assert problems(Capture([], None, truth), told) == [], exchange.cuts
    assert not [call for call in told if call["partial"]], exchange.cuts


async def played_with_gaps(
    given: Capture, scenario: str, dice: random.Random, stamped: bool, database: Database, folder: Path,
    cuts: Sequence[tuple[float, float]] = (), kind: type[CaptureExchange] = CaptureExchange,
) -> CaptureExchange:  # fmt: skip
    """`cuts`: seconds of the capture in which nobody listens; by default the dice fall."""
    played = Played(given, scenario, stamped=stamped)
    exchange, _ = await listened_to(played, database, folder, kind)
    for lost_at, made_at in [(played.begins + a, played.begins + b) for a, b in cuts] or _cuts(played, dice):
        kill = dice.choice(["cut", "stop", "kill"])
        exchange.cuts.append((lost_at, made_at, kill))
        await exchange.play_until(lost_at, heard=True)
        if dice.random() < 0.5:
            await exchange.stored()
        await exchange.unplug()
        if kill != "cut":
            await exchange.stop(kill=kill == "kill")
        await exchange.play_until(made_at, heard=False)
        await exchange.plug_in()
        if kill != "cut":
            exchange.listen()
        await exchange.heard()
    await exchange.play_until(played.ends, heard=True)
    await exchange.stored()
    await exchange.stop(kill=False)
    await exchange.unplug()
    return exchange


def _cuts(played: Played, dice: random.Random) -> list[tuple[float, float]]:
    """Spans of time, one after another; those in which nothing was recorded are among them."""
    times = sorted(dice.uniform(played.begins, played.ends) for _ in range(2 * dice.choice([1, 2, 3])))
    spans = sorted([*zip(times[::2], times[1::2], strict=True), *played.gaps])
    merged = [spans[0]]
    for lost_at, made_at in spans[1:]:
        if lost_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(made_at, merged[-1][1]))
        else:
            merged.append((lost_at, made_at))
    return merged


@pytest.mark.parametrize("seed", range(4))
async def test_a_click_is_known_though_its_order_and_its_end_fell_into_two_gaps(
    seed: int, database: Database, tmp_path: Path
) -> None:
    """Before its end no record says that the leg was originated; and the leg alone is no call that one could know to be up."""
    given = capture("click2call_agent_no_answer")

    cuts = [(0.002, 3.22), (3.98, 4.57)]
    await played_with_gaps(given, "click2call_agent_no_answer", random.Random(seed), False, database, tmp_path, cuts)

    assert problems(given, await told_calls(database)) == []


async def test_a_call_over_before_the_kill_is_known_from_its_first_channel_on(database: Database, tmp_path: Path) -> None:
    """An originated channel alone is no call yet: it stands in the journal before the batch in which the call is first told."""
    given = capture("click2call_answered")
    played = Played(given, "click2call_answered", stamped=True)
    exchange, _ = await listened_to(played, database, tmp_path)
    await exchange.say_one_by_one(until=played.begins + 2.0)
    await exchange.play_until(played.ends, heard=True)
    await exchange.stored()
    before = await told_calls(database)
    await exchange.unplug()
    await exchange.stop(kill=True)
    await exchange.play_until(played.ends + 1.0, heard=False)

    await exchange.plug_in()
    exchange.listen()
    await exchange.stored()
    await exchange.stop(kill=False)
    await exchange.unplug()

    told = await told_calls(database)
    assert not any(call["partial"] for call in told)
    assert [call | {"source": "live"} for call in told] == before


@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("scenario", ["attended_transfer_dtmf", "two_overlapping"])
@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "plain"])
@pytest.mark.parametrize("wrong_by", [-120.0, -7200.0])
async def test_a_start_with_a_clock_behind_that_is_set_right_loses_nothing(
    wrong_by: float, stamped: bool, scenario: str, late: bool, database: Database, tmp_path: Path
) -> None:
    """As of a machine that learns the time only after it has started. `late`: the records are out of reach then."""
    played = Played(capture(scenario), scenario, stamped=stamped)
    length = played.ends - played.begins

    told = await told_after_a_start(played, wrong_by, late, length / 4, length / 2, database, tmp_path)

    assert problems(Capture([], None, {**capture(scenario).truth, "gaps_s": [[0, 0]]}), told) == []
    assert not [call for call in told if call["partial"]]


@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("wrong_by", [-1200.0, -3500.0, -400 * DAY])
async def test_a_clock_behind_by_less_than_a_long_gap_cuts_nothing_off_it(
    wrong_by: float, late: bool, database: Database, tmp_path: Path
) -> None:
    played = Played(capture("two_overlapping"), "two_overlapping", stamped=True)
    length = played.ends - played.begins

    told = await told_after_a_start(played, wrong_by, late, -3600.0, length - 0.5, database, tmp_path)

    assert problems(Capture([], None, {**capture("two_overlapping").truth, "gaps_s": [[0, 0]]}), told) == []


async def told_after_a_start(
    played: Played, wrong_by: float, late: bool, killed_at: float, started_at: float, database: Database, folder: Path
) -> list[dict[str, Any]]:
    """The calls; the listener is killed so many seconds after the capture's beginning and starts with a wrong clock."""
    exchange, desk = await listened_to(played, database, folder, since=played.begins + min(killed_at, -5.0))
    await exchange.play_until(played.begins + killed_at, heard=True)
    await exchange.stored()
    await exchange.unplug()
    await exchange.stop(kill=True)
    await exchange.play_until(played.begins + started_at, heard=False)
    if late:
        exchange.cel_file.rename(exchange.hidden)
    exchange.wrong_by = wrong_by
    await exchange.plug_in()
    exchange.listen()
    await exchange.stored()
    exchange.wrong_by = 0.0
    await exchange.play_until(played.begins + (started_at + played.ends - played.begins) / 2, heard=True)
    await exchange.stored()
    if late:
        exchange.hidden.rename(exchange.cel_file)
    await exchange.play_until(played.ends, heard=True)
    await exchange.stored()
    await desk.until(lambda rows: all(row.filled_at for row in rows), gaps)
    await exchange.stop(kill=False)
    await exchange.unplug()
    return await told_calls(database)
