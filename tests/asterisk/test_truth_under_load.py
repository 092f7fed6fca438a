"""A short load on a real exchange, with the listener killed in it: every call is told once, and as the CDR has it.

The long form, a thousand calls and ten kills, is `make chaos`.
"""

from pathlib import Path

import pytest

from tests.asterisk.load.office import LoadExchange
from tests.asterisk.load.verdict import agrees, play_with_kills

pytestmark = pytest.mark.asterisk


def test_each_call_of_a_load_is_told_once_though_the_listener_is_killed(requires_asterisk: None, tmp_path: Path) -> None:
    with LoadExchange() as exchange:
        running = play_with_kills(exchange, tmp_path, calls=60, seconds=15, kills=2, seed=3)

        agrees(running)


def test_so_it_is_with_asterisk_16(requires_asterisk_16: None, tmp_path: Path) -> None:
    with LoadExchange(suite="bullseye") as exchange:
        running = play_with_kills(exchange, tmp_path, calls=60, seconds=15, kills=1, seed=4)

        agrees(running)
