"""What was received and what was derived from it → the database, in one transaction, for as long as it takes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import intake, journal
from crm_core.calls.events import CallEvent
from crm_core.calls.ledger import IntakeRules
from crm_core.db import Database, in_one_step, is_passing, moment
from crm_core.errors import FirstringError
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.learned_lines import Learned
from crm_core.leases import LeaseLost
from pbx import metrics
from pbx.ami.connection import BackOff
from pbx.received import Received

log = structlog.get_logger()

TRIES = 5
"""How often intake may fail for reasons of the database before it is tried call by call."""
LAST_TRANSACTION = 15.0
"""Seconds that the end may wait for it: more than SQLite waits for another writer."""
MOST_AT_ONCE = 1_000
"""Call events that intake takes at once: a long gap may bring many."""

T = TypeVar("T")
Beside = Callable[[AsyncConnection], Awaitable[None]]
"""What else belongs into the transaction."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a batch tells. `fault`: what was wrong in deriving it; `lines`: news of the exchange's lines."""

    events: list[CallEvent]
    fault: str | None = None
    lines: Learned | None = None


Deriving = asyncio.Future[Told]
"""Asked for again with each try, and done once."""


class NotTakenIn(FirstringError):
    """Something in the batch cannot be taken in."""


class Store:
    """Writes for one exchange."""

    def __init__(self, database: Database, exchange: ExchangeConfig, now: Callable[[], datetime], rules: IntakeRules) -> None:
        self._database = database
        self._exchange = exchange
        self._now = now
        self._rules = rules

    async def put(self, batch: Received, deriving: Deriving, beside: Beside, stored: Callable[[], None]) -> None:
        """Bytes, what is derived from them, the position reached, and what is `beside`. `stored` is told of the commit."""
        retry = BackOff(0.1, 5.0)
        tries = 0
        while not await to_its_end(self._put(batch, deriving, beside, stored, patient=tries < TRIES)):
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
        """Each call within its own savepoint; returns the last fault. Raises only what is no fault of a call."""
        fault = None
        for one_call in _by_call(events):
            try:
                async with tx.begin_nested():
                    await self._intake(tx, one_call, journal_id)
            except Exception as error:
                if is_passing(error):
                    raise  # no fault of the call
                key = one_call[0].call.key
                fault = f"{key}: {fault_of(error)}"
                # A database's error names the values it was given, callers' numbers among them: they stay out of the log.
                trace = not isinstance(error, SQLAlchemyError)
                log.exception("call_not_taken_in", exchange=self._exchange.name, journal=journal_id, fault=fault, exc_info=trace)
        return fault

    async def take_in(self, tx: AsyncConnection, events: list[CallEvent], journal_id: int) -> None:
        """Within a transaction of somebody else: all at once, or call by call, so that one impossible call costs no other."""
        try:
            async with tx.begin_nested():
                await self._take_all(tx, events, journal_id)
        except NotTakenIn:
            await self._take_each(tx, events, journal_id)

    async def _put(
        self, batch: Received, deriving: Deriving, beside: Beside, stored: Callable[[], None], *, patient: bool
    ) -> bool:
        """False if it must be tried again."""
        try:
            try:
                fault = await self._transact(batch, deriving, beside)
            except (NotTakenIn, SQLAlchemyError) as error:
                if not isinstance(error, NotTakenIn) and (patient or not is_passing(error)):
                    raise
                fault = await self._transact(batch, deriving, beside, each=True)
        except (SQLAlchemyError, OSError) as error:
            metrics.RETRIES.labels(self._exchange.name).inc()
            log.warning("journal_not_written", exchange=self._exchange.name, error=fault_of(error))
            return False
        stored()
        if fault:
            metrics.FAULTS.labels(self._exchange.name).inc()
        return True

    async def _transact(self, batch: Received, deriving: Deriving, beside: Beside, *, each: bool = False) -> str | None:
        """One transaction; `each`: call by call. Returns what went wrong.

        PostgreSQL keeps the bytes while we derive from them. SQLite's one writer waits for nobody's thoughts.
        """
        if self._database.is_sqlite:
            await deriving
        async with self._database.write() as tx:
            return await in_one_step(tx, self._take(tx, batch, deriving, beside, each=each))

    async def _take(self, tx: AsyncConnection, batch: Received, deriving: Deriving, beside: Beside, *, each: bool) -> str | None:
        received_at = moment(batch.received_at) or self._now()
        place = (self._exchange.id, batch.connection, batch.offset, received_at)
        journal_id = await journal.append(tx, *place, batch.data, None if batch.whole else journal.SHORT)
        told = await deriving
        if told.fault and batch.whole:
            await journal.note_fault(tx, journal_id, told.fault)
        fault = told.fault
        if each:
            fault = await self._take_each(tx, told.events, journal_id) or fault
        else:
            await self._take_all(tx, told.events, journal_id)
        await beside(tx)
        return fault

    async def _take_all(self, tx: AsyncConnection, events: list[CallEvent], journal_id: int) -> None:
        """Without a savepoint, which would cost two statements a batch: what is rarely wrong is done anew, call by call."""
        try:
            for some in _some(events):
                await self._intake(tx, some, journal_id)
        except Exception as error:
            if is_passing(error):
                raise
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
