"""Calls of the days before, without recordings: the demo plays none that did not happen."""

from datetime import datetime, timedelta

from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls
from crm_core.demo.customers import Customer, PastCall
from crm_core.demo.people import extension_of
from crm_core.demo.seeding import Demo

OUR_NUMBER = "74951112245"
WAIT = 6.0


async def seed_call(demo: Demo, customer: Customer, number: int, moved: list[datetime]) -> None:
    """The customer's call of that number, at the stage the deal stood on; `moved`: when it came to each."""
    past, owner = customer.calls[number], demo.people[customer.owner]
    at = demo.in_working_hours(past.days_ago)
    reached, extension = at + timedelta(seconds=WAIT), extension_of(customer.owner)
    stage = demo.stages[max((step for step, since in enumerate(moved) if since <= at), default=0)]
    key = f"demo-{customer.number}.{number}"
    call = await demo.row(
        calls, exchange_id=demo.exchange_id, key=key, direction="inbound" if past.inbound else "outbound", state="ended",
        started_at=at, answered_at=reached if past.talk else None, ended_at=reached + timedelta(seconds=past.talk),
        caller=customer.number if past.inbound else extension, did=OUR_NUMBER if past.inbound else None,
        callee=None if past.inbound else customer.number, outcome=_outcome(past), wait_seconds=WAIT,
        talk_seconds=float(past.talk), contact_id=demo.contacts[customer.number], deal_id=demo.deals[customer.number],
        stage_id=stage, user_id=owner if past.talk or not past.inbound else None,
    )  # fmt: skip
    await demo.row(call_linkedids, exchange_id=demo.exchange_id, linkedid=key, call_id=call)
    await _seed_parties(demo, past, call, extension, owner, at)


async def _seed_parties(demo: Demo, past: PastCall, call: int, extension: str, owner: int, at: datetime) -> None:
    reached = at + timedelta(seconds=WAIT)
    if past.inbound:
        await demo.row(
            call_rings, call_id=call, position=0, extension=extension, user_id=owner, rang_at=at, ended_at=reached,
            outcome="answered" if past.talk else "no_answer",
        )  # fmt: skip
    if past.talk:
        await demo.row(
            call_talks, call_id=call, position=0, extension=extension, user_id=owner, joined_at=reached,
            left_at=reached + timedelta(seconds=past.talk), talk_seconds=float(past.talk), consultation_seconds=0.0,
        )  # fmt: skip


def _outcome(past: PastCall) -> str:
    if past.talk:
        return "answered"
    return "missed" if past.inbound else "no_answer"
