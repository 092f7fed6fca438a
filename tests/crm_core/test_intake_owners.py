"""Whose a lead is, and the stage that is frozen with the call (F4, F5)."""

from crm_core.calls.tables import call_rings, call_talks, calls
from crm_core.contacts.tables import contacts
from crm_core.deals.moves import move
from crm_core.deals.tables import deals, stages
from crm_core.tasks.tables import tasks
from tests.builders import MORNING, inbound, outbound
from tests.office import NOW, Office


async def test_deal_and_its_task_belong_to_whoever_answers_first(office: Office) -> None:
    await office.person("Ольга", "101")
    igor = await office.person("Игорь", "102")
    call = inbound().rings("101", "102").answers("102").transfers("101").ends()

    await office.take(call)

    assert (await office.the(deals)).owner_id == igor
    assert (await office.the(tasks)).owner_id == igor
    assert (await office.the(contacts)).owner_id == igor
    assert (await office.the(calls)).user_id == igor


async def test_until_somebody_answers_deal_and_task_are_nobodys(office: Office) -> None:
    await office.person("Ольга", "101")
    call = inbound().rings("101")

    await office.take(call)
    while_ringing = (await office.the(deals)).owner_id, (await office.the(tasks)).owner_id, (await office.the(calls)).user_id
    olga = (await office.the(call_rings)).user_id
    await office.take(call.answers("101"))

    assert while_ringing == (None, None, None)
    assert ((await office.the(deals)).owner_id, (await office.the(tasks)).owner_id) == (olga, olga)


async def test_missed_leads_belong_to_whoever_answers_the_next_call(office: Office) -> None:
    olga = await office.person("Ольга", "101")

    await office.take(inbound().rings("101").ends())
    await office.take(inbound(at=MORNING + 60).rings("101").answers("101").ends())

    assert {task.owner_id for task in await office.rows(tasks)} == {olga}
    assert (await office.the(deals)).owner_id == olga


async def test_missed_lead_belongs_to_whoever_calls_back_and_reaches_the_customer(office: Office) -> None:
    olga = await office.person("Ольга", "101")

    await office.take(inbound("79161112233").rings("101").ends())
    await office.take(outbound("79161112233", by="101", at=MORNING + 60).ends())
    tried = (await office.the(deals)).owner_id
    await office.take(outbound("79161112233", by="101", at=MORNING + 120).answers("101").ends())

    assert (tried, (await office.the(deals)).owner_id) == (None, olga)


async def test_a_known_callers_deal_stays_with_its_owner_whoever_answers(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    igor = await office.person("Игорь", "102")
    contact = await office.contact("79161112233", owner=olga)
    await office.deal(contact, owner=olga)

    await office.take(inbound("79161112233").rings("102").answers("102").ends())

    assert ((await office.the(deals)).owner_id, (await office.the(contacts)).owner_id) == (olga, olga)
    assert (await office.the(calls)).user_id == igor


async def test_answer_at_a_phone_that_is_nobodys_leaves_the_lead_to_the_next_who_talks(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    call = inbound().rings("100").answers("100")

    await office.take(call)
    at_the_desk = (await office.the(deals)).owner_id
    await office.take(call.transfers("101"))

    assert (at_the_desk, (await office.the(deals)).owner_id) == (None, olga)


async def test_deal_taken_away_after_the_call_is_not_given_back_when_the_call_is_told_again(office: Office) -> None:
    await office.person("Ольга", "101")
    call = inbound().rings("101").answers("101").ends()
    await office.take(call)

    await office.set(deals, (await office.the(deals)).id, owner_id=None)
    await office.take(call)

    assert (await office.the(deals)).owner_id is None


async def test_stage_of_the_calls_beginning_stays_on_the_call_when_the_deal_moves_on(office: Office) -> None:
    contact = await office.contact("79161112233")
    deal = await office.deal(contact, stage=1)
    call = inbound("79161112233").rings("101")
    await office.take(call)

    async with office.database.write() as tx:
        await move(tx, deal, (await office.the(stages, position=4)).id, by=None, now=NOW)
    await office.take(call.answers("101").ends())

    assert (await office.the(calls)).stage_id == (await office.the(stages, position=1)).id


async def test_a_new_leads_call_has_its_first_stage(office: Office) -> None:
    await office.take(inbound())

    assert (await office.the(calls)).stage_id == (await office.the(stages, position=0)).id


async def test_rings_and_talks_are_those_of_the_last_telling(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    call = inbound().rings("101", "102").answers("101").ends(after=8)

    await office.take(call[:2], call[2:])

    rings, talk = await office.rows(call_rings), await office.the(call_talks)
    assert [(ring.extension, ring.user_id, ring.outcome) for ring in rings] == [
        ("101", olga, "answered"),
        ("102", None, "answered_elsewhere"),
    ]
    assert (talk.extension, talk.user_id, talk.talk_seconds) == ("101", olga, 8.0)
