"""Captures of an exchange → calls, without a database: what the listener does live, over files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from pathlib import Path
from typing import Any

from crm_core.calls.call_json import call_json
from crm_core.calls.events import Call
from pbx import channel_events as told
from pbx.ami.protocol import MessageReader
from pbx.call_tracker import CallTracker
from pbx.channel_events import ChannelEvent, OnChannel
from pbx.dialects.asterisk import AsteriskDialect, timestamp_of
from pbx.lines import LineRule
from pbx.records.cel import read_cel
from pbx.records.overlap import EDGE, Facts, fact_of, not_heard

_EPOCH_UNIQUEID = re.compile(rb"\nUniqueid: (?:[^\r\n]*-)?(1[0-9]{9})\.[0-9]+\r?\n")
_READ_AT_ONCE = 1 << 16
_STEP = 1e-6
"""Seconds between messages where no file says when they came: enough to keep their order."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of a capture: its raw bytes, and the second of the capture's own clock by which it had come."""

    raw: bytes
    second: float | None


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns a capture's seconds into epoch seconds. Without `zero` the time of day is not known."""

    zero: float | None
    seconds_known: bool

    def at(self, heard: Heard, before: float) -> float:
        stamped = timestamp_of(heard.raw)
        if stamped is not None:
            return stamped
        if heard.second is None:
            return before + _STEP
        return heard.second + (self.zero or 0.0)


def replay(
    files: list[Path],
    *,
    cel: Path | None = None,
    trunks: list[str] | None = None,
    extensions: list[str] | None = None,
    region: str = "RU",
    exchange: str = "default",
) -> list[dict[str, Any]]:
    """The calls of one exchange, oldest first, as the contract's JSON. Several files are sessions with gaps between.

    Raises OSError where a file cannot be read.
    """
    calls, clock = replay_calls(
        files, cel=cel, trunks=trunks or [], extensions=extensions or [], region=region, exchange=exchange
    )
    return [call_json(call, clock_known=clock.zero is not None, seconds_known=clock.seconds_known) for call in calls]


def replay_calls(
    files: list[Path], *, cel: Path | None, trunks: list[str], extensions: list[str], region: str, exchange: str
) -> tuple[list[Call], Clock]:
    """As `replay`, but the calls themselves and the clock their times are told by."""
    tracker, clock = replayed(files, cel=cel, trunks=trunks, extensions=extensions, region=region, exchange=exchange)
    # Members of queues may be learned late: so every call is read at the end, not as it was told on the way.
    return tracker.all_calls(), clock


def replayed(
    files: list[Path], *, cel: Path | None, trunks: list[str], extensions: list[str], region: str, exchange: str
) -> tuple[CallTracker, Clock]:
    """As `replay_calls`, but the tracker that was told it all."""
    sessions = [list(messages_of(file)) for file in files]
    records = read_cel(cel).events if cel is not None else []
    clock = clock_of(sessions, records)
    tracker = CallTracker(exchange, LineRule(trunks, extensions), region, remember=float("inf"))
    for from_records, told_so in groupby(_story(sessions, clock, records), key=lambda story: story[1]):
        tracker.feed_all((event for event, _ in told_so), from_records=from_records)
    return tracker, clock


def messages_of(file: Path) -> Iterator[Heard]:
    """A message had come by the second at which the bytes up to its end had."""
    reader = MessageReader()
    last: float | None = None
    with file.open("rb") as stream:
        for second, offset in _times(Path(f"{file}.times")):
            while data := stream.read(min(max(0, offset - stream.tell()), _READ_AT_ONCE)):
                yield from (Heard(raw, second) for raw in reader.feed_raw(data))
            last = second
        while data := stream.read(_READ_AT_ONCE):
            yield from (Heard(raw, last) for raw in reader.feed_raw(data))


def bytes_timed(file: Path) -> int:
    """How many bytes its `.times` tell of: more than the capture holds if they are another's, or it was cut."""
    return max((offset for _, offset in _times(Path(f"{file}.times"))), default=0)


def _times(file: Path) -> list[tuple[float, int]]:
    """Lines `seconds offset`: by that second that many bytes had come. Lines that are not so are passed over."""
    if not file.is_file():
        return []
    found = []
    for line in file.read_text(errors="replace").splitlines():
        match = re.fullmatch(r"([0-9]{1,10}(?:\.[0-9]+)?)\s+([0-9]{1,15})", line.strip())
        if match:
            found.append((float(match[1]), int(match[2])))
    return found


def clock_of(sessions: list[list[Heard]], records: list[ChannelEvent]) -> Clock:
    heard = [h for session in sessions for h in session]
    if not heard:
        return Clock(0.0 if records else None, bool(records))
    stamped = any(timestamp_of(h.raw) is not None for h in heard)
    seconds_known = stamped or any(h.second is not None for h in heard)
    zero = _zero_by_timestamps(heard)
    for guess in (_zero_by_records(heard, records), _zero_by_uniqueid(heard), _zero_by_gap(sessions, records)):
        zero = guess if zero is None else zero
    if stamped:
        return Clock(zero or 0.0, True)
    return Clock(zero if seconds_known else None, seconds_known)


def _zero_by_timestamps(heard: list[Heard]) -> float | None:
    stamped = ((timestamp_of(h.raw), h.second) for h in heard)
    return next((at - second for at, second in stamped if at is not None and second is not None), None)


def _zero_by_records(heard: list[Heard], records: list[ChannelEvent]) -> float | None:
    """What both tell sets the clock: births, ends and bridges of channels; the median of the differences is the zero."""
    recorded = {key: event.at for event in records if (key := fact_of(event))}
    if not recorded:
        return None
    dialect = AsteriskDialect()
    found = [
        recorded[key] - h.second
        for h in heard
        if h.second is not None
        for event in dialect.read_raw(h.raw, h.second)
        if (key := fact_of(event)) in recorded
    ]
    return sorted(found)[len(found) // 2] if found else None


def _zero_by_uniqueid(heard: list[Heard]) -> float | None:
    """A Uniqueid begins with the whole second of its channel's birth: right but for up to a second.

    Births count first: where the capture begins in mid-call, other events' channels may be old.
    """
    timed = [h for h in heard if h.second is not None]
    births = (h for h in timed if h.raw.startswith(b"Event: Newchannel"))
    for h in chain(births, timed):
        match = _EPOCH_UNIQUEID.search(h.raw + b"\n")
        if match and h.second is not None:
            return float(match[1]) - h.second
    return None


def _zero_by_gap(sessions: list[list[Heard]], records: list[ChannelEvent]) -> float | None:
    """Nothing heard is told by the records too: then what they tell happened in the longest gap, from its beginning."""
    ends = [(session[0].second, session[-1].second) for session in sessions if session]
    gaps = [(b[0] - a[1], a[1]) for a, b in pairwise(ends) if a[1] is not None and b[0] is not None]
    return records[0].at - max(gaps)[1] if gaps and records else None


def _story(sessions: list[list[Heard]], clock: Clock, records: list[ChannelEvent]) -> Iterator[tuple[ChannelEvent, bool]]:
    """Every event of the sessions, with the records' in the gaps between them; True marks a record's."""
    heard = [events for events in (_events(session, clock) for session in sessions) if events]
    if not heard:
        yield from ((event, True) for event in records)
        return
    yield from ((event, True) for event in _before(heard[0], records))
    for i, events in enumerate(heard):
        if i > 0:
            yield from _gap(heard[i - 1][-1].at, events[0].at, not_heard(records, Facts(chain.from_iterable(heard))))
        yield from ((event, False) for event in events)


def _before(events: list[ChannelEvent], records: list[ChannelEvent]) -> list[ChannelEvent]:
    """The beginning, as the records tell it, of calls that were up already when the first session began."""
    known = {e.linkedid for e in events if isinstance(e, OnChannel)}
    earlier = [e for e in records if e.at < events[0].at and isinstance(e, OnChannel) and e.linkedid in known]
    ended = {e.uid for e in earlier if isinstance(e, told.ChannelGone)}
    going_on = {e.linkedid for e in earlier if isinstance(e, told.ChannelBorn) and e.uid not in ended}
    return [e for e in earlier if isinstance(e, OnChannel) and e.linkedid in going_on]


def _events(session: list[Heard], clock: Clock) -> list[ChannelEvent]:
    dialect = AsteriskDialect()
    found: list[ChannelEvent] = []
    at = 0.0
    for heard in session:
        at = clock.at(heard, at)
        found.append(told.ContactMade(at))
        found += dialect.read_raw(heard.raw, at)
    return found


def _gap(lost_at: float, made_at: float, records: list[ChannelEvent]) -> Iterator[tuple[ChannelEvent, bool]]:
    yield told.ContactLost(lost_at), False
    if records:
        edges = lost_at - EDGE, made_at + EDGE  # the two clocks agree to milliseconds, and events come late
        yield from ((event, True) for event in records if edges[0] <= event.at <= edges[1])
        yield told.GapFilled(made_at, lost_at), True
