"""One exchange's day, audited: our calls × CEL × CDR × queue_log × the recordings folder × stored recordings. Reads only."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from api.audit.cel_told import CelTelling
from api.audit.disk import Disk, audio_between
from api.audit.records import RecordReader, Records
from crm_core import days
from crm_core.blobs import Blobs
from crm_core.calls import gaps
from crm_core.db import Database
from crm_core.errors import NotFound
from crm_core.exchanges.config import ExchangeConfig
from crm_core.patience import PatientThread
from crm_core.trust.audio import compare_audio
from crm_core.trust.comparing import Comparison, Period, compare
from crm_core.trust.differences import OF_CALLS, Difference
from crm_core.trust.keeping import Audited
from crm_core.trust.our_calls import Read, our_calls
from crm_core.trust.suspicion import Settling
from crm_core.trust.told import OurCall
from recordings.errors import RecordingsFolderUnusable

SETTLED = timedelta(minutes=10)
"""What is not over so long is not judged: CDR may be written in batches, five minutes late."""
LONGEST_CALL = timedelta(hours=6)
DISK_WITHIN = 120.0  # seconds in which the recordings folder must answer
BLOBS_AT_ONCE = 16

NO_FOLDER = "No recordings folder is set: audio was not compared."
FOLDER_SILENT = "The recordings folder does not answer: audio was not compared."
FOLDER_UNUSABLE = "The recordings folder cannot be read: audio was not compared."
FOLDER_FULL = "The recordings folder holds more files than are looked at."
GAP_OPEN = "What happened while nobody listened is not filled in yet."
NO_RECORDS = "The exchange's own records are not known here: set where its CEL or CDR is."
NOTES = (NO_FOLDER, FOLDER_SILENT, FOLDER_UNUSABLE, FOLDER_FULL, GAP_OPEN, NO_RECORDS)


@dataclass(slots=True)
class Findings:
    """What an audit found, and what a repair needs of it."""

    audited: Audited
    comparison: Comparison
    records: Records
    period: Period
    ours: list[OurCall] = field(default_factory=list)


class Auditor:
    """`zone`: where days begin. `now`: our clock."""

    def __init__(self, database: Database, blobs: Blobs, zone: ZoneInfo, now: Callable[[], datetime]) -> None:
        self._database = database
        self._blobs = blobs
        self._zone = zone
        self._now = now

    async def audit(self, exchange: ExchangeConfig, day: date) -> Findings:
        """Nothing is written. What cannot be read is told in the note, and the rest compared."""
        since, until = days.bounds(day, self._zone)
        period = Period(since.timestamp(), until.timestamp(), (self._now() - SETTLED).timestamp())
        notes: list[str] = []
        ours = await self._our_calls(exchange, since, until, notes)
        telling = CelTelling(Settling(ours))
        records = await RecordReader(exchange, period, ours, telling).read()
        if not exchange.records.by_name():
            notes.append(NO_RECORDS)
        disk = await self._disk(exchange, since, until, notes)
        comparison = await asyncio.to_thread(compare, period, ours, records.told, records.covered)
        files = disk.files if disk else None
        audio = await asyncio.to_thread(compare_audio, period, ours, files, comparison.missing, records.aliases)
        audited = await asyncio.to_thread(_audited, exchange, day, comparison, audio, records, notes)
        return Findings(audited, comparison, records, period, ours)

    async def _our_calls(self, exchange: ExchangeConfig, since: datetime, until: datetime, notes: list[str]) -> list[OurCall]:
        """With those around the day: a file or record of them must not look as if nobody knew it."""
        async with self._database.read() as connection:
            read = await our_calls(connection, exchange.id, since - LONGEST_CALL, until + SETTLED)
            waiting = await gaps.unfilled(connection, exchange.id, since)
        if any(gap.lost_at < until for gap in waiting):
            notes.append(GAP_OPEN)
        lost = await self._lost(read, since, until)
        return [replace(call, lost=lost[call.id]) if call.id in lost else call for call in read.calls]

    async def _lost(self, read: Read, since: datetime, until: datetime) -> dict[int, int]:
        """How many of each call's kept recordings are gone from our own storage."""
        gate = asyncio.Semaphore(BLOBS_AT_ONCE)
        during = {call.id for call in read.calls if since.timestamp() <= call.told.began < until.timestamp()}

        async def is_gone(key: str) -> bool:
            async with gate:
                try:
                    await self._blobs.size(key)
                except NotFound:
                    return True
                return False

        wanted = [(call_id, key) for call_id, keys in read.blobs.items() if call_id in during for key in keys]
        gone = await asyncio.gather(*(is_gone(key) for _, key in wanted))
        found: dict[int, int] = {}
        for (call_id, _), lost in zip(wanted, gone, strict=True):
            if lost:
                found[call_id] = found.get(call_id, 0) + 1
        return found

    async def _disk(self, exchange: ExchangeConfig, since: datetime, until: datetime, notes: list[str]) -> Disk | None:
        root = exchange.recordings_root
        if root is None:
            notes.append(NO_FOLDER)
            return None
        try:
            # A folder on a mount whose server is gone hangs for good.
            disk = await PatientThread().run(lambda: audio_between(root, since, until + LONGEST_CALL), DISK_WITHIN)
        except TimeoutError:
            notes.append(FOLDER_SILENT)
        except (RecordingsFolderUnusable, OSError):
            notes.append(FOLDER_UNUSABLE)
        else:
            if disk.cut:
                notes.append(FOLDER_FULL)
            return disk
        return None


def _audited(
    exchange: ExchangeConfig, day: date, comparison: Comparison, audio: Sequence[Difference], records: Records, notes: list[str]
) -> Audited:
    """A call that is told alike and whose audio differs does not agree."""
    known = {one.call_id for one in comparison.differences if one.call_id is not None}
    more = {one.call_id for one in audio if one.kind in OF_CALLS and one.call_id is not None} - known
    found = sorted([*comparison.differences, *audio], key=lambda one: (one.at, one.key))
    return Audited(
        exchange_id=exchange.id, day=day, calls=comparison.calls, agreeing=max(0, comparison.agreeing - len(more)),
        differences=found, sources={witness.value: read.json() for witness, read in records.read.items()},
        note="\n".join(notes) or None,
    )  # fmt: skip
