"""The long form, for `make chaos` alone: 10,000 calls in three hours on each kind. FIRSTRING_FAULT_CALLS changes how many,
and with them how many faults and for how long."""

import os
from pathlib import Path

import pytest

from tests.chaos.faults.running import HEAD, Plan, run
from tests.requirements import requires_redis

__all__ = ["requires_redis"]

WHOLE = 10_000
CALLS = int(os.environ.get("FIRSTRING_FAULT_CALLS", str(WHOLE)))
ON_BOTH = {"kill": 200, "kill_all": 10, "cut": 40, "half_open": 30, "silent": 30, "exchange_restart": 10, "database_locked": 10,
           "half_open_http": 5, "slow_readers": 5, "clock_step": 10}  # fmt: skip
ALONE = {
    "sqlite": {"disk_full": 10},
    "postgresql": {
        "kill_worker": 50,
        "database_gone": 10,
        "pool_dead": 20,
        "redis_gone": 3,
        "store_failing": 5,
        "store_silent": 5,
    },
}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_or_doubled_in_ten_thousand_calls(database: str, requires_redis: None, tmp_path: Path) -> None:
    share = CALLS / WHOLE
    faults = {name: max(1, round(times * share)) for name, times in (ON_BOTH | ALONE[database]).items()}

    report = run(Plan(database, CALLS, CALLS * 1.1, faults, away=20.0), tmp_path)

    print(f"{HEAD}\n{report.line}")
    assert report.verdict.problems == []
