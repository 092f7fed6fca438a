"""What each event of Asterisk says, in the words of `pbx.channel_events`: one small reader an event, and their table.

No reader needs CEL or Cdr events; CEL's APP_START is taken where it comes.
"""

import re
from collections.abc import Callable

from pbx import channel_events as told
from pbx.channel_events import ChannelEvent
from pbx.dialects.asterisk_answers import ANSWERS, is_conference, is_waiting

Reader = Callable[..., ChannelEvent | None]
"""Takes the moment and the wanted headers in their order, "" for what the event does not have. Never raises."""

_CHANNEL = "Uniqueid Channel Linkedid"
_DEST = "DestUniqueid DestChannel DestLinkedid"
_SIDE_FILES = re.compile(r"[rt]\(([^()]*)\)")
_OPTIONS = re.compile(r"(?:[^,(]|\([^()]*\))*")  # up to the comma after which the command comes; a comma in brackets is none
_WHOLE = re.compile(r"[0-9]{1,8}")


def _born(
    at: float, uid: str, channel: str, linkedid: str, state: str, exten: str, number: str, name: str
) -> ChannelEvent | None:
    # A channel that dials out is born Down; one on which somebody calls us is born in any other state.
    return told.ChannelBorn(at, uid, channel, linkedid, exten, number, name, state != "0")


def _state(at: float, uid: str, channel: str, linkedid: str, state: str, number: str) -> ChannelEvent | None:
    if state == "4":
        return told.ChannelCameIn(at, uid, channel, linkedid, number)
    if state == "5":
        return told.ChannelRang(at, uid, channel, linkedid, number)
    if state == "6":
        return told.ChannelUp(at, uid, channel, linkedid, number)
    return None


def _dial_state(at: float, uid: str, channel: str, linkedid: str, status: str) -> ChannelEvent | None:
    return told.ChannelRang(at, uid, channel, linkedid) if status in {"RINGING", "PROGRESS"} else None


def _dial_began(
    at: float, uid: str, channel: str, linkedid: str, by_uid: str, by: str, by_linkedid: str, state: str, dialled: str
) -> ChannelEvent | None:
    return told.DialBegan(at, uid, channel, linkedid, by_uid, by, by_linkedid, dialled, state == "5")


def _bridge_joined(
    at: float, uid: str, channel: str, linkedid: str, bridge: str, kind: str, technology: str, creator: str, swap: str
) -> ChannelEvent | None:
    waiting, conference = is_waiting(kind, technology), is_conference(creator)
    return told.BridgeJoined(at, uid, channel, linkedid, bridge, waiting, conference, swap)


def _bridge_left(
    at: float, uid: str, channel: str, linkedid: str, bridge: str, kind: str, technology: str
) -> ChannelEvent | None:
    return told.BridgeLeft(at, uid, channel, linkedid, bridge, is_waiting(kind, technology))


def _gone(at: float, uid: str, channel: str, linkedid: str, cause: str) -> ChannelEvent | None:
    return told.ChannelGone(at, uid, channel, linkedid, int(cause) if _WHOLE.fullmatch(cause) else 0)


def _blind(
    at: float, result: str, uid: str, channel: str, linkedid: str, other_uid: str, other_linkedid: str, to: str
) -> ChannelEvent | None:
    if result not in {"", "Success"}:
        return None
    return told.BlindTransferred(at, uid, channel, linkedid, other_uid, other_linkedid, to)


def _attended(
    at: float, result: str, uid: str, channel: str, linkedid: str, second_uid: str, second_linkedid: str, exten: str,
    transferee_linkedid: str, target_uid: str, target_linkedid: str,
) -> ChannelEvent | None:  # fmt: skip
    if result not in {"", "Success"}:
        return None
    named = dict.fromkeys((linkedid, second_linkedid, transferee_linkedid, target_linkedid))
    linkedids = tuple(filter(None, named))
    return told.AttendedTransferred(at, uid, channel, linkedid, second_uid, exten, target_uid, linkedids)


def _parked(at: float, uid: str, channel: str, linkedid: str, action: str, parker: str) -> ChannelEvent | None:
    if action:  # the answer to a question, not a deed
        return told.ParkedSeen(at, uid, channel, linkedid)
    return told.CallParked(at, uid, channel, linkedid, parker)


def _originated(at: float, uid: str, channel: str, linkedid: str, exten: str) -> ChannelEvent | None:
    return told.OriginateAnswered(at, uid, channel, linkedid, exten) if uid else None


def _member(at: float, *interfaces: str) -> ChannelEvent | None:
    found = tuple(filter(None, dict.fromkeys(interfaces)))
    return told.MemberKnown(at, found) if found else None


def _application(at: float, uid: str, channel: str, linkedid: str, application: str, arguments: str) -> ChannelEvent | None:
    return application_began(at, uid, channel, linkedid, application, arguments, "")


def _cel(
    at: float, uid: str, channel: str, linkedid: str, kind: str, application: str, arguments: str, dnid: str
) -> ChannelEvent | None:
    """The only CEL event that says more than its AMI twin: which application runs, with its arguments."""
    return application_began(at, uid, channel, linkedid, application, arguments, dnid) if kind == "APP_START" else None


def _voicemail(at: float, uid: str, channel: str, linkedid: str) -> ChannelEvent | None:
    # Without a Channel it is only a phone subscribing to its lamp.
    return told.VoicemailLeft(at, uid, channel, linkedid) if uid else None


def _variable_set(at: float, uid: str, channel: str, linkedid: str, path: str) -> ChannelEvent | None:
    return told.RecordingBegan(at, uid, channel, linkedid, (path,)) if uid and path else None


def _nothing(_at: float, *_headers: str) -> ChannelEvent | None:
    return None


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
    mix, _, rest = arguments.partition(",")
    options = _OPTIONS.match(rest)
    return tuple(filter(None, (mix, *_SIDE_FILES.findall(options[0] if options else ""))))


EVENTS: dict[bytes, tuple[Reader, str]] = {
    b"Newchannel": (_born, f"{_CHANNEL} ChannelState Exten CallerIDNum CallerIDName"),
    b"Newstate": (_state, f"{_CHANNEL} ChannelState CallerIDNum"),
    b"Rename": (told.ChannelRenamed, f"{_CHANNEL} Newname"),
    b"HangupRequest": (told.HangupAsked, _CHANNEL),
    b"Hangup": (_gone, f"{_CHANNEL} Cause"),
    b"DialBegin": (_dial_began, f"{_DEST} {_CHANNEL} DestChannelState DialString"),
    b"DialState": (_dial_state, f"{_DEST} DialStatus"),
    b"DialEnd": (told.DialEnded, f"{_DEST} {_CHANNEL} DialStatus"),
    b"BridgeEnter": (_bridge_joined, f"{_CHANNEL} BridgeUniqueid BridgeType BridgeTechnology BridgeCreator SwapUniqueid"),
    b"BridgeLeave": (_bridge_left, f"{_CHANNEL} BridgeUniqueid BridgeType BridgeTechnology"),
    b"Hold": (told.Held, _CHANNEL),
    b"Unhold": (told.Unheld, _CHANNEL),
    b"MusicOnHoldStart": (told.MusicBegan, _CHANNEL),
    b"MusicOnHoldStop": (told.MusicEnded, _CHANNEL),
    b"LocalBridge": (
        told.LocalPaired,
        "LocalOneUniqueid LocalOneChannel LocalOneLinkedid LocalTwoUniqueid LocalTwoChannel LocalTwoLinkedid",
    ),
    b"BlindTransfer": (
        _blind,
        "Result TransfererUniqueid TransfererChannel TransfererLinkedid TransfereeUniqueid TransfereeLinkedid Extension",
    ),
    b"AttendedTransfer": (
        _attended,
        "Result OrigTransfererUniqueid OrigTransfererChannel OrigTransfererLinkedid SecondTransfererUniqueid "
        "SecondTransfererLinkedid SecondTransfererExten TransfereeLinkedid TransferTargetUniqueid "
        "TransferTargetLinkedid",
    ),
    b"ParkedCall": (_parked, "ParkeeUniqueid ParkeeChannel ParkeeLinkedid ActionID ParkerDialString"),
    b"UnParkedCall": (
        told.CallUnparked,
        "ParkeeUniqueid ParkeeChannel ParkeeLinkedid RetrieverUniqueid RetrieverChannel RetrieverLinkedid",
    ),
    b"Pickup": (told.CallPickedUp, f"{_CHANNEL} TargetUniqueid TargetChannel TargetLinkedid"),
    b"OriginateResponse": (_originated, f"{_CHANNEL} Exten"),
    b"QueueCallerJoin": (told.QueueJoined, f"{_CHANNEL} Queue"),
    b"QueueCallerLeave": (told.QueueLeft, f"{_CHANNEL} Queue"),
    b"QueueCallerAbandon": (told.QueueAbandoned, f"{_CHANNEL} Queue"),
    b"QueueMember": (_member, "Location StateInterface"),
    b"QueueMemberStatus": (_member, "Interface StateInterface"),
    b"QueueMemberAdded": (_member, "Interface StateInterface"),
    b"AgentCalled": (_member, "Interface"),
    b"MessageWaiting": (_voicemail, _CHANNEL),
    b"Newexten": (_application, f"{_CHANNEL} Application AppData"),
    b"VarSet": (_variable_set, f"{_CHANNEL} Value"),
    b"MixMonitorStart": (_nothing, _CHANNEL),
    b"CEL": (_cel, "UniqueID Channel LinkedID EventName Application AppData CallerIDdnid"),
    **ANSWERS,
}
