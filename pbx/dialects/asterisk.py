"""Asterisk 16–22 (PJSIP, SIP, Local and the rest) in the words of `pbx.channel_events`.

Only events of the table `EVENTS` are looked into, and in those only the headers named there: of a plain call's
41 events some 25 cost one dictionary miss each.
"""

import re

from pbx import channel_events as told
from pbx.ami.headers import HeaderReader, Headers
from pbx.ami.protocol import Message, message_name, text
from pbx.channel_events import ChannelEvent
from pbx.dialects.asterisk_events import EVENTS, channel_of

_RECORDING_VARIABLE = b"MIXMONITOR_FILENAME"
_ANNOUNCED = re.compile(
    rb"(?:ChanVariable(?:\([^)\r\n]*\))?: MIXMONITOR_FILENAME=|Variable: MIXMONITOR_FILENAME\r\nValue: )([^\r\n]+)"
)
_EPOCH = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")

# Events that say nothing new unless these bytes are in them.
_NEEDS = {
    b"CEL": b"\nEventName: APP_START\r",
    b"QueueMemberStatus": b"\nInterface: ",
    b"VarSet": _RECORDING_VARIABLE,
    b"MixMonitorStart": _RECORDING_VARIABLE,
}

_ALWAYS = "Timestamp ChanVariable DestChanVariable"
_MOST_MEMBERS = 20_000


class AsteriskDialect:
    """See the module. Remembers nothing of calls; only which queue-member events it has told already."""

    name = "asterisk"

    def __init__(self) -> None:
        self._plans = {
            event: (reader, HeaderReader(f"{_ALWAYS} {wanted}"), _NEEDS.get(event, b""))
            for event, (reader, wanted) in EVENTS.items()
        }
        self._members: set[bytes] = set()

    def read(self, message: Message, at: float) -> tuple[ChannelEvent, ...]:
        """What the message says happened; its own `Timestamp:` counts before `at`. Never raises."""
        return self.read_raw(message.raw, at)

    def read_raw(self, raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
        """As `read`, from the message's bare bytes."""
        name = message_name(raw)
        plan = self._plans.get(name)
        if plan is None:
            return self._response(raw, at) if name == b"Success" else ()
        reader, header_reader, needed = plan
        if needed and (needed not in raw or (name == b"QueueMemberStatus" and self._told_before(raw))):
            return ()
        headers = header_reader.read(raw)
        at = _timestamp(headers, at)
        event = reader(headers, at)
        if "ChanVariable" in headers or "DestChanVariable" in headers or needed is _RECORDING_VARIABLE:
            return (*_recording(raw, headers, at), *((event,) if event else ()))
        return () if event is None else (event,)

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

    @staticmethod
    def _response(raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
        if b"\nMessage: Channel status will follow" in raw:
            return (told.SnapshotBegan(at),)
        return ()


def timestamp_of(raw: bytes) -> float | None:
    """The `Timestamp:` header (epoch seconds), sent with `timestampevents = yes`."""
    start = raw.find(b"\nTimestamp: ")
    if start < 0:
        return None
    value = text(raw[start + 12 : start + 40].partition(b"\r")[0])
    return float(value) if _EPOCH.fullmatch(value) else None


def _timestamp(headers: Headers, at: float) -> float:
    value = headers.get("Timestamp")
    return float(value) if value is not None and _EPOCH.fullmatch(value) else at


def _recording(raw: bytes, headers: Headers, at: float) -> tuple[ChannelEvent, ...]:
    if _RECORDING_VARIABLE not in raw:
        return ()
    paths = tuple(dict.fromkeys(text(path) for path in _ANNOUNCED.findall(raw)))
    return (told.RecordingBegan(at, *channel_of(headers), paths),) if paths and headers.get("Uniqueid") else ()


DIALECT = AsteriskDialect()
