"""A call whose end nobody saw and nothing tells any more: closed at the last moment known of it, and marked."""

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import Call, CallEnded, CallState, RingOutcome
from crm_core.calls.outcomes import Ending, outcome_of
from crm_core.calls.stored import stored_call


async def closed(connection: AsyncConnection, call_id: int) -> CallEnded:
    """The end of an open call, for intake; raises NotFound."""
    call = (await stored_call(connection, call_id)).call
    return CallEnded(_last_known(call), ended(call))


def ended(call: Call) -> Call:
    """The call as it is if nothing more happened in it."""
    at = _last_known(call)
    rang = tuple(replace(ring, ended_at=ring.ended_at or at, outcome=ring.outcome or RingOutcome.CANCELLED) for ring in call.rang)
    talks = tuple(
        talk if talk.left_at else replace(talk, left_at=at, talk_seconds=max(talk.talk_seconds, at - talk.joined_at))
        for talk in call.answered_by
    )
    ending = Ending(
        call.direction, joined=call.answered_at is not None, click_to_call=call.click_to_call, customer_dialled=bool(rang),
        gave_up_waiting=call.queue is not None and not rang, voicemail=call.voicemail, somebody_rang=bool(rang),
        tried=tuple(ring.outcome for ring in rang if ring.outcome),
    )  # fmt: skip
    return replace(
        call, state=CallState.ENDED, ended_at=at, rang=rang, answered_by=talks, outcome=outcome_of(ending), partial=True
    )


def _last_known(call: Call) -> float:
    times = [call.started_at, call.answered_at]
    times += [time for ring in call.rang for time in (ring.rang_at, ring.ended_at)]
    times += [time for talk in call.answered_by for time in (talk.joined_at, talk.left_at)]
    return max(time for time in times if time is not None)
