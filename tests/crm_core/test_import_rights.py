"""An import gives nobody what he could not give or take by hand: the right to import is not the right to give to others."""

from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.access import Access, Actor, Right
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals
from crm_core.errors import Forbidden, Invalid
from crm_core.fields.history import Noun
from crm_core.importing import deeds
from crm_core.importing.drafts import NOT_TO_GIVE, Known
from crm_core.importing.fitting import NOT_TO_HIM, amount
from crm_core.importing.queries import one_import
from crm_core.teams.policies import set_policy
from crm_core.users.tables import Role
from tests.import_desk import Desk, counted
from tests.office import NOW, Office


@pytest.fixture
async def olga(office: Office, tmp_path: Path) -> Desk:
    """A manager whose role may import, and no more than that."""
    user = await office.person("Ольга", None)
    async with office.database.write() as tx:
        await set_policy(tx, Role.MANAGER, rights={Right.IMPORT: True}, now=NOW, by=None)
    access = Access(rights=frozenset({(Right.IMPORT.value, True)}))
    return Desk(office, Actor(user, Role.MANAGER, "Ольга", access=access), tmp_path)


async def test_nobodys_record_is_given_to_a_colleague_by_a_table(office: Office, olga: Desk) -> None:
    await office.person("Игорь", None)
    told = await olga.take("ФИО;Телефон;Ответственный\nИван;8 916 111-22-33;Игорь\nАнна;8 916 222-33-44;Ольга\n")

    assert counted(told) == ("done", 1, 0, 0, 1)
    assert await olga.refused(told.id) == [(2, [NOT_TO_HIM])]
    assert (await office.the(contacts)).owner_id == olga.actor.user_id


async def test_a_colleagues_customer_is_not_taken_by_a_table(office: Office, olga: Desk) -> None:
    """Known to her, as she has a deal with him, too."""
    igor = await office.person("Игорь", None)
    contact = await office.contact("79161112233", "Иван", igor, company="Ромашка")
    await office.deal(contact, owner=olga.actor.user_id)
    firm = (await office.the(contacts)).company_id
    await office.set(companies, firm, owner_id=igor)

    people = await olga.take("ФИО;Телефон;Ответственный\nИван;8 916 111-22-33;Ольга\n", known=Known.CHANGE)
    firms = await olga.take("Название;Ответственный\nРомашка;Ольга\n", Noun.COMPANY, known=Known.CHANGE)
    other = await olga.take("ФИО;Телефон;Должность\nИван;8 916 111-22-33;Директор\n", known=Known.CHANGE)

    assert (counted(people), counted(firms), counted(other)) == (
        ("done", 0, 0, 0, 1), ("done", 0, 0, 0, 1), ("done", 0, 1, 0, 0),
    )  # fmt: skip
    assert await olga.refused(people.id) == [(2, [NOT_TO_GIVE])]
    assert ((await office.the(contacts)).owner_id, (await office.the(companies)).owner_id) == (igor, igor)


async def test_new_records_are_not_all_given_to_a_colleague(office: Office, olga: Desk) -> None:
    igor = await office.person("Игорь", None)
    import_id = await olga.put("ФИО;Телефон\nИван;8 916 111-22-33\n")
    async with office.database.read() as connection:
        options = (await one_import(connection, olga.actor, import_id)).options
    for owner, fine in ((igor, False), (olga.actor.user_id, True), (None, True)):
        async with office.database.write() as tx:
            if fine:
                await deeds.choose(tx, olga.actor, import_id, replace(options, owner_id=owner))
            else:
                with pytest.raises(Forbidden):
                    await deeds.choose(tx, olga.actor, import_id, replace(options, owner_id=owner))


async def test_a_deal_is_not_opened_for_a_colleague_by_a_table(office: Office, olga: Desk) -> None:
    await office.person("Игорь", None)
    told = await olga.take("Сделка;ФИО;Телефон;Ответственный\nСайт;Иван;8 916 111-22-33;Игорь\n", Noun.DEAL)

    assert counted(told) == ("done", 0, 0, 0, 1)
    assert await office.count(deals) == 0


@pytest.mark.parametrize("cell", ["1e999999999", "-1e999999999", "1e400", "9" * 5000, "sNaN", "Infinity", "1_0e2_0", "0x10"])
def test_an_amount_beyond_all_measure_is_refused_and_nothing_breaks(cell: str) -> None:
    with pytest.raises(Invalid):
        amount(cell)
