"""The exchange's own records of a day, read witness by witness; one that is out of reach is told, and the others are used."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from api.audit.cdr_told import cdr_aliases, cdr_told
from api.audit.cel_told import CelTelling
from api.audit.queue_told import queue_told
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.record_sources import RecordSources
from crm_core.trust.comparing import Period
from crm_core.trust.told import OurCall, Told, Witness
from pbx.records.cdr import CdrRow
from pbx.records.queue_log import QueueLogRow
from pbx.records.reading import read_cdr, read_cel, read_queue_log
from pbx.records.rows import Rows
from pbx.records.troubles import OutOfReach

log = structlog.get_logger()

SLICE = timedelta(hours=1)
"""So much CEL is read at once: a busy day of it would not fit into memory."""
SHORTEST_SLICE = timedelta(minutes=1)
LEAD = timedelta(seconds=60)
GOES_ON = timedelta(hours=1)
"""How long after its end a day's calls are followed: those that go on longer are not judged."""

NOTHING = "It holds nothing of this time."
BEGINS_LATER = "It begins only later: what was before is not judged by it."
CUT = "There were more rows than are read: what came after is not judged by it."


@dataclass(slots=True)
class Read:
    """How one witness was read. `whole`: it tells of the whole period; `why`: else why not."""

    rows: int = 0
    broken: int = 0
    why: str | None = None
    whole: bool = False

    def json(self) -> dict[str, Any]:
        return {"rows": self.rows, "broken": self.broken, "why": self.why}


@dataclass(slots=True)
class Records:
    """All that the exchange's records say. `cel` keeps the rows of calls that may have to be filled in, and so do the others."""

    told: list[Told] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    read: dict[Witness, Read] = field(default_factory=dict)
    cel: CelTelling | None = None
    cdr: list[CdrRow] = field(default_factory=list)
    queue_log: list[QueueLogRow] = field(default_factory=list)

    @property
    def covered(self) -> frozenset[Witness]:
        return frozenset(witness for witness, read in self.read.items() if read.whole)


Reader = Callable[[RecordSources, datetime, datetime], Awaitable[Rows[Any]]]


class RecordReader:
    """For one exchange and one day. `ours`: what it is read for."""

    def __init__(self, exchange: ExchangeConfig, period: Period, ours: list[OurCall], telling: CelTelling) -> None:
        self._exchange = exchange
        self._since, self._until = (datetime.fromtimestamp(at).astimezone() for at in (period.begins, period.ends))
        began = [call.told.began for call in ours if period.holds(call.told.began)]
        self._first = min(began, default=period.ends)
        self._linkedids = frozenset(linkedid for call in ours for linkedid in call.told.linkedids)
        self._any = bool(began)
        self._ours = ours
        self._found = Records(cel=telling)
        self._telling = telling

    async def read(self) -> Records:
        found, sources = self._found, self._exchange.records
        if sources.cel is not None:
            await self._read_cel()
            found.aliases |= self._telling.aliases
            found.told += await asyncio.to_thread(self._telling.told, self._exchange)
        if sources.cdr is not None:
            rows = found.cdr = await self._read(Witness.CDR, read_cdr)
            found.aliases |= await asyncio.to_thread(cdr_aliases, rows)
            found.told += await asyncio.to_thread(cdr_told, rows, self._joined())
        if sources.queue_log is not None:
            found.queue_log = await self._read(Witness.QUEUE_LOG, read_queue_log)
            found.told += await asyncio.to_thread(queue_told, found.queue_log, found.aliases, self._known())
        return found

    def _joined(self) -> list[frozenset[str]]:
        """By CEL; where there is none, ours is believed."""
        told = found if (found := self._found.told) else [call.told for call in self._ours]
        return [one.linkedids for one in told if len(one.linkedids) > 1]

    def _known(self) -> frozenset[str] | None:
        """A queue's call that no other witness knows stands there by another of its channels."""
        if not self._found.covered:
            return None
        return self._linkedids | {linkedid for one in self._found.told for linkedid in one.linkedids}

    async def _read_cel(self) -> None:
        read = self._found.read[Witness.CEL] = Read()
        place, until, step, begins_at = self._since - LEAD, self._until + GOES_ON, SLICE, None
        try:
            while place < until:
                end = min(place + step, until)
                part = await read_cel(self._exchange.records, place, end - timedelta(microseconds=1))
                if part.cut and step > SHORTEST_SLICE:
                    step /= 2
                    continue
                begins_at = part.begins_at if begins_at is None else begins_at
                self._count(read, part)
                await asyncio.to_thread(self._telling.take, part.rows)
                place = end
        except OutOfReach as error:
            self._lacks(Witness.CEL, read, error.say)
        else:
            self._judge(read, begins_at)

    async def _read(self, witness: Witness, reader: Reader) -> list[Any]:
        read = self._found.read[witness] = Read()
        try:
            part = await reader(self._exchange.records, self._since - GOES_ON, self._until + GOES_ON)
        except OutOfReach as error:
            self._lacks(witness, read, error.say)
            return []
        self._count(read, part)
        if witness is Witness.CDR:  # a day may well be without a queue's call
            self._judge(read, part.begins_at)
        return part.rows

    def _count(self, read: Read, part: Rows[Any]) -> None:
        read.rows += len(part.rows)
        read.broken += part.broken
        if part.cut:
            read.why = CUT
        for one in part.named:
            log.warning("record_broken", exchange=self._exchange.name, file=one.place, line=one.key, why=one.why)

    def _lacks(self, witness: Witness, read: Read, why: str) -> None:
        read.why = why
        log.warning("records_not_read", exchange=self._exchange.name, witness=witness.value, why=why)

    def _judge(self, read: Read, begins_at: float | None) -> None:
        """Whether it knows the whole period: else what it does not tell proves nothing."""
        if read.why is None and not read.rows and self._any:
            read.why = NOTHING
        elif read.why is None and begins_at is not None and begins_at > self._first + 1.0:
            read.why = BEGINS_LATER
        read.whole = read.why is None


WHY_NOT = (NOTHING, BEGINS_LATER, CUT)
