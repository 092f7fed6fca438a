"""Teams: a person is in one, a head leads any number, and whoever goes sees nothing of it from the next request on."""

import asyncio

import pytest

from crm_core.access import Actor, Noun, Scope
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.event_log import events
from crm_core.events import EventKind
from crm_core.teams import deeds, policies, queries
from crm_core.users import accounts
from crm_core.users.actors import actor_by_id
from crm_core.users.tables import Role, audit
from tests.office import NOW, Office

HEAD = Actor(1, Role.HEAD, "Head")


async def made(office: Office, name: str, *people: int, heads: tuple[int, ...] = ()) -> int:
    async with office.database.write() as tx:
        team = await deeds.make_team(tx, name, now=NOW, by=None)
        for user in people:
            await deeds.put_into_team(tx, team, user, now=NOW, by=None)
        for user in heads:
            await deeds.put_into_team(tx, team, user, now=NOW, by=None, leads=True)
        return team


async def people_of(office: Office, user: int, noun: Noun = Noun.DEALS) -> frozenset[int] | None:
    async with office.database.read() as connection:
        actor = await actor_by_id(connection, user)
    assert actor is not None
    return actor.people(noun)


async def managers_see_teams(office: Office) -> None:
    async with office.database.write() as tx:
        await policies.set_policy(tx, Role.MANAGER, scopes={Noun.DEALS: Scope.TEAM}, now=NOW, by=None)


async def test_whoever_comes_into_a_team_leaves_the_one_he_was_in(office: Office) -> None:
    await managers_see_teams(office)
    olga, igor, denis = [await office.person(name, phone) for name, phone in (("O", "101"), ("I", "102"), ("D", "103"))]
    north, south = await made(office, "North", olga, igor), await made(office, "South", denis)

    async with office.database.write() as tx:
        await deeds.put_into_team(tx, south, olga, now=NOW, by=None)

    assert await people_of(office, olga) == {olga, denis}
    assert await people_of(office, igor) == {igor}
    async with office.database.read() as connection:
        seen = {one.name: [person.name for person in one.people] for one in await queries.list_teams(connection, HEAD)}
    assert seen == {"North": ["I"], "South": ["D", "O"]}
    assert north != south


async def test_a_head_leads_many_teams_and_is_still_one_of_another(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    for name in ("North", "South"):
        await made(office, name, heads=(olga,))
    home = await made(office, "Home", olga, igor)

    async with office.database.read() as connection:
        assert [one.name for one in await queries.teams_of(connection, olga)] == ["Home", "North", "South"]
        assert [person.name for person in (await queries.team(connection, HEAD, home)).people] == ["Igor", "Olga"]


async def test_archived_team_has_nobody_and_its_name_is_free_again(office: Office) -> None:
    await managers_see_teams(office)
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    team = await made(office, "North", olga, igor)

    async with office.database.write() as tx:
        await deeds.archive_team(tx, team, now=NOW, by=None)

    assert await people_of(office, olga) == {olga}
    await made(office, "North", olga)
    async with office.database.write() as tx:
        with pytest.raises(NotFound):
            await deeds.put_into_team(tx, team, igor, now=NOW, by=None)


async def test_every_change_is_told_to_open_streams_and_kept_in_the_trail(office: Office) -> None:
    olga = await office.person("Olga", "101")
    team = await made(office, "North", olga)
    async with office.database.write() as tx:
        await deeds.edit_team(tx, team, own_figures=True, now=NOW, by=olga)
        await deeds.take_out_of_team(tx, team, olga, now=NOW, by=olga)

    told = await office.rows(events, kind=EventKind.ACCESS_CHANGED)
    assert [row.facts["deed"] for row in told] == ["team_made", "put_into_team", "team_edited", "taken_out_of_team"]
    assert all(row.receivers is None for row in told)
    assert [row.deed for row in await office.rows(audit, noun="team")] == [row.facts["deed"] for row in told]


async def test_what_cannot_be_is_refused(office: Office) -> None:
    olga, gone = await office.person("Olga", "101"), await office.person("Gone", "102")
    team = await made(office, "North")
    async with office.database.write() as tx:
        await accounts.deactivate(tx, gone, now=NOW, by=None)
    async with office.database.write() as tx:
        with pytest.raises(Invalid):
            await deeds.make_team(tx, " \0 ", now=NOW, by=None)
        with pytest.raises(Conflict):
            await deeds.make_team(tx, "  North ", now=NOW, by=None)
        with pytest.raises(NotFound):
            await deeds.put_into_team(tx, team, gone, now=NOW, by=None)
        with pytest.raises(NotFound):
            await deeds.put_into_team(tx, team, 10**6, now=NOW, by=None)
        with pytest.raises(NotFound):
            await deeds.take_out_of_team(tx, team, olga, now=NOW, by=None)
    async with office.database.read() as connection:
        with pytest.raises(Forbidden):
            await queries.list_teams(connection, Actor(olga, Role.MANAGER, "Olga"))


async def test_two_administrators_who_place_one_person_leave_him_in_one_team(office: Office) -> None:
    olga = await office.person("Olga", "101")
    north, south = await made(office, "North"), await made(office, "South")

    async def placed(team: int) -> bool:
        try:
            async with office.database.write() as tx:
                await deeds.put_into_team(tx, team, olga, now=NOW, by=None)
        except Conflict:
            return False
        return True

    done = await asyncio.gather(*(placed(team) for team in (north, south) * 4))

    assert any(done)
    async with office.database.read() as connection:
        assert len(await queries.teams_of(connection, olga)) == 1


async def test_managers_in_no_team_are_named(office: Office) -> None:
    olga, head = await office.person("Olga", "101"), await office.person("H", role=Role.HEAD)
    await office.person("Igor", "102")
    await made(office, "North", olga, heads=(head,))

    async with office.database.read() as connection:
        assert [person.name for person in await queries.without_team(connection, HEAD)] == ["Igor"]


async def test_team_of_a_hundred_is_read_whole(office: Office) -> None:
    await managers_see_teams(office)
    people = [await office.person(f"P{number}", str(1000 + number)) for number in range(100)]
    await made(office, "Many", *people)

    assert await people_of(office, people[50]) == set(people)
