"""Asterisk 16–22 (PJSIP, SIP, Local and the rest) in the words of `pbx.channel_events`.

Only events of the table `EVENTS` are looked into, and in those only the headers named there: of a plain call's
41 events some 25 cost one dictionary miss each.
"""

from collections.abc import Callable
from math import inf

from pbx import channel_events as told
from pbx.ami.headers import HeaderReader
from pbx.ami.protocol import Message, message_name, text
from pbx.channel_events import ChannelEvent
from pbx.dialects.asterisk_answers import of_response
from pbx.dialects.asterisk_events import EVENTS, Reader
from pbx.dialects.habits import Habits

_RECORDING = "MIXMONITOR_FILENAME"

_RECORDING_SET = f"\nVariable: {_RECORDING}\r".encode()
_APPLICATION_BEGAN = b"\nEventName: APP_START\r"
_FIRST_LINES = 256  # bytes of a message in which its fourth line is
_LATEST = 1e11  # seconds; whatever claims to be later is no time
_MOST_MEMBERS = 20_000
_MOST_RECORDINGS = 2_000
_TOLD_AGAIN = 60.0
"""Seconds after which a recording that every event of its channel names is told again, for whoever came later."""

_Plan = tuple[Reader, HeaderReader, int, Callable[[bytes], bool] | None]
"""Of one kind of event: its reader; its headers, and from which of them on the three of its channel are (-1: none); whether a
message of it is news at all."""


_NOTHING: tuple[ChannelEvent, ...] = ()


class AsteriskDialect:
    """See the module. Remembers nothing of calls; only which queue-member events and recordings it has told already."""

    name = "asterisk"
    habits = Habits(title="Asterisk", recordings_root="/var/spool/asterisk/monitor")

    def __init__(self) -> None:
        self._plans = {b"Event: " + event: self._plan(event, reader, wanted) for event, (reader, wanted) in EVENTS.items()}
        self._members: set[bytes] = set()
        self._recordings: dict[tuple[str, str], float] = {}

    def read(self, message: Message, at: float) -> tuple[ChannelEvent, ...]:
        """What the message says happened; its own `Timestamp:` counts before `at`. Never raises."""
        return self.read_raw(message.raw, at)

    def read_raw(self, raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
        """As `read`, from the message's bare bytes."""
        plan = self._plans.get(raw[: raw.find(b"\r")])
        if plan is not None:
            return self._read_by(plan, raw, at)
        return _NOTHING if raw.startswith(b"Event: ") else self._read_oddly(raw, at)

    def _read_by(self, plan: _Plan, raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
        reader, headers, channel, is_news = plan
        if is_news is not None and not is_news(raw):
            return _NOTHING
        stamp, values, paths = headers.read(raw)
        if stamp:
            at = _moment(stamp, at)
        event = reader(at, *values)
        if paths and channel >= 0 and (new := self._new_recordings(values[channel], paths, at)):
            uid, name, linkedid = values[channel : channel + 3]
            began = told.RecordingBegan(at, uid, name, linkedid, new)
            return (began,) if event is None else (began, event)
        return _NOTHING if event is None else (event,)

    def _read_oddly(self, raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
        """A response, or an event that does not begin with its name as Asterisk's do."""
        name = message_name(raw)
        if name == b"Success":
            return of_response(raw, at)
        plan = self._plans.get(b"Event: " + name)
        return _NOTHING if plan is None else self._read_by(plan, raw, at)

    def _plan(self, event: bytes, reader: Reader, wanted: str) -> _Plan:
        names = wanted.split()
        is_news = {b"CEL": _application_began, b"VarSet": _recording_set, b"QueueMemberStatus": self._is_new_member}.get(event)
        return reader, HeaderReader(wanted, _RECORDING), names.index("Uniqueid") if "Uniqueid" in names else -1, is_news

    def _is_new_member(self, raw: bytes) -> bool:
        """Each queue repeats a member at every change of his phone; his name is news once."""
        start, end = raw.find(b"\nMemberName: "), raw.find(b"\nMembership: ")
        if not 0 <= start < end:
            return True
        member = raw[start:end]
        if member in self._members:
            return False
        if len(self._members) < _MOST_MEMBERS:
            self._members.add(member)
        return True

    def _new_recordings(self, uid: str, paths: tuple[str, ...], at: float) -> tuple[str, ...]:
        """Every event of a recorded channel names its file; the first by time is news, whichever comes first."""
        news: tuple[str, ...] = ()
        for path in paths:
            known = self._recordings.get((uid, path), -inf)
            if not known <= at < known + _TOLD_AGAIN and path and uid:
                if len(self._recordings) >= _MOST_RECORDINGS:
                    self._recordings.clear()
                self._recordings[uid, path] = at
                news = (*news, path)
        return news


def _application_began(raw: bytes) -> bool:
    return raw.find(_APPLICATION_BEGAN, 0, _FIRST_LINES) >= 0


def _recording_set(raw: bytes) -> bool:
    return _RECORDING_SET in raw


def timestamp_of(raw: bytes) -> float | None:
    """The `Timestamp:` header (epoch seconds), sent with `timestampevents = yes`."""
    start = raw.find(b"\nTimestamp: ")
    if start < 0:
        return None
    moment = _moment(text(raw[start + 12 : start + 40].partition(b"\r")[0]), -1.0)
    return None if moment < 0.0 else moment


def _moment(stamp: str, otherwise: float) -> float:
    """Epoch seconds, if that is what it is."""
    try:
        moment = float(stamp)
    except ValueError:
        return otherwise
    return moment if 0.0 <= moment < _LATEST else otherwise


DIALECT = AsteriskDialect()
