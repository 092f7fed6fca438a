"""What a role sees and may do is set in the database, within bounds that nobody can leave."""

import pytest

from crm_core.access import POLICY, Actor, Noun, Right, Scope
from crm_core.errors import Forbidden, Invalid
from crm_core.event_log import events
from crm_core.events import EventKind
from crm_core.teams import policies
from crm_core.teams.tables import role_rights, role_scopes
from crm_core.users.actors import actor_by_id
from crm_core.users.tables import Role, audit
from tests.office import NOW, Office

ADMIN = Actor(1, Role.ADMIN, "Admin")


async def test_set_scopes_and_rights_hold_and_usual_ones_leave_no_row(office: Office) -> None:
    head = await office.person("Head", role=Role.HEAD)
    async with office.database.write() as tx:
        scopes, rights = {Noun.DEALS: Scope.TEAM, Noun.CALLS: Scope.EVERYBODY}, {Right.EXPORT: False, Right.WORK: True}
        await policies.set_policy(tx, Role.HEAD, scopes=scopes, rights=rights, now=NOW, by=None)

    async with office.database.read() as connection:
        actor = await actor_by_id(connection, head)
        told = await policies.role_policy(connection, ADMIN, Role.HEAD)
    assert actor is not None
    assert (actor.scope(Noun.DEALS), actor.scope(Noun.CALLS), actor.may(Right.EXPORT)) == (Scope.TEAM, Scope.EVERYBODY, False)
    assert (told.policy, told.differs, told.people) == (actor.policy, True, 1)
    assert [(row.noun, row.scope) for row in await office.rows(role_scopes)] == [("deals", "team")]
    assert [(row.right, row.granted) for row in await office.rows(role_rights)] == [("export", False)]

    async with office.database.write() as tx:
        await policies.set_policy(
            tx, Role.HEAD, scopes={Noun.DEALS: Scope.EVERYBODY}, rights={Right.EXPORT: True}, now=NOW, by=None
        )
    assert (await office.rows(role_scopes), await office.rows(role_rights)) == ([], [])


@pytest.mark.parametrize(
    ("role", "right", "granted"),
    [(Role.ADMIN, Right.SETTINGS, False), (Role.ADMIN, Right.LISTEN, True), (Role.ADMIN, Right.SEE_PEOPLE, False),
     (Role.HEAD, Right.SETTINGS, True)],
)  # fmt: skip
async def test_nobody_locks_the_administrators_out_or_becomes_one(
    office: Office, role: Role, right: Right, *, granted: bool
) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Invalid):
            await policies.set_policy(tx, role, rights={Right.EXPORT: True, right: granted}, now=NOW, by=None)

    assert await office.rows(role_rights) == []


async def test_saying_what_is_so_already_changes_and_tells_nothing(office: Office) -> None:
    usual = POLICY[Role.ADMIN]
    async with office.database.write() as tx:
        rights = {right: right in usual.rights for right in Right}
        await policies.set_policy(tx, Role.ADMIN, scopes=dict(usual.scopes), rights=rights, now=NOW, by=None)

    assert await office.rows(events, kind=EventKind.ACCESS_CHANGED) == []


async def test_a_change_is_told_and_kept_with_what_it_changed(office: Office) -> None:
    admin = await office.person("Admin", role=Role.ADMIN)
    async with office.database.write() as tx:
        await policies.set_policy(tx, Role.QA, scopes={Noun.CALLS: Scope.TEAM}, rights={}, now=NOW, by=admin)

    (told,) = await office.rows(events, kind=EventKind.ACCESS_CHANGED)
    (kept,) = await office.rows(audit, deed="access_set")
    assert (told.receivers, told.user_id) == (None, admin)
    assert kept.facts == {"role": "qa", "scopes": {"calls": "team"}, "rights": {}}


async def test_policies_are_for_administrators(office: Office) -> None:
    async with office.database.read() as connection:
        with pytest.raises(Forbidden):
            await policies.policies(connection, Actor(2, Role.HEAD, "Head"))
        assert {one.role for one in await policies.policies(connection, ADMIN)} == set(Role)
