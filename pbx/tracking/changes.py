"""What to tell when a call, read anew, differs from what was told of it last."""

from crm_core.calls.events import (
    Call,
    CallAnswered,
    CallChanged,
    CallEnded,
    CallEvent,
    CallsJoined,
    CallStarted,
    CallState,
    CallTransferred,
    PartyRang,
    PartyStopped,
    Ring,
    RingOutcome,
)

_NEWS = 2.0
"""Seconds for which the end of a ringing is news."""
_NEVER_RANG = frozenset([RingOutcome.BUSY, RingOutcome.UNAVAILABLE])


def changes(before: Call | None, after: Call, absorbed: tuple[str, ...], at: float) -> list[CallEvent]:
    """The events that lead from one reading of a call to the next, in the order in which they happen."""
    if before == after and not absorbed:
        return []
    told: list[CallEvent] = []
    if before is None:
        told.append(CallStarted(at, after))
    if absorbed:
        told.append(CallsJoined(at, after, absorbed))
    told += _rings(before, after, at)
    if after.answered_at is not None and (before is None or before.answered_at is None) and after.answered_by:
        told.append(CallAnswered(at, after, after.answered_by[0].extension))
    told += _transfers(before, after, at)
    if after.state is CallState.ENDED:
        told.append(CallEnded(at, after))
    elif not told and _shown(before) != _shown(after):
        told.append(CallChanged(at, after))
    return told


def _rings(before: Call | None, after: Call, at: float) -> list[CallEvent]:
    known = {ring.extension: ring for ring in before.rang} if before else {}
    told: list[CallEvent] = []
    for ring in after.rang:
        if before is None or not _is_history(known.get(ring.extension), ring, at):
            told += _ring(known.get(ring.extension), ring, after, at)
    return told


def _is_history(before: Ring | None, ring: Ring, at: float) -> bool:
    """A ringing that came with a call joined to this one, and was over long before: it was told there."""
    return before is None and ring.ended_at is not None and ring.ended_at < at - _NEWS


def _ring(before: Ring | None, ring: Ring, call: Call, at: float) -> list[CallEvent]:
    told: list[CallEvent] = []
    rings_anew = before is None or (before.outcome is not None and ring.outcome is None)
    if rings_anew and ring.outcome not in _NEVER_RANG:
        told.append(PartyRang(at, call, ring.extension))
    if ring.outcome is not None and (before is None or before.outcome is None) and (before is not None or told):
        told.append(PartyStopped(at, call, ring.extension, ring.outcome))
    return told


def _transfers(before: Call | None, after: Call, at: float) -> list[CallEvent]:
    known = {(t.kind, t.at) for t in before.transfers} if before else set()
    return [CallTransferred(at, after, t) for t in after.transfers if (t.kind, t.at) not in known]


def _shown(call: Call | None) -> tuple[object, ...]:
    """What the live picture shows, less the seconds that grow by themselves."""
    if call is None:
        return ()
    talks = tuple((t.extension, t.joined_at, t.left_at is None) for t in call.answered_by)
    numbers = (call.direction, call.caller, call.caller_name, call.did, call.callee, call.queue, call.queued_at, call.linkedids)
    rest = (call.transfers, call.rang, call.voicemail, call.forwarded_to, call.recordings, call.partial, call.source)
    return (call.state, call.ended_at, talks, *numbers, *rest)
