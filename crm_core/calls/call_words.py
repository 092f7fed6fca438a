"""Which rows of `events` a call's telling becomes, whom they are for, and by what key a repeated one is known. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

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
from crm_core.text import clean

AGAIN = 1.0
"""Seconds after its first ring from which a phone that rings is called anew, and is not just told of late."""

Words = tuple[dict[str, object], str]
"""The facts of an event, and what makes it itself and no other within its call."""


def tell_call(ledger: Ledger, draft: CallDraft, event: CallEvent, at: datetime) -> None:
    """Note the `events` row of a call event."""
    kind, words = WORDS.get(type(event), CHANGED)
    facts, particular = words(event)
    extension = facts.get("extension")
    ledger.told.append(
        Told(
            kind, at, receivers_of(draft), draft, draft.contact, draft.deal,
            user_id=draft.people.get(extension) if isinstance(extension, str) else None,
            facts=facts, key=f"{kind}/{particular}",
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


def _started(_event: Any) -> Words:
    return {}, ""


def _rang(event: PartyRang) -> Words:
    """A queue calls its members again and again: each ringing is an event, though the call keeps but the first one's time."""
    extension = clean(event.extension, 80)
    times = [ring.rang_at for ring in event.call.rang if ring.extension == extension]
    first = max(times, default=event.at)
    again = f"/{event.at:.3f}" if event.at > first + AGAIN else ""
    return {"extension": extension}, f"{extension}/{first:.3f}{again}"


def _stopped(event: PartyStopped) -> Words:
    extension = clean(event.extension, 80)
    times = [ring.ended_at for ring in event.call.rang if ring.extension == extension and ring.ended_at is not None]
    return {"extension": extension, "outcome": event.outcome}, f"{extension}/{max(times, default=event.at):.3f}"


def _answered(event: CallAnswered) -> Words:
    return {"extension": clean(event.extension, 80)}, ""


def _transferred(event: CallTransferred) -> Words:
    transfer = event.transfer
    to = clean(transfer.to, 80) if transfer.to else None
    facts: dict[str, object] = {"kind": transfer.kind, "to": to, "answered": transfer.answered}
    return facts, f"{len(event.call.transfers)}/{transfer.answered}"


def _joined(event: CallsJoined) -> Words:
    return {}, str(len(event.call.linkedids))


def _ended(event: CallEnded) -> Words:
    """Told again when it is corrected; records tell the same talk some milliseconds longer, which corrects nothing."""
    call = event.call
    return {"outcome": call.outcome}, f"{call.outcome}/{call.talk_seconds:.1f}/{len(call.linkedids)}/{len(call.recordings)}"


def _changed(event: CallEvent) -> Words:
    return {"state": event.call.state}, f"{event.call.state}/{event.at:.6f}"  # transcripts leave hold out by it


CHANGED = (EventKind.CALL_CHANGED, _changed)
WORDS: dict[type[CallEvent], tuple[EventKind, Callable[[Any], Words]]] = {
    CallStarted: (EventKind.CALL_STARTED, _started),
    PartyRang: (EventKind.PARTY_RANG, _rang),
    PartyStopped: (EventKind.PARTY_STOPPED, _stopped),
    CallAnswered: (EventKind.CALL_ANSWERED, _answered),
    CallTransferred: (EventKind.CALL_TRANSFERRED, _transferred),
    CallChanged: CHANGED,
    CallsJoined: (EventKind.CALLS_JOINED, _joined),
    CallEnded: (EventKind.CALL_ENDED, _ended),
}
