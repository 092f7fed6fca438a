"""What a listener knew when it was ended: read again from the journal, and what the rows have missed of it mended."""

import asyncio

import structlog
from sqlalchemy import select

from crm_core.calls import journal
from crm_core.calls.closing import closed
from crm_core.calls.events import CallEvent
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig
from pbx.derivation import Derivation
from pbx.history import history, received
from pbx.received import Received
from pbx.storing import Store

log = structlog.get_logger()


class Recall:
    """For one exchange, at each start."""

    def __init__(self, database: Database, exchange: ExchangeConfig, store: Store) -> None:
        self._database = database
        self._exchange = exchange
        self._store = store
        self._derivation = Derivation(exchange)

    async def run(self) -> Derivation:
        """The derivation to go on with."""
        still_open = await self._open_rows()
        over = await self._read_journal(set(still_open))
        events = list(over.values())
        known = {linkedid for call in self._derivation.tracker.open_calls() for linkedid in call.linkedids} | set(over)
        lost = [call_id for key, call_id in still_open.items() if key not in known]
        if lost:
            async with self._database.read() as connection:
                events += [await closed(connection, call_id) for call_id in lost]
        if events:
            async with self._database.write() as tx:
                await self._store.take_each(tx, events, journal_id=None)
            log.info("calls_mended", exchange=self._exchange.name, calls=len(events), lost=len(lost))
        return self._derivation

    async def _open_rows(self) -> dict[str, int]:
        query = select(calls.c.key, calls.c.id).where(calls.c.exchange_id == self._exchange.id, calls.c.ended_at.is_(None))
        async with self._database.read() as connection:
            return {row.key.partition("~")[0]: row.id for row in await connection.execute(query)}  # as the exchange has it

    async def _read_journal(self, still_open: set[str]) -> dict[str, CallEvent]:
        """The last event of each call that is open in the rows and over by the journal."""
        over: dict[str, CallEvent] = {}
        async with self._database.read() as connection:
            since = await journal.oldest_needed(connection, self._exchange.id)
            if since is None:
                return over
            async for batch in history(connection, self._exchange.id, since=since):
                events = self._derive(received(batch), batch.id)
                over |= {event.call.key: event for event in events if event.call.key in still_open and event.call.ended_at}
                await asyncio.sleep(0)
        return over

    def _derive(self, batch: Received, batch_id: int) -> list[CallEvent]:
        """A batch that nothing could be derived from then may be no better now."""
        events, error = self._derivation.try_take(batch)
        if error is not None:
            log.error("calls_not_derived", exchange=self._exchange.name, journal=batch_id, exc_info=error)
        return events
