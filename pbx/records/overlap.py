"""What the exchange's records and its own words both tell: the same fact twice, at two times, would be two facts. Pure."""

from collections.abc import Iterable

from pbx import channel_events as told
from pbx.channel_events import ChannelEvent, OnChannel

EDGE = 1.0
"""Seconds around a gap in which a record may tell what was lost in it, and a fact may be told twice."""

Fact = tuple[str, str, str]

_ONCE = (
    told.ChannelBorn, told.ChannelGone, told.BlindTransferred, told.AttendedTransferred, told.CallParked, told.CallUnparked,
    told.CallPickedUp,
)  # fmt: skip


def fact_of(event: ChannelEvent) -> Fact | None:
    """What makes an event the same in both tellings; None if only one of them has it, or its repetition does no harm."""
    if isinstance(event, told.BridgeJoined | told.BridgeLeft):
        return type(event).__name__, event.uid, event.bridge
    if isinstance(event, told.QueueJoined | told.QueueLeft):
        return type(event).__name__, event.uid, event.queue
    if isinstance(event, _ONCE):
        return type(event).__name__, event.uid, ""
    return None


class Facts:
    """When each fact was told."""

    def __init__(self, events: Iterable[ChannelEvent] = ()) -> None:
        self._times: dict[Fact, list[float]] = {}
        for event in events:
            self.note(event)

    def __bool__(self) -> bool:
        return bool(self._times)

    def note(self, event: ChannelEvent) -> None:
        if fact := fact_of(event):
            self._times.setdefault(fact, []).append(event.at)

    def near(self, event: ChannelEvent, at: float) -> float | None:
        """When the same was told within the edge of `at`, if it was."""
        fact = fact_of(event)
        found = min(self._times.get(fact, ()) if fact else (), key=lambda told: abs(told - at), default=None)
        return found if found is not None and abs(found - at) <= EDGE else None


def not_heard(records: Iterable[ChannelEvent], heard: Facts) -> list[ChannelEvent]:
    """What the records tell and the exchange itself did not."""
    return [event for event in records if heard.near(event, event.at) is None]


def shift_of(records: Iterable[ChannelEvent], heard: Iterable[ChannelEvent]) -> float | None:
    """By how many seconds the records' clock is ahead of that by which we heard: the median over what both tell."""
    times: dict[Fact, float] = {}
    for event in heard:
        if (fact := fact_of(event)) and isinstance(event, OnChannel):
            times[fact] = event.at
    found = sorted(event.at - times[fact] for event in records if (fact := fact_of(event)) in times)
    return found[len(found) // 2] if found else None
