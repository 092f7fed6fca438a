"""Gaps whose records were out of reach when they ended: tried again with growing pauses, and looked at once more when filled.

Filling late means: the records go into the journal, the time since is derived again with them in their place, and its calls
are handed to intake. The listener does it between two batches, so nobody else tells of the same calls meanwhile; it goes on
with what was derived anew, which knows everything that the old derivation knew, and more.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls import gaps, journal
from crm_core.calls.events import CallEvent, Source
from crm_core.calls.gaps import Gap
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig
from pbx import metrics
from pbx.ami.login import lets_in
from pbx.derivation import Derivation
from pbx.gap_reading import GapReader, GapRecords, GapRules, has_records
from pbx.history import received
from pbx.records import troubles
from pbx.records.troubles import OutOfReach
from pbx.rederivation import Rederived, derive_again
from pbx.storing import Store, fault_of

log = structlog.get_logger()


class LateFilling:
    """For one exchange. `due_in` says when `fill_next` has something to do."""

    def __init__(
        self, database: Database, exchange: ExchangeConfig, store: Store, reader: GapReader, rules: GapRules,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._database = database
        self._exchange = exchange
        self._store = store
        self._reader = reader
        self._rules = rules
        self._now = now
        self._next: float | None = 0.0 if has_records(exchange) else None  # what an earlier process left
        self._rechecks: list[tuple[float, Gap]] = []

    def due_in(self) -> float | None:
        """Seconds; None if nothing is to be done."""
        times = [at for at in (self._next, *(at for at, _ in self._rechecks)) if at is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def note_open(self, gap: Gap) -> None:
        """A gap could not be filled."""
        if has_records(self._exchange):
            self._next = time.monotonic() + self._rules.pause(gap.tries)

    def note_filled(self, gap: Gap) -> None:
        """A gap was filled: its last records may be written yet."""
        self._recheck(gap, self._rules.recheck)

    async def fill_next(self, derivation: Derivation) -> Derivation:
        """What is due; returns the derivation to go on with."""
        try:
            if self._rechecks and self._rechecks[0][0] <= time.monotonic():
                return await self._look_again(derivation)
            return await self._fill_oldest(derivation)
        except (SQLAlchemyError, OSError) as error:
            log.warning("gap_not_filled", exchange=self._exchange.name, error=fault_of(error))
            self._next = time.monotonic() + self._rules.again
            return derivation

    async def _look_again(self, derivation: Derivation) -> Derivation:
        """At the gap filled longest ago."""
        _, gap = self._rechecks.pop(0)
        try:
            return await self._filled(gap, derivation, unless_rows=gap.rows)
        except (SQLAlchemyError, OSError):
            self._recheck(gap, self._rules.again)
            raise

    def _recheck(self, gap: Gap, after: float) -> None:
        self._rechecks.append((time.monotonic() + after, gap))
        self._rechecks.sort(key=lambda due: due[0])

    async def _fill_oldest(self, derivation: Derivation) -> Derivation:
        self._next = None
        async with self._database.read() as connection:
            waiting = await gaps.unfilled(connection, self._exchange.id, self._now() - self._rules.furthest)
        if not waiting:
            return derivation
        gap = min(waiting, key=lambda gap: (gap.tries, gap.lost_at))
        derivation = await self._filled(gap, derivation)
        if len(waiting) > 1:
            self._next = self._next or time.monotonic() + self._rules.pause(min(one.tries for one in waiting))
        return derivation

    async def _filled(self, gap: Gap, derivation: Derivation, unless_rows: int | None = None) -> Derivation:
        try:
            return await self._fill(gap, derivation, unless_rows)
        except OutOfReach as error:
            if unless_rows is None:
                tried = replace(gap, tries=gap.tries + 1, note=error.say)
                log.warning("gap_open", exchange=self._exchange.name, note=error.say, tries=tried.tries)
                await self._store.write(lambda tx: gaps.note(tx, tried))
                self.note_open(tried)
            return derivation

    async def _fill(self, gap: Gap, derivation: Derivation, unless_rows: int | None) -> Derivation:
        exchange = self._exchange
        async with self._database.read() as connection:
            name = await journal.let_in_at(connection, exchange.id, gap.made_at)
            first = name and await journal.first_of(connection, exchange.id, name)
            since = first and await journal.needed_for(connection, exchange.id, gap.lost_at, first)
            if not name or not first or not since:
                await self._give_up(gap)
                return derivation
            before = await derive_again(connection, exchange, since=since, until=first - 1)
            made_at = await self._met_at(connection, first, before.derivation)
        lost_at = before.derivation.heard_until or gap.lost_at.timestamp()
        found = await self._reader.read(before.derivation, lost_at, made_at)
        if unless_rows is not None and found.rows <= unless_rows:
            return derivation
        filled = replace(gap, filled_at=self._now(), rows=found.rows, broken=found.broken, tries=gap.tries + 1, note=found.short)
        return await self._tell_again(filled, name, found, since)

    async def _met_at(self, connection: AsyncConnection, first: int, derivation: Derivation) -> float | None:
        """As the batch tells that let us in, or the first one afterwards that can."""
        let_in = False
        async for batch in journal.since(connection, self._exchange.id, first):
            let_in = let_in or lets_in(batch.data)
            if let_in and (at := derivation.met_at(received(batch))) is not None:
                return at
        return None

    async def _tell_again(self, gap: Gap, name: str, found: GapRecords, since: int) -> Derivation:
        """First the records, then what follows from them: whoever is killed between finds the gap still open."""
        exchange = self._exchange
        names = [journal.records_of(name, source) for source, _ in found.parts]
        fault = journal.SHORT if gap.note else None

        async def keep(tx: AsyncConnection) -> None:
            for place, (_, data) in zip(names, found.parts, strict=True):
                await journal.append(tx, exchange.id, place, 0, self._now(), data, fault)

        await self._store.write(keep)
        async with self._database.read() as connection:
            records = await journal.first_of(connection, exchange.id, names[0]) or since
            again = await derive_again(connection, exchange, since=since, tell_from=records)
            changed = await self._changed(connection, again)

        async def told(tx: AsyncConnection) -> None:
            await self._store.take_in(tx, changed, records)
            await gaps.note(tx, gap)

        await self._store.write(told)
        metrics.GAPS.labels(exchange.name, "late").inc()
        log.info("gap_filled", exchange=exchange.name, late=True, rows=gap.rows, broken=gap.broken, note=gap.note)
        return again.derivation

    async def _changed(self, connection: AsyncConnection, again: Rederived) -> list[CallEvent]:
        """All tellings of the calls that the records tell of, or that are marked."""
        marked = select(calls.c.key).where(calls.c.exchange_id == self._exchange.id, calls.c.partial)
        keys = set(await connection.scalars(marked))
        return [
            event
            for key, told in again.told.items()
            if told[-1].call.source is not Source.LIVE or keys.intersection(told[-1].call.linkedids)
            for event in told
        ]

    async def _give_up(self, gap: Gap) -> None:
        """The journal of that time is dropped: there is nothing to derive from."""
        over = replace(gap, filled_at=self._now(), note=gap.note or troubles.TOO_OLD)
        await self._store.write(lambda tx: gaps.note(tx, over))
