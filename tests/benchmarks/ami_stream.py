"""The stream that an exchange sends of plain calls: 41 events a call with 22 headers an event, all classes, with timestamps.

Made of a call that a real Asterisk told (`tests/captures/asterisk/inbound_answered.ami`), with `Timestamp:` and a channel
variable as the shipped manager.conf asks for. Each call has ids, channels, numbers, names and moments of its own, and calls
overlap: event by event the stream is in order of time, as on a wire. The same seed gives the same bytes.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CAPTURE = Path(__file__).parents[1] / "captures" / "asterisk" / "inbound_answered.ami"
GREETING = b"Asterisk Call Manager/9.0.0\r\nResponse: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
EVENTS = 41  # of one call
HEADERS = 22  # of an event, on average
SOCKET = 64 * 1024  # bytes that one read brings at most
DIDS = ("74951112233", "74951112244")
EPOCH = 1_795_304_636.0

# Of the capture's events these are more than one phone and one queue need; what stays are 41.
_AT_MOST = {"DeviceStateChange": 1, "QueueMemberStatus": 1}
_NAMES = ("Ivan Petrov", "Анна Иванова", 'ООО "Ромашка"', "<unknown>", "John O'Neill", "Zoë", "7 916 111", "Мария-Луиза К.")


@dataclass(frozen=True, slots=True)
class _Line:
    """One event of the template; `%(…)s` are filled in for each call. `after`: seconds from the call's start."""

    text: str
    after: float


def stream(calls: int, *, seed: int = 7, first: int = 0, per_second: float = 20.0, began: float = EPOCH) -> bytes:
    """The bytes of so many calls without a greeting. Number `first` and on: streams of other numbers share no id."""
    chance = random.Random(f"{seed}/{first}")
    told = [
        event for index in range(first, first + calls) for event in _call(index, chance, began + (index - first) / per_second)
    ]
    told.sort(key=lambda event: event[0])
    return b"".join(text for _, text in told)


def pieces(raw: bytes, size: int = SOCKET) -> Iterator[bytes]:
    """As a socket gives them: cut wherever it happens."""
    return (raw[start : start + size] for start in range(0, len(raw), size))


def _call(index: int, chance: random.Random, at: float) -> Iterator[tuple[float, bytes]]:
    talk = chance.uniform(0.5, 20.0)
    uid = f"{int(at)}.{2 * index}"
    phone = chance.choice(("101", "102", "103", "104"))
    values = {
        "UID": uid, "PEER": f"{int(at)}.{2 * index + 1}", "TRUNK": f"PJSIP/trunk-{2 * index:08x}",
        "PHONE": f"PJSIP/{phone}-{2 * index + 1:08x}", "EXT": phone, "FROM": f"79{chance.randrange(10**9):09}",
        "NAME": chance.choice(_NAMES), "DID": chance.choice(DIDS),
        "BRIDGE": f"{chance.getrandbits(32):08x}-a382-4860-b30e-{chance.getrandbits(48):012x}",
        "FILE": f"/var/spool/asterisk/monitor/in-{uid}.wav",
    }  # fmt: skip
    for line in TEMPLATE:
        moment = at + line.after + (talk if line.after > 2.5 else 0.0)
        values["TIME"] = f"{moment:.6f}"
        yield moment, (line.text % values).encode()


def _template() -> tuple[_Line, ...]:
    """The capture's call with places for what differs from call to call."""
    found: list[_Line] = []
    left = dict(_AT_MOST)
    up = asked = False
    for message in CAPTURE.read_text().split("\n\n"):
        lines = message.splitlines()
        if not lines or not lines[0].startswith("Event: "):
            continue
        name = lines[0].removeprefix("Event: ")
        if left.setdefault(name, len(message)) == 0:
            continue
        left[name] -= 1
        up = up or name == "DialEnd"
        asked = asked or name == "HangupRequest"
        after = len(found) * 0.0005 + (4.0 if asked else 2.0 if up else 0.0)
        found.append(_Line(_with_places(lines), after))
    return tuple(found)


def _with_places(lines: Sequence[str]) -> str:
    text = "\r\n".join([*lines[:2], "Timestamp: {TIME}", *lines[2:], *_variables(lines)])
    for known, place in _KNOWN:
        text = text.replace(known, place)
    return re.sub(r"\{([A-Z]+)\}", r"%(\1)s", text.replace("%", "%%")) + "\r\n\r\n"


def _variables(lines: Sequence[str]) -> list[str]:
    """On each event that a channel has, as `channelvars` asks for; a new channel has no recording yet."""
    if not any(line.startswith("Uniqueid: ") for line in lines):
        return []
    recording = "" if lines[0] == "Event: Newchannel" else "{FILE}"
    return [f"ChanVariable: MIXMONITOR_FILENAME={recording}", "ChanVariable: CALLERDID={DID}"]


_KNOWN = (
    ("/var/spool/asterisk-lab/monitor/in-74951112245-79161112233-1795304636.0.wav", "{FILE}"),
    ("3bfc964d-a382-4860-b30e-37f13e8081d7", "{BRIDGE}"), ("PJSIP/trunk-00000000", "{TRUNK}"),
    ("PJSIP/101-00000001", "{PHONE}"), ("1795304636.0", "{UID}"), ("1795304636.1", "{PEER}"), ("79161112233", "{FROM}"),
    ("Ivan Petrov", "{NAME}"), ("74951112245", "{DID}"), ("PJSIP/101", "PJSIP/{EXT}"), (": 101\r\n", ": {EXT}\r\n"),
)  # fmt: skip
TEMPLATE = _template()
