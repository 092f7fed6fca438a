"""`python -m tests.import_child URL FOLDER`: a process that carries imports as the hub does, until it is killed or done."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.importing import job
from crm_core.jobs import JobRunner, free_running


def utc_now() -> datetime:
    return datetime.now(UTC)


async def carry(url: str, folder: Path) -> None:
    database = Database(url)
    async with database.write() as tx:
        await free_running(tx, utc_now())  # as the hub does at its start
    kind = job.job_kind(database, Blobs(folder / "blobs"), folder / "scratch", "RU", utc_now, chunk=20)
    await JobRunner(database, {kind.name: kind}, utc_now).run_due()
    await database.close()


if __name__ == "__main__":
    asyncio.run(carry(sys.argv[1], Path(sys.argv[2])))
