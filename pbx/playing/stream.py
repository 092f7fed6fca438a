"""The words of Asterisk 22: channels and bridges of the practice exchange, and the headers of each event in their order. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum

Headers = list[tuple[str, str]]

UNKNOWN = "<unknown>"
CAUSES = {0: "Unknown", 16: "Normal Clearing", 17: "User busy", 19: "User alerting, no answer", 21: "Call Rejected",
          26: "Answered elsewhere", 127: "Interworking, unspecified"}  # fmt: skip


class ChannelState(IntEnum):
    DOWN = 0
    RING = 4
    RINGING = 5
    UP = 6


@dataclass(slots=True, eq=False)
class Bridge:
    uniqueid: str
    members: list["Channel"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Channel:
    """One line through the exchange. `born` is epoch seconds of the story; empty `number` or `caller_name`: not known."""

    name: str
    uniqueid: str
    linkedid: str
    state: ChannelState
    number: str
    caller_name: str
    context: str
    exten: str
    born: float
    priority: int = 1
    connected_number: str = ""
    connected_name: str = ""
    ani: str = ""
    dnid: str = ""
    application: str = ""
    data: str = ""
    bridge: Bridge | None = None
    answered_at: float | None = None
    variables: tuple[str, ...] = ()  # as `channelvars` in manager.conf has them told

    @property
    def device(self) -> str:
        """`PJSIP/101` of `PJSIP/101-00000001`."""
        return self.name.rpartition("-")[0]

    def at(self, context: str, exten: str, priority: int) -> None:
        self.context, self.exten, self.priority = context, exten, priority

    def running(self, application: str, data: str) -> None:
        self.application, self.data = application, data


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it goes out: `privilege` is the class a session must be allowed to read. `at`: epoch seconds."""

    name: str
    privilege: str
    headers: tuple[tuple[str, str], ...]
    at: float


def told(name: str, at: float, headers: Iterable[tuple[str, str]], privilege: str = "call") -> Told:
    return Told(name, privilege, tuple(headers), at)


def render(event: Told, *, timestamps: bool = False) -> bytes:
    """The event's bytes; `timestamps` as with `timestampevents = yes` in manager.conf."""
    lines: Headers = [("Event", event.name), ("Privilege", f"{event.privilege},all")]
    if timestamps:
        lines.append(("Timestamp", f"{event.at:.6f}"))
    return block([*lines, *event.headers])


def block(headers: Iterable[tuple[str, str]]) -> bytes:
    """A response or event as bytes. As in Asterisk, a line break in a value ends up as a space."""
    lines = (f"{name}: {_one_line(value)}\r\n" for name, value in headers)
    return "".join(lines).encode("utf-8", "surrogateescape") + b"\r\n"


def channel_headers(channel: Channel, prefix: str = "") -> Headers:
    headers = [
        ("Channel", channel.name), ("ChannelState", str(int(channel.state))),
        ("ChannelStateDesc", channel.state.name.title()),
        ("CallerIDNum", channel.number or UNKNOWN), ("CallerIDName", channel.caller_name or UNKNOWN),
        ("ConnectedLineNum", channel.connected_number or UNKNOWN),
        ("ConnectedLineName", channel.connected_name or UNKNOWN),
        ("Language", "en"), ("AccountCode", ""), ("Context", channel.context), ("Exten", channel.exten),
        ("Priority", str(channel.priority)), ("Uniqueid", channel.uniqueid), ("Linkedid", channel.linkedid),
        *(("ChanVariable", variable) for variable in channel.variables),
    ]  # fmt: skip
    return [(prefix + name, value) for name, value in headers] if prefix else headers


def dial_headers(caller: Channel, dialled: Channel, *more: tuple[str, str]) -> Headers:
    return [*channel_headers(caller), *channel_headers(dialled, "Dest"), *more]


def bridge_headers(bridge: Bridge) -> Headers:
    return [
        ("BridgeUniqueid", bridge.uniqueid), ("BridgeType", "basic"), ("BridgeTechnology", "simple_bridge"),
        ("BridgeCreator", UNKNOWN), ("BridgeName", UNKNOWN), ("BridgeNumChannels", str(len(bridge.members))),
        ("BridgeVideoSourceMode", "none"),
    ]  # fmt: skip


def cause_headers(cause: int) -> Headers:
    return [("Cause", str(cause)), ("Cause-txt", CAUSES.get(cause, "Unknown"))]


def cel_headers(channel: Channel, name: str, at: float, extra: dict[str, object] | None = None, peer: str = "") -> Headers:
    """One channel event, as `cel_manager` sends it."""
    return [
        ("EventName", name), ("AccountCode", ""), ("CallerIDnum", channel.number), ("CallerIDname", channel.caller_name),
        ("CallerIDani", channel.ani), ("CallerIDrdnis", ""), ("CallerIDdnid", channel.dnid), ("Exten", channel.exten),
        ("Context", channel.context), ("Channel", channel.name), ("Application", channel.application),
        ("AppData", channel.data), ("EventTime", clock_time(at)), ("AMAFlags", "DOCUMENTATION"),
        ("UniqueID", channel.uniqueid), ("LinkedID", channel.linkedid), ("Userfield", ""), ("Peer", peer),
        ("PeerAccount", ""), ("Extra", json.dumps(extra, separators=(",", ":")) if extra else ""),
    ]  # fmt: skip


def cdr_headers(caller: Channel, dialled: Channel, at: float, disposition: str) -> Headers:
    """The exchange's own record of one dialled line."""
    billed = at - caller.answered_at if caller.answered_at is not None else 0.0
    return [
        ("AccountCode", ""), ("Source", caller.number), ("Destination", caller.dnid or caller.exten),
        ("DestinationContext", caller.context), ("CallerID", f'"{caller.caller_name}" <{caller.number}>'),
        ("Channel", caller.name), ("DestinationChannel", dialled.name), ("LastApplication", caller.application),
        ("LastData", caller.data), ("StartTime", clock_time(caller.born)),
        ("AnswerTime", clock_time(caller.answered_at) if caller.answered_at is not None else ""),
        ("EndTime", clock_time(at)), ("Duration", str(int(at - caller.born))), ("BillableSeconds", str(int(billed))),
        ("Disposition", disposition), ("AMAFlags", "DOCUMENTATION"), ("UniqueID", caller.uniqueid),
        ("UserField", ""), ("LinkedID", caller.linkedid),
    ]  # fmt: skip


def status_headers(channel: Channel, at: float) -> Headers:
    """What the answer to `Status` says of a channel beside who it is; `Seconds` runs from its birth."""
    return [
        *channel_headers(channel), ("Type", "PJSIP"), ("DNID", channel.dnid),
        ("EffectiveConnectedLineNum", channel.connected_number or UNKNOWN),
        ("EffectiveConnectedLineName", channel.connected_name or UNKNOWN), ("TimeToHangup", "0"),
        ("BridgeID", channel.bridge.uniqueid if channel.bridge else ""), ("Application", channel.application),
        ("Data", channel.data), ("Nativeformats", "(alaw)"), ("Readformat", "alaw"), ("Readtrans", ""),
        ("Writeformat", "alaw"), ("Writetrans", ""), ("Callgroup", "0"), ("Pickupgroup", "0"),
        ("Seconds", str(max(0, int(at - channel.born)))),
    ]  # fmt: skip


def show_headers(channel: Channel, at: float) -> Headers:
    """What the answer to `CoreShowChannels` says of a channel."""
    minutes, seconds = divmod(max(0, int(at - channel.born)), 60)
    return [
        *channel_headers(channel), ("Application", channel.application), ("ApplicationData", channel.data),
        ("Duration", f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"),
        ("BridgeId", channel.bridge.uniqueid if channel.bridge else ""),
    ]  # fmt: skip


def clock_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")
