"""A process that attaches what is due, until it is killed: `python -m tests.recordings.attaching DATABASE_URL BLOBS SCRATCH`."""

import asyncio
import sys
from pathlib import Path

from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.jobs import JobRunner
from recordings.fetch import job_kind


async def attach(url: str, blobs: str, scratch: str) -> None:
    database = Database(url)
    kind = job_kind(database, Blobs(blobs), Path(scratch))
    runner = JobRunner(database, {kind.name: kind})
    while True:
        await runner.run_due()
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(attach(*sys.argv[1:]))
