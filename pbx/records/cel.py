"""CEL files of the exchange → channel events. Columns as our `cel_custom.conf` writes them, no header line:

time (epoch seconds), type, num, name, dnid, exten, context, channel, app, appdata, uniqueid, linkedid, peer, extra (JSON).
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pbx import channel_events as told
from pbx.channel_events import ChannelEvent
from pbx.dialects.asterisk_events import application_began
from pbx.lines import split_name
from pbx.records.rows import decoded

_COLUMNS = 14
LONGEST_FIELD = 1 << 20
_MOST_NAMED = 100
# As the exchange writes it: `float` alone reads 1e300, other scripts' digits and underscores, too.
_TIME = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")


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
    """The events of a file in order of time, and the lines that could not be used (whole), each as (line, why)."""

    events: list[ChannelEvent] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)


def read_cel(file: Path) -> CelFile:
    """Reads a CEL file; broken, cut or wrongly encoded rows are named, the rest used. Raises OSError."""
    with file.open("rb") as stream:
        return cel_events(stream)


def cel_events(lines: Iterable[bytes | str]) -> CelFile:
    """As `read_cel`, from its lines."""
    reader = CelReader()
    return CelFile(reader.read(lines), reader.broken)


class CelReader:
    """Reads the records of a time piece by piece: what earlier pieces told is remembered."""

    def __init__(self) -> None:
        self.rows = 0
        self.broken_rows = 0
        self.broken: list[tuple[int, str]] = []
        self._lines = 0
        self._reading = _Reading()

    def read(self, lines: Iterable[bytes | str]) -> list[ChannelEvent]:
        """The events of these lines in order of time. Only the first broken ones are named, all are counted."""
        csv.field_size_limit(LONGEST_FIELD)
        rows = [row for line in lines if (row := self._read_line(line)) is not None]
        rows.sort(key=lambda row: row.at)
        return self.events(rows)

    def events(self, rows: list[Row]) -> list[ChannelEvent]:
        """The events of rows that are read and in order of time already."""
        self._reading.learn(rows)
        self.rows += len(rows)
        return [event for row in rows if row.type in _READERS for event in _READERS[row.type](self._reading, row)]

    def _read_line(self, line: bytes | str) -> Row | None:
        self._lines += 1
        row, fault = read_line(line)
        if fault:
            self._note_broken(fault)
        return row

    def _note_broken(self, why: str) -> None:
        self.broken_rows += 1
        if len(self.broken) < _MOST_NAMED:
            self.broken.append((self._lines, why))


def fault_of(line: bytes) -> str | None:
    """What is wrong with a line, if anything is."""
    return read_line(line)[1]


def read_line(line: bytes | str) -> tuple[Row | None, str | None]:
    """A row, and what is wrong. A name in another encoding costs its letters, not the row; it counts as broken, too."""
    written, wrong = (line, False) if isinstance(line, str) else decoded(line)
    fault = "not UTF-8" if wrong else None
    if not written.strip("\0\r\n "):
        return None, None
    try:
        return _row(written), fault
    except (ValueError, csv.Error, RecursionError) as error:
        return None, str(error)[:200]


def _row(line: str) -> Row:
    values = next(csv.reader([line.replace("\0", "")]), [])
    if len(values) < _COLUMNS - 1:
        raise ValueError(f"{len(values)} columns instead of {_COLUMNS}")
    if not _TIME.fullmatch(values[0]):
        raise ValueError("no time")
    at = float(values[0])
    if not values[1] or not values[10]:
        raise ValueError("no type or no uniqueid")
    extra = json.loads(values[13]) if len(values) > 13 and values[13] else {}
    kind, number, name, dnid, exten, _, channel, application, arguments, uid, linkedid, peer = values[1:13]
    more = extra if isinstance(extra, dict) else {}
    return Row(at, kind, number, name, dnid, exten, channel, application, arguments, uid, linkedid, peer, more)


class _Reading:
    """What of the rows before (and of those read at once with it) a row is understood by."""

    def __init__(self) -> None:
        self.dialling: dict[str, Row] = {}
        self.queueing: dict[str, str] = {}
        self.causes: dict[str, int] = {}
        self.uids: dict[str, str] = {}
        self.originated: set[str] = set()
        self.dialled: set[str] = set()
        self.arguments: dict[str, dict[str, None]] = {}  # of every Dial: a second one in a row has no APP_START of its own
        self.music: set[str] = set()

    def learn(self, rows: list[Row]) -> None:
        self.uids.update((row.channel, row.uid) for row in rows if row.type == "CHAN_START")
        # AppDial2 is the application of a leg that no channel dialled: an originate, or a call back to a transferer.
        self.originated.update(row.uid for row in rows if row.application == "AppDial2")
        # AppDial and AppQueue are those of legs that a channel did dial, by whichever application.
        self.dialled.update(row.uid for row in rows if row.application in {"AppDial", "AppQueue"})
        for row in rows:
            if row.application.lower() in _DIALLING and row.arguments:
                self.arguments.setdefault(row.uid, {})[row.arguments] = None

    def born(self, row: Row) -> Iterator[ChannelEvent]:
        """CEL tells no DialBegin: a channel born into another's call while that one dials is dialled by it."""
        by = [dialler for dialler in self.dialling.values() if dialler.linkedid == row.linkedid]
        originated = row.uid in self.originated
        dialled = bool(by) or row.uid in self.dialled
        came_in = not originated and (row.uid == row.linkedid or not dialled or row.channel.endswith(";2"))
        yield told.ChannelBorn(*_on(row), row.exten, row.number, row.name, came_in)
        if originated:
            yield told.DialBegan(*_on(row), "", "", "", "", ringing=False)
        elif by and not came_in:
            dialler = next((d for d in reversed(by) if self._dials(d, row)), by[-1])
            string = _dial_string(self._arguments_of(dialler), row)
            yield told.DialBegan(*_on(row), dialler.uid, dialler.channel, dialler.linkedid, string, ringing=False)

    def _arguments_of(self, dialler: Row) -> list[str]:
        return [dialler.arguments, *self.arguments.get(dialler.uid, ())]

    def _dials(self, dialler: Row, row: Row) -> bool:
        technology, endpoint = split_name(row.channel)
        wanted = f"{technology}/{endpoint}", f"@{endpoint}"
        return any(name in told for told in self._arguments_of(dialler) for name in wanted)

    def application(self, row: Row) -> Iterator[ChannelEvent]:
        name = row.application.lower()
        if name in _DIALLING:
            self.dialling[row.uid] = row
        if name == "queue":
            self.queueing[row.uid] = row.arguments.partition(",")[0]
            yield told.QueueJoined(*_on(row), self.queueing[row.uid])
        yield application_began(*_on(row), row.application, row.arguments, row.dnid)

    def application_ended(self, row: Row) -> Iterator[ChannelEvent]:
        self.dialling.pop(row.uid, None)
        queue = self.queueing.pop(row.uid, None)
        if queue is not None:
            yield told.QueueLeft(*_on(row), queue)

    def joined(self, row: Row) -> Iterator[ChannelEvent]:
        yield from self.application_ended(row) if row.uid in self.queueing else ()
        conference = row.application.lower() == "confbridge"
        yield told.BridgeJoined(*_on(row), _text(row, "bridge_id"), _waiting(row), conference)

    def left(self, row: Row) -> Iterator[ChannelEvent]:
        yield told.BridgeLeft(*_on(row), _text(row, "bridge_id"), _waiting(row))

    def answered(self, row: Row) -> Iterator[ChannelEvent]:
        yield told.ChannelUp(*_on(row))

    def hung_up(self, row: Row) -> Iterator[ChannelEvent]:
        cause = row.extra.get("hangupcause")
        self.causes[row.uid] = cause if isinstance(cause, int) and 0 <= cause < 1000 else 0
        if row.channel and _text(row, "hangupsource") == row.channel:
            yield told.HangupAsked(*_on(row))  # the far end of this very channel hung up
        if row.uid in self.originated:
            yield told.OriginateAnswered(*_on(row), row.number)  # it was shown whom it was to call

    def sound_began(self, row: Row) -> Iterator[ChannelEvent]:
        """Asterisk 22 tells sounds; those of a class are music on hold."""
        if _text(row, "class"):
            self.music.add(row.uid)
            yield told.MusicBegan(*_on(row))

    def sound_ended(self, row: Row) -> Iterator[ChannelEvent]:
        if row.uid in self.music:
            self.music.discard(row.uid)
            yield told.MusicEnded(*_on(row))

    def gone(self, row: Row) -> Iterator[ChannelEvent]:
        self.dialling.pop(row.uid, None)
        yield told.ChannelGone(*_on(row), self.causes.pop(row.uid, 0))

    def blind_transfer(self, row: Row) -> Iterator[ChannelEvent]:
        transferee = _text(row, "transferee_channel_uniqueid")
        yield told.BlindTransferred(*_on(row), transferee, "", _text(row, "extension"))

    def attended_transfer(self, row: Row) -> Iterator[ChannelEvent]:
        second, target = _text(row, "channel2_uniqueid"), _text(row, "transfer_target_channel_uniqueid")
        yield told.AttendedTransferred(*_on(row), second, "", target, ())

    def picked_up(self, row: Row) -> Iterator[ChannelEvent]:
        """The row is the phone's that rang."""
        by, uid = _text(row, "pickup_channel"), _text(row, "pickup_channel_uniqueid")
        if uid:
            yield told.CallPickedUp(row.at, uid, by, "", row.uid, row.channel, row.linkedid)

    def parked(self, row: Row) -> Iterator[ChannelEvent]:
        yield told.CallParked(*_on(row), _text(row, "parker_dial_string"))

    def unparked(self, row: Row) -> Iterator[ChannelEvent]:
        retriever = _text(row, "retriever")
        if retriever in self.uids:
            yield told.CallUnparked(*_on(row), self.uids[retriever], retriever, "")


_DIALLING = frozenset(["dial", "queue", "followme", "page"])
_READERS: dict[str, Callable[[_Reading, Row], Iterator[ChannelEvent]]] = {
    "CHAN_START": _Reading.born,
    "APP_START": _Reading.application,
    "APP_END": _Reading.application_ended,
    "ANSWER": _Reading.answered,
    "BRIDGE_ENTER": _Reading.joined,
    "BRIDGE_EXIT": _Reading.left,
    "BLINDTRANSFER": _Reading.blind_transfer,
    "ATTENDEDTRANSFER": _Reading.attended_transfer,
    "PICKUP": _Reading.picked_up,
    "PARK_START": _Reading.parked,
    "PARK_END": _Reading.unparked,
    "STREAM_BEGIN": _Reading.sound_began,
    "STREAM_END": _Reading.sound_ended,
    "HANGUP": _Reading.hung_up,
    "CHAN_END": _Reading.gone,
}


def _dial_string(arguments: Iterable[str], row: Row) -> str:
    """The part of `Dial(PJSIP/101&PJSIP/7916…@trunk,20)` that made this channel."""
    _, endpoint = split_name(row.channel)
    parts = [part for told in arguments for part in told.partition(",")[0].split("&")]
    found = next((part for part in parts if endpoint and endpoint in part), "")
    return found.partition("/")[2]


def _on(row: Row) -> tuple[float, str, str, str]:
    return row.at, row.uid, row.channel, row.linkedid


def _text(row: Row, key: str) -> str:
    value = row.extra.get(key, "")
    return value if isinstance(value, str) else ""


def _waiting(row: Row) -> bool:
    return _text(row, "bridge_technology") == "holding_bridge"
