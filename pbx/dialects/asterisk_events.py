"""What each event of Asterisk says, in the words of `pbx.channel_events`: one small reader an event, and their table.

No reader needs CEL or Cdr events; CEL's APP_START is taken where it comes.
"""

import re
from collections.abc import Callable

from pbx import channel_events as told
from pbx.ami.headers import Headers
from pbx.channel_events import ChannelEvent

Reader = Callable[[Headers, float], ChannelEvent | None]

_CHANNEL = "Channel Uniqueid Linkedid"
_DEST = "DestChannel DestUniqueid DestLinkedid"
_BRIDGE = "BridgeUniqueid BridgeType BridgeTechnology BridgeCreator"
_SIDE_FILES = re.compile(r"[rt]\(([^()]*)\)")
_WHOLE = re.compile(r"[0-9]{1,8}")


def value_of(headers: Headers, name: str) -> str:
    value = headers.get(name, "")
    return "" if value == "<unknown>" else value


def channel_of(headers: Headers, prefix: str = "") -> tuple[str, str, str]:
    """Unique id, name and linkedid of the channel that the headers with this prefix describe."""
    return (
        headers.get(prefix + "Uniqueid", ""),
        headers.get(prefix + "Channel", ""),
        headers.get(prefix + "Linkedid", ""),
    )


def _born(headers: Headers, at: float) -> ChannelEvent | None:
    # A channel that dials out is born Down; one on which somebody calls us is born in any other state.
    came_in = headers.get("ChannelState") != "0"
    exten, number, name = value_of(headers, "Exten"), value_of(headers, "CallerIDNum"), value_of(headers, "CallerIDName")
    return told.ChannelBorn(at, *channel_of(headers), exten, number, name, came_in)


def _state(headers: Headers, at: float) -> ChannelEvent | None:
    state = headers.get("ChannelState")
    if state == "4":
        return told.ChannelCameIn(at, *channel_of(headers))
    if state == "5":
        return told.ChannelRang(at, *channel_of(headers), value_of(headers, "CallerIDNum"))
    if state == "6":
        return told.ChannelUp(at, *channel_of(headers), value_of(headers, "CallerIDNum"))
    return None


def _dial_state(headers: Headers, at: float) -> ChannelEvent | None:
    if headers.get("DialStatus") not in {"RINGING", "PROGRESS"}:
        return None
    return told.ChannelRang(at, *channel_of(headers, "Dest"))


def _dial_began(headers: Headers, at: float) -> ChannelEvent | None:
    ringing = headers.get("DestChannelState") == "5"
    return told.DialBegan(at, *channel_of(headers, "Dest"), *channel_of(headers), value_of(headers, "DialString"), ringing)


def _dial_ended(headers: Headers, at: float) -> ChannelEvent | None:
    return told.DialEnded(at, *channel_of(headers, "Dest"), *channel_of(headers), value_of(headers, "DialStatus"))


def _waiting(headers: Headers) -> bool:
    return headers.get("BridgeType") == "parking" or headers.get("BridgeTechnology") == "holding_bridge"


def _bridge_joined(headers: Headers, at: float) -> ChannelEvent | None:
    conference = headers.get("BridgeCreator", "").lower() in {"confbridge", "meetme"}
    bridge, swap = value_of(headers, "BridgeUniqueid"), value_of(headers, "SwapUniqueid")
    return told.BridgeJoined(at, *channel_of(headers), bridge, _waiting(headers), conference, swap)


def _bridge_left(headers: Headers, at: float) -> ChannelEvent | None:
    return told.BridgeLeft(at, *channel_of(headers), value_of(headers, "BridgeUniqueid"), _waiting(headers))


def _gone(headers: Headers, at: float) -> ChannelEvent | None:
    cause = headers.get("Cause", "0")
    return told.ChannelGone(at, *channel_of(headers), int(cause) if _WHOLE.fullmatch(cause) else 0)


def _local(headers: Headers, at: float) -> ChannelEvent | None:
    return told.LocalPaired(at, *channel_of(headers, "LocalOne"), *channel_of(headers, "LocalTwo"))


def _blind(headers: Headers, at: float) -> ChannelEvent | None:
    if headers.get("Result", "Success") != "Success":
        return None
    uid, _, linkedid = channel_of(headers, "Transferee")
    return told.BlindTransferred(at, *channel_of(headers, "Transferer"), uid, linkedid, value_of(headers, "Extension"))


def _attended(headers: Headers, at: float) -> ChannelEvent | None:
    if headers.get("Result", "Success") != "Success":
        return None
    sides = ("OrigTransferer", "SecondTransferer", "Transferee", "TransferTarget")
    linkedids = tuple(dict.fromkeys(value_of(headers, side + "Linkedid") for side in sides))
    second, target = value_of(headers, "SecondTransfererUniqueid"), value_of(headers, "TransferTargetUniqueid")
    exten = value_of(headers, "SecondTransfererExten")
    return told.AttendedTransferred(
        at, *channel_of(headers, "OrigTransferer"), second, exten, target, tuple(filter(None, linkedids))
    )


def _parked(headers: Headers, at: float) -> ChannelEvent | None:
    if "ActionID" in headers:  # the answer to a question, not a deed
        return told.ParkedSeen(at, *channel_of(headers, "Parkee"))
    return told.CallParked(at, *channel_of(headers, "Parkee"), value_of(headers, "ParkerDialString"))


def _unparked(headers: Headers, at: float) -> ChannelEvent | None:
    return told.CallUnparked(at, *channel_of(headers, "Parkee"), *channel_of(headers, "Retriever"))


def _picked_up(headers: Headers, at: float) -> ChannelEvent | None:
    return told.CallPickedUp(at, *channel_of(headers), *channel_of(headers, "Target"))


def _originated(headers: Headers, at: float) -> ChannelEvent | None:
    if not headers.get("Uniqueid"):
        return None
    return told.OriginateAnswered(at, *channel_of(headers), value_of(headers, "Exten"))


def _member(headers: Headers, at: float) -> ChannelEvent | None:
    names = ("Interface", "Location", "StateInterface")
    found = tuple(dict.fromkeys(value_of(headers, name) for name in names if headers.get(name)))
    return told.MemberKnown(at, found) if found else None


def _application(headers: Headers, at: float) -> ChannelEvent | None:
    application, arguments = value_of(headers, "Application"), value_of(headers, "AppData")
    return application_began(at, *channel_of(headers), application, arguments, "")


def _cel(headers: Headers, at: float) -> ChannelEvent | None:
    """The only CEL event that says more than its AMI twin: which application runs, with its arguments."""
    if headers.get("EventName") != "APP_START":
        return None
    uid, linkedid = value_of(headers, "UniqueID"), value_of(headers, "LinkedID")
    return application_began(
        at,
        uid,
        value_of(headers, "Channel"),
        linkedid,
        value_of(headers, "Application"),
        value_of(headers, "AppData"),
        value_of(headers, "CallerIDdnid"),
    )


def _voicemail(headers: Headers, at: float) -> ChannelEvent | None:
    # Without a Channel it is only a phone subscribing to its lamp.
    return told.VoicemailLeft(at, *channel_of(headers)) if headers.get("Uniqueid") else None


def _seen(headers: Headers, at: float) -> ChannelEvent | None:
    seconds = headers.get("Seconds", "0")
    state = headers.get("ChannelState")
    return told.ChannelSeen(
        at,
        *channel_of(headers),
        age=float(seconds) if _WHOLE.fullmatch(seconds) else 0.0,
        exten=value_of(headers, "Exten"),
        dnid=value_of(headers, "DNID"),
        caller_number=value_of(headers, "CallerIDNum"),
        caller_name=value_of(headers, "CallerIDName"),
        bridge=value_of(headers, "BridgeID"),
        up=state == "6",
        ringing=state == "5",
        application=value_of(headers, "Application"),
    )


def _snapshot_ended(headers: Headers, at: float) -> ChannelEvent | None:
    listed = headers.get("ListItems", headers.get("Items", ""))
    return told.SnapshotEnded(at, int(listed) if _WHOLE.fullmatch(listed) else None)


def _on_channel(make: Callable[[float, str, str, str], ChannelEvent]) -> Reader:
    return lambda headers, at: make(at, *channel_of(headers))


def _queued(headers: Headers, at: float) -> ChannelEvent | None:
    """A line of QueueStatus: somebody who waits, `Wait` seconds so far."""
    waited = headers.get("Wait", "0")
    since = at - float(waited) if _WHOLE.fullmatch(waited) else at
    return told.QueueJoined(since, *channel_of(headers), value_of(headers, "Queue"))


def _queue(make: Callable[[float, str, str, str, str], ChannelEvent]) -> Reader:
    return lambda headers, at: make(at, *channel_of(headers), value_of(headers, "Queue"))


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


EVENTS: dict[bytes, tuple[Reader, str]] = {
    b"Newchannel": (_born, f"{_CHANNEL} ChannelState Exten CallerIDNum CallerIDName"),
    b"Newstate": (_state, f"{_CHANNEL} ChannelState CallerIDNum"),
    b"Rename": (lambda h, at: told.ChannelRenamed(at, *channel_of(h), value_of(h, "Newname")), f"{_CHANNEL} Newname"),
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
    b"ParkedCall": (_parked, "ActionID ParkeeChannel ParkeeUniqueid ParkeeLinkedid ParkerDialString"),
    b"UnParkedCall": (
        _unparked,
        "ParkeeChannel ParkeeUniqueid ParkeeLinkedid RetrieverChannel RetrieverUniqueid RetrieverLinkedid",
    ),
    b"Pickup": (_picked_up, f"{_CHANNEL} TargetChannel TargetUniqueid TargetLinkedid"),
    b"OriginateResponse": (_originated, f"{_CHANNEL} Exten"),
    b"QueueCallerJoin": (_queue(told.QueueJoined), f"{_CHANNEL} Queue"),
    b"QueueCallerLeave": (_queue(told.QueueLeft), f"{_CHANNEL} Queue"),
    b"QueueCallerAbandon": (_queue(told.QueueAbandoned), f"{_CHANNEL} Queue"),
    b"QueueEntry": (_queued, f"{_CHANNEL} Queue Wait"),
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
