"""The only loop for each exchange: read, journal, track, hand over. Comes back by itself, and goes on where it was."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import gaps, intake, journal
from crm_core.calls.events import CallEvent
from crm_core.calls.gaps import Gap
from crm_core.calls.journal import is_records
from crm_core.calls.ledger import IntakeRules
from crm_core.db import Database, moment
from crm_core.exchanges import learned
from crm_core.exchanges.config import ExchangeConfig
from pbx import gap_reading, metrics
from pbx.ami.connection import USUAL, AmiConnection, AmiLogin, BackOff, Patience
from pbx.ami.login import lets_in
from pbx.batch_cutter import BatchCutter
from pbx.derivation import Derivation
from pbx.gap_reading import GapReader, GapRecords, GapRules
from pbx.late_filling import LateFilling
from pbx.link_notes import LinkNotes
from pbx.recall import Recall
from pbx.received import Received
from pbx.records.troubles import OutOfReach
from pbx.spool import Spool
from pbx.storing import Store, Told, fault_of, to_its_end

log = structlog.get_logger()

UNDER_LOAD = 0.05
"""Seconds, at most, from one batch to the next while bytes keep coming; on a quiet line the first message goes nearly at once."""
ON_ITS_HEELS = 0.001
"""Seconds waited for what follows a message: a call is told of in a dozen of them, and a batch of its own for the first would
keep the others, and whoever's phone rings, waiting for three times as long."""
PAUSE = 0.25
"""Of what the last batch took."""
BEHIND = 0.5
"""Seconds of a backlog a batch may hold from an exchange that says when each event was: a batch costs much, a call little."""
MOST_BYTES = 50 * 16 * 1024
"""Fifty plain calls' worth."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Listener:
    """Listens to one exchange. `spool_folder` keeps what the database does not take; by default beside the database.

    `pace`: seconds, at most, from one batch to the next while bytes keep coming. They pause for a part of what the last one took:
    somebody waits for his screen while a call rings, and batches grow by themselves where they take long.
    `replaced`: whether another process listens by now. What we did not store is then a gap that it has noted, and nothing to come
    back to: told after what it stored, it would open calls again that are long over.
    """

    def __init__(
        self, database: Database, exchange: ExchangeConfig, *, now: Callable[[], datetime] = _utc_now,
        spool_folder: Path | None = None, patience: Patience = USUAL, rules: IntakeRules = intake.USUAL,
        gap_rules: GapRules = gap_reading.USUAL, pace: float = UNDER_LOAD, replaced: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._database = database
        self._exchange = exchange
        self._now = now
        self._patience = patience
        self._pace = pace
        self._replaced = replaced
        folder = spool_folder or _folder_beside(database)
        self._spool = Spool(folder / spool_name(exchange))
        self._derivation = Derivation(exchange)
        self._cutter = BatchCutter()
        self._storing: list[Received] = []
        self._stored_at = self._took = 0.0
        self._let_in: str | None = None
        self._store = Store(database, exchange, now, rules)
        self._links = LinkNotes(database, exchange, now)
        self._reader = GapReader(exchange, gap_rules)
        self._late = LateFilling(database, exchange, self._store, self._reader, gap_rules, now)

    async def run(self) -> None:
        """Until cancelled. What is not stored then is kept for the next start."""
        async with self._spool.opened():
            try:
                await self._recall()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._connection().run())
                    group.create_task(self._store_all())
                    group.create_task(self._links.run())
            finally:
                metrics.CONNECTED.labels(self._exchange.name).set(0)
                if not self._replaced():
                    self._spool.save([*self._storing, *self._cutter.rest])

    # ---- at the start -------------------------------------------------------------------------------------------

    async def _recall(self) -> None:
        """Know again what was known when we were ended, and mend what the rows have missed of it."""
        retry = BackOff(0.1, 5.0)
        while True:
            try:
                recall = Recall(self._database, self._exchange, self._store)
                self._derivation = await to_its_end(recall.run())
            except (SQLAlchemyError, OSError) as error:
                log.warning("journal_not_read", exchange=self._exchange.name, error=type(error).__name__)
                await asyncio.sleep(retry.next())
            else:
                return

    # ---- listening ----------------------------------------------------------------------------------------------

    def _connection(self) -> AmiConnection:
        return AmiConnection(
            AmiLogin.at(self._exchange.reader),
            self._receive,
            self._links.report,
            clock=lambda: self._now().timestamp(),
            patience=self._patience,
        )

    async def _receive(self, received: Received) -> None:
        await self._spool.put(received)
        metrics.BYTES.labels(self._exchange.name).inc(len(received.data))
        metrics.WAITING.labels(self._exchange.name).set(self._spool.bytes_waiting)

    async def _store_all(self) -> None:
        """Batch after batch, for as long as it takes; late gaps between two of them."""
        while True:
            await self._something_to_do()
            if self._late.due_in() == 0.0:
                self._derivation = await self._late.fill_next(self._derivation)
            rested = self._stored_at + min(self._pace, PAUSE * self._took) - time.monotonic()
            await asyncio.sleep(max(min(self._pace, ON_ITS_HEELS), rested))
            within = BEHIND if self._derivation.stamped else UNDER_LOAD
            self._storing = self._cutter.cut(await self._spool.take(MOST_BYTES, within))
            while self._storing:
                await self._store_batch(self._storing[0])

    async def _something_to_do(self) -> None:
        # Not wait_for: of Python 3.11 it forgets that it was cancelled if what it waits for comes at the same moment.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._late.due_in()):
                await self._spool.wait()

    async def _store_batch(self, batch: Received) -> None:
        began = time.monotonic()
        gap = await self._fill_gap(batch) if self._ends_gap(batch) else None
        deriving = asyncio.ensure_future(self._derive(batch))

        async def beside(tx: AsyncConnection) -> None:
            if gap is not None:
                await gaps.note(tx, gap)
            if (lines := (await deriving).lines) is not None:
                await learned.keep(tx, self._exchange.id, lines)

        await self._store.put(batch, deriving, beside, lambda: self._storing.remove(batch))
        self._stored_at = time.monotonic()
        self._took = self._stored_at - began
        self._count(batch)

    async def _derive(self, batch: Received) -> Told:
        """The calls told, or what was wrong."""
        events: list[CallEvent] = []
        fault = lines = None
        try:
            if is_records(batch.connection):
                events = await asyncio.to_thread(self._derivation.take, batch)
            else:
                events = await self._derive_in_parts(batch)
                lines = self._derivation.lines_learned()
        except Exception as error:
            facts = {"exchange": self._exchange.name, "connection": batch.connection, "offset": batch.offset}
            log.exception("calls_not_derived", **facts)
            fault = fault_of(error)
        return Told(events, fault, lines)

    async def _derive_in_parts(self, batch: Received) -> list[CallEvent]:
        """Taking turns with whatever else is to be done."""
        events: list[CallEvent] = []
        for told in self._derivation.take_in_parts(batch):
            events = told
            if not told:
                await asyncio.sleep(0)
        return events

    def _count(self, batch: Received) -> None:
        name = self._exchange.name
        metrics.MESSAGES.labels(name).inc(self._derivation.messages)
        self._derivation.messages = 0
        metrics.DROPPED.labels(name).set(self._derivation.dropped)
        metrics.LAG.labels(name).set(max(0.0, self._now().timestamp() - batch.received_at))
        metrics.WAITING.labels(name).set(self._spool.bytes_waiting)

    # ---- gaps ---------------------------------------------------------------------------------------------------

    def _ends_gap(self, batch: Received) -> bool:
        """Whether the exchange lets us in with it, after it was heard before."""
        if batch.connection == self._let_in or not lets_in(batch.data):
            return False
        self._let_in = batch.connection
        return self._derivation.heard_until is not None

    async def _fill_gap(self, batch: Received) -> Gap | None:
        """Before what comes after a gap is derived, its records are; returns the gap if it stays open."""
        lost_at = self._derivation.heard_until or batch.received_at
        gap = Gap(self._exchange.id, moment(lost_at) or self._now(), moment(batch.received_at) or self._now())
        try:
            await self._reader.settle(batch.received_at, self._now)
            found = await self._reader.read(self._derivation, lost_at, self._derivation.met_at(batch))
        except OutOfReach as error:
            open_gap = replace(gap, tries=1, note=error.say)
            log.warning("gap_open", exchange=self._exchange.name, note=error.say)
            metrics.GAPS.labels(self._exchange.name, "open").inc()
            self._late.note_open(open_gap)
            return open_gap
        filled = replace(gap, filled_at=self._now(), rows=found.rows, broken=found.broken, tries=1, note=found.short)
        await self._store_records(batch, found, filled)
        return None

    async def _store_records(self, batch: Received, found: GapRecords, gap: Gap) -> None:
        """Each part with what was derived from it in one transaction; with the last the gap they filled."""
        name = self._exchange.name
        last = found.parts[-1][0]
        for source, data in found.parts:
            place = journal.records_of(batch.connection, source)
            records = Received(place, 0, self._now().timestamp(), data, whole=gap.note is None)
            deriving = asyncio.ensure_future(self._derive(records))
            await deriving  # for as long as that takes, no transaction is kept open

            async def beside(tx: AsyncConnection, ends: bool = source == last) -> None:
                if ends:
                    await gaps.note(tx, gap)

            await self._store.put(records, deriving, beside, lambda: None)
        self._late.note_filled(gap)
        metrics.GAPS.labels(name, "inline").inc()
        metrics.RECORDS.labels(name).inc(gap.rows)
        metrics.BROKEN.labels(name).inc(gap.broken)
        log.info("gap_filled", exchange=name, rows=gap.rows, broken=gap.broken, note=gap.note)


def spool_name(exchange: ExchangeConfig) -> str:
    return f"exchange-{exchange.id}.spool"


def _folder_beside(database: Database) -> Path:
    file = make_url(database.url).database if database.is_sqlite else None
    return Path(file).parent if file else Path(tempfile.gettempdir()) / "firstring"
