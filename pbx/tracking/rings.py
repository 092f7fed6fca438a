"""How each person's ringing ended: told up to three times, with causes that may be another's."""

from collections.abc import Iterable

from crm_core.calls.events import Direction, Ring, RingOutcome
from pbx.channels import Channel
from pbx.tracking.case import Case
from pbx.tracking.parties import Cast, tried_at

ELSEWHERE_CAUSE = 26
REJECTED_CAUSE = 21
_BUSY_CAUSE = 17
_UNREACHABLE_CAUSES = frozenset([1, 2, 3, 20, 22, 25, 27, 28, 29, 34, 38, 41, 42, 44, 47, 58, 65, 79, 88, 102, 111])
_UNREACHABLE = frozenset(["CONGESTION", "CHANUNAVAIL", "INVALIDARGS"])
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


def rings_of(tried: list[Channel], ends: dict[str, LegEnd], people: dict[str, str]) -> tuple[Ring, ...]:
    """Each person once, by first ring; a leg still being dialled that does not ring yet is not told."""
    found: dict[str, Ring] = {}
    for leg in tried:
        ended, outcome = ends[leg.uid]
        if outcome is None and leg.rang_at is None:
            continue
        extension, at = people[leg.uid], leg.rang_at if leg.rang_at is not None else tried_at(leg)
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
    return {leg.uid: _leg_end(leg, case, cast) for leg in legs}


def _leg_end(leg: Channel, case: Case, cast: Cast) -> LegEnd:
    told = [at for at, status in leg.dial_ends if status == "ANSWER"]
    if told or leg.up_at is not None:
        return min(told, default=leg.up_at), RingOutcome.ANSWERED
    # An end is told up to three times (NOANSWER, then CANCEL); the first counts, and CANCEL least.
    first = min(leg.dial_ends, key=lambda end: (end[0], end[1] == "CANCEL"), default=None)
    if first is None and leg.gone_at is None:
        return None, None
    at, status = first or (leg.gone_at or 0.0, "")
    return at, _unanswered(leg, status, at, case, cast)


def _unanswered(leg: Channel, status: str, at: float, case: Case, cast: Cast) -> RingOutcome:
    cause = 0 if _copied(leg, status, case) else leg.cause
    busy = status == "BUSY" or (not status and cause == _BUSY_CAUSE)
    # A phone in the house that rang before was declined; of others "busy" is all that can be said.
    if cause == REJECTED_CAUSE or (busy and cast.direction is Direction.INBOUND and _has_rung(leg, at, case)):
        return RingOutcome.DECLINED
    if busy:
        return RingOutcome.BUSY
    if status in _UNREACHABLE or cause in _UNREACHABLE_CAUSES or _was_off(leg, status, at, case, cast):
        return RingOutcome.UNAVAILABLE
    return _not_taken(leg, status, at, case, cast)


def _not_taken(leg: Channel, status: str, at: float, case: Case, cast: Cast) -> RingOutcome:
    """Of a phone that rang: taken by another, given up by the caller, or let ring in vain."""
    if leg.cause == ELSEWHERE_CAUSE or _somebody_else_answered(leg, at, case, cast):
        return RingOutcome.ANSWERED_ELSEWHERE
    # The exchange itself cancels too: a transfer's ringing that nobody answered in time.
    if status in {"CANCEL", ""} and leg is not cast.origin and _caller_left(at, case, cast):
        return RingOutcome.CANCELLED
    return RingOutcome.NO_ANSWER


def _was_off(leg: Channel, status: str, at: float, case: Case, cast: Cast) -> bool:
    """A phone that is off (480) is told like one that rang in vain."""
    unanswered = status in {"NOANSWER", ""} and leg.cause == _NO_ANSWER_CAUSE
    return unanswered and leg not in cast.attempts and not _has_rung(leg, at, case)


def _has_rung(leg: Channel, at: float, case: Case) -> bool:
    """Records tell no ringing, and a gap hides it: there whoever did not end at once has rung."""
    unseen = case.had_gap or not leg.born_live
    return leg.rang_at is not None or (unseen and at - tried_at(leg) >= _SAME_MOMENT)


def _copied(leg: Channel, status: str, case: Case) -> bool:
    """Asterisk copies the cause of one who declined to those whose ringing it ends itself; records say who hung up."""
    return status == "CANCEL" or (not status and case.records and leg.hung_up_at is None)


def _somebody_else_answered(leg: Channel, at: float, case: Case, cast: Cast) -> bool:
    others = (case.channels[uid] for uid in cast.people if uid != leg.uid)
    return any(c.up_at is not None and abs(c.up_at - at) <= _SAME_MOMENT for c in others)


def _caller_left(at: float, case: Case, cast: Cast) -> bool:
    """Whoever called hung up at that moment; an exchange that clears him after the ringing is another thing."""
    caller = cast.origin
    if caller is None or caller.uid not in case.channels:
        return False
    left = caller.hung_up_at if cast.direction is Direction.INBOUND else caller.gone_at
    return left is not None and abs(left - at) <= _SAME_MOMENT
