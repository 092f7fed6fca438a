"""A call as REST and webhooks tell it: the members of `CallOut` as plain values, ready to be written.

Plain, because a list has fifty of them with several parts each, and a model for each part took a third of the request.
The walk over the description (`tests/api/test_description.py`) holds them against the model.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from api.rest.models import written
from crm_core.calls.whole_queries import PartRow, WholeCall


def json_answer(told: Mapping[str, Any]) -> Response:
    return Response(msgspec.json.encode(told), media_type="application/json")


def call_told(call: WholeCall) -> dict[str, Any]:
    """A contact or deal that the reader may not open is not named."""
    line = call.line
    return {
        "id": line.id, "exchange": call.exchange, "linkedids": list(call.linkedids), "direction": line.direction,
        "started_at": written(line.started_at), "ended_at": written(line.ended_at) if line.ended_at else None,
        "caller": line.caller, "caller_name": line.caller_name, "did": line.did, "callee": line.callee, "outcome": line.outcome,
        "wait_seconds": round(line.wait_seconds, 3), "talk_seconds": round(line.talk_seconds, 3),
        "hold_seconds": round(call.hold_seconds, 3), "answered_by": [_answered(part) for part in call.answered_by],
        "rang": [{"extension": part.extension, "outcome": part.outcome} for part in call.rang],
        "transfers": [_transfer(one) for one in call.transfers], "voicemail": line.voicemail, "forwarded_to": call.forwarded_to,
        "queue": line.queue, "click_to_call": call.click_to_call,
        "recordings": [{"id": one.id, "seconds": round(one.seconds, 3), "sides": one.sides} for one in call.recordings],
        "source": call.source, "partial": call.partial, "state": line.state,
        "contact_id": line.contact.id if line.contact and line.contact.may_open else None,
        "deal_id": line.deal.id if line.deal and line.deal.may_open else None,
        "stage": {"id": line.stage.id, "name": line.stage.name} if line.stage else None,
        "user": {"id": line.user.id, "name": line.user.name} if line.user else None,
        "tags": list(line.tags), "reviewed_at": written(call.reviewed_at) if call.reviewed_at else None,
    }  # fmt: skip


def _answered(part: PartRow) -> dict[str, Any]:
    return {
        "extension": part.extension, "talk_seconds": round(part.talk_seconds, 3),
        "consultation_seconds": round(part.consultation_seconds, 3),
    }  # fmt: skip


def _transfer(stored: dict[str, Any]) -> dict[str, Any]:
    """The contract's four keys; the moment stays inside."""
    return {key: stored.get(key) for key in ("kind", "from", "to", "answered")}
