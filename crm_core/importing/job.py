"""The job `import`: a table is taken in piece by piece, and goes on where it was after whatever ended it."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Row as DbRow
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right
from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.errors import Invalid, NotFound
from crm_core.fields.history import Noun
from crm_core.importing.chunks import take, wanted_of
from crm_core.importing.deeds import DONE, FAILED, IMPORT, RUNNING, tell
from crm_core.importing.drafts import Taking
from crm_core.importing.fitting import House, Wanted
from crm_core.importing.house import fields_for, read_house
from crm_core.importing.options import Options
from crm_core.importing.sheets import Row
from crm_core.importing.table import count_rows, heading_and_rows
from crm_core.importing.tables import imports
from crm_core.importing.targets import Target
from crm_core.jobs import Again, Finish, Job, JobKind, Progress
from crm_core.merging import finding
from crm_core.text import msgid
from crm_core.users.actors import actor_by_id
from crm_core.users.audit import record
from crm_core.users.tables import users

CHUNK = 200  # rows of one transaction: telephony, which waits for it on SQLite, does not notice
TRIES = 3  # of a piece whose number a call brought in just then
MOST_ATTEMPTS = 50  # a kill counts as one

NOT_ALLOWED = msgid("Who started this import may not import any more.")
FILE_GONE = msgid("The stored file is gone. Put the table in anew.")


@dataclass(frozen=True, slots=True)
class _Running:
    import_id: int
    options: Options
    actor: Actor
    house: House
    mapping: Mapping[int, Target]


def job_kind(
    database: Database, blobs: Blobs, scratch: Path, region: str, now: Callable[[], datetime], chunk: int = CHUNK
) -> JobKind:
    """`scratch`: a folder for a copy of a table that is kept elsewhere."""
    work = _Work(database, blobs, scratch, region, now, chunk)
    return JobKind(IMPORT, work.work, lease=timedelta(minutes=2), most_attempts=MOST_ATTEMPTS)


class _Work:
    def __init__(
        self, database: Database, blobs: Blobs, scratch: Path, region: str, now: Callable[[], datetime], chunk: int
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._scratch = scratch
        self._region = region
        self._now = now
        self._chunk = chunk

    async def work(self, job: Job, progress: Progress) -> Finish:
        import_id: int = job.payload["import_id"]
        row = await self._row(import_id)
        if row is None or row.state != RUNNING:
            return _nothing
        try:
            running = await self._running(row)
            await asyncio.to_thread(self._scratch.mkdir, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="import-", dir=self._scratch) as folder:
                file = await self._blobs.fetch(row.blob, Path(folder) / "table")
                await self._take_all(running, file, row, progress)
        except NotFound:
            return self._ended(row, FAILED, FILE_GONE)
        except Invalid as refused:
            return self._ended(row, FAILED, refused.say)
        return self._ended(row, DONE, None)

    async def _take_all(self, running: _Running, file: Path, row: DbRow[Any], progress: Progress) -> None:
        total = row.rows or await self._counted(running, file)
        reached = row.row_reached
        heading, below = await asyncio.to_thread(heading_and_rows, file, running.options.shape)
        if len(heading) != len(running.options.heading):
            raise Invalid(msgid("The file is not the one whose columns were chosen."))
        try:
            while wanted := await asyncio.to_thread(self._next, below, reached, running):
                await self._take(running, wanted, reached)
                reached = wanted[-1].row.number
                await progress(min(reached / (total + 1), 1.0))
        finally:
            await asyncio.to_thread(_close, below)

    def _next(self, below: Iterator[Row], reached: int, running: _Running) -> list[Wanted]:
        """Off the event loop: reading and fitting is work for the processor."""
        rows = list(islice((row for row in below if row.number > reached), self._chunk))
        return wanted_of(rows, running.mapping, len(running.options.heading), running.house)

    async def _take(self, running: _Running, wanted: Sequence[Wanted], reached: int) -> None:
        options, now = running.options, self._now()
        taking = Taking(running.actor, now, options.known, options.identify, options.owner_id, options.override)
        for left in reversed(range(TRIES)):
            try:
                async with self._database.write() as tx:
                    await _require_place(tx, running.import_id, reached)
                    await take(tx, running.import_id, options.noun, wanted, taking, running.house)
                    await tell(tx, running.actor.user_id, running.import_id, now)
            except IntegrityError:
                # A call of one of these numbers came in between: read anew, it is known.
                if not left:
                    raise
            else:
                return

    async def _counted(self, running: _Running, file: Path) -> int:
        total = await asyncio.to_thread(count_rows, file, running.options.shape)
        async with self._database.write() as tx:
            await tx.execute(update(imports).where(imports.c.id == running.import_id).values(rows=total))
        return total

    async def _row(self, import_id: int) -> DbRow[Any] | None:
        async with self._database.read() as connection:
            return (await connection.execute(select(imports).where(imports.c.id == import_id))).one_or_none()

    async def _running(self, row: DbRow[Any]) -> _Running:
        """Raises Invalid where its starter may not import any more."""
        options = Options.of(row.options)
        async with self._database.read() as connection:
            works = await connection.scalar(select(users.c.active).where(users.c.id == row.user_id))
            actor = await actor_by_id(connection, row.user_id)
            if actor is None or not works or not actor.may(Right.IMPORT):
                raise Invalid(NOT_ALLOWED)
            fields = await fields_for(connection, actor, options.noun)
            return _Running(row.id, options, actor, await read_house(connection, actor, self._region), options.mapping(fields))

    def _ended(self, row: DbRow[Any], state: str, note: str | None) -> Finish:
        async def finish(tx: AsyncConnection) -> None:
            now = self._now()
            await tx.execute(update(imports).where(imports.c.id == row.id).values(state=state, note=note, ended_at=now))
            await record(tx, row.user_id, f"import_{state}", "import", row.id, now=now)
            await tell(tx, row.user_id, row.id, now)
            for noun in (Noun.CONTACT, Noun.COMPANY):
                await finding.ask(tx, noun, now=now)

        return finish


async def _nothing(_tx: AsyncConnection) -> None:
    return


async def _require_place(tx: AsyncConnection, import_id: int, reached: int) -> None:
    """Raises Again where another process, which counts as the one that carries the job by now, is further."""
    at = await tx.scalar(select(imports.c.row_reached).where(imports.c.id == import_id).with_for_update())
    if at != reached:
        raise Again("another process goes on with this import", timedelta(minutes=2))


def _close(rows: Iterator[Row]) -> None:
    """Lets go of the file, which a generator holds until it ends."""
    close = getattr(rows, "close", None)
    if close is not None:
        close()
