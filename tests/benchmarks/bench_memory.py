"""Resident memory of a listener's whole derivation after 100,000 calls against that after 10,000: nothing may pile up.

In a process of its own: codec, dialect, tracker, lines, and the batches as the listener cuts them. Every call has ids, channels,
numbers and files of its own; callers' names and numbers differ, queues and phones stay. A shorter run goes through the whole
listener into SQLite.
"""

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from crm_core.db import Database
from pbx.batch_cutter import BatchCutter
from pbx.derivation import Derivation
from pbx.listener import Listener
from pbx.received import Received
from tests.benchmarks.ami_stream import DIDS, EPOCH, stream
from tests.benchmarks.figures import Figure
from tests.builders import OUR_DID
from tests.captured import an_exchange
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office

FEW, MANY = 10_000, 100_000
FEW_STORED, MANY_STORED = 2_000, 10_000
AT_ONCE = 100  # calls of a batch
PER_SECOND = 20.0
GOAL = 1.1


def run() -> list[Figure]:
    return [_figure("memory", "derive", FEW, MANY), _figure("memory_stored", "store", FEW_STORED, MANY_STORED)]


def _figure(name: str, way: str, few: int, many: int) -> Figure:
    began = time.perf_counter()
    words = [sys.executable, "-m", "tests.benchmarks.bench_memory", way, str(few), str(many)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    after_few, after_many = json.loads(told.splitlines()[-1])
    took = time.perf_counter() - began
    sizes = f"{after_few / 1e6:.1f} MB after {few:,} calls, {after_many / 1e6:.1f} MB after {many:,} ({took:.0f} s)"
    return Figure(name, after_many / after_few, GOAL, explained=(sizes,))


def _batch(number: int) -> Received:
    began = EPOCH + number * AT_ONCE / PER_SECOND
    raw = stream(AT_ONCE, first=number * AT_ONCE, per_second=PER_SECOND, began=began)
    return Received("1", number * 10_000_000, began, raw)


def _resident() -> int:
    gc.collect()
    resident: int = psutil.Process().memory_info().rss
    return resident


def _derive(marks: list[int]) -> list[int]:
    derivation, cutter, found = Derivation(an_exchange()), BatchCutter(), []
    for number in range(marks[-1] // AT_ONCE):
        for batch in cutter.cut([_batch(number)]):
            derivation.take(batch)
        if (number + 1) * AT_ONCE in marks:
            found.append(_resident())
    return found


async def _store(marks: list[int], template: Path, folder: Path) -> list[int]:
    database, found = Database(fresh_sqlite(template, folder)), []
    office = await Office.opened(database, own_numbers=(OUR_DID, *DIDS))
    listener, cutter = Listener(database, office.exchange), BatchCutter()
    for number in range(marks[-1] // AT_ONCE):
        for batch in cutter.cut([_batch(number)]):
            listener._storing.append(batch)
            await listener._store_batch(batch)
        if (number + 1) * AT_ONCE in marks:
            found.append(_resident())
    await database.close()
    return found


def main(way: str, *marks: str) -> None:
    counts = [int(mark) for mark in marks]
    if way == "derive":
        print(json.dumps(_derive(counts)))
        return
    with sqlite_template() as template, tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(_store(counts, template, Path(folder)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
