"""Calls out of CDR, where nothing else tells of them: what a summary can tell, as channel events. Pure.

A CDR names two channels, when they were tried and what became of it. How long somebody rang, who held and when a queue or a menu
let the caller go it does not say: its calls are marked as known in part, and no call that was heard is touched.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from pbx import channel_events as told
from pbx.channel_events import ChannelEvent
from pbx.lines import split_name
from pbx.records.cdr import JOURNALLED, CdrRow, cdr_columns, cdr_row
from pbx.records.local_time import LocalTimes
from pbx.records.queue_log import QueueLogRow

_CLID = re.compile(r'"(.*)"\s*<[^<>]*>')
_STATUS = {"BUSY": ("BUSY", 17), "FAILED": ("CHANUNAVAIL", 34), "CONGESTION": ("CONGESTION", 34), "CANCEL": ("CANCEL", 0)}
_AFTER_RINGING = frozenset(["NOANSWER", "CANCEL"])
_CLEARED = frozenset(["hangup", "busy", "congestion", "playtones"])
"""Applications with which the exchange itself ends a call."""

Knows = Callable[[str], bool]


def finished(rows: Iterable[CdrRow], since: float, until: float) -> list[CdrRow]:
    """Those of the calls that were over by `until` and not before `since`: whoever hears again then has missed their end."""
    return [row for some in _by_call(rows).values() if since <= max(r.ended_at for r in some) <= until for row in some]


def cdr_line(row: CdrRow) -> bytes:
    """As our `cdr_custom.conf` writes it, with FreePBX's two columns at the end: so it stands in the journal."""
    shown = {
        "start": f"{row.started_at:.6f}", "answer": "" if row.answered_at is None else f"{row.answered_at:.6f}",
        "end": f"{row.ended_at:.6f}", "peeraccount": "",
    }  # fmt: skip
    values = [shown[name] if name in shown else str(getattr(row, name)) for name in JOURNALLED]
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow([re.sub(r"[\r\n]", " ", value) for value in values])
    return (written.getvalue() + "\n").encode(errors="replace")


def cdr_rows(data: bytes) -> list[CdrRow]:
    """Of a journalled batch."""
    return [cdr_row(cdr_columns(line), LocalTimes(None))[0] for line in data.splitlines() if line]


def cdr_events(
    rows: Iterable[CdrRow], queue_log: Sequence[QueueLogRow], knows: Knows, is_trunk: Callable[[str], bool]
) -> list[ChannelEvent]:
    """What the rows tell of calls that nobody heard anything of (`knows` says of an id whether somebody did), by time."""
    queued = {row.callid for row in queue_log}
    connected = {(row.callid, row.agent): row.at for row in queue_log if row.event == "CONNECT"}
    found: list[ChannelEvent] = []
    for linkedid, some in _by_call(rows).items():
        if not any(knows(one) for one in {linkedid, *(row.uniqueid for row in some)}):
            found += _Call(linkedid, some, queued, connected, is_trunk).events()
    return sorted(found, key=lambda event: event.at)


def _by_call(rows: Iterable[CdrRow]) -> dict[str, list[CdrRow]]:
    found: dict[str, list[CdrRow]] = defaultdict(list)
    for row in rows:
        found[row.linkedid].append(row)
    return found


class _Call:
    """The rows of one linkedid."""

    def __init__(
        self, linkedid: str, rows: Sequence[CdrRow], queued: set[str], connected: dict[tuple[str, str], float],
        is_trunk: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._linkedid = linkedid
        self._rows = sorted(rows, key=lambda row: (row.started_at, row.sequence))
        self._queued = queued
        self._connected = connected
        self._is_trunk = is_trunk
        self._uids = {row.channel: row.uniqueid for row in reversed(self._rows) if row.channel}
        self._dialled = {row.dstchannel for row in self._rows if row.dstchannel}

    def events(self) -> Iterator[ChannelEvent]:
        for uid in dict.fromkeys(row.uniqueid for row in self._rows):
            yield from self._caller([row for row in self._rows if row.uniqueid == uid])
        for row in self._rows:
            yield from self._application(row)
            if row.dstchannel:
                yield from self._leg(row)
        ends: dict[tuple[str, str], tuple[float, int]] = {}
        for row in self._rows:
            ends[row.uniqueid, row.channel] = max(ends.get((row.uniqueid, row.channel), (0.0, 0)), (row.ended_at, 0))
            if row.dstchannel:
                leg = (self._leg_uid(row), row.dstchannel)
                ends[leg] = max(ends.get(leg, (0.0, 0)), (row.ended_at, _status(row)[1]))
        for (uid, channel), (at, cause) in ends.items():
            yield told.ChannelGone(at, uid, channel, self._linkedid, cause)

    def _caller(self, rows: list[CdrRow]) -> Iterator[ChannelEvent]:
        first, last = rows[0], max(rows, key=lambda row: row.ended_at)
        on = (first.started_at, first.uniqueid, first.channel, self._linkedid)
        came_in = first.channel not in self._dialled
        name = _CLID.match(first.clid)
        yield told.ChannelBorn(*on, self._exten(first), first.src, name[1] if name else "", came_in)
        yield told.Summarised(*on)
        for recording in dict.fromkeys(row.recordingfile for row in rows if row.recordingfile):
            yield told.RecordingBegan(*on, (recording,))
        answered = [row.answered_at for row in rows if row.answered_at is not None]
        if answered:
            yield told.ChannelUp(min(answered), *on[1:])
        # Of two that are over at once nobody says who hung up: of a caller whom nobody answered, he himself.
        talked = any(row.disposition == "ANSWERED" and row.dstchannel for row in self._rows)
        if came_in and not talked and last.lastapp.lower() not in _CLEARED:
            yield told.HangupAsked(last.ended_at, *on[1:])

    def _exten(self, row: CdrRow) -> str:
        """What was dialled. Of a call from outside `dst` may be whom the dialplan chose: that is no number of ours."""
        chosen = split_name(row.dstchannel)[1] == row.dst or len(row.dst) < 5
        return row.did or ("" if self._is_trunk(row.channel) and chosen else row.dst)

    def _application(self, row: CdrRow) -> Iterator[ChannelEvent]:
        on = (row.uniqueid, row.channel, self._linkedid)
        if row.lastapp:
            yield told.ApplicationBegan(row.started_at, *on, row.lastapp, row.lastdata)
        if row.lastapp.lower() == "queue" and row.uniqueid not in self._queued:
            queue = row.lastdata.partition(",")[0]
            yield told.QueueJoined(row.started_at, *on, queue)
            yield told.QueueLeft(row.ended_at if row.disposition != "ANSWERED" else self._joined_at(row), *on, queue)

    def _leg(self, row: CdrRow) -> Iterator[ChannelEvent]:
        leg = (self._leg_uid(row), row.dstchannel, self._linkedid)
        caller = (row.uniqueid, row.channel, self._linkedid)
        if row.dstchannel not in self._uids:
            yield told.ChannelBorn(row.started_at, *leg, "", "", "", came_in=False)
        yield told.DialBegan(row.started_at, *leg, *caller, _dial_string(row), ringing=False)
        status, _ = _status(row)
        if status != "ANSWER":
            # Whoever was busy or out of reach was so at once; the row ends when the caller has heard the tone.
            yield told.DialEnded(row.ended_at if status in _AFTER_RINGING else row.started_at, *leg, *caller, status)
            return
        at, bridge = self._joined_at(row), f"cdr-{row.uniqueid}-{row.sequence}-{row.dstchannel}"
        yield told.ChannelUp(at, *leg)
        yield told.DialEnded(at, *leg, *caller, status)
        for one in (caller, leg):
            yield told.BridgeJoined(at, *one, bridge)
            yield told.BridgeLeft(row.ended_at, *one, bridge)

    def _leg_uid(self, row: CdrRow) -> str:
        """A channel that dialled others itself has rows of its own; of any other the id is not known."""
        return self._uids.get(row.dstchannel, f"{self._linkedid}>{row.dstchannel}")

    def _joined_at(self, row: CdrRow) -> float:
        """A queue that answers first makes the caller's answer no sign of a person: its log tells when somebody took him."""
        technology, endpoint = split_name(row.dstchannel)
        at = self._connected.get((row.uniqueid, f"{technology}/{endpoint}"), row.answered_at or row.started_at)
        return min(row.ended_at, max(row.started_at, at))


def _status(row: CdrRow) -> tuple[str, int]:
    """As DIALSTATUS, and the cause with which the leg went."""
    return ("ANSWER", 16) if row.disposition == "ANSWERED" else _STATUS.get(row.disposition, ("NOANSWER", 0))


def _dial_string(row: CdrRow) -> str:
    """The part of `Dial(PJSIP/7916…@trunk,20)` that made this channel."""
    _, endpoint = split_name(row.dstchannel)
    parts = row.lastdata.partition(",")[0].split("&") if row.lastapp.lower() == "dial" else []
    return next((part for part in parts if endpoint and endpoint in part), "").partition("/")[2]
