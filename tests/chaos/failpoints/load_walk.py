"""The walk over every await of six calls, for `make chaos` alone; FIRSTRING_WALK_POINTS says how many a call at most."""

import os

import pytest

from tests.chaos.failpoints.test_walk import walk

POINTS = int(os.environ.get("FIRSTRING_WALK_POINTS", "1000000"))
CALLS = "inbound_answered,inbound_missed,queue_abandoned,ring_group,outbound_answered,attended_transfer_replaces"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_listener_killed_at_every_await_loses_nothing_and_doubles_nothing(database: str) -> None:
    told = walk(database, CALLS, POINTS, seed=1, within=4 * 3600)

    assert [one["wrong"] for one in told] == [[]] * len(told)
