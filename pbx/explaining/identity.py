"""Why a call is one call, which way it went, and who called whom."""

from collections.abc import Iterator

from crm_core.calls.events import Direction
from crm_core.contacts.numbers import Number
from pbx.explaining.reasons import Moment, On, Reading, Reason, Told, moment, on


def reasons(reading: Reading) -> Iterator[Reason]:
    yield reading.why("exchange", "listened_to")
    yield _linkedids(reading)
    yield _direction(reading)
    yield _click_to_call(reading)
    yield _caller(reading)
    yield _caller_name(reading)
    yield _did(reading)
    yield _callee(reading)


def _linkedids(reading: Reading) -> Reason:
    """Which fact joined each further id; the last joining counts, since joined calls may be joined again."""
    if len(reading.call.linkedids) == 1:
        return reading.why("linkedids", "one")
    joined: tuple[Told, ...] = tuple(
        (type(event).__name__, Moment(event.at), On(event.uid), *sorted(linkedids))
        for event, linkedids in reading.story.case.joinings
    )
    return reading.why("linkedids", "joined", joinings=joined)


def _direction(reading: Reading) -> Reason:
    cast = reading.story.cast
    customer = on(reading.story.customer)
    if cast.click_to_call:
        return reading.why("direction", "clicked", origin=on(cast.origin), customer=customer)
    rule = {
        Direction.INBOUND: "customer_came_in",
        Direction.OUTBOUND: "customer_was_dialled",
        Direction.INTERNAL: "no_customer",
    }[cast.direction]
    return reading.why("direction", rule, origin=on(cast.origin), customer=customer)


def _click_to_call(reading: Reading) -> Reason:
    first = next((c for c in reading.story.case.channels.values() if c.originated), None)
    if reading.call.click_to_call:
        return reading.why("click_to_call", "originated", leg=on(first), at=moment(first.dialled_at) if first else None)
    return reading.why("click_to_call", "not_originated")


def _caller(reading: Reading) -> Reason:
    call, origin = reading.call, reading.story.cast.origin
    if origin is None:
        return reading.why("caller", "not_seen")
    if call.direction is not Direction.INBOUND:
        return reading.why("caller", "phone", raw=call.caller_raw, leg=on(origin))
    if call.caller is None:
        return reading.why("caller", "withheld", raw=origin.caller_number, leg=on(origin))
    rule = "as_received" if call.caller == call.caller_raw else "read"
    return reading.why("caller", rule, raw=call.caller_raw, region=reading.story.teller.region, leg=on(origin))


def _caller_name(reading: Reading) -> Reason:
    origin = reading.story.cast.origin
    if reading.call.direction is not Direction.INBOUND or origin is None:
        return reading.why("caller_name", "not_inbound")
    if reading.call.caller_name is not None:
        return reading.why("caller_name", "told", raw=origin.caller_name, leg=on(origin))
    return reading.why("caller_name", "none_to_tell" if origin.caller_name else "not_told", raw=origin.caller_name)


def _did(reading: Reading) -> Reason:
    origin = reading.story.cast.origin
    if reading.call.direction is not Direction.INBOUND or origin is None:
        return reading.why("did", "not_inbound")
    if reading.call.did is None:
        return reading.why("did", "not_told")
    raw = origin.dialled_in
    rule = "as_received" if reading.call.did == raw else "read"
    return reading.why("did", rule, raw=raw, region=reading.story.teller.region, leg=on(origin))


def _callee(reading: Reading) -> Reason:
    if reading.call.direction is Direction.INBOUND:
        return reading.why("callee", "inbound")
    callee: Number | None = reading.story.cast.callee
    if callee is None or callee.shown is None:
        return reading.why("callee", "not_known")
    rule = "as_received" if callee.shown == callee.raw else "read"
    return reading.why("callee", rule, raw=callee.raw, region=reading.story.teller.region)
