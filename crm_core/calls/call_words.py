"""Which rows of `events` a call's telling becomes, whom they are for, and by what key a repeated one is known. Pure."""

from datetime import datetime

from crm_core.calls.events import (
    CallAnswered,
    CallChanged,
    CallEnded,
    CallEvent,
    CallsJoined,
    CallStarted,
    CallTransferred,
    Direction,
    PartyRang,
    PartyStopped,
)
from crm_core.calls.ledger import CallDraft, Ledger, Told
from crm_core.events import EventKind

KINDS: dict[type[CallEvent], EventKind] = {
    CallStarted: EventKind.CALL_STARTED,
    PartyRang: EventKind.PARTY_RANG,
    PartyStopped: EventKind.PARTY_STOPPED,
    CallAnswered: EventKind.CALL_ANSWERED,
    CallTransferred: EventKind.CALL_TRANSFERRED,
    CallChanged: EventKind.CALL_CHANGED,
    CallsJoined: EventKind.CALLS_JOINED,
    CallEnded: EventKind.CALL_ENDED,
}


def tell_call(ledger: Ledger, draft: CallDraft, event: CallEvent, at: datetime) -> None:
    """Note the `events` row of a call event."""
    facts = _facts(event)
    extension = facts.get("extension")
    ledger.told.append(
        Told(
            KINDS.get(type(event), EventKind.CALL_CHANGED), at, receivers_of(draft),
            call=draft, contact=draft.contact, deal=draft.deal,
            user_id=draft.people.get(extension) if isinstance(extension, str) else None,
            facts=facts, key=_key(event),
        )
    )  # fmt: skip


def receivers_of(draft: CallDraft) -> tuple[int, ...] | None:
    """Whose phone is in it, and whose customer it is; everybody when an inbound call is nobody's yet."""
    owner = _owner(draft)
    if owner is None and draft.user_id is None and draft.call.direction is Direction.INBOUND:
        return None
    involved = {*draft.people.values(), owner, draft.user_id}
    return tuple(sorted(user for user in involved if user is not None))


def _owner(draft: CallDraft) -> int | None:
    if draft.deal is not None:
        return draft.deal.owner_id
    return None if draft.contact is None else draft.contact.owner_id


def _facts(event: CallEvent) -> dict[str, object]:
    match event:
        case PartyRang() | CallAnswered():
            return {"extension": event.extension}
        case PartyStopped():
            return {"extension": event.extension, "outcome": event.outcome}
        case CallTransferred():
            return {"kind": event.transfer.kind, "to": event.transfer.to, "answered": event.transfer.answered}
        case CallEnded():
            return {"outcome": event.call.outcome}
        case _:
            return {"state": event.call.state}


def _key(event: CallEvent) -> str:
    """What makes the event itself and no other within its call."""
    return "/".join([KINDS.get(type(event), EventKind.CALL_CHANGED), *_particulars(event)])


def _particulars(event: CallEvent) -> tuple[str, ...]:
    call = event.call
    match event:
        case PartyRang() | PartyStopped():
            return event.extension, f"{_last_ring(event):.3f}"
        case CallTransferred():
            return str(len(call.transfers)), str(event.transfer.answered)
        case CallsJoined():
            return (str(len(call.linkedids)),)
        case CallEnded():
            return str(call.outcome), f"{call.talk_seconds:.3f}", str(len(call.linkedids)), str(len(call.recordings))
        case CallStarted() | CallAnswered():
            return ()
        case _:
            return call.state, f"{event.at:.6f}"


def _last_ring(event: PartyRang | PartyStopped) -> float:
    """When the ring began or stopped that the event is about: the person's last one."""
    rings = [ring for ring in event.call.rang if ring.extension == event.extension]
    times = [ring.rang_at if isinstance(event, PartyRang) else ring.ended_at for ring in rings]
    return max((moment for moment in times if moment is not None), default=event.at)
