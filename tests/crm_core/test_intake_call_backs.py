"""Every inbound call that no person answered leaves one task to call back, which closes itself."""

from datetime import timedelta

import pytest

from crm_core.calls.events import Outcome, Source
from crm_core.calls.tables import calls
from crm_core.contacts.tables import contact_numbers
from crm_core.tasks.deeds import do_task
from crm_core.tasks.tables import tasks
from tests.builders import MORNING, CallStory, inbound, internal, outbound
from tests.office import NOW, Office, at

UNANSWERED = {
    "missed": lambda: inbound().rings("101").ends(),
    "declined": lambda: inbound().rings("101").declines("101").ends(),
    "abandoned": lambda: inbound().joins_queue().ends(Outcome.ABANDONED),
    "busy": lambda: inbound().ends(Outcome.BUSY),
    "failed": lambda: inbound().ends(Outcome.FAILED),
    "voicemail": lambda: inbound().rings("101").ends(Outcome.MISSED, voicemail=True),
    "vanished": lambda: inbound().rings("101").ends(partial=True),
    "told by the records only": lambda: inbound(source=Source.RECORDS).ends(Outcome.MISSED)[-1:],
}


async def open_call_backs(office: Office) -> list[str]:
    return [task.number for task in await office.rows(tasks, kind="call_back", done_at=None)]


@pytest.mark.parametrize("how", UNANSWERED)
async def test_every_call_that_no_person_answered_leaves_a_call_back(office: Office, how: str) -> None:
    await office.take(UNANSWERED[how]())

    assert await open_call_backs(office) == ["79161112233"]


async def test_call_back_names_call_contact_and_deal_and_has_a_deadline(office: Office) -> None:
    story = inbound().rings("101").ends()

    await office.take(story)

    task, call = await office.the(tasks, kind="call_back"), await office.the(calls)
    assert (task.call_id, task.contact_id, task.deal_id, task.owner_id) == (call.id, call.contact_id, call.deal_id, None)
    assert task.due_at == at(story.now) + timedelta(minutes=15)


async def test_call_back_is_the_owners_of_the_deal(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    await office.deal(await office.contact("79161112233"), owner=olga)

    await office.take(inbound("79161112233").rings("102").ends())

    assert (await office.the(tasks)).owner_id == olga


async def test_a_number_has_one_call_back_however_often_it_rang(office: Office) -> None:
    first = inbound("79161112233").rings("101").ends()

    await office.take(first, inbound("79161112233", at=MORNING + 60).ends(), inbound("79165550000").rings("101").ends())

    assert await open_call_backs(office) == ["79161112233", "79165550000"]
    assert (await office.the(tasks, kind="call_back", number="79161112233")).call_id == 1


@pytest.mark.parametrize("reach", [inbound, outbound])
async def test_call_back_closes_itself_when_the_customer_is_reached(office: Office, reach: type[CallStory]) -> None:
    olga = await office.person("Ольга", "101")
    await office.take(inbound("79161112233").rings("101").ends())

    reached = reach("79161112233", at=MORNING + 600).answers("101")
    await office.take(reached)

    task, call = await office.the(tasks, kind="call_back"), await office.the(calls, key=reached.call.key)
    assert (task.done_at, task.done_by, task.done_by_call_id) == (at(reached.now), olga, call.id)


async def test_call_out_that_nobody_answered_leaves_the_call_back_open(office: Office) -> None:
    await office.take(inbound("79161112233").rings("101").ends(), outbound("79161112233", at=MORNING + 60).ends())

    assert await open_call_backs(office) == ["79161112233"]


async def test_call_missed_after_the_customer_was_reached_leaves_a_new_call_back(office: Office) -> None:
    missed = inbound("79161112233").rings("101").ends()
    reached = outbound("79161112233", at=MORNING + 60).answers("101").ends()
    again = inbound("79161112233", at=MORNING + 120).rings("101").ends()

    await office.take([*missed, *reached, *again])

    assert [task.done_at is None for task in await office.rows(tasks, kind="call_back")] == [False, True]


async def test_answered_call_told_again_does_not_close_a_later_call_back(office: Office) -> None:
    reached = outbound("79161112233").answers("101").ends()
    await office.take(reached, inbound("79161112233", at=MORNING + 120).rings("101").ends())

    await office.take(reached)

    assert await open_call_backs(office) == ["79161112233"]


async def test_missed_call_told_again_does_not_open_a_call_back_that_was_done(office: Office) -> None:
    missed = inbound().rings("101").ends()
    await office.take(missed)
    async with office.database.write() as tx:
        await do_task(tx, (await office.the(tasks, kind="call_back")).id, by=None, now=NOW)

    await office.take(missed)

    assert await open_call_backs(office) == []


async def test_missed_call_that_turns_out_answered_closes_its_call_back(office: Office) -> None:
    await office.take(inbound(linkedid="c.1").rings("101").ends())

    await office.take(inbound(linkedid="c.1").rings("101").answers("101").ends()[-1:])

    assert await open_call_backs(office) == []
    assert (await office.the(calls)).outcome == Outcome.ANSWERED


async def test_withheld_internal_and_own_numbers_leave_no_call_back(office: Office) -> None:
    await office.person("Ольга", "101")

    await office.take(inbound(None).rings("101").ends(), internal().rings("102").ends(), inbound("101").rings("102").ends())

    assert await open_call_backs(office) == []


async def test_failed_call_to_a_did_that_is_not_ours_leaves_no_call_back(office: Office) -> None:
    await office.take(inbound(did="74959999999").ends(Outcome.FAILED))

    assert await open_call_backs(office) == []


async def test_short_number_that_rang_in_vain_is_called_back_all_the_same(office: Office) -> None:
    await office.take(inbound("900").rings("101").ends())

    task = await office.the(tasks)
    assert (task.kind, task.number, task.contact_id, task.deal_id) == ("call_back", "900", None, None)


async def test_number_marked_not_a_customer_leaves_no_call_back(office: Office) -> None:
    await office.contact("79161112233")
    await office.set(contact_numbers, (await office.the(contact_numbers)).id, not_customer_at=NOW)

    await office.take(inbound("79161112233").rings("101").ends())

    assert await open_call_backs(office) == []


async def test_within_a_batch_the_order_of_the_calls_is_that_of_their_times(office: Office) -> None:
    missed, reached = inbound().rings("101").ends(), outbound("79161112233", at=MORNING + 60).answers("101").ends()
    talking, second = inbound("79165550000").rings("101").answers("101"), inbound("79165550000", at=MORNING + 5).ends()

    await office.take([*reached, *missed, *second, *talking])

    assert await open_call_backs(office) == ["79165550000"]
    assert (await office.the(tasks, number="79161112233", kind="call_back")).done_at == at(reached.call.answered_at or 0)
