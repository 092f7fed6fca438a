"""The queue log: what happened to callers in queues, as a file (`/var/log/asterisk/queue_log`) or a realtime table.

A line is `time|callid|queue|agent|event|data…`; a table has the columns time, callid, queuename, agent, event and either data or
data1 to data5. `callid` is the uniqueid of the caller's channel.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pbx.records.local_time import LocalTimes
from pbx.records.rows import text_of, texts

COLUMNS = ("time", "callid", "queuename", "agent", "event")
MOST_DATA = 10


@dataclass(frozen=True, slots=True)
class QueueLogRow:
    """`at` is epoch seconds. `data` as the event has it: of ABANDON position, first position and seconds waited."""

    at: float
    callid: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...] = ()


def queue_row(row: Mapping[str, Any], times: LocalTimes) -> tuple[QueueLogRow, str | None]:
    """A row by its columns' names, and what is wrong with it although it is used. Raises ValueError if it cannot be used."""
    told, fault = texts(row)
    event = told.get("event", "")
    if not event:
        raise ValueError("no event")
    one_by_one = [told.get(f"data{place}", "") for place in range(1, 6)]
    data = told["data"].split("|") if told.get("data") else one_by_one
    uid = told.get("callid", "")
    read = QueueLogRow(
        at=times.moment(told.get("time") or told.get("eventdate", ""), uid if event == "ENTERQUEUE" else ""),
        callid="" if uid == "NONE" else uid, queue=_named(told.get("queuename", "")), agent=_named(told.get("agent", "")),
        event=event.upper(), data=_without_end(data[:MOST_DATA]),
    )  # fmt: skip
    return read, fault


def queue_columns(line: bytes) -> dict[str, bytes]:
    """The columns of a line of the file. Raises ValueError."""
    values = line.rstrip(b"\r\n").split(b"|", len(COLUMNS))
    if len(values) < len(COLUMNS):
        raise ValueError(f"{len(values)} columns instead of {len(COLUMNS)}")
    return dict(zip((*COLUMNS, "data"), values, strict=False))


def queue_line(row: QueueLogRow) -> bytes:
    """As a line of the file, whatever it was read from."""
    safe = [text_of(value.replace("|", " ").replace("\n", " ").replace("\r", " "))[0] for value in
            (f"{row.at:.6f}", row.callid or "NONE", row.queue or "NONE", row.agent or "NONE", row.event, *row.data)]  # fmt: skip
    return ("|".join(safe) + "\n").encode()


def _named(told: str) -> str:
    return "" if told == "NONE" else told


def _without_end(data: list[str]) -> tuple[str, ...]:
    while data and not data[-1]:
        data.pop()
    return tuple(data)
