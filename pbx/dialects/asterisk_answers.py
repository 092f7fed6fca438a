"""What Asterisk answers to the questions of `pbx.ami.snapshots`, line by line, in the words of `pbx.channel_events`."""

import re
from collections.abc import Callable

from pbx import channel_events as told
from pbx.channel_events import ChannelEvent

_CHANNEL = "Uniqueid Channel Linkedid"
_BEGUN = re.compile(rb"\nMessage: (?:Channel status|Channels) will follow")
_BOOTED = re.compile(rb"\nCoreStartupDate: ([^\r\n]*)\r?\nCoreStartupTime: ([^\r\n]*)")
_WHOLE = re.compile(r"[0-9]{1,8}")
_DURATION = re.compile(r"([0-9]{1,5}):([0-9]{2}):([0-9]{2})")
_DEVICE = re.compile(r"[A-Za-z0-9]{2,20}/[^\s&,/@]{1,80}")


def of_response(raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
    """A response tells something itself, if it is not only the head of a list."""
    if _BEGUN.search(raw):
        return (told.SnapshotBegan(at),)
    booted = _BOOTED.search(raw)
    return (told.ExchangeStarted(at, b" ".join(booted.groups()).decode("utf-8", "replace")),) if booted else ()


def is_waiting(kind: str, technology: str) -> bool:
    """Whether a bridge joins nobody: its channels hear music, or nothing."""
    return kind == "parking" or technology == "holding_bridge"


def is_conference(creator: str) -> bool:
    return creator.lower() in {"confbridge", "meetme"}


def _status(
    at: float, uid: str, channel: str, linkedid: str, state: str, seconds: str, exten: str, dnid: str,
    number: str, name: str, bridge: str, application: str, arguments: str,
) -> ChannelEvent:  # fmt: skip
    # An answered call of a queue still runs its application: once in a bridge he does not wait any more.
    queue = arguments.partition(",")[0] if bridge and application == "Queue" else ""
    return told.ChannelSeen(
        at, uid, channel, linkedid, age=float(_whole(seconds) or 0), exten=exten, dnid=dnid, caller_number=number,
        caller_name=name, bridge=bridge, up=state == "6", ringing=state == "5", application=application, queue=queue,
    )  # fmt: skip


def _shown(
    at: float, uid: str, channel: str, linkedid: str, state: str, duration: str, exten: str, number: str, name: str,
    bridge: str, application: str, arguments: str,
) -> ChannelEvent:  # fmt: skip
    """As Status, with `Duration: 00:01:12` and no DNID."""
    clock = _DURATION.fullmatch(duration)
    hours, minutes, seconds = clock.groups() if clock else ("0", "0", "0")
    age = str(int(hours) * 3600 + int(minutes) * 60 + int(seconds))
    return _status(at, uid, channel, linkedid, state, age, exten, "", number, name, bridge, application, arguments)


def _channels_ended(at: float, listed: str, items: str) -> ChannelEvent:
    return told.SnapshotEnded(at, _whole(listed or items))


def _queued(at: float, uid: str, channel: str, linkedid: str, queue: str, waited: str) -> ChannelEvent:
    """Somebody who waits, `Wait` seconds so far."""
    return told.QueueSeen(at, uid, channel, linkedid, queue, at - float(_whole(waited) or 0))


def _bridge(at: float, bridge: str, kind: str, technology: str, creator: str) -> ChannelEvent:
    return told.BridgeSeen(at, bridge, is_waiting(kind, technology), is_conference(creator))


def _hint(at: float, hint: str) -> ChannelEvent | None:
    """`PJSIP/102&PJSIP/103,CustomPresence:x`: the devices, then presence. `Queue:…` or `Custom:…` is no device."""
    phones = tuple(device for device in hint.partition(",")[0].split("&") if _DEVICE.fullmatch(device))
    return told.LineKnown(at, phones=phones) if phones else None


def _endpoint(at: float, name: str, auths: str, outbound_auths: str) -> ChannelEvent | None:
    """A PJSIP endpoint, by whether we prove who we are to it, or it to us."""
    line = (f"PJSIP/{name}",)
    if outbound_auths:
        return told.LineKnown(at, trunks=line)
    return told.LineKnown(at, registering=line) if auths else None


def _peer(at: float, technology: str, name: str, dynamic: str) -> ChannelEvent | None:
    """Of SIPpeers or IAXpeerlist: with a dynamic address it registers with us. IAX may add the user: `anna/anna`."""
    if dynamic != "yes":
        return None
    name = name.partition("/")[0]
    return told.LineKnown(at, registering=(f"IAX2/{name}" if technology.startswith("IAX") else f"{technology}/{name}",))


def _whole(number: str) -> int | None:
    return int(number) if _WHOLE.fullmatch(number) else None


ANSWERS: dict[bytes, tuple[Callable[..., ChannelEvent | None], str]] = {
    b"Status": (_status, f"{_CHANNEL} ChannelState Seconds Exten DNID CallerIDNum CallerIDName BridgeID Application Data"),
    b"StatusComplete": (_channels_ended, "ListItems Items"),
    b"CoreShowChannel": (
        _shown,
        f"{_CHANNEL} ChannelState Duration Exten CallerIDNum CallerIDName BridgeId Application ApplicationData",
    ),
    b"CoreShowChannelsComplete": (_channels_ended, "ListItems Items"),
    b"QueueEntry": (_queued, f"{_CHANNEL} Queue Wait"),
    b"BridgeListItem": (_bridge, "BridgeUniqueid BridgeType BridgeTechnology BridgeCreator"),
    b"ExtensionStatus": (_hint, "Hint"),
    b"EndpointList": (_endpoint, "ObjectName Auths OutboundAuths"),
    b"PeerEntry": (_peer, "Channeltype ObjectName Dynamic"),
}
