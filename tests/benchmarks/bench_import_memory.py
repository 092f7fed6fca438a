"""Peak memory of a process that takes in a table of 50,000 rows against that of one of 5,000: nothing of the table may pile up.

Each table in a process of its own, by the job that the product runs, into SQLite: as CSV and as a workbook. One row in a hundred
is refused. What is told is the process's own peak (`ru_maxrss`), interpreter and libraries included.
"""

import asyncio
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

from crm_core.access import Actor
from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.fields.history import Noun
from crm_core.importing import deeds, job, table
from crm_core.importing.options import begun
from crm_core.importing.queries import Import, one_import
from crm_core.jobs import JobRunner
from crm_core.users.tables import Role
from tests.benchmarks.figures import Figure
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office

FEW, MANY = 5_000, 50_000
GOAL = 2.0
HEADING = ("Имя", "Телефон", "E-mail", "Компания", "Должность", "Примечание")


def run() -> list[Figure]:
    return [_figure("import_memory", "csv"), _figure("import_memory_xlsx", "xlsx")]


def _figure(name: str, form: str) -> Figure:
    few, many = (_in_a_process(form, rows) for rows in (FEW, MANY))
    sizes = (
        f"{few['peak'] / 1e6:.1f} MB for {FEW:,} rows ({few['seconds']:.0f} s), {many['peak'] / 1e6:.1f} MB for {MANY:,} "
        f"({many['seconds']:.0f} s, {MANY / many['seconds']:.0f} rows/s)"
    )
    return Figure(name, many["peak"] / few["peak"], GOAL, explained=(sizes,))


def _in_a_process(form: str, rows: int) -> dict[str, float]:
    words = [sys.executable, "-m", "tests.benchmarks.bench_import_memory", form, str(rows)]
    told: dict[str, float] = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    return told


def _rows(count: int) -> Iterator[tuple[str, ...]]:
    """A house of about ten people a company; the hundredth has no telephone that can be read."""
    for number in range(count):
        phone = "не звонить" if number % 100 == 99 else f"+7916{number:07}"
        yield (f"Человек Номер {number}", phone, f"person{number}@example.com", f"Компания {number // 10}", "Менеджер",
               f"Строка {number}: подробности о клиенте, которые кто-то однажды записал")  # fmt: skip


def _written(form: str, file: Path, count: int) -> None:
    if form == "csv":
        with file.open("w", encoding="cp1251", newline="") as out:
            out.write(";".join(HEADING) + "\r\n")
            out.writelines(";".join(row) + "\r\n" for row in _rows(count))
        return
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((HEADING, *_rows(count))):
            sheet.write_row(number, 0, row)


async def _take_in(url: str, folder: Path) -> Import:
    now, database = datetime.now(UTC), Database(url)
    office = await Office.opened(database)
    head = Actor(await office.person("Head", None, Role.HEAD), Role.HEAD, "Head")
    blobs, file = Blobs(folder / "blobs"), folder / "table"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    await blobs.put(f"imports/{sha256}", file)
    shape = table.detected(file)
    heading, _ = table.heading_and_rows(file, shape)
    async with database.write() as tx:
        import_id = await deeds.add(
            tx, head, "table", f"imports/{sha256}", sha256, begun(Noun.CONTACT, shape, heading, ()), now=now
        )
        await deeds.start(tx, head, import_id, now=now)
    kind = job.job_kind(database, blobs, folder / "scratch", "RU", lambda: now)
    await JobRunner(database, {kind.name: kind}, lambda: now).run_due()
    async with database.read() as connection:
        told = await one_import(connection, head, import_id)
    await database.close()
    return told


def main(form: str, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # In a child: writing the table is not what is measured.
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.bench_import_memory", "write", form, str(rows), folder], check=True
        )
        with sqlite_template() as template:
            url = fresh_sqlite(template, Path(folder))
        began = time.perf_counter()
        told = asyncio.run(_take_in(url, Path(folder)))
    if (told.state, told.created, told.refused) != ("done", rows - rows // 100, rows // 100):
        raise SystemExit(f"{told.state}: {told.created} created, {told.refused} refused, {told.note}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"peak": peak, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        _written(sys.argv[2], Path(sys.argv[4]) / "table", int(sys.argv[3]))
    else:
        main(sys.argv[1], int(sys.argv[2]))
