"""As `end_to_end`, into PostgreSQL: finished calls from the exchange's bytes against bare Core writing the same rows there.

The ratio is of rates: the server's work is in both, and what we wait for it is time in which calls wait. Both sides take turns
on one server with the settings it comes with (every commit on disk). The ratio of our own CPU time is told beside it.
"""

from tests.benchmarks.bare_rows import against_bare_rows
from tests.benchmarks.bench_end_to_end import CALLS, ROUNDS, prepared
from tests.benchmarks.figures import Figure
from tests.databases import postgres_server

GOAL = 0.7


def run() -> Figure:
    with postgres_server(lasting=True) as server:
        spent = against_bare_rows(prepared, ROUNDS, server.fresh)
    ours, linking, given = (one.unhindered() for one in spent)
    sides = {"ours": ours, "bare Core": linking, "bare Core that is given all ids": given}
    explained = [
        f"{name}: {CALLS / wall:.0f} calls a second, {cpu / CALLS * 1000:.2f} ms of our CPU a call"
        for name, (wall, cpu) in sides.items()
    ]
    explained.append(f"by CPU time {linking[1] / ours[1]:.2f}")
    return Figure("intake_postgresql", linking[0] / ours[0], GOAL, at_most=False, explained=explained)
