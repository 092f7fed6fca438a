"""The ladder of a call: a lane for each channel, what happened on it in order of time, bars for what lasted. Data, no words."""

from dataclasses import dataclass
from enum import StrEnum

from crm_core.calls.events import Call
from pbx.channels import Channel
from pbx.explaining import lane_facts
from pbx.explaining.lane_facts import Fact
from pbx.lines import LineKind
from pbx.tracking.queueing import queue_spans
from pbx.tracking.story import Story


class LaneRole(StrEnum):
    """Whose channel it is in this call."""

    CUSTOMER = "customer"  # in an internal call whoever stands for him: the caller
    PERSON = "person"  # a phone of the house, or an outside number that somebody was reached at
    MACHINERY = "machinery"  # Local halves, announcers: joins others, is nobody


class BarKind(StrEnum):
    RING = "ring"
    TALK = "talk"
    CONSULTATION = "consultation"
    HOLD = "hold"
    QUEUE = "queue"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel. `who` is the extension or number of its person, None for machinery; `name` is the exchange's own."""

    uid: str
    name: str
    role: LaneRole
    line: LineKind
    who: str | None
    began: float
    ended: float | None


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasted on a lane; what still goes on ends at the moment of reading."""

    uid: str
    kind: BarKind
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Ladder:
    """`start` and `end` are the first and the last moment of any lane."""

    lanes: tuple[Lane, ...]
    facts: tuple[Fact, ...]
    bars: tuple[Bar, ...]
    start: float
    end: float


def ladder_of(story: Story, call: Call) -> Ladder:
    """Everything is read from what the call itself was read from."""
    lanes = tuple(sorted((_lane(channel, story, call) for channel in story.case.channels.values()), key=_place))
    starts = [lane.began for lane in lanes]
    ends = [_until(story, lane.ended) for lane in lanes]
    return Ladder(lanes, lane_facts.told_of(story), tuple(_bars(story)), min(starts, default=0.0), max(ends, default=0.0))


def _lane(channel: Channel, story: Story, call: Call) -> Lane:
    cast, line = story.cast, channel.kind(story.teller.lines)
    customer = channel.uid in cast.customers
    person = cast.people.get(channel.uid)
    role = LaneRole.CUSTOMER if customer else LaneRole.PERSON if person is not None else LaneRole.MACHINERY
    if role is LaneRole.MACHINERY and line is not LineKind.MACHINERY:
        role = LaneRole.PERSON  # somebody's channel that took no part: his second line, an attempt at the customer
    who = person if person is not None else _own_name(channel, line, story, call)
    return Lane(channel.uid, channel.name, role, line, who, channel.started_at, channel.gone_at)


def _own_name(channel: Channel, line: LineKind, story: Story, call: Call) -> str | None:
    """The caller's channel has his number as the call tells it; an attempt at the customer the number dialled."""
    if channel is story.cast.origin:
        return call.caller
    if channel.uid in story.cast.customers or channel in story.cast.attempts:
        return call.callee
    return channel.extension if line is LineKind.PHONE else None


def _place(lane: Lane) -> tuple[int, float, str]:
    """The customer first, then people as they came in, the machinery last."""
    return list(LaneRole).index(lane.role), lane.began, lane.uid


def _until(story: Story, end: float | None) -> float:
    return story.now if end is None else min(end, max(story.now, story.ended_at or 0.0))


def _bars(story: Story) -> list[Bar]:
    found = [*_rings(story), *_talks(story), *_consultations(story), *_holds(story), *_queues(story), *_voicemail(story)]
    return sorted({bar for bar in found if bar.end > bar.start}, key=lambda bar: (bar.start, bar.uid, bar.kind))


def _rings(story: Story) -> list[Bar]:
    legs = {leg.uid: leg for leg in (*story.tried, *story.cast.attempts)}
    return [
        Bar(uid, BarKind.RING, leg.rang_at, _until(story, story.ends[uid][0]))
        for uid, leg in legs.items()
        if leg.rang_at is not None and uid in story.ends
    ]


def _talks(story: Story) -> list[Bar]:
    return [
        Bar(uid, BarKind.TALK, group.start, _until(story, group.end))
        for group in story.together
        if group.uids & story.cast.customers
        for uid in group.uids
        if uid in story.cast.people
    ]


def _consultations(story: Story) -> list[Bar]:
    """A person's consultation, on those of his channels that were joined with a colleague's then."""
    spans = story.consultations() if story.talks else {}
    return [
        Bar(uid, BarKind.CONSULTATION, max(start, group.start), _until(story, min(end, group.end)))
        for group in story.together
        if not group.uids & story.cast.customers
        for uid in group.uids
        for start, end in spans.get(story.cast.people.get(uid, ""), [])
        if max(start, group.start) < min(end, group.end)
    ]


def _holds(story: Story) -> list[Bar]:
    customer = story.customer
    if customer is None:
        return []
    return [Bar(customer.uid, BarKind.HOLD, start, _until(story, end)) for _, _, (start, end) in story.holds()]


def _queues(story: Story) -> list[Bar]:
    return [
        Bar(channel.uid, BarKind.QUEUE, start, _until(story, end))
        for channel in story.case.channels.values()
        for start, end in queue_spans(channel)
    ]


def _voicemail(story: Story) -> list[Bar]:
    if story.customer is None or story.took_at is None:
        return []
    return [Bar(story.customer.uid, BarKind.VOICEMAIL, story.took_at, _until(story, story.customer.gone_at))]
