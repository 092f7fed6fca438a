"""Two calls turn out to be one: everything that hung on the other moves to the surviving call."""

from typing import Any

from sqlalchemy import insert

from crm_core.calls.review import remark
from crm_core.calls.tables import call_linkedids, call_remarks, call_talks, calls
from crm_core.deals.notes import note_deal
from crm_core.deals.tables import deals
from crm_core.event_log import events
from crm_core.recordings.tables import recordings
from crm_core.tasks.tables import tasks
from tests.builders import inbound, internal, outbound
from tests.office import NOW, Office


async def recorded(office: Office, call_id: int, name: str) -> None:
    row: dict[str, Any] = {
        "call_id": call_id, "name": name, "blob": name, "seconds": 1.0, "sides": 1, "bytes": 1, "sha256": "0", "stored_at": NOW,
    }  # fmt: skip
    async with office.database.write() as tx:
        await tx.execute(insert(recordings).values(row))


async def test_joined_calls_are_one_row_with_both_linkedids(office: Office) -> None:
    consultation = internal("101", "102").rings("102").answers("102")
    call = inbound().rings("101").answers("101")
    await office.take([*call, *consultation])

    await office.take(call.absorbs(consultation).transfers("102").ends()[-3:])

    joined = await office.the(calls)
    assert joined.key == call.call.key
    assert {(row.linkedid, row.call_id) for row in await office.rows(call_linkedids)} == {
        (call.call.key, joined.id),
        (consultation.call.key, joined.id),
    }
    assert [talk.extension for talk in await office.rows(call_talks)] == ["101", "102"]


async def test_a_linkedid_known_from_before_the_join_does_not_bring_the_other_call_back(office: Office) -> None:
    consultation = internal("101", "102").rings("102").answers("102")
    call = inbound().rings("101").answers("101")
    await office.take([*call, *consultation, *call.absorbs(consultation)[-1:]])

    await office.take(consultation)

    assert (await office.the(calls)).direction == "inbound"


async def test_recordings_remarks_tasks_and_events_move_to_the_surviving_call(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    call, other = inbound("79161112233").rings("101").answers("101"), outbound("79031112233").rings("102")
    await office.take([*call, *other])
    kept, gone = await office.the(calls, key=call.call.key), await office.the(calls, key=other.call.key)
    await recorded(office, kept.id, "a.wav")
    await recorded(office, gone.id, "a.wav")
    async with office.database.write() as tx:
        await remark(tx, gone.id, "Вежливо", 3.0, by=olga, now=NOW)

    await office.take(call.absorbs(other)[-1:])

    assert {row.call_id for row in await office.rows(recordings)} == {kept.id}
    assert {(row.contact_id, row.deal_id) for row in await office.rows(recordings)} >= {(kept.contact_id, kept.deal_id)}
    assert len({row.name for row in await office.rows(recordings)}) == 2
    assert (await office.the(call_remarks)).call_id == kept.id
    assert {row.call_id for row in await office.rows(events)} <= {kept.id, None}


async def test_lead_opened_by_the_absorbed_call_alone_is_withdrawn(office: Office) -> None:
    call, other = inbound("79161112233").rings("101"), inbound("79031112233").rings("102")
    await office.take([*call, *other])

    await office.take(call.absorbs(other)[-1:])

    joined, deal = await office.the(calls), await office.the(deals)
    assert (joined.deal_id, joined.contact_id) == (deal.id, deal.contact_id)
    assert (await office.the(tasks)).deal_id == deal.id


async def test_lead_of_the_absorbed_call_stays_when_people_worked_on_it(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    call, other = inbound("79161112233").rings("101"), inbound("79031112233").rings("102")
    await office.take([*call, *other])
    theirs = (await office.the(calls, key=other.call.key)).deal_id
    async with office.database.write() as tx:
        await note_deal(tx, theirs, "Просил перезвонить", by=olga, now=NOW)

    await office.take(call.absorbs(other)[-1:])

    assert await office.count(deals) == 2
    assert {task.deal_id for task in await office.rows(tasks)} >= {theirs}


async def test_lead_is_the_surviving_calls_when_both_were_the_same_customers(office: Office) -> None:
    call, other = inbound("79161112233").rings("101"), inbound("79161112233").rings("102")
    await office.take([*call, *other])

    await office.take(call.absorbs(other)[-1:])

    assert (await office.the(calls)).deal_id == (await office.the(deals)).id
    assert (await office.the(tasks)).call_id == (await office.the(calls)).id


async def test_call_that_was_told_only_after_the_join_is_one_row(office: Office) -> None:
    consultation = internal("101", "102").rings("102")
    call = inbound().rings("101").answers("101")
    await office.take(consultation)

    await office.take(call.absorbs(consultation).ends()[-1:])

    assert [row.key for row in await office.rows(calls)] == [call.call.key]
    assert await office.count(call_linkedids) == 2


async def test_id_of_an_absorbed_call_is_never_given_again(office: Office) -> None:
    call, other = inbound("79161112233").rings("101"), internal().rings("102")
    await office.take([*call, *other])
    gone = (await office.the(calls, key=other.call.key)).id
    await office.take(call.absorbs(other)[-1:])

    await office.take(inbound("79165550000"))

    assert gone not in {row.id for row in await office.rows(calls)}


async def test_older_linkedid_learned_late_becomes_the_key_of_the_same_call(office: Office) -> None:
    contact = await office.contact("79161112233")
    deal = await office.deal(contact, stage=1)
    call = inbound("79161112233", linkedid="2.2").rings("101").ends()
    await office.take(call)
    before = await office.the(calls)
    await office.set(deals, deal, stage_id=before.stage_id + 3)

    older = inbound("79161112233", linkedid="1.1").rings("101")
    await office.take(older.absorbs(call).ends()[-2:])

    row = await office.the(calls)
    assert (row.id, row.key, row.deal_id, row.stage_id) == (before.id, "1.1", deal, before.stage_id)
    assert {linkedid.linkedid for linkedid in await office.rows(call_linkedids)} == {"1.1", "2.2"}
    assert await office.count(tasks) == 1
