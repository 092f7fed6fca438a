"""One AMI message without numbers and names: only headers that are known are kept, each masked by what it holds."""

import re
from collections.abc import Callable

from pbx.ami.protocol import Message
from pbx.anonymising.masks import Mask
from pbx.anonymising.vocabulary import ARGUMENTS_KEPT

_AUDIO_VARIABLE = "MIXMONITOR_FILENAME"
_VARIABLE = re.compile(r"((?:[A-Z][A-Za-z]*)?ChanVariable)(?:\([^)]*\))?")

_UID = re.compile(r"(?!.*Bridge).*(?:Uniqueid|UniqueID|Linkedid|LinkedID)")
_BRIDGE = re.compile(r".*Bridge(?:Uniqueid|ID|Id)")
_CHANNEL = re.compile(r"(?:.*Channel|Interface|Location|StateInterface|MemberName|Newname|ParkerDialString|DialString|Peer)")
_NUMBER = re.compile(r"(?:.*CallerIDNum|.*ConnectedLineNum|.*Exten|Extension|CallerID(?:num|ani|rdnis|dnid)|DNID)")
_NAME = re.compile(r"(?:.*CallerIDName|.*ConnectedLineName|CallerIDname)")
_TEXT = re.compile(
    r"(?:.*Context|Queue|Value|Application|ApplicationData|AppData|Data|DestApp|DestType|Conference|EventName|Message|Result|IsExternal|"
    r".*ChannelState|.*ChannelStateDesc|.*Priority|Cause|TechCause|DialStatus|.*BridgeType|.*BridgeTechnology|.*BridgeCreator|"
    r".*BridgeNumChannels|ActionID|EventList|ListItems|Items|Position|OriginalPosition|Count|HoldTime|RingTime|TalkTime|"
    r"Reason|Response|LocalOptimization|Duration|ParkingSpace|ParkingDuration|Ping)"
)
_FIXED = {
    "Event": (re.compile(r"[A-Za-z0-9]{1,40}"), "other"),
    "Privilege": (re.compile(r"[a-z,]{1,200}"), "other"),
    "Variable": (re.compile(_AUDIO_VARIABLE), "other"),
    "Seconds": (re.compile(r"[0-9]{1,4}"), "9999"),
    "Wait": (re.compile(r"[0-9]{1,4}"), "9999"),
    # When the exchange was started is made up already, see `choosing`.
    "CoreStartupDate": (re.compile(r"2001-01-01"), ""),
    "CoreStartupTime": (re.compile(r"00:00:[0-9]{2}"), ""),
}
"""Headers that stand as they are if they look as they should: they come from the exchange itself, not from a caller."""


def named_uids(message: Message) -> set[str]:
    """All channels and calls that the message names by id."""
    return {value for name, value in message.headers() if value not in {"", "<unknown>"} and _UID.fullmatch(name)}


def named_bridges(message: Message) -> set[str]:
    return {value for name, value in message.headers() if _BRIDGE.fullmatch(name)}


def masked(message: Message, mask: Mask) -> bytes:
    """The message anew, with the empty line that ends it. The first occurrence of a header counts, so the order stays."""
    left_out = _left_out(message)
    headers = ((name, "" if name in left_out else value) for name, value in message.headers())
    lines = [line for name, value in headers if (line := _line(name, value, mask)) is not None]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def _left_out(message: Message) -> frozenset[str]:
    """Headers whose values may be anything, unless another header says what they are."""
    arguments = arguments_kept(message.first("Application") or "")
    variable = message.first("Variable") == _AUDIO_VARIABLE
    return frozenset([*(() if arguments else ("AppData", "ApplicationData", "Data")), *(() if variable else ("Value",))])


def arguments_kept(application: str) -> bool:
    return application.lower() in ARGUMENTS_KEPT


def _line(name: str, value: str, mask: Mask) -> str | None:
    if name == "Timestamp":
        return _stamp(value, mask)
    if variable := _VARIABLE.fullmatch(name):
        path = value.removeprefix(f"{_AUDIO_VARIABLE}=")
        return None if path == value else f"{variable[1]}: {_AUDIO_VARIABLE}={mask.text(path)}"
    if name in _FIXED:
        pattern, otherwise = _FIXED[name]
        return f"{name}: {value if pattern.fullmatch(value) else otherwise}"
    masker = _masker(name, mask)
    return None if masker is None else f"{name}: {masker(value)}"


def _masker(name: str, mask: Mask) -> Callable[[str], str] | None:
    """By the header's name; None for one that is dropped: account codes, addresses, secrets, whatever a new version brings."""
    kinds: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
        (_UID, mask.uid), (_BRIDGE, mask.bridge), (_CHANNEL, mask.channel), (_NUMBER, mask.number), (_NAME, mask.name),
        (_TEXT, mask.text),
    )  # fmt: skip
    return next((masker for pattern, masker in kinds if pattern.fullmatch(name)), None)


def _stamp(value: str, mask: Mask) -> str | None:
    try:
        return f"Timestamp: {mask.epoch(float(value))}"
    except (ValueError, OverflowError):
        return None
