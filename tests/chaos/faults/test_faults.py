"""The short form of the fault harness: a few calls while things go wrong, on SQLite. The long one, on both: `load_faults.py`."""

from pathlib import Path

from tests.chaos.faults.running import HEAD, Plan, run

FAULTS = {"kill": 2, "cut": 1, "database_locked": 1, "disk_full": 1}


def test_nothing_is_lost_or_doubled_in_a_few_calls(tmp_path: Path) -> None:
    report = run(Plan("sqlite", calls=10, seconds=12.0, faults=FAULTS, away=3.0, seed=5), tmp_path)

    print(f"{HEAD}\n{report.line}")
    assert report.verdict.problems == []
