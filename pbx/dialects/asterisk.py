"""Asterisk 16–22 (PJSIP, SIP, Local and the rest) in the words of `pbx.channel_events`.

Only events of the table `_READERS` are looked into, and in those only the headers named there: of a plain call's
41 events some 25 cost one dictionary miss each. No reader needs CEL or Cdr events; CEL's APP_START is taken where it comes.
"""

import re
from collections.abc import Callable

from pbx import channel_events as told
from pbx.ami.headers import HeaderReader, Headers
from pbx.ami.protocol import Message, message_name, text
from pbx.channel_events import ChannelEvent

Reader = Callable[[Headers, float], ChannelEvent | None]

_CHANNEL = "Channel Uniqueid Linkedid"
_DEST = "DestChannel DestUniqueid DestLinkedid"
_BRIDGE = "BridgeUniqueid BridgeType BridgeTechnology BridgeCreator"

_RECORDING_VARIABLE = b"MIXMONITOR_FILENAME"
_ANNOUNCED = re.compile(
    rb"(?:ChanVariable(?:\([^)\r\n]*\))?: MIXMONITOR_FILENAME=|Variable: MIXMONITOR_FILENAME\r\nValue: )([^\r\n]+)"
)
_SIDE_FILES = re.compile(r"[rt]\(([^()]*)\)")
_EPOCH = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
_WHOLE = re.compile(r"[0-9]{1,8}")


def _value(headers: Headers, name: str) -> str:
    value = headers.get(name, "")
    return "" if value == "<unknown>" else value


def _on(headers: Headers, prefix: str = "") -> tuple[str, str, str]:
    """Unique id, name and linkedid of the channel that the headers with this prefix describe."""
    return (
        headers.get(prefix + "Uniqueid", ""),
        headers.get(prefix + "Channel", ""),
        headers.get(prefix + "Linkedid", ""),
    )


def _born(headers: Headers, at: float) -> ChannelEvent | None:
    # A channel that dials out is born Down; one on which somebody calls us is born in any other state.
    came_in = headers.get("ChannelState") != "0"
    exten, number, name = _value(headers, "Exten"), _value(headers, "CallerIDNum"), _value(headers, "CallerIDName")
    return told.ChannelBorn(at, *_on(headers), exten, number, name, came_in)


def _state(headers: Headers, at: float) -> ChannelEvent | None:
    state = headers.get("ChannelState")
    if state == "5":
        return told.ChannelRang(at, *_on(headers), _value(headers, "CallerIDNum"))
    if state == "6":
        return told.ChannelUp(at, *_on(headers), _value(headers, "CallerIDNum"))
    return None


def _dial_state(headers: Headers, at: float) -> ChannelEvent | None:
    if headers.get("DialStatus") not in {"RINGING", "PROGRESS"}:
        return None
    return told.ChannelRang(at, *_on(headers, "Dest"))


def _dial_began(headers: Headers, at: float) -> ChannelEvent | None:
    ringing = headers.get("DestChannelState") == "5"
    return told.DialBegan(at, *_on(headers, "Dest"), *_on(headers), _value(headers, "DialString"), ringing)


def _dial_ended(headers: Headers, at: float) -> ChannelEvent | None:
    return told.DialEnded(at, *_on(headers, "Dest"), *_on(headers), _value(headers, "DialStatus"))


def _waiting(headers: Headers) -> bool:
    return headers.get("BridgeType") == "parking" or headers.get("BridgeTechnology") == "holding_bridge"


def _bridge_joined(headers: Headers, at: float) -> ChannelEvent | None:
    conference = headers.get("BridgeCreator", "").lower() in {"confbridge", "meetme"}
    bridge, swap = _value(headers, "BridgeUniqueid"), _value(headers, "SwapUniqueid")
    return told.BridgeJoined(at, *_on(headers), bridge, _waiting(headers), conference, swap)


def _bridge_left(headers: Headers, at: float) -> ChannelEvent | None:
    return told.BridgeLeft(at, *_on(headers), _value(headers, "BridgeUniqueid"), _waiting(headers))


def _gone(headers: Headers, at: float) -> ChannelEvent | None:
    cause = headers.get("Cause", "0")
    return told.ChannelGone(at, *_on(headers), int(cause) if _WHOLE.fullmatch(cause) else 0)


def _local(headers: Headers, at: float) -> ChannelEvent | None:
    return told.LocalPaired(at, *_on(headers, "LocalOne"), *_on(headers, "LocalTwo"))


def _blind(headers: Headers, at: float) -> ChannelEvent | None:
    if headers.get("Result", "Success") != "Success":
        return None
    uid, _, linkedid = _on(headers, "Transferee")
    return told.BlindTransferred(at, *_on(headers, "Transferer"), uid, linkedid, _value(headers, "Extension"))


def _attended(headers: Headers, at: float) -> ChannelEvent | None:
    if headers.get("Result", "Success") != "Success":
        return None
    sides = ("OrigTransferer", "SecondTransferer", "Transferee", "TransferTarget")
    linkedids = tuple(dict.fromkeys(_value(headers, side + "Linkedid") for side in sides))
    second, target = _value(headers, "SecondTransfererUniqueid"), _value(headers, "TransferTargetUniqueid")
    exten = _value(headers, "SecondTransfererExten")
    return told.AttendedTransferred(at, *_on(headers, "OrigTransferer"), second, exten, target, tuple(filter(None, linkedids)))


def _parked(headers: Headers, at: float) -> ChannelEvent | None:
    return told.CallParked(at, *_on(headers, "Parkee"), _value(headers, "ParkerDialString"))


def _unparked(headers: Headers, at: float) -> ChannelEvent | None:
    return told.CallUnparked(at, *_on(headers, "Parkee"), *_on(headers, "Retriever"))


def _picked_up(headers: Headers, at: float) -> ChannelEvent | None:
    return told.CallPickedUp(at, *_on(headers), *_on(headers, "Target"))


def _originated(headers: Headers, at: float) -> ChannelEvent | None:
    if not headers.get("Uniqueid"):
        return None
    return told.OriginateAnswered(at, *_on(headers), _value(headers, "Exten"))


def _member(headers: Headers, at: float) -> ChannelEvent | None:
    names = ("Interface", "Location", "StateInterface")
    found = tuple(dict.fromkeys(_value(headers, name) for name in names if headers.get(name)))
    return told.MemberKnown(at, found) if found else None


def _application(headers: Headers, at: float) -> ChannelEvent | None:
    application, arguments = _value(headers, "Application"), _value(headers, "AppData")
    return application_began(at, *_on(headers), application, arguments, "")


def _cel(headers: Headers, at: float) -> ChannelEvent | None:
    """The only CEL event that says more than its AMI twin: which application runs, with its arguments."""
    if headers.get("EventName") != "APP_START":
        return None
    uid, linkedid = _value(headers, "UniqueID"), _value(headers, "LinkedID")
    return application_began(
        at,
        uid,
        _value(headers, "Channel"),
        linkedid,
        _value(headers, "Application"),
        _value(headers, "AppData"),
        _value(headers, "CallerIDdnid"),
    )


def _voicemail(headers: Headers, at: float) -> ChannelEvent | None:
    # Without a Channel it is only a phone subscribing to its lamp.
    return told.VoicemailLeft(at, *_on(headers)) if headers.get("Uniqueid") else None


def _seen(headers: Headers, at: float) -> ChannelEvent | None:
    seconds = headers.get("Seconds", "0")
    state = headers.get("ChannelState")
    return told.ChannelSeen(
        at,
        *_on(headers),
        age=float(seconds) if _WHOLE.fullmatch(seconds) else 0.0,
        exten=_value(headers, "Exten"),
        dnid=_value(headers, "DNID"),
        caller_number=_value(headers, "CallerIDNum"),
        caller_name=_value(headers, "CallerIDName"),
        bridge=_value(headers, "BridgeID"),
        up=state == "6",
        ringing=state == "5",
        application=_value(headers, "Application"),
    )


def _snapshot_ended(headers: Headers, at: float) -> ChannelEvent | None:
    listed = headers.get("ListItems", headers.get("Items", ""))
    return told.SnapshotEnded(at, int(listed) if _WHOLE.fullmatch(listed) else None)


def _on_channel(make: Callable[[float, str, str, str], ChannelEvent]) -> Reader:
    return lambda headers, at: make(at, *_on(headers))


def _queue(make: Callable[[float, str, str, str, str], ChannelEvent]) -> Reader:
    return lambda headers, at: make(at, *_on(headers), _value(headers, "Queue"))


def application_began(
    at: float, uid: str, channel: str, linkedid: str, application: str, arguments: str, dnid: str
) -> ChannelEvent:
    """MixMonitor's arguments name its files; any other application is told as itself. CEL files use this too."""
    if application.lower() == "mixmonitor":
        paths = recorded_paths(arguments)
        if paths:
            return told.RecordingBegan(at, uid, channel, linkedid, paths)
    return told.ApplicationBegan(at, uid, channel, linkedid, application, arguments, dnid)


def recorded_paths(arguments: str) -> tuple[str, ...]:
    """The files of `MixMonitor(mix.wav,br(rx.wav)t(tx.wav),command)`: the mix, then its two sides."""
    mix, _, options = arguments.partition(",")
    return tuple(filter(None, (mix, *_SIDE_FILES.findall(options))))


_READERS: dict[bytes, tuple[Reader, str]] = {
    b"Newchannel": (_born, f"{_CHANNEL} ChannelState Exten CallerIDNum CallerIDName"),
    b"Newstate": (_state, f"{_CHANNEL} ChannelState CallerIDNum"),
    b"Rename": (lambda h, at: told.ChannelRenamed(at, *_on(h), _value(h, "Newname")), f"{_CHANNEL} Newname"),
    b"HangupRequest": (_on_channel(told.HangupAsked), _CHANNEL),
    b"Hangup": (_gone, f"{_CHANNEL} Cause"),
    b"DialBegin": (_dial_began, f"{_CHANNEL} {_DEST} DestChannelState DialString"),
    b"DialState": (_dial_state, f"{_DEST} DialStatus"),
    b"DialEnd": (_dial_ended, f"{_CHANNEL} {_DEST} DialStatus"),
    b"BridgeEnter": (_bridge_joined, f"{_CHANNEL} {_BRIDGE} SwapUniqueid"),
    b"BridgeLeave": (_bridge_left, f"{_CHANNEL} {_BRIDGE}"),
    b"Hold": (_on_channel(told.Held), _CHANNEL),
    b"Unhold": (_on_channel(told.Unheld), _CHANNEL),
    b"MusicOnHoldStart": (_on_channel(told.MusicBegan), _CHANNEL),
    b"MusicOnHoldStop": (_on_channel(told.MusicEnded), _CHANNEL),
    b"LocalBridge": (
        _local,
        "LocalOneChannel LocalOneUniqueid LocalOneLinkedid LocalTwoChannel LocalTwoUniqueid LocalTwoLinkedid",
    ),
    b"BlindTransfer": (
        _blind,
        "Result TransfererChannel TransfererUniqueid TransfererLinkedid TransfereeUniqueid TransfereeLinkedid Extension",
    ),
    b"AttendedTransfer": (
        _attended,
        "Result OrigTransfererChannel OrigTransfererUniqueid OrigTransfererLinkedid SecondTransfererUniqueid "
        "SecondTransfererLinkedid SecondTransfererExten TransfereeLinkedid TransferTargetUniqueid "
        "TransferTargetLinkedid",
    ),
    b"ParkedCall": (_parked, "ParkeeChannel ParkeeUniqueid ParkeeLinkedid ParkerDialString"),
    b"UnParkedCall": (
        _unparked,
        "ParkeeChannel ParkeeUniqueid ParkeeLinkedid RetrieverChannel RetrieverUniqueid RetrieverLinkedid",
    ),
    b"Pickup": (_picked_up, f"{_CHANNEL} TargetChannel TargetUniqueid TargetLinkedid"),
    b"OriginateResponse": (_originated, f"{_CHANNEL} Exten"),
    b"QueueCallerJoin": (_queue(told.QueueJoined), f"{_CHANNEL} Queue"),
    b"QueueCallerLeave": (_queue(told.QueueLeft), f"{_CHANNEL} Queue"),
    b"QueueCallerAbandon": (_queue(told.QueueAbandoned), f"{_CHANNEL} Queue"),
    b"QueueMember": (_member, "Location StateInterface"),
    b"QueueMemberStatus": (_member, "Interface StateInterface"),
    b"QueueMemberAdded": (_member, "Interface StateInterface"),
    b"AgentCalled": (_member, "Interface"),
    b"MessageWaiting": (_voicemail, _CHANNEL),
    b"Newexten": (_application, f"{_CHANNEL} Application AppData"),
    b"VarSet": (lambda _headers, _at: None, _CHANNEL),
    b"MixMonitorStart": (lambda _headers, _at: None, _CHANNEL),
    b"CEL": (_cel, "EventName Channel UniqueID LinkedID Application AppData CallerIDdnid"),
    b"Status": (_seen, f"{_CHANNEL} ChannelState Seconds Exten DNID CallerIDNum CallerIDName BridgeID Application"),
    b"StatusComplete": (_snapshot_ended, "ListItems Items"),
}


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
            for event, (reader, wanted) in _READERS.items()
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
        member = raw[raw.find(b"\nMemberName: ") : raw.find(b"\nMembership: ")]
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
    return (told.RecordingBegan(at, *_on(headers), paths),) if paths and headers.get("Uniqueid") else ()


DIALECT = AsteriskDialect()
