"""One run, and its line of the table: `python -m tests.chaos.faults sqlite|postgresql CALLS SECONDS kill=20 cut=5 … away=20`."""

import sys
import tempfile
from pathlib import Path

from tests.chaos.faults.running import HEAD, Plan, run


def main() -> int:
    database, calls, seconds, *told = sys.argv[1:]
    numbers = {name: float(value) for name, _, value in (word.partition("=") for word in told)}
    away, seed = numbers.pop("away", 5.0), numbers.pop("seed", 1)
    faults = {name: int(times) for name, times in numbers.items()}
    with tempfile.TemporaryDirectory(prefix="firstring-faults-") as folder:
        report = run(Plan(database, int(calls), float(seconds), faults, away, int(seed)), Path(folder))
    print(f"{HEAD}\n{report.line}")
    print("\n".join([*report.verdict.problems, *(f"partial: {one}" for one in report.verdict.partial)]))
    return 1 if report.verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
