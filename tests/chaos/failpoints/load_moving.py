"""The walk over every place of backup, restore and `db move`, for `make chaos` alone; FIRSTRING_WALK_POINTS: how many at most."""

import os

import pytest

from tests.chaos.failpoints.test_moving import walk

POINTS = int(os.environ.get("FIRSTRING_WALK_POINTS", "200"))
"""Of thousands of steps; each place comes before any place twice."""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("deed", ["backup", "restore", "move"])
def test_whoever_is_killed_anywhere_does_it_again(deed: str, database: str) -> None:
    told = walk(deed, database, POINTS, seed=1, within=4 * 3600)

    assert told["wrong"] == []
