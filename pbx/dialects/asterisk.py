"""Asterisk 16–22 (PJSIP, SIP, Local and the rest) in the words of `pbx.channel_events`.

Only events of the table `EVENTS` are looked into, and in those only the headers named there: of a plain call's
41 events some 25 cost one dictionary miss each.
"""

from math import inf

from pbx import channel_events as told
from pbx.ami.headers import HeaderReader
from pbx.ami.protocol import Message, message_name, text
from pbx.channel_events import ChannelEvent
from pbx.dialects.asterisk_answers import of_response
from pbx.dialects.asterisk_events import EVENTS

_RECORDING = "MIXMONITOR_FILENAME"

# Events that say nothing new unless these bytes are in them.
_NEEDS = {
    b"CEL": b"\nEventName: APP_START\r",
    b"VarSet": f"\nVariable: {_RECORDING}\r".encode(),
    b"MixMonitorStart": _RECORDING.encode(),
}

_LATEST = 1e11  # seconds; whatever claims to be later is no time
_MOST_MEMBERS = 20_000
_MOST_RECORDINGS = 2_000
_TOLD_AGAIN = 60.0
"""Seconds after which a recording that every event of its channel names is told again, for whoever came later."""

_NONE: tuple[ChannelEvent, ...] = ()


class AsteriskDialect:
    """See the module. Remembers nothing of calls; only which queue-member events and recordings it has told already."""

    name = "asterisk"

    def __init__(self) -> None:
        self._plans = {
            event: (reader, HeaderReader(f"Timestamp {wanted}", _RECORDING), _NEEDS.get(event, b""), *_places(wanted))
            for event, (reader, wanted) in EVENTS.items()
        }
        self._members: set[bytes] = set()
        self._recordings: dict[tuple[str, str], float] = {}

    def read(self, message: Message, at: float) -> tuple[ChannelEvent, ...]:
        """What the message says happened; its own `Timestamp:` counts before `at`. Never raises."""
        return self.read_raw(message.raw, at)

    def read_raw(self, raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
        """As `read`, from the message's bare bytes. One function, without helpers, as it runs for every event there is."""
        name = message_name(raw)
        plan = self._plans.get(name)
        if plan is None:
            return of_response(raw, at) if name == b"Success" else _NONE
        reader, header_reader, needed, channel, end = plan
        if (needed and needed not in raw) or (name == b"QueueMemberStatus" and self._told_before(raw)):
            return _NONE
        values = header_reader.read(raw)
        if values[0]:
            stamped = _moment(values[0])
            at = at if stamped is None else stamped
        event = reader(at, *values[1:end])
        if channel and (values[-1] or values[end]):
            recording = self._recording(at, values[channel : channel + 3], values[end:])
            if recording is not None:
                return (recording,) if event is None else (recording, event)
        return _NONE if event is None else (event,)

    def _told_before(self, raw: bytes) -> bool:
        """Each queue repeats a member at every change of his phone; his name is news once."""
        start, end = raw.find(b"\nMemberName: "), raw.find(b"\nMembership: ")
        if not 0 <= start < end:
            return False
        member = raw[start:end]
        if member in self._members:
            return True
        if len(self._members) < _MOST_MEMBERS:
            self._members.add(member)
        return False

    def _recording(self, at: float, channel: tuple[str, ...], paths: tuple[str, ...]) -> ChannelEvent | None:
        """Every event of a recorded channel names the file; the first by time is news, whichever comes first."""
        news: list[str] = []
        for path in paths:
            place = (channel[0], path)
            known = self._recordings.get(place, inf)
            if path and not known <= at < known + _TOLD_AGAIN:
                news.append(path)
                self._recordings[place] = at
        if not news or not channel[0]:
            return None
        if len(self._recordings) > _MOST_RECORDINGS:
            self._recordings.clear()
        return told.RecordingBegan(at, *channel, tuple(dict.fromkeys(news)))


def timestamp_of(raw: bytes) -> float | None:
    """The `Timestamp:` header (epoch seconds), sent with `timestampevents = yes`."""
    start = raw.find(b"\nTimestamp: ")
    if start < 0:
        return None
    return _moment(text(raw[start + 12 : start + 40].partition(b"\r")[0]))


def _moment(stamp: str) -> float | None:
    """Epoch seconds, if that is what it is."""
    try:
        moment = float(stamp)
    except ValueError:
        return None
    return moment if 0.0 <= moment < _LATEST else None


def _places(wanted: str) -> tuple[int, int]:
    """Where in what is read, after the timestamp, the three headers of the event's channel are (0: nowhere), and the end."""
    names = wanted.split()
    return (names.index("Uniqueid") + 1 if "Uniqueid" in names else 0), len(names) + 1


DIALECT = AsteriskDialect()
