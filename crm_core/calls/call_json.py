"""A call as the outward contract tells it: the one renderer for replay, REST and webhooks."""

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from crm_core.calls.events import Call, Ring, Talk, Transfer


def call_json(call: Call, *, clock_known: bool = True, seconds_known: bool = True) -> dict[str, Any]:
    """All keys of the contract. Without a known clock times of day are null, without seconds every duration is."""

    def clock(at: float | None) -> str | None:
        return None if at is None or not clock_known else rfc3339(at)

    def seconds(value: float) -> float | None:
        return round(value, 3) if seconds_known else None

    return {
        "exchange": call.exchange,
        "linkedids": list(call.linkedids),
        "direction": call.direction.value,
        "started_at": clock(call.started_at),
        "ended_at": clock(call.ended_at),
        "caller": call.caller,
        "caller_name": call.caller_name,
        "did": call.did,
        "callee": call.callee,
        "outcome": call.outcome.value if call.outcome else None,
        "wait_seconds": seconds(call.wait_seconds),
        "talk_seconds": seconds(call.talk_seconds),
        "hold_seconds": seconds(call.hold_seconds),
        "answered_by": [_talk(talk, seconds(talk.talk_seconds), seconds(talk.consultation_seconds)) for talk in call.answered_by],
        "rang": [_ring(ring) for ring in call.rang],
        "transfers": [_transfer(transfer) for transfer in call.transfers],
        "voicemail": call.voicemail,
        "forwarded_to": call.forwarded_to,
        "queue": call.queue,
        "click_to_call": call.click_to_call,
        "recordings": [PurePosixPath(path).name for path in call.recordings],
        "source": call.source.value,
        "partial": call.partial,
    }


def rfc3339(at: float) -> str:
    """UTC with milliseconds, e.g. `2026-11-21T23:43:56.199Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _talk(talk: Talk, talk_seconds: float | None, consultation_seconds: float | None) -> dict[str, Any]:
    return {
        "extension": talk.extension,
        "talk_seconds": talk_seconds,
        "consultation_seconds": consultation_seconds,
    }


def _ring(ring: Ring) -> dict[str, Any]:
    return {"extension": ring.extension, "outcome": ring.outcome.value if ring.outcome else None}


def _transfer(transfer: Transfer) -> dict[str, Any]:
    return {
        "kind": transfer.kind.value,
        "from": transfer.from_extension,
        "to": transfer.to,
        "answered": transfer.answered,
    }
