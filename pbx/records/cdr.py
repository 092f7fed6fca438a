"""CDR of the exchange: one row for each pair of channels that it dialled or tried to join, written when the pair is over.

As a file in the form of our `cdr_custom.conf`, or Asterisk's own `Master.csv`, or as a table (FreePBX's asteriskcdrdb.cdr,
cdr_pgsql, cdr_adaptive_odbc), whichever of the columns there are.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pbx.records.local_time import LocalTimes
from pbx.records.rows import number, texts

OURS = (
    "start", "answer", "end", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration",
    "billsec", "disposition", "uniqueid", "linkedid", "sequence", "peeraccount", "userfield",
)  # fmt: skip
JOURNALLED = (*OURS, "did", "recordingfile")
"""Ours, and what FreePBX knows besides."""
_MASTER = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end",
    "duration", "billsec", "disposition", "amaflags",
)  # fmt: skip
_MORE = ("peeraccount", "linkedid", "sequence")  # newcdrcolumns = yes
_TIME = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,9})?")
_UNIQUEID = re.compile(r"[^\s]{0,100}[0-9]{9,11}\.[0-9]{1,9}")
_NOTHING = ("", "0", "0.000000", "0000-00-00 00:00:00")


@dataclass(frozen=True, slots=True)
class CdrRow:
    """Times are epoch seconds. `linkedid` is the uniqueid where the exchange keeps none. All texts are as they were sent."""

    linkedid: str
    uniqueid: str
    started_at: float
    answered_at: float | None
    ended_at: float
    src: str
    dst: str
    dcontext: str
    channel: str
    dstchannel: str
    disposition: str
    duration: int
    billsec: int
    sequence: int
    clid: str = ""
    lastapp: str = ""
    lastdata: str = ""
    userfield: str = ""
    did: str = ""
    recordingfile: str = ""


def cdr_row(row: Mapping[str, Any], times: LocalTimes) -> tuple[CdrRow, str | None]:
    """A row by its columns' names, and what is wrong with it although it is used. Raises ValueError if it cannot be used."""
    told, fault = texts(row)
    uid = told.get("uniqueid", "")
    if not uid:
        raise ValueError("no uniqueid: set loguniqueid = yes in cdr.conf")
    start = told.get("start") or told.get("calldate", "")
    started_at = times.moment(start, uid)
    duration, billsec = number(told.get("duration", "")), number(told.get("billsec", ""))
    disposition = told.get("disposition", "").upper()
    answered = _later(told.get("answer", ""), start, started_at)
    if answered is None and disposition == "ANSWERED":
        answered = started_at + max(0, duration - billsec)
    ended_at = _later(told.get("end", ""), start, started_at)
    return CdrRow(
        linkedid=told.get("linkedid") or uid, uniqueid=uid, started_at=started_at, answered_at=answered,
        ended_at=started_at + duration if ended_at is None else ended_at,
        src=told.get("src", ""), dst=told.get("dst", ""), dcontext=told.get("dcontext", ""), channel=told.get("channel", ""),
        dstchannel=told.get("dstchannel", ""), disposition=disposition, duration=duration, billsec=billsec,
        sequence=number(told.get("sequence", "")), clid=told.get("clid", ""), lastapp=told.get("lastapp", ""),
        lastdata=told.get("lastdata", ""), userfield=told.get("userfield", ""), did=told.get("did", ""),
        recordingfile=told.get("recordingfile", ""),
    ), fault  # fmt: skip


def cdr_columns(line: bytes) -> dict[str, bytes]:
    """The columns of a line of either kind of file. Raises ValueError, or csv.Error."""
    values = next(csv.reader([line.decode("latin-1").replace("\0", "")]), [])
    if len(values) >= len(OURS) - 1 and _TIME.fullmatch(values[0]):
        names: tuple[str, ...] = JOURNALLED
    elif len(values) >= len(_MASTER):
        names = (*_MASTER, *_master_tail(values[len(_MASTER) :]))
    else:
        raise ValueError(f"{len(values)} columns")
    return {name: value.encode("latin-1") for name, value in zip(names, values, strict=False)}


def _master_tail(values: list[str]) -> tuple[str, ...]:
    """Which of uniqueid, userfield and the newer columns stand at the end: each is a setting."""
    with_more = len(values) >= len(_MORE) and (number_like(values[-1]) or not values[-1])
    first = values[: -len(_MORE)] if with_more else values
    named: tuple[str, ...] = ("uniqueid", "userfield")
    if len(first) == 1 and not _UNIQUEID.fullmatch(first[0]):
        named = ("userfield",)
    return (*named[: len(first)], *(_MORE if with_more else ()))


def number_like(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _later(written: str, start: str, started_at: float) -> float | None:
    """When it was answered or ended, counted from its start: an hour that comes twice, or a zone not known yet, does no harm."""
    if written in _NOTHING:
        return None
    if _TIME.fullmatch(written):
        return max(started_at, float(written))
    began = datetime.fromtimestamp(float(start), UTC) if _TIME.fullmatch(start) else datetime.fromisoformat(start)
    try:
        after = (datetime.fromisoformat(written) - began).total_seconds()
    except TypeError as error:  # one with an offset, one without
        raise ValueError("its times are of two kinds") from error
    return started_at + max(0.0, after)
