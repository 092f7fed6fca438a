"""The only loop for each exchange: read, journal, track, hand over. Comes back by itself, and goes on where it was."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import intake, journal
from crm_core.calls.events import CallEvent
from crm_core.calls.ledger import IntakeRules
from crm_core.calls.tables import calls
from crm_core.db import Database, moment
from crm_core.errors import NotFound
from crm_core.exchanges import registry
from crm_core.exchanges.config import ExchangeConfig
from pbx import metrics
from pbx.ami.connection import USUAL, AmiConnection, AmiLogin, BackOff, LinkReport, LinkState, Patience
from pbx.batch_cutter import BatchCutter
from pbx.derivation import Derivation
from pbx.history import history, received
from pbx.spool import Received, Spool

log = structlog.get_logger()

UNDER_LOAD = 0.05
"""Seconds from one batch to the next while bytes keep coming; on a quiet line the first message goes at once."""
MOST_BYTES = 50 * 16 * 1024
"""Fifty plain calls' worth."""
TRIES = 5
"""How often intake may fail for reasons of the database before the batch counts as one that nothing can be derived from."""
LAST_TRANSACTION = 15.0
"""Seconds that the end may wait for it: more than SQLite waits for another writer."""

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Listener:
    """Listens to one exchange. `spool_folder` keeps what the database does not take; by default beside the database."""

    def __init__(
        self, database: Database, exchange: ExchangeConfig, *, now: Callable[[], datetime] = _utc_now,
        spool_folder: Path | None = None, patience: Patience = USUAL, rules: IntakeRules = intake.USUAL,
    ) -> None:  # fmt: skip
        self._database = database
        self._exchange = exchange
        self._now = now
        self._patience = patience
        self._rules = rules
        folder = spool_folder or _folder_beside(database)
        self._spool = Spool(folder / f"exchange-{exchange.id}.spool")
        self._derivation = Derivation(exchange)
        self._cutter = BatchCutter()
        self._storing: list[Received] = []
        self._stored_at = 0.0
        self._reports: asyncio.Queue[LinkReport] = asyncio.Queue()

    async def run(self) -> None:
        """Until cancelled. What is not stored then is kept for the next start."""
        try:
            await self._recall()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._connection().run())
                group.create_task(self._store())
                group.create_task(self._note_states())
        finally:
            metrics.CONNECTED.labels(self._exchange.name).set(0)
            self._spool.save([*self._storing, *self._cutter.rest])

    # ---- at the start -------------------------------------------------------------------------------------------

    async def _recall(self) -> None:
        """Read the journal again from the oldest call still open, and mend what the rows of such calls have missed."""
        retry = BackOff(0.1, 5.0)
        while True:
            try:
                await _to_its_end(self._mend_rows())
            except (SQLAlchemyError, OSError) as error:
                log.warning("journal_not_read", exchange=self._exchange.name, error=type(error).__name__)
                self._derivation = Derivation(self._exchange)
                await asyncio.sleep(retry.next())
            else:
                return

    async def _read_journal(self) -> list[CallEvent]:
        """The last event of each call that is open in the rows and over by the journal."""
        over: dict[str, CallEvent] = {}
        async with self._database.read() as connection:
            still_open = select(calls.c.key).where(calls.c.exchange_id == self._exchange.id, calls.c.ended_at.is_(None))
            keys = set((await connection.scalars(still_open)).all())
            since = await journal.oldest_needed(connection, self._exchange.id)
            if since is None:
                return []
            async for batch in history(connection, self._exchange.id, since=since):
                events, _ = self._derive(received(batch))
                over |= {event.call.key: event for event in events if event.call.key in keys and event.call.ended_at}
                await asyncio.sleep(0)
        return list(over.values())

    async def _mend_rows(self) -> None:
        events = await self._read_journal()
        if not events:
            return
        async with self._database.write() as tx:
            await self._take_each(tx, events, journal_id=None)
        log.info("calls_mended", exchange=self._exchange.name, calls=len(events))

    # ---- listening ----------------------------------------------------------------------------------------------

    def _connection(self) -> AmiConnection:
        exchange = self._exchange
        login = AmiLogin(exchange.ami_host, exchange.ami_port, exchange.ami_user, exchange.ami_secret, exchange.ami_tls)
        return AmiConnection(
            login, self._receive, self._reports.put_nowait, clock=lambda: self._now().timestamp(), patience=self._patience
        )

    async def _receive(self, received: Received) -> None:
        await self._spool.put(received)
        metrics.BYTES.labels(self._exchange.name).inc(len(received.data))
        metrics.WAITING.labels(self._exchange.name).set(self._spool.bytes_waiting)

    async def _store(self) -> None:
        """Batch after batch, for as long as it takes."""
        while True:
            await self._spool.wait()
            await asyncio.sleep(max(0.0, self._stored_at + UNDER_LOAD - time.monotonic()))
            self._storing = self._cutter.cut(await self._spool.take(MOST_BYTES, UNDER_LOAD))
            while self._storing:
                await self._store_batch(self._storing[0])

    async def _store_batch(self, batch: Received) -> None:
        events, fault = self._derive(batch)
        retry = BackOff(0.1, 5.0)
        tries = 0
        while not await _to_its_end(self._stored(batch, events, fault, patient=tries < TRIES)):
            tries += 1
            await asyncio.sleep(retry.next())
        if tries:
            log.info("journal_written_again", exchange=self._exchange.name, tries=tries)
        self._stored_at = time.monotonic()
        self._count(batch)

    def _derive(self, batch: Received) -> tuple[list[CallEvent], str | None]:
        """The calls told, or what was wrong: whatever an exchange sends, the listener lives on."""
        try:
            return self._derivation.take(batch), None
        except Exception as error:
            log.exception("calls_not_derived", exchange=self._exchange.name, connection=batch.connection, offset=batch.offset)
            return [], _fault_of(error)

    async def _stored(self, batch: Received, events: list[CallEvent], fault: str | None, *, patient: bool) -> bool:
        """Bytes, what was derived from them and the position reached, in one transaction. False if it must be tried again."""
        try:
            async with self._database.write() as tx:
                received_at = moment(batch.received_at) or self._now()
                place = (self._exchange.id, batch.connection, batch.offset, received_at)
                journal_id = await journal.append(tx, *place, batch.data, fault)
                fault = await self._take_in(tx, events, journal_id, patient=patient) or fault
        except (SQLAlchemyError, OSError) as error:
            metrics.RETRIES.labels(self._exchange.name).inc()
            log.warning("journal_not_written", exchange=self._exchange.name, error=_fault_of(error))
            return False
        self._storing.remove(batch)
        if fault:
            metrics.FAULTS.labels(self._exchange.name).inc()
        return True

    async def _take_in(self, tx: AsyncConnection, events: list[CallEvent], journal_id: int, *, patient: bool) -> str | None:
        """Hand the batch over; if that raises, call by call, so that one impossible call costs no other."""
        if not events:
            return None
        try:
            async with tx.begin_nested():
                await self._intake(tx, events, journal_id)
        except (OperationalError, InterfaceError):
            if patient:
                raise
        except Exception as error:
            log.warning("batch_not_taken_in", exchange=self._exchange.name, journal=journal_id, error=_fault_of(error))
        else:
            return None
        fault = await self._take_each(tx, events, journal_id)
        if fault:
            await journal.note_fault(tx, journal_id, fault)
        return fault

    async def _take_each(self, tx: AsyncConnection, events: Iterable[CallEvent], journal_id: int | None) -> str | None:
        """Each call within its own savepoint; returns the last fault."""
        fault = None
        for one_call in _by_call(events):
            try:
                async with tx.begin_nested():
                    await self._intake(tx, one_call, journal_id)
            except Exception as error:
                key = one_call[0].call.key
                fault = f"{key}: {_fault_of(error)}"
                # A database's error names the values it was given, callers' numbers among them: they stay out of the log.
                trace = not isinstance(error, SQLAlchemyError)
                log.exception("call_not_taken_in", exchange=self._exchange.name, journal=journal_id, fault=fault, exc_info=trace)
        return fault

    async def _intake(self, tx: AsyncConnection, events: list[CallEvent], journal_id: int | None) -> None:
        await intake.take(tx, self._exchange, events, now=self._now(), journal_id=journal_id, rules=self._rules)

    def _count(self, batch: Received) -> None:
        name = self._exchange.name
        metrics.MESSAGES.labels(name).inc(self._derivation.messages)
        self._derivation.messages = 0
        metrics.DROPPED.labels(name).set(self._derivation.dropped)
        metrics.LAG.labels(name).set(max(0.0, self._now().timestamp() - batch.received_at))
        metrics.WAITING.labels(name).set(self._spool.bytes_waiting)

    # ---- how the connection stands ------------------------------------------------------------------------------

    async def _note_states(self) -> None:
        """The newest report becomes the exchange's row; a database that does not take it is asked again."""
        last: LinkState | None = None
        while True:
            report = await self._reports.get()
            self._tell_log(report, last)
            last = report.state
            retry = BackOff(0.1, 5.0)
            while not await _to_its_end(self._noted(report)):
                if not self._reports.empty():
                    break
                await asyncio.sleep(retry.next())

    def _tell_log(self, report: LinkReport, last: LinkState | None) -> None:
        name = self._exchange.name
        metrics.CONNECTED.labels(name).set(report.state is LinkState.UP)
        if report.state is LinkState.UP:
            metrics.RECONNECTS.labels(name).inc(last is LinkState.DOWN)
            log.info("exchange_up", exchange=name, version=report.version, note=report.note)
        elif report.state is not last:
            tell = log.info if report.state is LinkState.CONNECTING else log.warning
            tell(f"exchange_{report.state}", exchange=name, note=report.note)

    async def _noted(self, report: LinkReport) -> bool:
        try:
            async with self._database.write() as tx:
                await registry.note_state(
                    tx, self._exchange.id, report.state, now=self._now(), note=report.note, version=report.version
                )
        except NotFound:  # it was removed; whoever runs us will notice
            return True
        except (SQLAlchemyError, OSError) as error:
            log.warning("exchange_state_not_noted", exchange=self._exchange.name, error=_fault_of(error))
            return False
        return True


async def _to_its_end(transaction: Coroutine[Any, Any, T]) -> T:
    """Whoever ends us waits for the transaction under way: broken off, it would cost the driver its connection."""
    task = asyncio.ensure_future(transaction)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=LAST_TRANSACTION)
        raise


def _by_call(events: Iterable[CallEvent]) -> list[list[CallEvent]]:
    found: dict[str, list[CallEvent]] = {}
    for event in events:
        found.setdefault(event.call.key, []).append(event)
    return list(found.values())


def _fault_of(error: BaseException) -> str:
    """What went wrong, without the values that were to be written."""
    cause = getattr(error, "orig", None) or error
    return f"{type(error).__name__}: {cause}"[:500]


def _folder_beside(database: Database) -> Path:
    file = make_url(database.url).database if database.is_sqlite else None
    return Path(file).parent if file else Path(tempfile.gettempdir()) / "firstring"
