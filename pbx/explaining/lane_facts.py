"""What happened on the channels of a call, in order of time: each fact that was told, once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from math import inf

from crm_core.calls.events import TransferKind
from pbx.channels import Channel, Span
from pbx.tracking.case import TransferTold
from pbx.tracking.story import Story


class FactKind(StrEnum):
    """In the order in which facts of one instant are told."""

    BORN = "born"  # `what`: the number it came in on or dials
    SEEN = "seen"  # the channel was up already when it was first heard of
    DIALLED = "dialled"  # `others`: who dials, none for an originated leg
    RANG = "rang"
    DIAL_ENDED = "dial_ended"  # `what`: the exchange's word, as CANCEL
    UP = "up"
    QUEUE_JOINED = "queue_joined"  # `what`: the queue
    QUEUE_LEFT = "queue_left"
    RECORDED = "recorded"  # `what`: the file announced, as it was announced
    VOICEMAIL = "voicemail"
    PICKED_UP = "picked_up"  # `others`: the channel that rang
    TRANSFERRED = "transferred"  # `what`: whereto, as told
    PARKED = "parked"
    UNPARKED = "unparked"  # `others`: who took him back
    LEFT = "left"  # a bridge
    JOINED = "joined"  # `others`: who is in the bridge then
    HELD = "held"
    UNHELD = "unheld"
    MUSIC_BEGAN = "music_began"
    MUSIC_ENDED = "music_ended"
    HUNG_UP = "hung_up"  # the far end of this channel hung up
    GONE = "gone"  # `what`: the cause
    VANISHED = "vanished"  # its end was not seen
    LOST = "lost"  # the exchange was not heard from then on, and nothing has told what happened; `uid` is empty


_AT_ONCE = 0.5
"""Seconds within which two who enter a bridge one after another enter it together."""
_ORDER = {kind: place for place, kind in enumerate(FactKind)}


@dataclass(frozen=True, slots=True)
class Fact:
    at: float
    uid: str
    kind: FactKind
    others: tuple[str, ...] = ()
    what: str = ""


def told_of(story: Story) -> tuple[Fact, ...]:
    found: set[Fact] = set()
    for channel in story.case.channels.values():
        found |= set(chain(_life(channel), _places(channel, story), _doings(channel)))
    found |= set(_as_a_whole(story))
    return tuple(sorted(found, key=lambda fact: (fact.at, _ORDER[fact.kind], fact.uid, fact.others, fact.what)))


def each_once(facts: Sequence[Fact]) -> Iterator[Fact]:
    """For people: that one entered another's bridge, and the other his at that moment, is one fact."""
    met: set[tuple[float, frozenset[str]]] = set()
    joined = [fact for fact in facts if fact.kind is FactKind.JOINED]
    for fact in facts:
        if fact.kind is FactKind.JOINED:
            pair = (round(fact.at, 2), frozenset([fact.uid, *fact.others]))
            joined_by = any(fact.uid in other.others and 0 <= other.at - fact.at < _AT_ONCE for other in joined)
            if pair in met or (joined_by and not fact.others):
                continue
            met.add(pair)
        yield fact


def _life(c: Channel) -> Iterator[Fact]:
    yield Fact(c.started_at, c.uid, FactKind.SEEN if c.born_at is None else FactKind.BORN, what=c.exten)
    if c.dialled_at is not None:
        yield Fact(c.dialled_at, c.uid, FactKind.DIALLED, (c.dialled_by,) if c.dialled_by else (), c.dial_string)
    for at, kind in ((c.rang_at, FactKind.RANG), (c.up_at, FactKind.UP), (c.hung_up_at, FactKind.HUNG_UP)):
        if at is not None:
            yield Fact(at, c.uid, kind)
    for at, status in c.dial_ends:
        yield Fact(at, c.uid, FactKind.DIAL_ENDED, what=status)
    if c.gone_at is not None:
        yield Fact(c.gone_at, c.uid, FactKind.VANISHED if c.vanished else FactKind.GONE, what=str(c.cause) if c.cause else "")


def _places(c: Channel, story: Story) -> Iterator[Fact]:
    """Bridges it was in; a parking bridge is told by its own facts."""
    for start, end, bridge in c.stays():
        if bridge in c.waiting_bridges:
            continue
        yield Fact(start, c.uid, FactKind.JOINED, _met(c, bridge, start, story))
        if end not in {inf, c.gone_at}:
            yield Fact(end, c.uid, FactKind.LEFT)


def _met(c: Channel, bridge: str, at: float, story: Story) -> tuple[str, ...]:
    others = (other for other in story.case.channels.values() if other is not c)
    return tuple(sorted(o.uid for o in others if any(b == bridge and start <= at < end for start, end, b in o.stays())))


def _doings(c: Channel) -> Iterator[Fact]:
    yield from _toggles(c, c.hold_spans(), FactKind.HELD, FactKind.UNHELD)
    yield from _toggles(c, c.music_spans(), FactKind.MUSIC_BEGAN, FactKind.MUSIC_ENDED)
    for at, began, queue in c.queues:
        yield Fact(at, c.uid, FactKind.QUEUE_JOINED if began else FactKind.QUEUE_LEFT, what=queue)
    for path, at in c.recordings.items():
        yield Fact(at, c.uid, FactKind.RECORDED, what=path)
    for at, name in c.applications:
        if name == "voicemail":
            yield Fact(at, c.uid, FactKind.VOICEMAIL)
    if c.voicemail_at is not None:
        yield Fact(c.voicemail_at, c.uid, FactKind.VOICEMAIL, what="message")


def _toggles(c: Channel, spans: list[Span], began: FactKind, ended: FactKind) -> Iterator[Fact]:
    for start, end in spans:
        yield Fact(start, c.uid, began)
        if end not in {inf, c.gone_at}:
            yield Fact(end, c.uid, ended)


def _as_a_whole(story: Story) -> Iterator[Fact]:
    case = story.case
    yield from (_transfer(told, story) for told in case.transfers)
    yield from (Fact(at, uid, FactKind.PICKED_UP, (target,)) for at, uid, target in case.pickups)
    yield from (Fact(at, "", FactKind.LOST) for at in case.gaps)
    for parked, retriever in case.retrieved.items():
        joined = [start for start, _, _ in case.channels[retriever].stays()] if retriever in case.channels else []
        if joined:
            yield Fact(min(joined), parked, FactKind.UNPARKED, (retriever,))


def _transfer(told: TransferTold, story: Story) -> Fact:
    if told.kind is TransferKind.PARK:
        return Fact(told.at, told.uid, FactKind.PARKED, what=told.by)
    others = tuple(uid for uid in (told.other_uid, told.target_uid) if uid in story.case.channels and uid != told.uid)
    return Fact(told.at, told.uid, FactKind.TRANSFERRED, others, told.to)
