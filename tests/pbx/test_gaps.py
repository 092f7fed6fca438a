"""Whatever is lost of a capture, by cut lines and kill -9, the calls in the database are those that truly happened."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from crm_core.db import Database
from tests.pbx.capture_exchange import CaptureExchange, Played, told_calls
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import Capture, capture, scenarios
from tests.pbx.listening import Desk, database, template

__all__ = ["database", "template"]


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
    desk = await Desk.opened(database, own_numbers=())
    exchange = kind(played, folder / "firstring.csv", database, desk.exchange, folder)
    await exchange.plug_in()
    exchange.listen()
    await exchange.stored()  # who is killed before was never here
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
    desk = await Desk.opened(database, own_numbers=())
    exchange = CaptureExchange(played, tmp_path / "firstring.csv", database, desk.exchange, tmp_path)
    await exchange.plug_in()
    exchange.listen()
    await exchange.stored()
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
