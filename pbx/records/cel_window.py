"""A time out of a table of CEL, as the lines that a CEL file would have had: the gap is filled from both alike."""

import asyncio
from collections.abc import Sequence

from crm_core.exchanges.record_sources import SqlSource
from pbx.records import tables
from pbx.records.cel import Row
from pbx.records.cel_log import MOST_BYTES, MOST_NAMED, CelPart, Window
from pbx.records.cel_table import cel_line, cel_row
from pbx.records.local_time import LocalTimes
from pbx.records.reading import CEL_TIMES, key_of


async def table_window(source: SqlSource, timezone: str | None, window: Window, within: float) -> CelPart:
    """Raises OutOfReach."""
    part, times = CelPart(), LocalTimes(timezone)
    lines: list[bytes] = []
    size = 0
    async with tables.opened(source, CEL_TIMES, within) as table:
        await table.learn(times)
        part.begins_at = await _begins_at(table, times)
        async for some in table.rows(window.begins, window.until, times):
            for line in await asyncio.to_thread(_lines, some, source.table, times, window, part):
                size += len(line)
                if size > MOST_BYTES:
                    part.cut = True
                    break
                lines.append(line)
            if part.cut:
                break
    part.data = b"".join(lines)
    return part


async def _begins_at(table: tables.RecordsTable, times: LocalTimes) -> float | None:
    oldest = await table.oldest()
    try:
        return None if oldest is None else times.moment(oldest.decode(errors="replace"))
    except ValueError:
        return None


def _lines(some: Sequence[tables.TableRow], place: str, times: LocalTimes, window: Window, part: CelPart) -> list[bytes]:
    """A row with a fault is named even if it can be used, and counted as rows of a file are."""
    found: list[bytes] = []
    for told in some:
        fault: str | None
        row: Row | None
        try:
            row, fault = cel_row(told, times)
        except (ValueError, OverflowError) as error:
            row, fault = None, str(error)[:200]
        if row is not None and not _is_wanted(row, window):
            continue
        part.rows += fault is None
        part.broken += fault is not None
        if fault is not None and len(part.named) < MOST_NAMED:
            part.named.append((place, key_of(told), fault))
        if row is not None:
            found.append(cel_line(row))
    return found


def _is_wanted(row: Row, window: Window) -> bool:
    if row.at < window.since and not window.calls & {row.linkedid, row.uid}:
        return False
    return window.begins <= row.at <= window.until
