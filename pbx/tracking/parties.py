"""Who is who in a call: the customer's channels and the people."""

import re
from collections.abc import Iterable
from math import inf
from operator import attrgetter

from msgspec import Struct

from crm_core.calls.events import Direction
from crm_core.contacts.numbers import Number, NumberKind, read_number
from pbx.channels import Channel, is_dialled
from pbx.lines import LineKind, LineRule
from pbx.tracking.case import Case

_DIALLED_PARTS = re.compile(r"[/@:]")
_AGE = attrgetter("age")


class Cast(Struct, frozen=True):
    """Who takes part. `people` maps a channel's uid to the extension (or outside number) of its person."""

    direction: Direction
    origin: Channel | None
    customers: frozenset[str]
    people: dict[str, str]
    click_to_call: bool
    callee: Number | None
    attempts: tuple[Channel, ...]  # outbound: the legs that dialled the customer


def cast_of(case: Case, lines: LineRule, region: str) -> Cast | None:
    """None while nothing but the exchange's own machinery is seen."""
    by_age = sorted(case.channels.values(), key=_AGE)
    phones: list[Channel] = []
    trunks: list[Channel] = []
    legs: list[Channel] = []
    for c in by_age:
        kind = c.kind(lines)
        if kind is not LineKind.MACHINERY:
            legs.append(c)
            (phones if kind is LineKind.PHONE else trunks).append(c)
    if not legs:
        return _clicked_in_vain(by_age, region) if case.over else None
    origin = _origin(legs, phones, trunks)
    if origin is None and all(c.dialled_at is None for c in legs):
        if not _has_lived(legs):
            return None  # just born: the next event says whether somebody called us on it or we dial
        origin = legs[0]
    if _is_clicked(by_age, legs[0]):
        # A dialler's agent waits in a room, on a call of his own, for one customer after the other.
        agent = next(iter(phones or case.guests.values()), None)
        return _clicked(agent, phones, trunks, by_age, region)
    if origin is not None and origin in trunks:
        return _inbound(origin, phones, trunks, region)
    return _dialled_out(origin, phones, trunks, region)


def _origin(legs: list[Channel], phones: list[Channel], trunks: list[Channel]) -> Channel | None:
    """Who called us first. A customer who was joined to a talk of colleagues that was older than his call is the caller still."""
    first = next((c for c in legs if came_in(c)), None)
    if first is None or not trunks or first not in phones or any(c.dialled_by == first.uid for c in trunks):
        return first
    return next((c for c in trunks if came_in(c)), first)


def _is_clicked(by_age: list[Channel], first_leg: Channel) -> bool:
    """What came before anybody's line, or that line itself, was dialled by nobody."""
    for c in by_age:
        if c.originated or c is first_leg:
            return c.originated
    return False


def _has_lived(legs: list[Channel]) -> bool:
    return any(at is not None for c in legs for at in (c.rang_at, c.up_at, c.gone_at))


def came_in(channel: Channel) -> bool:
    """Somebody called us on it: nobody dialled it, nor was it born to dial out."""
    return channel.dialled_at is None and channel.dialled_by is None and channel.came_in is not False


def _inbound(origin: Channel, phones: list[Channel], trunks: list[Channel], region: str) -> Cast:
    people = {c.uid: c.extension for c in phones}
    for c in trunks:
        if c is not origin:
            people[c.uid] = outside_number(c, region)
    return Cast(Direction.INBOUND, origin, frozenset([origin.uid]), people, False, None, ())


def _dialled_out(origin: Channel | None, phones: list[Channel], trunks: list[Channel], region: str) -> Cast:
    colleagues = [c for c in phones if c is not origin]
    callee = _callee(origin, colleagues, trunks, region)
    if _goes_outside(origin, colleagues, trunks, callee):
        return _outbound(origin, phones, trunks, callee, region, clicked=False)
    # Forwarded outside it is still a call to whom the caller dialled.
    return _internal(origin or phones[0], phones, trunks, _callee(origin, colleagues, [], region) or callee, region)


def _goes_outside(origin: Channel | None, colleagues: list[Channel], trunks: list[Channel], callee: Number | None) -> bool:
    if origin is None:
        return bool(trunks)
    dialled = [c for c in (*colleagues, *trunks) if c.dialled_by == origin.uid]
    # Whom the caller himself dialled first decides: later legs may be a transfer's, or a forward's.
    if dialled:
        return min(dialled, key=lambda c: (tried_at(c), c.birth)) in trunks
    if callee is None or callee.kind is NumberKind.EXTENSION:
        return False  # a colleague, whose calls may be forwarded outside
    return bool(trunks) or (callee.kind is NumberKind.INTERNATIONAL and not colleagues)


def _clicked(agent: Channel | None, phones: list[Channel], trunks: list[Channel], by_age: list[Channel], region: str) -> Cast:
    """Outbound whomever it calls; a colleague so called stands where the customer would."""
    colleagues = [c for c in phones if agent is not None and c.extension != agent.extension]
    callee = _clicked_callee(agent, trunks, by_age, region)
    return _outbound(agent, phones, trunks or colleagues[:1], callee, region, clicked=True)


def _clicked_in_vain(by_age: list[Channel], region: str) -> Cast | None:
    """An originate by a Local channel to an extension that could not be reached leaves no other channel at all."""
    agent = next((c for c in by_age if c.originated and c.originated_to), None)
    if agent is None or read_number(agent.extension, region).kind is not NumberKind.EXTENSION:
        return None
    callee = best_number([agent.originated_to], region)
    return _outbound(agent, [], [], callee, region, clicked=True)


def _clicked_callee(agent: Channel | None, trunks: list[Channel], by_age: list[Channel], region: str) -> Number | None:
    told = [number.raw for c in trunks if (number := dialled_number(c, region))]
    told += [c.originated_to for c in by_age]
    # An originated leg shows its phone the number that will be called; its own, if nobody will be.
    told += [agent.rang_number] if agent is not None else []
    return best_number((raw for raw in told if agent is None or raw != agent.extension), region)


def _outbound(
    origin: Channel | None,
    phones: list[Channel],
    trunks: list[Channel],
    callee: Number | None,
    region: str,
    *,
    clicked: bool,
) -> Cast:
    """The customer is the first outside leg that was answered; those before it were attempts, those after are others."""
    answered = min((c for c in trunks if c.up_at is not None), key=lambda c: c.up_at or 0.0, default=None)
    until = inf if answered is None or answered.up_at is None else answered.up_at
    attempts = tuple(c for c in trunks if c is answered or c.started_at < until)
    customers = frozenset([answered.uid] if answered else [c.uid for c in attempts])
    people = {c.uid: c.extension for c in phones if c not in attempts}
    people |= {c.uid: outside_number(c, region) for c in trunks if c not in attempts}
    return Cast(Direction.OUTBOUND, origin, customers, people, clicked, callee, attempts)


def _internal(origin: Channel, phones: list[Channel], trunks: list[Channel], callee: Number | None, region: str) -> Cast:
    people = {c.uid: c.extension for c in phones if c.extension != origin.extension}
    people |= {c.uid: outside_number(c, region) for c in trunks}
    return Cast(Direction.INTERNAL, origin, frozenset([origin.uid]), people, False, callee, ())


def _callee(origin: Channel | None, colleagues: list[Channel], trunks: list[Channel], region: str) -> Number | None:
    told = [origin.exten, origin.dnid] if origin is not None else []
    if any(c.extension in told for c in colleagues):
        return as_extension(told[0])
    return best_number([*told, *(number.raw for c in trunks if (number := dialled_number(c, region)))], region)


def as_extension(extension: str) -> Number:
    """A person's line as it is: on some exchanges it looks like an outside number, or like a name."""
    return Number(NumberKind.EXTENSION, extension, extension)


def outside_number(channel: Channel, region: str) -> str:
    """The number that an outside leg dials, else the name of its line."""
    number = dialled_number(channel, region)
    return (number.shown if number else None) or channel.endpoint


def dialled_number(channel: Channel, region: str) -> Number | None:
    parts = [part for part in _DIALLED_PARTS.split(channel.dial_string) if part not in {channel.technology, channel.endpoint}]
    return best_number([*parts, channel.rang_number, channel.caller_number], region)


def best_number(told: Iterable[str], region: str) -> Number | None:
    """The first that can be understood as a whole number, else the first that is one at all (`s` and `h` are none)."""
    numbers = [read_number(raw, region) for raw in told if is_dialled(raw)]
    numbers = [n for n in numbers if n.kind is not NumberKind.WITHHELD]
    whole = (n for n in numbers if n.kind is NumberKind.INTERNATIONAL)
    return next(whole, numbers[0] if numbers else None)


def legs_tried(case: Case, cast: Cast) -> list[Channel]:
    """The people's legs that the exchange dialled, in order."""
    legs = [c for c in map(case.channels.__getitem__, cast.people) if not came_in(c)]
    return sorted(legs, key=lambda c: (tried_at(c), c.birth)) if len(legs) > 1 else legs


def tried_at(leg: Channel) -> float:
    """When its ringing began to be tried."""
    return leg.started_at if leg.dialled_at is None else leg.dialled_at
