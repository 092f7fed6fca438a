"""A call's draft as rows of `calls`, `call_rings` and `call_talks`. Pure."""

from collections.abc import Iterator
from typing import Any

from crm_core.calls.ledger import CallDraft, Ledger
from crm_core.calls.telling import moment_of, paths_told, transfers_told


def call_row(exchange_id: int, ledger: Ledger, draft: CallDraft) -> dict[str, Any]:
    call, now = draft.call, ledger.now
    return {
        "exchange_id": exchange_id, "key": draft.key, "direction": call.direction, "state": call.state,
        "started_at": moment_of(call.started_at, now), "answered_at": moment_of(call.answered_at, now),
        "ended_at": moment_of(call.ended_at, now),
        "caller": call.caller, "caller_raw": call.caller_raw, "caller_name": call.caller_name, "did": call.did,
        "callee": call.callee, "callee_raw": call.callee_raw, "outcome": call.outcome,
        "wait_seconds": call.wait_seconds, "talk_seconds": call.talk_seconds, "hold_seconds": call.hold_seconds,
        "voicemail": call.voicemail, "forwarded_to": call.forwarded_to, "queue": call.queue,
        "queued_at": moment_of(call.queued_at, now),
        "click_to_call": call.click_to_call, "source": call.source, "partial": call.partial,
        "transfers": transfers_told(call.transfers), "announced": paths_told(call.recordings),
        "contact_id": draft.contact.id if draft.contact else None, "deal_id": draft.deal.id if draft.deal else None,
        "stage_id": draft.stage_id, "user_id": draft.user_id, "journal_id": ledger.journal_id, "told": draft.told,
    }  # fmt: skip


def ring_rows(ledger: Ledger, draft: CallDraft) -> Iterator[dict[str, Any]]:
    for position, ring in enumerate(draft.call.rang):
        yield {
            "call_id": draft.id, "position": position, "extension": ring.extension,
            "user_id": draft.people.get(ring.extension), "rang_at": moment_of(ring.rang_at, ledger.now),
            "ended_at": moment_of(ring.ended_at, ledger.now), "outcome": ring.outcome,
        }  # fmt: skip


def talk_rows(ledger: Ledger, draft: CallDraft) -> Iterator[dict[str, Any]]:
    for position, talk in enumerate(draft.call.answered_by):
        yield {
            "call_id": draft.id, "position": position, "extension": talk.extension,
            "user_id": draft.people.get(talk.extension), "joined_at": moment_of(talk.joined_at, ledger.now),
            "left_at": moment_of(talk.left_at, ledger.now), "talk_seconds": talk.talk_seconds,
            "consultation_seconds": talk.consultation_seconds,
        }  # fmt: skip
