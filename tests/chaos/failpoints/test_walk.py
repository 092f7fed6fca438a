"""kill -9 at the awaits of the intake path, one at a time: nothing is lost or doubled. Some here, all in `load_walk.py`."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.product import ROOT

POINTS = 8


def walk(database: str, scenarios: str, points: int, seed: int, within: float) -> list[dict[str, Any]]:
    """Each call's walk as its own process told it."""
    command = [sys.executable, "-m", "tests.chaos.failpoints", database, "--scenarios", scenarios]
    run = subprocess.run(
        [*command, "--points", str(points), "--seed", str(seed)],
        capture_output=True,
        text=True,
        timeout=within,
        cwd=ROOT,
        check=False,
    )
    if not run.stdout:
        raise AssertionError(run.stderr[-3000:])
    print(run.stdout)
    told: list[dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_listener_killed_at_any_await_loses_nothing_and_doubles_nothing(database: str) -> None:
    told = walk(database, "inbound_answered,queue_abandoned", POINTS, seed=7, within=180)

    assert [one["wrong"] for one in told] == [[], []]
    assert all(one["struck"] > POINTS / 2 for one in told), told
