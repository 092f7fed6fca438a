"""Calls told of long after they happened, when a gap was filled: the business looks as if they had been heard."""

from datetime import UTC, datetime

from msgspec.structs import replace

from crm_core.calls.events import CallEnded, Outcome
from crm_core.calls.tables import call_talks, calls
from crm_core.deals.tables import deals
from crm_core.tasks.tables import TaskKind, tasks
from tests.builders import MORNING, inbound, outbound
from tests.office import Office

CUSTOMER = "79161112233"
LONG_AGO = MORNING - 7200.0


async def test_a_missed_call_that_was_answered_after_all_needs_no_call_back(office: Office) -> None:
    anna = await office.person("Anna", "101")
    call = inbound(CUSTOMER, linkedid="1.1", at=LONG_AGO).rings("101").ends(Outcome.MISSED, partial=True)
    truly = inbound(CUSTOMER, linkedid="1.1", at=LONG_AGO).rings("101").answers("101").ends()

    await office.take(call, [CallEnded(truly.now, replace(truly.call, partial=False))])

    row = await office.the(calls)
    task = await office.the(tasks, kind=TaskKind.CALL_BACK)
    assert (row.outcome, row.partial, row.user_id) == ("answered", False, anna)
    assert [talk.user_id for talk in await office.rows(call_talks)] == [anna]
    assert (task.done_by, task.done_by_call_id, task.done_at >= task.created_at) == (anna, row.id, True)
    assert (await office.the(deals)).owner_id == anna


async def test_a_call_missed_in_a_gap_of_a_customer_reached_since_leaves_nothing_to_do(office: Office) -> None:
    anna = await office.person("Anna", "101")
    reached = outbound(CUSTOMER, "101", at=LONG_AGO + 3600).rings("101").answers("101").ends()
    missed = inbound(CUSTOMER, at=LONG_AGO).rings("101").ends()

    await office.take(reached, missed)

    task = await office.the(tasks, kind=TaskKind.CALL_BACK)
    assert (task.done_by, task.done_at) == (anna, datetime.fromtimestamp(reached.call.answered_at or 0.0, UTC))


async def test_a_call_missed_in_a_gap_is_still_to_be_called_back(office: Office) -> None:
    answered_before = inbound(CUSTOMER, at=LONG_AGO - 3600).rings("101").answers("101").ends()
    missed = inbound(CUSTOMER, at=LONG_AGO).rings("101").ends()

    await office.take(answered_before, missed)

    assert (await office.the(tasks, kind=TaskKind.CALL_BACK)).done_at is None
