"""The short form of the fault harness: a few calls while things go wrong. The long one: `load_faults.py`."""

from pathlib import Path

import pytest

from tests.chaos.faults.running import HEAD, Plan, run
from tests.requirements import requires_redis

__all__ = ["requires_redis"]

FAULTS = {
    "sqlite": {"kill": 2, "cut": 1, "database_locked": 1, "disk_full": 1, "clock_step": 1},
    "postgresql": {
        "kill": 2,
        "kill_worker": 1,
        "cut": 1,
        "database_gone": 1,
        "pool_dead": 1,
        "redis_gone": 1,
        "store_failing": 1,
    },
}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_or_doubled_in_a_few_calls(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if database == "postgresql":
        request.getfixturevalue("requires_redis")
    report = run(Plan(database, calls=10, seconds=12.0, faults=FAULTS[database], away=3.0, seed=5), tmp_path)

    print(f"{HEAD}\n{report.line}")
    assert report.verdict.problems == []
