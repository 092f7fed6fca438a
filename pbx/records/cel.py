"""CEL files of the exchange → channel events. Columns as our `cel_custom.conf` writes them, no header line:

time (epoch seconds), type, num, name, dnid, exten, context, channel, app, appdata, uniqueid, linkedid, peer, extra (JSON).
"""

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pbx import channel_events as told
from pbx.channel_events import ChannelEvent
from pbx.dialects.asterisk import application_began
from pbx.lines import split_name

_COLUMNS = 14
_LONGEST_FIELD = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """One CEL row; `at` is epoch seconds."""

    at: float
    type: str
    number: str
    name: str
    dnid: str
    exten: str
    channel: str
    application: str
    arguments: str
    uid: str
    linkedid: str
    peer: str
    extra: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CelFile:
    """The events of a file in order of time, and the lines that could not be used, each as (line, why)."""

    events: list[ChannelEvent] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)


def read_cel(file: Path) -> CelFile:
    """Reads a CEL file; broken, cut or wrongly encoded rows are named, the rest used. Raises OSError."""
    with file.open(encoding="utf-8", errors="replace", newline="") as stream:
        return cel_events(stream)


def cel_events(lines: Iterable[str]) -> CelFile:
    """As `read_cel`, from lines of text."""
    rows: list[Row] = []
    broken: list[tuple[int, str]] = []
    csv.field_size_limit(_LONGEST_FIELD)
    for number, line in enumerate(lines, 1):
        if not line.strip("\0\r\n "):
            continue
        try:
            rows.append(_row(line))
        except (ValueError, csv.Error, RecursionError) as error:
            broken.append((number, str(error)[:200]))
    rows.sort(key=lambda row: row.at)
    return CelFile(list(_told(rows)), broken)


def _row(line: str) -> Row:
    values = next(csv.reader([line.replace("\0", "")]), [])
    if len(values) < _COLUMNS - 1:
        raise ValueError(f"{len(values)} columns instead of {_COLUMNS}")
    at = float(values[0])
    if not math.isfinite(at) or at < 0:
        raise ValueError("no time")
    if not values[1] or not values[10]:
        raise ValueError("no type or no uniqueid")
    extra = json.loads(values[13]) if len(values) > 13 and values[13] else {}
    kind, number, name, dnid, exten, _, channel, application, arguments, uid, linkedid, peer = values[1:13]
    more = extra if isinstance(extra, dict) else {}
    return Row(at, kind, number, name, dnid, exten, channel, application, arguments, uid, linkedid, peer, more)


def _told(rows: list[Row]) -> Iterator[ChannelEvent]:
    dialling: dict[str, Row] = {}
    for row in rows:
        if row.type == "APP_START" and row.application.lower() in {"dial", "queue", "followme", "page"}:
            dialling[row.uid] = row
        elif row.type in {"APP_END", "CHAN_END"}:
            dialling.pop(row.uid, None)
        if row.type == "CHAN_START":
            yield from _born(row, dialling)
        elif row.type in _READERS:
            event = _READERS[row.type](row)
            if event is not None:
                yield event


def _born(row: Row, dialling: dict[str, Row]) -> Iterator[ChannelEvent]:
    """CEL tells no DialBegin: a channel born with `s` in another's linkedid, while that one dials, is dialled by it."""
    by = [dialler for dialler in dialling.values() if dialler.linkedid == row.linkedid]
    came_in = row.uid == row.linkedid or not by
    if row.channel.endswith(";2"):
        came_in = True
    yield told.ChannelBorn(row.at, row.uid, row.channel, row.linkedid, row.exten, row.number, row.name, came_in)
    if came_in:
        return
    dialler = next((d for d in reversed(by) if _dials(d, row)), by[-1])
    yield told.DialBegan(
        row.at,
        row.uid,
        row.channel,
        row.linkedid,
        dialler.uid,
        dialler.channel,
        dialler.linkedid,
        _dial_string(dialler, row),
        False,
    )


def _dials(dialler: Row, row: Row) -> bool:
    technology, endpoint = split_name(row.channel)
    return f"{technology}/{endpoint}" in dialler.arguments or f"@{endpoint}" in dialler.arguments


def _dial_string(dialler: Row, row: Row) -> str:
    """The part of `Dial(PJSIP/101&PJSIP/7916…@trunk,20)` that made this channel."""
    _, endpoint = split_name(row.channel)
    parts = dialler.arguments.partition(",")[0].split("&")
    found = next((part for part in parts if endpoint and endpoint in part), "")
    return found.partition("/")[2]


def _on(row: Row) -> tuple[float, str, str, str]:
    return row.at, row.uid, row.channel, row.linkedid


def _text(row: Row, key: str) -> str:
    value = row.extra.get(key, "")
    return value if isinstance(value, str) else ""


def _waiting(row: Row) -> bool:
    return _text(row, "bridge_technology") == "holding_bridge"


def _bridge_enter(row: Row) -> ChannelEvent | None:
    conference = row.application.lower() == "confbridge"
    return told.BridgeJoined(*_on(row), _text(row, "bridge_id"), _waiting(row), conference)


def _hangup(row: Row) -> ChannelEvent | None:
    # The far end of this very channel hung up.
    return told.HangupAsked(*_on(row)) if row.channel and _text(row, "hangupsource") == row.channel else None


def _chan_end(row: Row) -> ChannelEvent | None:
    return told.ChannelGone(*_on(row), 0)


_READERS: dict[str, Callable[[Row], ChannelEvent | None]] = {
    "ANSWER": lambda row: told.ChannelUp(*_on(row)),
    "BRIDGE_ENTER": _bridge_enter,
    "BRIDGE_EXIT": lambda row: told.BridgeLeft(*_on(row), _text(row, "bridge_id"), _waiting(row)),
    "HANGUP": _hangup,
    "CHAN_END": _chan_end,
    "APP_START": lambda row: application_began(
        row.at, row.uid, row.channel, row.linkedid, row.application, row.arguments, row.dnid
    ),
}
