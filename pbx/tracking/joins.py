"""Who was joined with whom, and when: bridges over time, through both halves of Local channels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf
from types import MappingProxyType

from msgspec import Struct

from pbx.channels import Channel, Span

Stay = tuple[float, float, str, str]
"""From, to, bridge, channel."""


class Together(Struct, frozen=True, gc=False):
    """A set of channels (uids) that could hear each other from `start` to `end` (infinite: they still do)."""

    start: float
    end: float
    uids: frozenset[str]


def together(channels: Mapping[str, Channel], guests: Mapping[str, Channel] = MappingProxyType({})) -> list[Together]:
    """All such sets in order of time; bridges that only keep somebody waiting join nobody. `guests` count where these were."""
    stays = list(_stays(channels))
    if guests:
        bridges = {bridge for _, _, bridge, _ in stays}
        stays += [stay for stay in _stays(guests) if stay[2] in bridges]
        channels = {**channels, **guests}
    if len(stays) < 2:
        return []
    if len(stays) == 2 and (usual := _usual(*stays)):
        return usual
    instants = sorted({at for start, end, _, _ in stays for at in (start, end)})
    found: list[Together] = []
    for start, end in pairwise(instants):
        here = [(bridge, uid) for a, b, bridge, uid in stays if a <= start and b >= end and a < b]
        if len(here) > 1:
            found += [Together(start, end, uids) for uids in _groups(here, channels)]
    moments = {start for start, end, _, _ in stays if start == end}
    return sorted([*found, *_for_a_moment(moments, stays, channels)], key=lambda group: group.start) if moments else found


def _stays(channels: Mapping[str, Channel]) -> Iterator[Stay]:
    for channel in channels.values():
        if channel.bridges:
            for start, end, bridge in channel.stays():
                if bridge not in channel.waiting_bridges and end >= start:
                    yield start, end, bridge, channel.uid


def _usual(one: Stay, other: Stay) -> list[Together]:
    """Two who meet in one bridge, as in most calls; empty if it is anything else."""
    start, end = max(one[0], other[0]), min(one[1], other[1])
    meet = one[2] == other[2] and one[3] != other[3] and one[0] < one[1] and other[0] < other[1] and start < end
    return [Together(start, end, frozenset((one[3], other[3])))] if meet else []


def _for_a_moment(moments: set[float], stays: list[Stay], channels: Mapping[str, Channel]) -> Iterator[Together]:
    """Who came and went at one instant (by times that are not finer) met whoever was there then."""
    for at in moments:
        passing = {uid for a, b, _, uid in stays if a == b == at}
        here = [(bridge, uid) for a, b, bridge, uid in stays if a <= at <= b]
        yield from (Together(at, at, uids) for uids in _groups(here, channels) if uids & passing)


def _groups(here: list[tuple[str, str]], channels: Mapping[str, Channel]) -> Iterator[frozenset[str]]:
    by_bridge: dict[str, set[str]] = {}
    bridge_of: dict[str, str] = {}
    for bridge, uid in here:
        by_bridge.setdefault(bridge, set()).add(uid)
        bridge_of[uid] = bridge
    while by_bridge:
        _, uids = by_bridge.popitem()
        waiting = list(uids)
        while waiting:
            other = channels[waiting.pop()].other_half
            more = by_bridge.pop(bridge_of.get(other, ""), None) if other else None
            if more:
                uids |= more
                waiting += more
        if len(uids) > 1:
            yield frozenset(uids)


def merged(spans: Sequence[Span]) -> list[Span]:
    """The union of spans, sorted, those that touch made one."""
    if len(spans) < 2:
        return list(spans)
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def common(ones: list[Span], others: list[Span]) -> list[Span]:
    """Where both are."""
    return [(max(a, c), min(b, d)) for a, b in ones for c, d in others if max(a, c) < min(b, d)]


def without(ones: list[Span], others: list[Span]) -> list[Span]:
    """Where only the first are."""
    left = merged(ones)
    for start, end in others:
        left = [piece for a, b in left for piece in ((a, min(b, start)), (max(a, end), b)) if piece[0] < piece[1]]
    return left


def seconds(spans: Iterable[Span], now: float) -> float:
    """How long, up to `now` for what goes on."""
    total = 0.0
    for start, end in spans:
        until = min(end, now)
        if until > start:
            total += until - start
    return total


def open_now(spans: Iterable[Span]) -> bool:
    return inf in [end for _, end in spans]
