"""Finished calls from the exchange's bytes into SQLite (journal, derivation, intake) against bare Core writing the same rows.

Ours goes the listener's way from what the socket gave: cut into a batch, derived, stored in one transaction; fifty calls each.
The bare loop has the rows ready and the same settings of the same database; it parses and decides nothing. It does ask which
numbers are known and takes the ids of new rows from the database, as any loop must. Beside it, one that is given every id.
The ratio is of CPU time, all threads: on a busy machine the rates say nothing.
"""

import itertools

from pbx.batch_cutter import BatchCutter
from pbx.listener import Listener
from pbx.received import Received
from tests.benchmarks.ami_stream import EPOCH, pieces, stream
from tests.benchmarks.bare_rows import OneRound, against_bare_rows
from tests.benchmarks.figures import Figure
from tests.office import Office

CALLS = 50  # a commit
ROUNDS = 40
APART = 60.0  # seconds from one batch to the next
GOAL = 0.7


def run() -> Figure:
    ours, linking, given = (spent.unhindered() for spent in against_bare_rows(prepared, ROUNDS))
    sides = {"ours": ours, "bare Core": linking, "bare Core that is given all ids": given}
    explained = [
        f"{name}: {CALLS / wall:.0f} calls a second, {cpu / CALLS * 1000:.2f} ms of CPU a call"
        for name, (wall, cpu) in sides.items()
    ]
    return Figure("end_to_end", linking[1] / ours[1], GOAL, at_most=False, explained=explained)


def prepared(office: Office) -> OneRound:
    listener, cutter = Listener(office.database, office.exchange), BatchCutter()
    sent = [_received(number) for number in range(ROUNDS)]

    async def one_round(_office: Office, number: int) -> None:
        for batch in cutter.cut(sent[number]):
            listener._storing.append(batch)
            await listener._store_batch(batch)

    return one_round


def _received(number: int) -> list[Received]:
    began = EPOCH + number * APART
    raw = stream(CALLS, first=number * CALLS, per_second=20.0, began=began)
    place = itertools.accumulate((len(piece) for piece in pieces(raw)), initial=number * 2_000_000)
    return [Received("1", offset, began, piece) for offset, piece in zip(place, pieces(raw), strict=False)]
