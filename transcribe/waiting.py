"""Jobs that wait for a speech model, and the moment it comes."""

import asyncio
import time
from datetime import UTC, datetime

import structlog

from crm_core.db import Database
from transcribe.jobs import any_waiting, release_waiting
from transcribe.loading import Speech

log = structlog.get_logger()

LOOK_EVERY = 5.0  # seconds


class Waiting:
    """Lets jobs that were parked for want of a model go again as soon as there is one, whoever fetched it."""

    def __init__(self, database: Database, speech: Speech) -> None:
        self._database = database
        self._speech = speech
        self._looked = float("-inf")

    async def look(self) -> None:
        """Costs nothing when it was called just before."""
        if time.monotonic() - self._looked < LOOK_EVERY:
            return
        self._looked = time.monotonic()
        async with self._database.read() as connection:
            waiting = await any_waiting(connection)
        if waiting and await asyncio.to_thread(self._speech.is_there):
            async with self._database.write() as tx:
                log.info("waiting_jobs_released", jobs=await release_waiting(tx, datetime.now(UTC)))
