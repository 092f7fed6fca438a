"""A few calls while a few faults strike, on both kinds: the short form. `load_faults.py` is the long one."""

import os
from pathlib import Path

import pytest

from tests.chaos.faults.running import Plan, run
from tests.requirements import requires_redis

__all__ = ["requires_redis"]

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount the small disk that is filled")
ON_SQLITE = {"kill": 2, "kill_all": 1, "cut": 1, "exchange_restart": 1, "database_locked": 1, "disk_full": 1, "half_open_http": 1}
ON_POSTGRES = {"kill": 3, "cut": 1, "half_open": 1, "database_gone": 1, "database_locked": 1, "pool_dead": 1, "redis_gone": 1}


@ROOT_ONLY
def test_nothing_is_lost_or_doubled_on_sqlite(tmp_path: Path) -> None:
    report = run(Plan("sqlite", 12, 15, ON_SQLITE, away=3.0), tmp_path)

    assert report.verdict.problems == []


def test_nothing_is_lost_or_doubled_on_postgresql_and_redis(requires_redis: None, tmp_path: Path) -> None:
    report = run(Plan("postgresql", 12, 15, ON_POSTGRES, away=3.0), tmp_path)

    assert report.verdict.problems == []
