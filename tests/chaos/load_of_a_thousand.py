"""The long form of tests/asterisk/test_truth_under_load.py, for `make chaos` alone: its name keeps it out of `make test`.

A thousand calls and ten kills of the listener; then the exchange itself killed, and the wire to it cut and silenced.
FIRSTRING_LOAD_CALLS and FIRSTRING_LOAD_SECONDS change how many calls in how many seconds.
"""

import os
from pathlib import Path

import pytest

from tests.asterisk.load.cutting import Wire
from tests.asterisk.load.office import LoadExchange
from tests.asterisk.load.running import Running, listening
from tests.asterisk.load.verdict import agrees, play_with_kills
from tests.requirements import requires_asterisk

pytestmark = pytest.mark.asterisk
CALLS = int(os.environ.get("FIRSTRING_LOAD_CALLS", "1000"))
SECONDS = float(os.environ.get("FIRSTRING_LOAD_SECONDS", "120"))

__all__ = ["requires_asterisk"]


def test_a_thousand_calls_and_ten_kills_of_the_listener(requires_asterisk: None, tmp_path: Path) -> None:
    with LoadExchange() as exchange:
        agrees(play_with_kills(exchange, tmp_path, calls=CALLS, seconds=SECONDS, kills=10, seed=1))


def test_the_exchange_itself_is_killed_twice(requires_asterisk: None, tmp_path: Path) -> None:
    with LoadExchange() as exchange, listening(exchange, tmp_path / "var") as product:
        running = Running(exchange, product, CALLS // 4, SECONDS / 2, seed=2)
        running.kill_exchange(2)
        running.play()

        agrees(running)


def test_both_are_killed_in_one_load(requires_asterisk: None, tmp_path: Path) -> None:
    with LoadExchange() as exchange, listening(exchange, tmp_path / "var") as product:
        running = Running(exchange, product, CALLS // 5, SECONDS / 2, seed=11)
        running.kill_listener(4)
        running.kill_exchange(1)
        running.play()

        agrees(running)


def test_the_wire_is_cut_and_falls_silent(requires_asterisk: None, tmp_path: Path) -> None:
    with (
        LoadExchange() as exchange,
        Wire(exchange.host, exchange.port) as wire,
        listening(exchange, tmp_path / "var", port=wire.port) as product,
    ):
        running = Running(exchange, product, CALLS // 4, SECONDS / 2, seed=3)
        for place, moment in enumerate(running.moments(6)):
            running.at(moment, wire.fall_silent if place % 3 == 2 else wire.cut)
        running.play()

        agrees(running)
