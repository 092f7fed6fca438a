"""kill -9 at the awaits of backup, restore and `db move`: nothing is lost, and done again they come to their end.

Some here, all in `load_moving.py`."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.product import ROOT

POINTS = 4


def walk(deed: str, database: str, points: int, seed: int, within: float) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "tests.chaos.failpoints.moving",
        deed,
        database,
        "--points",
        str(points),
        "--seed",
        str(seed),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=within, cwd=ROOT, check=False)
    if not run.stdout:
        raise AssertionError(run.stderr[-3000:])
    print(run.stdout)
    (told,) = json.loads(run.stdout.splitlines()[-1])
    return dict(told)


@pytest.mark.parametrize(("deed", "database"), [("backup", "postgresql"), ("restore", "sqlite"), ("move", "sqlite")])
def test_whoever_is_killed_while_it_goes_on_does_it_again(deed: str, database: str) -> None:
    told = walk(deed, database, POINTS, seed=3, within=600)

    assert told["wrong"] == []
    assert told["struck"] > POINTS / 2, told
