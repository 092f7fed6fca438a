"""What became of a caller whom nobody answered: voicemail took him, or he gave up in a menu or queue."""

from pbx.channels import Channel
from pbx.tracking.case import Case
from pbx.tracking.queueing import queue_spans

_MENU_APPLICATIONS = frozenset(["background", "waitexten", "read", "ivrdemo", "playback", "queue", "directory"])
_LET_STAND = 1.5
"""Seconds a caller must have stayed after the last ring, on a line answered before, to have been with voicemail."""
_SAME_MOMENT = 0.5
_REFUSED = frozenset([17, 34, 42])
"""Causes (busy, congestion) with which the exchange itself turns a caller away whom it did not ring anybody for."""


def took_at(case: Case, customer: Channel | None, legs: list[Channel]) -> float | None:
    """When voicemail took a call that nobody answered, or None."""
    if customer is None:
        return None
    told = [at for c in case.channels.values() for at, name in c.applications if name == "voicemail"]
    if told:
        return min(told)
    left = [c.voicemail_at for c in case.channels.values() if c.voicemail_at is not None]
    if left:
        return _let_go_at(customer, legs, min(left))
    return _inferred(case, customer, legs)


def _inferred(case: Case, customer: Channel, legs: list[Channel]) -> float | None:
    """Without Newexten and CEL a caller who hangs up in voicemail's prompt leaves only silence after the last ring."""
    hung_up = customer.hung_up_at
    if hung_up is None or customer.up_at is None or not legs or _in_queue(case, customer, hung_up):
        return None
    let_go = _let_go_at(customer, legs, hung_up)
    told_otherwise = any(at >= let_go - _SAME_MOMENT for at, _ in _applications(case, customer))
    # A line that the exchange answers only after the last ring was answered by voicemail itself.
    stayed = hung_up - let_go >= (_LET_STAND if customer.up_at < let_go else 0.0)
    over = all(_ended_at(leg) <= let_go for leg in legs)
    return let_go if stayed and over and not told_otherwise else None


def _let_go_at(customer: Channel, legs: list[Channel], before: float) -> float:
    """When the queue or the last dialling let the caller go on."""
    ends = [_ended_at(leg) for leg in legs]
    ends += [at for at, began, _ in customer.queues if not began]
    ends += [at for at in (customer.up_at, customer.started_at) if at is not None]
    return max(at for at in ends if at <= before) if any(at <= before for at in ends) else before


def _ended_at(leg: Channel) -> float:
    """When its ringing ended; of one who picked up and was not put through, as find-me does, when he left."""
    ends = [at for at, status in leg.dial_ends if status != "ANSWER"]
    return min(ends) if ends else (float("inf") if leg.gone_at is None else leg.gone_at)


def gave_up_waiting(case: Case, customer: Channel | None, legs: list[Channel]) -> bool:
    """The caller himself hung up, in a queue or in a menu (as opposed to while somebody's phone rang in a dial)."""
    if customer is None or customer.hung_up_at is None:
        return False
    at = customer.hung_up_at
    return _in_queue(case, customer, at) or _rung_by_queue(case, customer, at) or _in_menu(case, customer, legs, at)


def _rung_by_queue(case: Case, customer: Channel, at: float) -> bool:
    """Without the agent events of a queue its ringing still shows: only Queue dials a whole interface, `PJSIP/101`."""
    if customer.queues:
        return False
    rung = (leg for leg in case.channels.values() if leg.dialled_by == customer.uid)
    by_queue = [leg for leg in rung if leg.dial_string.startswith(f"{leg.technology}/")]
    return any(leg.dialled_at is not None and leg.dialled_at <= at <= _ended_at(leg) + _SAME_MOMENT for leg in by_queue)


def _in_queue(case: Case, customer: Channel, at: float) -> bool:
    spans = [span for c in _led(case, customer) for span in queue_spans(c)]
    return any(start <= at and end >= at - _SAME_MOMENT / 2 for start, end in spans)


def _applications(case: Case, customer: Channel) -> list[tuple[float, str]]:
    return [told for c in _led(case, customer) for told in c.applications]


def _led(case: Case, customer: Channel) -> list[Channel]:
    """The customer, and the Local channels by which the dialplan may have led him on."""
    return [customer, *(c for c in case.channels.values() if c.technology == "Local" and c is not customer)]


def _in_menu(case: Case, customer: Channel, legs: list[Channel], at: float) -> bool:
    if not legs:
        return customer.cause not in _REFUSED  # `Busy()` shows as his hang-up too
    names = sorted((t, name) for t, name in _applications(case, customer) if t <= at)
    return bool(names) and names[-1][1] in _MENU_APPLICATIONS and all(_ended_at(leg) <= at for leg in legs)
