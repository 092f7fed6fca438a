"""The exchange's records of a gap: which part of them to read, when, and what to say if they are out of reach."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from crm_core.calls.journal import CDR, CEL, QUEUE
from crm_core.calls.telling import LATEST
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.record_sources import CsvSource, Source
from crm_core.patience import PatientThread
from pbx.derivation import Derivation
from pbx.records import reading, troubles
from pbx.records.cdr_calls import cdr_line, finished
from pbx.records.cel_log import CelPart, Window, read_window
from pbx.records.cel_window import table_window
from pbx.records.overlap import EDGE
from pbx.records.queue_log import queue_line
from pbx.records.reading import in_thread
from pbx.records.troubles import OutOfReach

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GapRules:
    """Seconds, save `furthest`: how far back records are read.

    `settle`: how long the exchange takes to write what happened just before; `within`: how long reading may take; `recheck`:
    when to look whether writing took longer; `again`: the first pause before another try, doubled up to `longest`.
    """

    settle: float = 0.5
    within: float = 60.0
    recheck: float = 15.0
    again: float = 10.0
    longest: float = 600.0
    furthest: timedelta = timedelta(days=7)

    def pause(self, tries: int) -> float:
        return min(self.again * 2.0 ** max(0, tries - 1), self.longest)


USUAL = GapRules()

LEAD = 10.0
"""Seconds before a gap whose records are read as well: by what was heard, too, the two clocks are compared."""
LONGEST_CALL = 6 * 3600.0
"""Seconds before a gap in which records of calls that were up are looked for."""


@dataclass(frozen=True, slots=True)
class GapRecords:
    """What fills a gap: lines by their source, as the journal keeps them, in the order in which they are derived from.

    `short`: what of the gap they do not tell.
    """

    parts: tuple[tuple[str, bytes], ...]
    rows: int
    broken: int
    short: str | None


def has_records(exchange: ExchangeConfig) -> bool:
    """Whether there is anything that gaps could be filled from."""
    return exchange.records.cel is not None or exchange.records.cdr is not None


class GapReader:
    """Reads for one exchange."""

    def __init__(self, exchange: ExchangeConfig, rules: GapRules) -> None:
        self._exchange = exchange
        self._rules = rules
        self._thread = PatientThread()

    async def read(self, derivation: Derivation, lost_at: float, made_at: float | None) -> GapRecords:
        """What the records tell of this gap (our times); `made_at` None: to their end. Raises OutOfReach."""
        records = self._exchange.records
        begins = lost_at if made_at is None else max(lost_at, made_at - self._rules.furthest.total_seconds())
        made_at = LATEST if made_at is None else made_at
        if records.cel is not None:
            found = await self._events(records.cel, derivation, lost_at, made_at, begins)
        elif records.cdr is not None:
            found = await self._summaries(derivation, lost_at, made_at, begins)
        else:
            raise OutOfReach(troubles.NO_FILE)
        queue = await self._queue_log(begins + derivation.records_ahead, made_at + derivation.records_ahead)
        return replace(found, parts=(*queue, *found.parts))

    async def _events(self, cel: Source, derivation: Derivation, lost_at: float, made_at: float, begins: float) -> GapRecords:
        part = await self._part(cel, _window(derivation.tracker.ids_up(), begins, made_at, derivation.records_ahead))
        if part.broken and not part.rows:
            raise OutOfReach(troubles.NOT_OURS)
        for name, line, why in part.named:
            self._note_broken(name, line, why)
        return GapRecords(((CEL, part.data),), part.rows, part.broken, _shortcoming(part, derivation, lost_at, begins))

    async def _summaries(self, derivation: Derivation, lost_at: float, made_at: float, begins: float) -> GapRecords:
        """Without CEL: CDR of the calls that were over when the gap was."""
        ahead = derivation.records_ahead
        since, until = begins + ahead, made_at + ahead
        found = await reading.read_cdr(
            self._exchange.records, _moment(since - LONGEST_CALL), _moment(until + EDGE), self._rules.within
        )
        if found.broken and not found.rows:
            raise OutOfReach(troubles.NOT_OURS)
        for broken in found.named:
            self._note_broken(broken.place, broken.key, broken.why)
        rows = finished(found.rows, since - EDGE, until + EDGE)
        short = troubles.TOO_OLD if begins > lost_at else troubles.TOO_MANY if found.cut else troubles.CALLS_ONLY
        return GapRecords(((CDR, b"".join(map(cdr_line, rows))),), len(rows), found.broken, short)

    async def _queue_log(self, since: float, until: float) -> tuple[tuple[str, bytes], ...]:
        """What it says goes beside what the others tell: a gap is filled without it, too."""
        if self._exchange.records.queue_log is None:
            return ()
        try:
            found = await reading.read_queue_log(
                self._exchange.records, _moment(since - EDGE), _moment(until + EDGE), self._rules.within
            )
        except OutOfReach as error:
            log.warning("queue_log_not_read", exchange=self._exchange.name, note=error.say)
            return ()
        for broken in found.named:
            self._note_broken(broken.place, broken.key, broken.why)
        return ((QUEUE, b"".join(queue_line(row) for row in found.rows)),)

    def _note_broken(self, place: str, key: int | str, why: str) -> None:
        log.warning("record_broken", exchange=self._exchange.name, file=place, line=key, why=why)

    async def _part(self, cel: Source, window: Window) -> CelPart:
        if isinstance(cel, CsvSource):
            return await in_thread(lambda: read_window(cel.file, window), self._rules.within, self._thread)
        return await table_window(cel, self._exchange.records.timezone, window, self._rules.within)

    async def settle(self, made_at: float, now: Callable[[], datetime]) -> None:
        """The exchange writes its records a little after it has told of the same."""
        waited = now().timestamp() - made_at
        await asyncio.sleep(min(self._rules.settle, max(0.0, self._rules.settle - waited)))


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _shortcoming(part: CelPart, derivation: Derivation, lost_at: float, begins: float) -> str | None:
    """What of a gap since `lost_at` the records read from `begins` on do not tell."""
    if begins > lost_at:
        return troubles.TOO_OLD
    if part.cut:
        return troubles.TOO_MANY
    reaches_back = part.begins_at is not None and part.begins_at - derivation.records_ahead <= lost_at + EDGE
    return None if reaches_back or not derivation.has_heard(until=lost_at) else troubles.TOO_LATE


def _window(ids_up: Mapping[str, float], since: float, until: float, ahead: float) -> Window:
    up = {linkedid: at for linkedid, at in ids_up.items() if at >= since - LONGEST_CALL}
    begins = min([since - LEAD, *(at - EDGE for at in up.values())])
    return Window(begins + ahead, since - LEAD + ahead, until + EDGE + ahead, frozenset(up))
