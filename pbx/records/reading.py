"""Reads the exchange's own records wherever it keeps them: files or tables. Nothing here blocks the event loop.

Each raises OutOfReach, with what to do; rows that cannot be used are counted and named. Times are by the exchange's clock.
"""

import asyncio
import csv
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from crm_core.exchanges.record_sources import CsvSource, RecordSources, Source, SqlSource
from crm_core.patience import PatientThread
from pbx.records import cel, cel_log, tables, troubles
from pbx.records.cdr import CdrRow, cdr_columns, cdr_row
from pbx.records.cel_table import cel_row
from pbx.records.local_time import LocalTimes
from pbx.records.log_files import LogFile, log_files
from pbx.records.queue_log import QueueLogRow, queue_columns, queue_row
from pbx.records.rows import MOST_NAMED, MOST_ROWS, Rows, text_of
from pbx.records.troubles import OutOfReach

T = TypeVar("T")

WITHIN = 120.0
"""Seconds that one reading may take."""
LONGEST_CALL = 6 * 3600.0
"""Seconds by which a CDR may be written after its call began: it is written at the end."""

CEL_TIMES, CDR_TIMES, QUEUE_TIMES = ("eventtime",), ("start", "calldate"), ("time", "eventdate")

Parse = Callable[[Mapping[str, Any], LocalTimes], tuple[T, str | None]]


async def read_cel(sources: RecordSources, since: datetime, until: datetime, within: float = WITHIN) -> Rows[cel.Row]:
    """CEL from `since` to `until`, in the order of time."""
    source, span = _of(sources.cel), (since.timestamp(), until.timestamp())
    if isinstance(source, CsvSource):
        file = source.file
        found = await in_thread(lambda: _cel_lines(file, *span), within)
    else:
        times = LocalTimes(sources.timezone)
        found = await _from_table(source, CEL_TIMES, cel_row, lambda row: row.at, times, *span, within)
    found.rows.sort(key=lambda row: row.at)
    return found


async def read_cdr(sources: RecordSources, since: datetime, until: datetime, within: float = WITHIN) -> Rows[CdrRow]:
    """CDR of what began from `since` to `until`, in the order in which it began."""
    log = _Log(cdr_columns, cdr_row, _began, LocalTimes(sources.timezone), LONGEST_CALL)
    found = await _read(sources.cdr, CDR_TIMES, log, since, until, within)
    found.rows.sort(key=lambda row: (row.started_at, row.sequence))
    return found


async def read_queue_log(sources: RecordSources, since: datetime, until: datetime, within: float = WITHIN) -> Rows[QueueLogRow]:
    """The queue log from `since` to `until`, in the order of time."""
    log = _Log(queue_columns, queue_row, _was, LocalTimes(sources.timezone))
    found = await _read(sources.queue_log, QUEUE_TIMES, log, since, until, within)
    found.rows.sort(key=_was)
    return found


async def _read(
    source: Source | None, named: Sequence[str], log: "_Log[T]", since: datetime, until: datetime, within: float
) -> Rows[T]:
    source, span = _of(source), (since.timestamp(), until.timestamp())
    if isinstance(source, CsvSource):
        file = source.file
        return await in_thread(lambda: log.read(file, *span), within)
    return await _from_table(source, named, log.parse, log.at, log.times, *span, within)


async def in_thread(work: Callable[[], T], within: float, thread: PatientThread | None = None) -> T:
    """What reads files; what may be wrong with them is told as OutOfReach."""
    try:
        return await (thread or PatientThread()).run(work, within)
    except FileNotFoundError as error:
        raise OutOfReach(troubles.NOT_THERE) from error
    except PermissionError as error:
        raise OutOfReach(troubles.NOT_ALLOWED) from error
    except TimeoutError as error:
        raise OutOfReach(troubles.NO_ANSWER) from error
    except (EOFError, zlib.error) as error:
        raise OutOfReach(troubles.CUT) from error
    except ValueError as error:
        raise OutOfReach(troubles.NOT_OURS) from error
    except OSError as error:
        raise OutOfReach(troubles.TROUBLE) from error


def _began(row: CdrRow) -> float:
    return row.started_at


def _was(row: QueueLogRow) -> float:
    return row.at


def _of(source: Source | None) -> Source:
    if source is None:
        raise OutOfReach(troubles.NO_SOURCE)
    return source


# ---- files ------------------------------------------------------------------------------------------------------------


def _cel_lines(file: Path, since: float, until: float) -> Rows[cel.Row]:
    csv.field_size_limit(cel.LONGEST_FIELD)
    return _from_files(log_files(file, since, cel_log.time_of), since, until, cel.read_line, lambda row: row.at)


class _Log(Generic[T]):
    """A log whose lines `columns` splits and `parse` reads. `lead`: seconds by which a line may stand after its own time."""

    def __init__(
        self, columns: Callable[[bytes], Mapping[str, Any]], parse: Parse[T], at: Callable[[T], float], times: LocalTimes,
        lead: float = 0.0,
    ) -> None:  # fmt: skip
        self.columns = columns
        self.parse = parse
        self.at = at
        self.times = times
        self.lead = lead

    def read(self, file: Path, since: float, until: float) -> Rows[T]:
        csv.field_size_limit(cel.LONGEST_FIELD)
        files = log_files(file, since - self.lead, self._time_of)
        return _from_files(files, since, until, self._line, self.at, since - self.lead)

    def _time_of(self, line: bytes) -> float | None:
        row, _ = self._line(line)
        return None if row is None else self.at(row)

    def _line(self, line: bytes) -> tuple[T | None, str | None]:
        if not line.strip(b"\0\r\n "):
            return None, None
        try:
            return self.parse(self.columns(line), self.times)
        except (ValueError, OverflowError, csv.Error) as error:
            return None, str(error)[:200]


def _from_files(
    files: list[LogFile], since: float, until: float, read: Callable[[bytes], tuple[T | None, str | None]],
    at: Callable[[T], float], searched_from: float | None = None,
) -> Rows[T]:  # fmt: skip
    found: Rows[T] = Rows(begins_at=min((one.first for one in files), default=None))
    for file in reversed(files):
        for line in file.lines(since, until, searched_from):
            row, fault = read(line.text)
            if fault is not None:
                found.note(file.path.name, str(file.number_of(line)) if len(found.named) < MOST_NAMED else "", fault)
            if row is None or not since <= at(row) <= until:
                continue
            if len(found.rows) >= MOST_ROWS:
                found.cut = True
                return found
            found.rows.append(row)
    return found


# ---- tables -----------------------------------------------------------------------------------------------------------


async def _from_table(
    source: SqlSource, named: Sequence[str], parse: Parse[T], at: Callable[[T], float], times: LocalTimes, since: float,
    until: float, within: float,
) -> Rows[T]:  # fmt: skip
    found: Rows[T] = Rows()
    async with tables.opened(source, named, within) as table:
        await table.learn(times)
        async for some in table.rows(since, until, times):
            rows = await asyncio.to_thread(_parsed, some, source.table, parse, times, found)
            kept = [row for row in rows if since <= at(row) <= until]
            found.cut = len(found.rows) + len(kept) > MOST_ROWS
            found.rows += kept[: MOST_ROWS - len(found.rows)]
            if found.cut:
                break
    return found


def _parsed(some: Sequence[tables.TableRow], place: str, parse: Parse[T], times: LocalTimes, found: Rows[T]) -> list[T]:
    rows: list[T] = []
    for one in some:
        fault: str | None
        try:
            row, fault = parse(one, times)
            rows.append(row)
        except (ValueError, OverflowError) as error:
            fault = str(error)[:200]
        if fault is not None:
            found.note(place, key_of(one), fault)
    return rows


def key_of(row: tables.TableRow) -> str:
    """By what somebody finds it again."""
    names = ("id", "uniqueid", "callid")
    return next((text_of(row[name])[0][:100] for name in names if row.get(name)), "")
