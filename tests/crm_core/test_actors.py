"""Who asks is read with all that was set of him, in one statement; and what nobody may set counts for nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Table, event, insert
from sqlalchemy.exc import IntegrityError

from crm_core.access import POLICY, Access, Actor, Noun, Right, Scope, visible
from crm_core.db import Database
from crm_core.deals.tables import deals
from crm_core.teams.tables import role_rights, role_scopes, team_members, teams
from crm_core.users import accounts, api_tokens, sessions
from crm_core.users.actors import actor_by_id
from crm_core.users.secret_tokens import token_hash
from crm_core.users.tables import Role
from tests.office import NOW, Office


async def put(office: Office, table: Table, *rows: dict[str, Any]) -> None:
    async with office.database.write() as tx:
        await tx.execute(insert(table), list(rows))


async def team(office: Office, *members: int, heads: tuple[int, ...] = (), **values: Any) -> int:
    async with office.database.write() as tx:
        row = {"name": "Team", "created_at": NOW, **values}
        made = int((await tx.execute(insert(teams).values(row).returning(teams.c.id))).scalar_one())
        people = [(user, False) for user in members] + [(user, True) for user in heads]
        await tx.execute(insert(team_members), [{"team_id": made, "user_id": user, "leads": leads} for user, leads in people])
        return made


async def actor_of(office: Office, user: int) -> Actor:
    async with office.database.read() as connection:
        found = await actor_by_id(connection, user)
    assert found is not None
    return found


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(database._reader.sync_engine, "before_cursor_execute", note)
    yield said
    event.remove(database._reader.sync_engine, "before_cursor_execute", note)


async def test_without_teams_and_settings_everybody_is_as_his_role_usually_is(office: Office) -> None:
    olga = await office.person("Olga", "101")

    actor = await actor_of(office, olga)

    assert actor == Actor(olga, Role.MANAGER, "Olga")
    assert actor.policy is POLICY[Role.MANAGER]


async def test_session_and_token_tell_scopes_rights_and_team_in_one_statement(office: Office) -> None:
    olga, igor, head = await office.person("Olga", "101"), await office.person("Igor", "102"), await office.person("H", "103")
    await team(office, olga, igor, heads=(head,))
    await put(office, role_scopes, {"role": "manager", "noun": "deals", "scope": "team"})
    await put(office, role_rights, {"role": "manager", "right": "export", "granted": True},
              {"role": "manager", "right": "listen", "granted": False})  # fmt: skip
    async with office.database.write() as tx:
        session = await sessions.open_session(tx, olga, now=NOW)
        token = await api_tokens.create_token(tx, olga, now=NOW, by=None)

    async with office.database.read() as connection:
        with counted(office.database) as said:
            by_session = await sessions.actor_of(connection, session, now=NOW)
            by_token = await api_tokens.actor_of(connection, token)

    assert len([one for one in said if "SELECT" in one]) == 2
    assert by_session is not None
    assert by_session == by_token
    assert by_session.people(Noun.DEALS) == by_session.people(deals) == {olga, igor}
    assert by_session.people(Noun.CALLS) == {olga}
    assert [by_session.may(right) for right in (Right.EXPORT, Right.LISTEN, Right.WORK)] == [True, False, True]


async def test_of_many_sessions_and_tokens_those_that_still_open_something_tell_the_same_in_a_statement_each(
    office: Office,
) -> None:
    olga, igor, gone = [await office.person(name, number) for name, number in (("Olga", "101"), ("Igor", "102"), ("G", "103"))]
    await put(office, role_scopes, {"role": "manager", "noun": "deals", "scope": "team"})
    async with office.database.write() as tx:
        opened = {user: await sessions.open_session(tx, user, now=NOW) for user in (olga, igor, gone)}
        tokens = {user: await api_tokens.create_token(tx, user, now=NOW, by=None) for user in (olga, igor, gone)}
        over = await sessions.open_session(tx, olga, now=NOW - sessions.LIFETIME)
        await accounts.deactivate(tx, gone, now=NOW, by=None)
        await api_tokens.revoke_tokens(tx, igor, now=NOW, by=None)
    asked = [token_hash(token) for token in (*opened.values(), *tokens.values(), over, "nobody's")]

    async with office.database.read() as connection:
        with counted(office.database) as said:
            by_session = await sessions.actors_of(connection, asked, now=NOW)
            by_token = await api_tokens.actors_of(connection, asked)
        alone = {user: await sessions.actor_of(connection, opened[user], now=NOW) for user in (olga, igor)}

    assert len([one for one in said if "SELECT" in one]) == 2
    assert by_session == {token_hash(opened[user]): alone[user] for user in (olga, igor)}
    assert by_token == {token_hash(tokens[olga]): alone[olga]}


async def test_a_head_sees_the_people_of_all_teams_he_leads_and_none_of_an_archived_one(office: Office) -> None:
    people = [await office.person(f"Person{number}", str(100 + number)) for number in range(5)]
    head = await office.person("Head", role=Role.HEAD)
    await team(office, people[0], people[1], heads=(head,))
    await team(office, people[2], heads=(head, people[0]))
    await team(office, people[3])
    await team(office, people[4], heads=(head,), archived_at=NOW)
    await put(office, role_scopes, {"role": "head", "noun": "deals", "scope": "team"})

    actor = await actor_of(office, head)

    assert actor.people(Noun.DEALS) == {head, *people[:3]}
    assert actor.people(Noun.CALLS) is None


async def test_people_of_a_team_do_not_see_what_their_head_owns(office: Office) -> None:
    olga, head = await office.person("Olga", "101"), await office.person("Head", role=Role.HEAD)
    await team(office, olga, heads=(head,))
    await put(office, role_scopes, {"role": "manager", "noun": "deals", "scope": "team"})

    assert (await actor_of(office, olga)).people(Noun.DEALS) == {olga}


async def test_who_is_in_no_team_has_himself_for_a_team(office: Office) -> None:
    olga = await office.person("Olga", "101")
    await put(office, role_scopes, {"role": "manager", "noun": "calls", "scope": "team"})

    assert (await actor_of(office, olga)).people(Noun.CALLS) == {olga}


async def test_a_person_is_in_one_team_and_may_lead_many(office: Office) -> None:
    olga = await office.person("Olga", "101")
    await team(office, olga)
    await team(office, heads=(olga,))
    await team(office, heads=(olga,))

    with pytest.raises(IntegrityError):
        await team(office, olga)


async def test_a_team_that_looks_at_nobodys_figures_hides_them_from_its_people_and_not_from_its_head(office: Office) -> None:
    olga, head = await office.person("Olga", "101"), await office.person("Head", role=Role.HEAD)
    await put(office, role_scopes, {"role": "manager", "noun": "figures", "scope": "everybody"})
    await team(office, olga, heads=(head,), own_figures=True)

    assert (await actor_of(office, olga)).people(Noun.FIGURES) == {olga}
    assert (await actor_of(office, head)).people(Noun.FIGURES) is None


@pytest.mark.parametrize(
    ("role", "right", "granted"),
    [(Role.ADMIN, Right.SETTINGS, False), (Role.ADMIN, Right.SEE_PEOPLE, False), (Role.ADMIN, Right.LISTEN, True),
     (Role.HEAD, Right.SETTINGS, True), (Role.MANAGER, Right.SETTINGS, True)],
)  # fmt: skip
async def test_rows_that_nobody_may_write_count_for_nothing(office: Office, role: Role, right: Right, granted: bool) -> None:
    person = await office.person("Person", "101", role)
    await put(office, role_rights, {"role": role.value, "right": right.value, "granted": granted})

    assert (await actor_of(office, person)).may(right) is not granted


def test_words_that_mean_nothing_leave_the_policy_as_it_is() -> None:
    access = Access(frozenset({("calls", "galaxy"), ("galaxy", "own")}), frozenset({("fly", True)}))

    assert Actor(1, Role.HEAD, "H", access=access).policy == POLICY[Role.HEAD]


async def test_listening_stays_a_grant_to_one_administrator(office: Office) -> None:
    admin = Actor(1, Role.ADMIN, "A", may_listen=True)

    assert admin.may(Right.LISTEN)
    assert not Actor(2, Role.ADMIN, "B").may(Right.LISTEN)


def test_a_condition_is_kept_for_each_access_apart() -> None:
    wide = Actor(1, Role.MANAGER, "O", access=Access(frozenset({("deals", "everybody")})))
    narrow, again = Actor(1, Role.MANAGER, "O"), Actor(1, Role.MANAGER, "O")

    assert visible(narrow, deals) is visible(again, deals)
    assert visible(narrow, deals) is not visible(wide, deals)
    assert narrow.scope(Noun.DEALS) is Scope.OWN
