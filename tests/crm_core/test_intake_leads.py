"""F13 and issue 2, part 4: what a caller becomes, and what becomes of nothing."""

from datetime import timedelta

import pytest

from crm_core.calls.events import Outcome
from crm_core.calls.ledger import IntakeRules
from crm_core.calls.tables import calls
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.tasks.tables import tasks
from crm_core.users.accounts import deactivate
from crm_core.users.extensions import set_extension
from tests.builders import MORNING, OUR_DID, inbound, internal, outbound
from tests.office import NOW, Office, at, second_exchange


async def test_unknown_caller_becomes_a_contact_a_deal_in_the_first_stage_and_a_task_to_classify(office: Office) -> None:
    await office.take(inbound("79161112233"))

    contact, deal, task = await office.the(contacts), await office.the(deals), await office.the(tasks)
    first = await office.the(stages, position=0)
    assert (await office.the(contact_numbers)).number == "79161112233"
    assert (deal.contact_id, deal.stage_id, deal.owner_id) == (contact.id, first.id, None)
    assert (await office.the(stage_history)).stage_id == first.id
    assert (task.kind, task.deal_id, task.owner_id) == ("classify", deal.id, None)
    assert task.due_at == at(MORNING) + timedelta(minutes=15)


async def test_the_deadline_to_classify_is_a_setting(office: Office) -> None:
    await office.take(inbound(), rules=IntakeRules(classify_within=timedelta(minutes=5)))

    assert (await office.the(tasks)).due_at == at(MORNING) + timedelta(minutes=5)


async def test_raw_number_is_kept_beside_the_number(office: Office) -> None:
    call = inbound("79161112233", caller_name="<b>Павел</b>").learns(caller_raw="8 (916) 111-22-33")

    await office.take(call[1:])

    assert (await office.the(contact_numbers)).raw == "8 (916) 111-22-33"
    assert (await office.the(calls)).caller_name == "<b>Павел</b>"
    assert (await office.the(contacts)).name is None


async def test_known_caller_joins_his_open_deal(office: Office) -> None:
    contact = await office.contact("79161112233", "Павел Ремизов")
    deal = await office.deal(contact, stage=2)

    await office.take(inbound("79161112233").rings("101").ends())

    call = await office.the(calls)
    assert (call.contact_id, call.deal_id) == (contact, deal)
    assert await office.count(deals) == 1
    assert not await office.rows(tasks, kind="classify")


async def test_of_several_open_deals_the_newest_is_his(office: Office) -> None:
    contact = await office.contact("79161112233")
    await office.deal(contact)
    newest = await office.deal(contact, stage=3)
    await office.deal(contact, closed=True)

    await office.take(inbound("79161112233"))

    assert (await office.the(calls)).deal_id == newest


async def test_known_caller_without_an_open_deal_opens_a_new_one_with_his_owner(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    contact = await office.contact("79161112233", owner=olga)
    await office.deal(contact, closed=True, owner=olga)

    await office.take(inbound("79161112233").rings("102").ends())

    call = await office.the(calls)
    deal = await office.the(deals, id=call.deal_id)
    assert (deal.closed_at, deal.owner_id) == (None, olga)
    assert (await office.the(tasks, kind="classify")).owner_id == olga
    assert await office.count(contacts) == 1


async def test_by_the_other_rule_a_known_caller_opens_no_deal(office: Office) -> None:
    contact = await office.contact("79161112233")
    rules = IntakeRules(known_caller_opens_deal=False)

    await office.take(inbound("79161112233"), inbound("79165550000"), rules=rules)

    assert [call.contact_id for call in await office.rows(calls, deal_id=None)] == [contact]
    assert (await office.the(deals)).contact_id != contact


async def test_deal_of_a_caller_whose_owner_left_is_nobodys(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    await office.contact("79161112233", owner=olga)
    async with office.database.write() as tx:
        await deactivate(tx, olga, now=NOW, by=None)

    await office.take(inbound("79161112233"))

    assert (await office.the(deals)).owner_id is None


@pytest.mark.parametrize("caller", [OUR_DID, "101"])
async def test_own_numbers_create_nothing_but_the_call(office: Office, caller: str) -> None:
    await office.person("Ольга", "101")

    await office.take(inbound(caller).rings("102").ends())

    assert await office.count(calls) == 1
    assert [await office.count(table) for table in (contacts, contact_numbers, deals, tasks)] == [0, 0, 0, 0]


async def test_internal_calls_create_nothing_but_the_call(office: Office) -> None:
    await office.take(internal("101", "102").rings("102").answers("102").ends())

    assert await office.count(calls) == 1
    assert [await office.count(table) for table in (contacts, deals, tasks)] == [0, 0, 0]


async def test_did_that_is_not_ours_creates_nothing_but_the_call(office: Office) -> None:
    await office.take(inbound(did="74959999999").ends(), inbound("79165550000", did="74959999999").rings("101").ends())

    assert await office.count(calls) == 2
    assert [await office.count(table) for table in (contacts, deals, tasks)] == [0, 0, 0]


async def test_a_known_callers_call_to_another_did_is_his_all_the_same(office: Office) -> None:
    contact = await office.contact("79161112233")
    deal = await office.deal(contact)

    await office.take(inbound("79161112233", did="74959999999").ends())

    call = await office.the(calls)
    assert (call.contact_id, call.deal_id) == (contact, deal)
    assert await office.count(tasks) == 0


async def test_withheld_number_gets_the_call_and_nothing_else(office: Office) -> None:
    await office.take(inbound(None).rings("101").ends())

    assert (await office.the(calls)).outcome == Outcome.MISSED
    assert [await office.count(table) for table in (contacts, deals, tasks)] == [0, 0, 0]


async def test_two_rings_at_once_from_one_new_number_make_one_contact_and_one_deal(office: Office) -> None:
    first, second = inbound("79161112233"), inbound("79161112233")

    await office.take([*first, *second])

    assert [await office.count(table) for table in (calls, contacts, deals, tasks)] == [2, 1, 1, 1]
    assert {call.deal_id for call in await office.rows(calls)} == {(await office.the(deals)).id}


async def test_short_numbers_never_match_a_customer(office: Office) -> None:
    await office.contact("900", "Somebody's mistake")

    await office.take(inbound("900"), inbound("112233"), outbound("112"), outbound("*97"))

    assert {call.contact_id for call in await office.rows(calls)} == {None}
    assert [await office.count(table) for table in (contacts, deals)] == [1, 0]


async def test_number_of_letters_is_matched_as_received(office: Office) -> None:
    await office.take(inbound("ivan.petrov"), inbound("ivan.petrov"))

    assert (await office.the(contact_numbers)).number == "ivan.petrov"
    assert [await office.count(table) for table in (contacts, deals)] == [1, 1]


async def test_number_marked_not_a_customer_creates_nothing(office: Office) -> None:
    contact = await office.contact("79161112233")
    await office.set(contact_numbers, (await office.the(contact_numbers)).id, not_customer_at=NOW)

    await office.take(inbound("79161112233").rings("101").ends(), outbound("79161112233").ends())

    assert {(call.contact_id, call.deal_id) for call in await office.rows(calls)} == {(contact, None)}
    assert [await office.count(table) for table in (contacts, deals, tasks)] == [1, 0, 0]


async def test_outbound_call_joins_contact_and_open_deal_of_the_number_dialled(office: Office) -> None:
    contact = await office.contact("79161112233")
    deal = await office.deal(contact, stage=4)

    await office.take(outbound("79161112233"))

    call = await office.the(calls)
    assert (call.contact_id, call.deal_id, call.stage_id) == (contact, deal, (await office.the(deals)).stage_id)
    assert await office.count(tasks) == 0


async def test_number_dialled_for_the_first_time_gets_a_contact_of_the_dialler_and_no_deal(office: Office) -> None:
    olga = await office.person("Ольга", "101")

    await office.take(outbound("79161112233", by="101").ends())

    call = await office.the(calls)
    assert ((await office.the(contacts)).owner_id, call.user_id) == (olga, olga)
    assert [await office.count(table) for table in (deals, tasks)] == [0, 0]


class TestWhileOwnNumbersAreNotTold:
    """With an empty list a DID is ours once a call by it reached a phone, a queue or a menu."""

    @pytest.fixture
    async def office(self, office: Office) -> Office:
        return await Office.without_own_numbers(office)

    async def test_lead_waits_for_the_first_ring(self, office: Office) -> None:
        call = inbound().rings("101")

        await office.take(call[:1])
        before = await office.count(deals)
        await office.take(call[1:])

        assert (before, await office.count(deals)) == (0, 1)

    async def test_lead_of_a_did_that_rang_before_is_there_when_the_call_starts(self, office: Office) -> None:
        await office.take(inbound("79160000001").rings("101").ends())

        await office.take(inbound("79160000002"))

        assert await office.count(deals) == 2

    async def test_queue_tells_that_the_did_is_ours(self, office: Office) -> None:
        await office.take(inbound().joins_queue())

        assert await office.count(deals) == 1

    async def test_caller_who_gives_up_in_the_menu_is_a_lead_with_a_call_back(self, office: Office) -> None:
        await office.take(inbound().ends(Outcome.ABANDONED))

        assert {task.kind for task in await office.rows(tasks)} == {"classify", "call_back"}

    async def test_call_that_failed_without_a_ring_creates_nothing_and_later_calls_do_not_change_that(
        self, office: Office
    ) -> None:
        failed = inbound("79160000001").ends(Outcome.FAILED)

        await office.take(failed, inbound("79160000002").rings("101").ends(), failed)

        assert (await office.the(contact_numbers)).number == "79160000002"

    async def test_did_of_ours_is_no_customer_when_it_rings(self, office: Office) -> None:
        await office.take(inbound("79160000001").rings("101").ends())

        await office.take(inbound(OUR_DID, did="74950000002").rings("101").ends(), outbound(OUR_DID))

        assert [await office.count(table) for table in (contacts, deals)] == [1, 1]


async def test_user_of_a_call_is_the_one_who_had_the_phone_at_its_time(office: Office) -> None:
    olga, igor = await office.person("Ольга", "101"), await office.person("Игорь", "102")
    async with office.database.write() as tx:
        await set_extension(tx, igor, office.exchange.id, "101", now=at(MORNING + 3600), by=None)

    before, after = inbound().rings("101").answers("101").ends(), inbound(at=MORNING + 7200).rings("101").answers("101").ends()
    await office.take(after, before)

    assert {call.key: call.user_id for call in await office.rows(calls)} == {before.call.key: olga, after.call.key: igor}


async def test_exchanges_do_not_mix_their_calls(office: Office) -> None:
    other = await second_exchange(office)
    here, there = inbound(linkedid="1795255200.1"), inbound(linkedid="1795255200.1", exchange="second")

    await office.take(here)
    await office.take(there, exchange=other)

    assert [call.exchange_id for call in await office.rows(calls)] == [office.exchange.id, other.id]
    assert [await office.count(table) for table in (contacts, deals)] == [1, 1]
