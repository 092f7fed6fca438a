"""What a person would see is what his own lists would show, looked at by an administrator who stays himself."""

import pytest

from crm_core.access import Actor, Noun, Scope
from crm_core.deals.queries import list_deals
from crm_core.errors import Forbidden, NotFound
from crm_core.teams import deeds, policies, sight
from crm_core.users.actors import actor_by_id
from crm_core.users.tables import Role, audit
from tests.builders import inbound
from tests.office import NOW, Office

ADMIN = Actor(1, Role.ADMIN, "Admin")


async def two_managers(office: Office) -> tuple[int, int]:
    """Each with a customer, a deal and an answered call."""
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    for number, (owner, phone) in enumerate(((olga, "101"), (igor, "102"))):
        contact = await office.contact(f"7916000000{number}", f"Customer of {phone}", owner, company=f"Firm {phone}")
        await office.deal(contact, owner=owner)
        await office.take(inbound(f"7916000000{number}", linkedid=f"179500000{number}.0").rings(phone).answers(phone).ends())
    return olga, igor


def counted(seen: sight.Sight) -> dict[Noun, tuple[int, int]]:
    return {glimpse.noun: (glimpse.count, glimpse.every) for glimpse in seen.glimpses}


async def test_the_counts_and_first_rows_are_those_of_the_persons_own_lists(office: Office) -> None:
    olga, igor = await two_managers(office)
    async with office.database.write() as tx:
        team = await deeds.make_team(tx, "North", now=NOW, by=None)
        for user in (olga, igor):
            await deeds.put_into_team(tx, team, user, now=NOW, by=None)
        await policies.set_policy(tx, Role.MANAGER, scopes={Noun.DEALS: Scope.TEAM}, now=NOW, by=None)

    async with office.database.read() as connection:
        seen = await sight.sight_of(connection, ADMIN, olga)
        own = await actor_by_id(connection, olga)
        assert own is not None
        listed = await list_deals(connection, own)

    assert counted(seen)[Noun.DEALS] == (2, 2)
    assert {noun: told for noun, told in counted(seen).items() if noun not in (Noun.DEALS, Noun.TASKS)} == {
        Noun.CALLS: (1, 2), Noun.CONTACTS: (1, 2), Noun.COMPANIES: (1, 2),
    }  # fmt: skip
    deals = next(glimpse for glimpse in seen.glimpses if glimpse.noun is Noun.DEALS)
    assert [line.id for line in deals.lines] == [line.id for line in listed.items]
    assert [team.name for team in seen.teams] == ["North"]
    assert seen.figures is not None
    assert [person.name for person in seen.figures] == ["Olga"]


async def test_it_is_for_administrators_and_of_people_that_there_are(office: Office) -> None:
    olga, _ = await two_managers(office)
    async with office.database.read() as connection:
        for role in (Role.MANAGER, Role.HEAD, Role.QA):
            with pytest.raises(Forbidden):
                await sight.sight_of(connection, Actor(9, role, "x"), olga)
        with pytest.raises(NotFound):
            await sight.sight_of(connection, ADMIN, 10**6)


async def test_the_look_is_kept(office: Office) -> None:
    olga, igor = await two_managers(office)
    async with office.database.write() as tx:
        await sight.note_look(tx, Actor(igor, Role.ADMIN, "A"), olga, now=NOW)

    row = await office.the(audit, deed=sight.LOOKED)
    assert (row.user_id, row.noun, row.noun_id) == (igor, "user", olga)
