"""What was received and what was derived from it → the database, in one transaction, for as long as it takes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import intake, journal
from crm_core.calls.events import CallEvent
from crm_core.calls.ledger import IntakeRules
from crm_core.db import Database, in_one_step, moment
from crm_core.errors import FirstringError
from crm_core.exchanges.config import ExchangeConfig
from crm_core.leases import LeaseLost
from pbx import metrics
from pbx.ami.connection import BackOff
from pbx.received import Received

log = structlog.get_logger()

TRIES = 5
"""How often intake may fail for reasons of the database before the batch counts as one that nothing can be derived from."""
LAST_TRANSACTION = 15.0
"""Seconds that the end may wait for it: more than SQLite waits for another writer."""
MOST_AT_ONCE = 1_000
"""Call events that intake takes at once: a long gap may bring many."""

DATABASE_AWAY = (OperationalError, InterfaceError, PendingRollbackError)
"""The last: the connection was ended from the other side in the middle of the transaction."""

T = TypeVar("T")
Beside = Callable[[AsyncConnection], Awaitable[None]]
"""What else belongs into the transaction."""


class NotTakenIn(FirstringError):
    """Something in the batch cannot be taken in."""


class Store:
    """Writes for one exchange."""

    def __init__(self, database: Database, exchange: ExchangeConfig, now: Callable[[], datetime], rules: IntakeRules) -> None:
        self._database = database
        self._exchange = exchange
        self._now = now
        self._rules = rules

    async def put(
        self, batch: Received, events: list[CallEvent], fault: str | None, beside: Beside, stored: Callable[[], None]
    ) -> None:
        """Bytes, what was derived from them, the position reached, and what is `beside`. `stored` is told of the commit."""
        retry = BackOff(0.1, 5.0)
        tries = 0
        while not await to_its_end(self._put(batch, events, fault, beside, stored, patient=tries < TRIES)):
            tries += 1
            await asyncio.sleep(retry.next())
        if tries:
            log.info("journal_written_again", exchange=self._exchange.name, tries=tries)

    async def write(self, deed: Beside) -> None:
        """Until the database takes it."""
        retry = BackOff(0.1, 5.0)
        written = await to_its_end(self._written(deed))
        while not written:
            await asyncio.sleep(retry.next())
            written = await to_its_end(self._written(deed))

    async def take_each(self, tx: AsyncConnection, events: Iterable[CallEvent], journal_id: int | None) -> str | None:
        """Each call within its own savepoint; returns the last fault."""
        fault = None
        for one_call in _by_call(events):
            try:
                async with tx.begin_nested():
                    await self._intake(tx, one_call, journal_id)
            except Exception as error:
                key = one_call[0].call.key
                fault = f"{key}: {fault_of(error)}"
                # A database's error names the values it was given, callers' numbers among them: they stay out of the log.
                trace = not isinstance(error, SQLAlchemyError)
                log.exception("call_not_taken_in", exchange=self._exchange.name, journal=journal_id, fault=fault, exc_info=trace)
        return fault

    async def take_in(self, tx: AsyncConnection, events: list[CallEvent], journal_id: int, *, patient: bool) -> str | None:
        """Hand the events over; if that raises, call by call, so that one impossible call costs no other."""
        if not events:
            return None
        try:
            async with tx.begin_nested():
                for some in _some(events):
                    await self._intake(tx, some, journal_id)
        except DATABASE_AWAY:
            if patient:
                raise
        except Exception as error:
            log.warning("batch_not_taken_in", exchange=self._exchange.name, journal=journal_id, error=fault_of(error))
        else:
            return None
        return await self._take_each(tx, events, journal_id)

    async def _put(
        self, batch: Received, events: list[CallEvent], fault: str | None, beside: Beside, stored: Callable[[], None],
        *, patient: bool,
    ) -> bool:  # fmt: skip
        """False if it must be tried again."""
        try:
            try:
                fault = await self._transact(batch, events, fault, beside) or fault
            except (NotTakenIn, *DATABASE_AWAY) as error:
                if patient and not isinstance(error, NotTakenIn):
                    raise
                fault = await self._transact(batch, events, fault, beside, each=True) or fault
        except (SQLAlchemyError, OSError) as error:
            metrics.RETRIES.labels(self._exchange.name).inc()
            log.warning("journal_not_written", exchange=self._exchange.name, error=fault_of(error))
            return False
        stored()
        if fault:
            metrics.FAULTS.labels(self._exchange.name).inc()
        return True

    async def _transact(
        self, batch: Received, events: list[CallEvent], fault: str | None, beside: Beside, *, each: bool = False
    ) -> str | None:
        """One transaction; `each`: call by call. Returns what went wrong in taking them in."""
        async with self._database.write() as tx:
            return await in_one_step(tx, self._take(tx, batch, events, fault, beside, each=each))

    async def _take(
        self, tx: AsyncConnection, batch: Received, events: list[CallEvent], fault: str | None, beside: Beside, *, each: bool
    ) -> str | None:
        received_at = moment(batch.received_at) or self._now()
        place = (self._exchange.id, batch.connection, batch.offset, received_at)
        journal_id = await journal.append(tx, *place, batch.data, fault if batch.whole else journal.SHORT)
        found = None
        if each:
            found = await self._take_each(tx, events, journal_id)
        else:
            await self._take_all(tx, events, journal_id)
        await beside(tx)
        return found

    async def _take_all(self, tx: AsyncConnection, events: list[CallEvent], journal_id: int) -> None:
        """Without a savepoint, which would cost two statements a batch: what is rarely wrong is done anew, call by call."""
        try:
            for some in _some(events):
                await self._intake(tx, some, journal_id)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.warning("batch_not_taken_in", exchange=self._exchange.name, journal=journal_id, error=fault_of(error))
            raise NotTakenIn from error

    async def _take_each(self, tx: AsyncConnection, events: list[CallEvent], journal_id: int) -> str | None:
        fault = await self.take_each(tx, events, journal_id)
        if fault:
            await journal.note_fault(tx, journal_id, fault)
        return fault

    async def _written(self, deed: Beside) -> bool:
        try:
            async with self._database.write() as tx:
                await deed(tx)
        except (SQLAlchemyError, OSError) as error:
            log.warning("database_not_written", exchange=self._exchange.name, error=fault_of(error))
            return False
        return True

    async def _intake(self, tx: AsyncConnection, events: list[CallEvent], journal_id: int | None) -> None:
        await intake.take(tx, self._exchange, events, now=self._now(), journal_id=journal_id, rules=self._rules)


async def to_its_end(transaction: Coroutine[Any, Any, T]) -> T:
    """Whoever ends us waits for the transaction under way: broken off, it would cost the driver its connection."""
    task = asyncio.ensure_future(transaction)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=LAST_TRANSACTION)
        _tell_fault(task)
        raise


def _tell_fault(ended: "asyncio.Future[Any]") -> None:
    """Nobody asks for it any more; that another process listens by now is said elsewhere."""
    error = ended.exception() if ended.done() and not ended.cancelled() else None
    if error is not None and not isinstance(error, LeaseLost):
        log.error("last_transaction_failed", error=fault_of(error), exc_info=error)


def fault_of(error: BaseException) -> str:
    """What went wrong, without the values that were to be written."""
    cause = getattr(error, "orig", None) or error
    return f"{type(error).__name__}: {cause}"[:500]


def _some(events: list[CallEvent]) -> Iterator[list[CallEvent]]:
    for start in range(0, len(events), MOST_AT_ONCE):
        yield events[start : start + MOST_AT_ONCE]


def _by_call(events: Iterable[CallEvent]) -> list[list[CallEvent]]:
    found: dict[str, list[CallEvent]] = {}
    for event in events:
        found.setdefault(event.call.key, []).append(event)
    return list(found.values())
