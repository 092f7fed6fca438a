"""How a call ended, computed once, by the first line of a table that holds (the order is the contract's)."""

from collections.abc import Callable

from msgspec import Struct

from crm_core.calls.events import Direction, Outcome, RingOutcome


class Ending(Struct, frozen=True, gc=False):
    """What the outcome depends on. `tried` are the people (inbound) or the dialled side's legs (else), as each ended."""

    direction: Direction
    joined: bool  # a person was joined with the customer
    click_to_call: bool = False
    customer_dialled: bool = False
    gave_up_waiting: bool = False  # the caller hung up in a menu or queue
    voicemail: bool = False
    somebody_rang: bool = False  # a phone rang, or its owner declined
    tried: tuple[RingOutcome, ...] = ()


_INWARD = frozenset([Direction.INBOUND])
_OUTWARD = frozenset([Direction.OUTBOUND, Direction.INTERNAL])

_GAVE_UP_RINGING = frozenset([RingOutcome.NO_ANSWER, RingOutcome.CANCELLED, RingOutcome.DECLINED, RingOutcome.ANSWERED_ELSEWHERE])


def _all_busy(ending: Ending) -> bool:
    return bool(ending.tried) and all(outcome is RingOutcome.BUSY for outcome in ending.tried)


def _agent_absent(ending: Ending) -> bool:
    return ending.click_to_call and not ending.customer_dialled


def _last_busy(ending: Ending) -> bool:
    return bool(ending.tried) and ending.tried[-1] is RingOutcome.BUSY


def _rang_out(ending: Ending) -> bool:
    return ending.customer_dialled and (ending.somebody_rang or any(o in _GAVE_UP_RINGING for o in ending.tried))


TABLE: tuple[tuple[Outcome, frozenset[Direction], Callable[[Ending], bool]], ...] = (
    (Outcome.ANSWERED, _INWARD | _OUTWARD, lambda e: e.joined),
    (Outcome.ABANDONED, _INWARD, lambda e: e.gave_up_waiting and not e.voicemail),
    (Outcome.MISSED, _INWARD, lambda e: e.somebody_rang or e.voicemail),
    (Outcome.BUSY, _INWARD, _all_busy),
    (Outcome.AGENT_NO_ANSWER, _OUTWARD, _agent_absent),
    (Outcome.BUSY, _OUTWARD, _last_busy),
    (Outcome.NO_ANSWER, _OUTWARD, _rang_out),
    (Outcome.FAILED, _INWARD | _OUTWARD, lambda _: True),
)


def outcome_of(ending: Ending) -> Outcome:
    """The outcome of a call that is over."""
    return next(outcome for outcome, directions, holds in TABLE if ending.direction in directions and holds(ending))
