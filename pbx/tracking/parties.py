"""Who is who in a call: the customer's channels, the people, and how each one's ringing ended."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from crm_core.calls.events import Direction, Ring, RingOutcome
from crm_core.contacts.numbers import Number, NumberKind, read_number
from pbx.channels import Channel
from pbx.lines import LineKind, LineRule
from pbx.tracking.case import Case

_ELSEWHERE_CAUSE = 26
_REJECTED_CAUSE = 21
_BUSY_CAUSE = 17
_UNREACHABLE_CAUSES = frozenset([1, 2, 3, 20, 22, 25, 27, 28, 29, 34, 38, 41, 42, 44, 47, 58, 65, 79, 88, 102, 111])
_UNREACHABLE = frozenset(["CONGESTION", "CHANUNAVAIL", "INVALIDARGS"])
_DIALLED_PARTS = re.compile(r"[/@:]")
_NO_ANSWER_CAUSE = 19
_OF_SEVERAL = (
    None,
    RingOutcome.DECLINED,
    RingOutcome.CANCELLED,
    RingOutcome.ANSWERED_ELSEWHERE,
    RingOutcome.NO_ANSWER,
    RingOutcome.BUSY,
    RingOutcome.UNAVAILABLE,
)
LegEnd = tuple[float | None, RingOutcome | None]
_SAME_MOMENT = 1.0
"""Seconds within which a leg's end counts as caused by another's answer or by the caller's hang-up."""


@dataclass(frozen=True, slots=True)
class Cast:
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
    by_age = sorted(case.channels.values(), key=lambda c: c.age)
    kinds = {c.uid: c.kind(lines) for c in by_age}
    legs = [c for c in by_age if kinds[c.uid] is not LineKind.MACHINERY]
    if not legs:
        return _clicked_in_vain(by_age, region) if case.over else None
    phones = [c for c in legs if kinds[c.uid] is LineKind.PHONE]
    trunks = [c for c in legs if kinds[c.uid] is LineKind.TRUNK]
    clicked = any(c.originated for c in by_age[: by_age.index(legs[0]) + 1])
    origin = next((c for c in legs if came_in(c)), None)
    if origin is None and all(c.dialled_at is None for c in legs):
        if not _has_lived(legs):
            return None  # just born: the next event says whether somebody called us on it or we dial
        origin = legs[0]
    if clicked:
        return _clicked(phones, trunks, by_age, region)
    if origin is not None and kinds[origin.uid] is LineKind.TRUNK:
        return _inbound(origin, phones, trunks, region)
    return _dialled_out(origin, phones, trunks, region)


def _has_lived(legs: list[Channel]) -> bool:
    return any(at is not None for c in legs for at in (c.rang_at, c.up_at, c.gone_at))


def came_in(channel: Channel) -> bool:
    """Somebody called us on it: nobody dialled it, nor was it born to dial out."""
    return channel.dialled_at is None and channel.dialled_by is None and channel.came_in is not False


def _inbound(origin: Channel, phones: list[Channel], trunks: list[Channel], region: str) -> Cast:
    people = {c.uid: c.extension for c in phones}
    people |= {c.uid: outside_number(c, region) for c in trunks if c is not origin}
    return Cast(Direction.INBOUND, origin, frozenset([origin.uid]), people, False, None, ())


def _dialled_out(origin: Channel | None, phones: list[Channel], trunks: list[Channel], region: str) -> Cast:
    colleagues = [c for c in phones if c is not origin]
    callee = _callee(origin, colleagues, trunks, region)
    if _goes_outside(origin, colleagues, trunks, callee):
        return _outbound(origin, phones, trunks, callee, region, clicked=False)
    return _internal(origin or phones[0], phones, trunks, callee, region)


def _goes_outside(origin: Channel | None, colleagues: list[Channel], trunks: list[Channel], callee: Number | None) -> bool:
    if origin is None or any(c.dialled_by == origin.uid for c in trunks):
        return bool(trunks)
    if callee is None or callee.kind is NumberKind.EXTENSION:
        return False  # a colleague, whose calls may be forwarded outside
    return bool(trunks) or (callee.kind is NumberKind.INTERNATIONAL and not colleagues)


def _clicked(phones: list[Channel], trunks: list[Channel], by_age: list[Channel], region: str) -> Cast:
    """Outbound whomever it calls; a colleague so called stands where the customer would."""
    agent = next((c for c in phones), None)
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
    numbers = [read_number(raw, region) for raw in told if raw and raw not in {"s", "h", "i", "t"}]
    numbers = [n for n in numbers if n.kind is not NumberKind.WITHHELD]
    whole = (n for n in numbers if n.kind is NumberKind.INTERNATIONAL)
    return next(whole, numbers[0] if numbers else None)


def legs_tried(case: Case, cast: Cast) -> list[Channel]:
    """The people's legs that the exchange dialled, in order."""
    legs = [case.channels[uid] for uid in cast.people]
    return sorted((c for c in legs if not came_in(c)), key=lambda c: (_tried_at(c), c.birth))


def rings_of(tried: list[Channel], ends: dict[str, LegEnd], people: dict[str, str]) -> tuple[Ring, ...]:
    """Each person once, by first ring; a leg still being dialled that does not ring yet is not told."""
    found: dict[str, Ring] = {}
    for leg in tried:
        ended, outcome = ends[leg.uid]
        if outcome is None and leg.rang_at is None:
            continue
        extension, at = people[leg.uid], leg.rang_at if leg.rang_at is not None else _tried_at(leg)
        earlier = found.get(extension)
        rang_at = at if earlier is None else earlier.rang_at
        ended = None if ended is None else max(ended, rang_at)  # the clock may have been set back meanwhile
        if earlier is None or _counts_more(earlier, at, outcome):
            found[extension] = Ring(extension, rang_at, ended, outcome)
    return tuple(found.values())


def _counts_more(earlier: Ring, at: float, outcome: RingOutcome | None) -> bool:
    """An answer counts most, then the last try; of telephones that rang together the one that tells most of the person."""
    if RingOutcome.ANSWERED in {earlier.outcome, outcome}:
        return earlier.outcome is not RingOutcome.ANSWERED
    at_once = earlier.ended_at is None or at < earlier.ended_at or at - earlier.rang_at < _SAME_MOMENT
    return not at_once or _OF_SEVERAL.index(outcome) < _OF_SEVERAL.index(earlier.outcome)


def leg_ends(legs: Iterable[Channel], case: Case, cast: Cast) -> dict[str, LegEnd]:
    """For each leg when and how its ringing ended; (None, None) while it goes on."""
    answered = [c for c in (case.channels[uid] for uid in cast.people) if c.up_at is not None]
    return {leg.uid: _leg_end(leg, answered, case, cast) for leg in legs}


def _leg_end(leg: Channel, answered: list[Channel], case: Case, cast: Cast) -> LegEnd:
    if leg.up_at is not None or any(status == "ANSWER" for _, status in leg.dial_ends):
        told = [at for at, status in leg.dial_ends if status == "ANSWER"]
        return min(told, default=leg.up_at), RingOutcome.ANSWERED
    # An end is told up to three times (NOANSWER, then CANCEL); the first counts, and CANCEL least.
    first = min(leg.dial_ends, key=lambda end: (end[0], end[1] == "CANCEL"), default=None)
    if first is None and leg.gone_at is None:
        return None, None
    at, status = first or (leg.gone_at or 0.0, "")
    return at, _unanswered(leg, status, at, answered, case, cast)


def _unanswered(leg: Channel, status: str, at: float, answered: list[Channel], case: Case, cast: Cast) -> RingOutcome:
    cause = 0 if _copied(leg, status, case) else leg.cause
    if cause == _REJECTED_CAUSE:
        return RingOutcome.DECLINED
    if status == "BUSY" or (not status and cause == _BUSY_CAUSE):
        # A phone in the house that rang before was declined; of others "busy" is all that can be said.
        declined = _has_rung(leg, at, case) and cast.direction is Direction.INBOUND
        return RingOutcome.DECLINED if declined else RingOutcome.BUSY
    if status in _UNREACHABLE or cause in _UNREACHABLE_CAUSES:
        return RingOutcome.UNAVAILABLE
    if leg.cause == _ELSEWHERE_CAUSE or _somebody_else_answered(leg, at, answered):
        return RingOutcome.ANSWERED_ELSEWHERE
    # The exchange itself cancels too: a transfer's ringing that nobody answered in time.
    if status in {"NOANSWER", ""} and leg.cause == _NO_ANSWER_CAUSE and not (leg in cast.attempts or _has_rung(leg, at, case)):
        return RingOutcome.UNAVAILABLE  # a phone that is off (480) is told like one that rang in vain
    if status in {"CANCEL", ""} and leg is not cast.origin and _caller_left(at, case, cast):
        return RingOutcome.CANCELLED
    return RingOutcome.NO_ANSWER


def _has_rung(leg: Channel, at: float, case: Case) -> bool:
    """Records tell no ringing, and a gap hides it: there whoever did not end at once has rung."""
    unseen = case.had_gap or not leg.born_live
    return leg.rang_at is not None or (unseen and at - _tried_at(leg) >= _SAME_MOMENT)


def _copied(leg: Channel, status: str, case: Case) -> bool:
    """Asterisk copies the cause of one who declined to those whose ringing it ends itself; records say who hung up."""
    return status == "CANCEL" or (not status and case.records and leg.hung_up_at is None)


def _somebody_else_answered(leg: Channel, at: float, answered: list[Channel]) -> bool:
    return any(c.up_at is not None and abs(c.up_at - at) <= _SAME_MOMENT for c in answered if c is not leg)


def _caller_left(at: float, case: Case, cast: Cast) -> bool:
    """Whoever called hung up at that moment; an exchange that clears him after the ringing is another thing."""
    caller = cast.origin
    if caller is None or caller.uid not in case.channels:
        return False
    left = caller.hung_up_at if cast.direction is Direction.INBOUND else caller.gone_at
    return left is not None and abs(left - at) <= _SAME_MOMENT


def _tried_at(leg: Channel) -> float:
    return leg.started_at if leg.dialled_at is None else leg.dialled_at
