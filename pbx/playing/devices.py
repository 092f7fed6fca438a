"""The phones and queues of the practice exchange: who is busy, and what Asterisk says when that changes. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pbx.playing.stream import Channel, ChannelState, Told, told

PEOPLE = {"101": "Anna Ivanova", "102": "Boris Petrov", "103": "Vera Sidorova", "104": "Gleb Orlov"}
QUEUES = {"sales_rr": ("103", "102", "101"), "sales": ("103", "102", "101"), "sales_local": ("103", "102", "101")}
TRUNK = "PJSIP/trunk"

_MEMBER_STATUS = {"NOT_INUSE": 1, "INUSE": 2, "RINGING": 6, "RINGINUSE": 7}


@dataclass(frozen=True, slots=True)
class Member:
    queue: str
    extension: str

    @property
    def interface(self) -> str:
        return f"Local/{self.extension}@queue-agents/n" if self.queue.endswith("_local") else f"PJSIP/{self.extension}"

    @property
    def name(self) -> str:
        return PEOPLE.get(self.extension, self.extension).split()[0]


def members(queue: str) -> list[Member]:
    """The queue's members in the order they are called."""
    return [Member(queue, extension) for extension in sorted(QUEUES[queue])]


class Devices:
    """States of all devices, worked out from the channels that are up; says only what changed."""

    def __init__(self, live: Callable[[], Iterable[Channel]], started: float) -> None:
        self._live = live
        self._started = started
        self._states: dict[str, str] = {}

    def changes(self, device: str, at: float) -> list[Told]:
        """What is said now that something happened on this device; nothing if its state is the same."""
        state = self._state(device)
        if self._states.get(device, "NOT_INUSE") == state:
            return []
        self._states[device] = state
        events = [_device_state(device, state, at)]
        extension = device.partition("/")[2]
        for queue, extensions in QUEUES.items():
            if extension in extensions:
                events.append(self._member_status(Member(queue, extension), state, at))
                events += self._availability(queue, extensions, at)
        return events

    def queue_waiting(self, queue: str, waiting: bool, at: float) -> list[Told]:
        return [_device_state(f"Queue:{queue}", "RINGING" if waiting else "NOT_INUSE", at)]

    def _state(self, device: str) -> str:
        states = {channel.state for channel in self._live() if channel.device == device}
        ringing = ChannelState.RINGING in states
        if states & {ChannelState.UP, ChannelState.RING}:
            return "RINGINUSE" if ringing else "INUSE"
        return "RINGING" if ringing else "NOT_INUSE"

    def _availability(self, queue: str, extensions: tuple[str, ...], at: float) -> list[Told]:
        device = f"Queue:{queue}_avail"
        free = any(self._states.get(f"PJSIP/{extension}", "NOT_INUSE") == "NOT_INUSE" for extension in extensions)
        state = "NOT_INUSE" if free else "INUSE"
        if self._states.get(device) == state:
            return []
        self._states[device] = state
        return [_device_state(device, state, at)]

    def _member_status(self, member: Member, state: str, at: float) -> Told:
        headers = [
            ("Queue", member.queue), ("MemberName", member.name), ("Interface", member.interface),
            ("StateInterface", f"PJSIP/{member.extension}"), ("Membership", "static"), ("Penalty", "0"),
            ("CallsTaken", "0"), ("LastCall", "0"), ("LastPause", "0"), ("LoginTime", str(int(self._started))),
            ("InCall", "0"), ("Status", str(_MEMBER_STATUS[state])), ("Paused", "0"), ("PausedReason", ""),
            ("Ringinuse", "0"), ("Wrapuptime", "0"),
        ]  # fmt: skip
        return told("QueueMemberStatus", at, headers, "agent")


def _device_state(device: str, state: str, at: float) -> Told:
    return told("DeviceStateChange", at, [("Device", device), ("State", state)])
