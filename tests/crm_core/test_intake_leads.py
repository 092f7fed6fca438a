"""F13: who rings becomes a contact, a deal in the first stage and a task to classify it."""

from datetime import timedelta

from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.tasks.tables import tasks
from tests.builders import MORNING, inbound
from tests.office import Office, at


async def test_unknown_caller_becomes_a_contact_a_deal_in_the_first_stage_and_a_task_to_classify(office: Office) -> None:
    await office.take(inbound("79161112233"))

    contact, deal, task = await office.the(contacts), await office.the(deals), await office.the(tasks)
    first = await office.the(stages, position=0)
    assert (await office.the(contact_numbers)).number == "79161112233"
    assert (deal.contact_id, deal.stage_id, deal.owner_id) == (contact.id, first.id, None)
    assert (await office.the(stage_history)).stage_id == first.id
    assert (task.kind, task.deal_id, task.owner_id) == ("classify", deal.id, None)
    assert task.due_at == at(MORNING) + timedelta(minutes=15)
