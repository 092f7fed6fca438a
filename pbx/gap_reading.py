"""The exchange's records of a gap: which part of them to read, when, and what to say if they are out of reach."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from crm_core.calls.journal import CEL
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.record_sources import CsvSource, Source
from pbx.derivation import Derivation
from pbx.records import troubles
from pbx.records.cel_log import CelPart, Window, read_window
from pbx.records.cel_window import table_window
from pbx.records.overlap import EDGE
from pbx.records.patience import PatientThread
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
    return exchange.records.cel is not None


class GapReader:
    """Reads for one exchange."""

    def __init__(self, exchange: ExchangeConfig, rules: GapRules) -> None:
        self._exchange = exchange
        self._rules = rules
        self._thread = PatientThread()

    async def read(self, derivation: Derivation, lost_at: float, made_at: float) -> GapRecords:
        """What the records tell of this gap (our times). Raises OutOfReach."""
        cel = self._exchange.records.cel
        if cel is None:
            raise OutOfReach(troubles.NO_FILE)
        begins = max(lost_at, made_at - self._rules.furthest.total_seconds())
        part = await self._part(cel, _window(derivation.tracker.ids_up(), begins, made_at, derivation.records_ahead))
        if part.broken and not part.rows:
            raise OutOfReach(troubles.NOT_OURS)
        for name, line, why in part.named:
            log.warning("record_broken", exchange=self._exchange.name, file=name, line=line, why=why)
        return GapRecords(((CEL, part.data),), part.rows, part.broken, _shortcoming(part, derivation, lost_at, begins))

    async def _part(self, cel: Source, window: Window) -> CelPart:
        if isinstance(cel, CsvSource):
            return await in_thread(lambda: read_window(cel.file, window), self._rules.within, self._thread)
        return await table_window(cel, self._exchange.records.timezone, window, self._rules.within)

    async def settle(self, made_at: float, now: Callable[[], datetime]) -> None:
        """The exchange writes its records a little after it has told of the same."""
        waited = now().timestamp() - made_at
        await asyncio.sleep(min(self._rules.settle, max(0.0, self._rules.settle - waited)))


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
