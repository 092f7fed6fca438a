"""What each role sees and may do: as it usually is, as it was set, and how it is set (R6). Effective with the next request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import POLICY, Access, Actor, Noun, Policy, Right, Scope, may_be_set, policy_of, require
from crm_core.errors import Invalid
from crm_core.teams.deeds import access_changed
from crm_core.teams.tables import role_rights, role_scopes
from crm_core.upserts import insert_into
from crm_core.users.tables import Role, users


@dataclass(frozen=True, slots=True)
class RolePolicy:
    """`policy` holds now, `usual` would if nothing were set; `people`: how many work here in this role."""

    role: Role
    policy: Policy
    usual: Policy
    people: int

    @property
    def differs(self) -> bool:
        return self.policy != self.usual


async def policies(connection: AsyncConnection, actor: Actor) -> tuple[RolePolicy, ...]:
    """Of all roles; for administrators, else raises Forbidden."""
    require(actor, Right.SETTINGS)
    counted = select(users.c.role, func.count()).where(users.c.active).group_by(users.c.role)
    people = {row[0]: int(row[1]) for row in await connection.execute(counted)}
    return tuple([RolePolicy(role, await _now(connection, role), POLICY[role], people.get(role, 0)) for role in Role])


async def role_policy(connection: AsyncConnection, actor: Actor, role: Role) -> RolePolicy:
    """Raises Forbidden."""
    return next(one for one in await policies(connection, actor) if one.role is role)


async def set_policy(
    tx: AsyncConnection, role: Role, *, scopes: Mapping[Noun, Scope] | None = None, rights: Mapping[Right, bool] | None = None,
    now: datetime, by: int | None,
) -> None:  # fmt: skip
    """Change what is given of a role; what is as usual again leaves no row. Raises Invalid for a right that nobody may set."""
    before = await _now(tx, role)
    scopes = {noun: scope for noun, scope in (scopes or {}).items() if before.scopes[noun] is not scope}
    rights = {right: granted for right, granted in (rights or {}).items() if (right in before.rights) is not granted}
    for right in rights:
        if not may_be_set(role, right):
            raise Invalid(f"{right.value} of the role {role.value} is not to be changed", field=right.value)
    usual = POLICY[role]
    for noun, scope in scopes.items():
        row = {"role": role.value, "noun": noun.value}
        await _set(tx, role_scopes, row, {"scope": scope.value}, as_usual=usual.scopes[noun] is scope)
    for right, granted in rights.items():
        row = {"role": role.value, "right": right.value}
        await _set(tx, role_rights, row, {"granted": granted}, as_usual=(right in usual.rights) is granted)
    if scopes or rights:
        changed = {"role": role.value, "scopes": {noun.value: scope.value for noun, scope in scopes.items()},
                   "rights": {right.value: granted for right, granted in rights.items()}}  # fmt: skip
        await access_changed(tx, "access_set", None, now=now, by=by, facts=changed)


async def _now(connection: AsyncConnection, role: Role) -> Policy:
    scopes = await connection.execute(select(role_scopes.c.noun, role_scopes.c.scope).where(role_scopes.c.role == role))
    rights = await connection.execute(select(role_rights.c.right, role_rights.c.granted).where(role_rights.c.role == role))
    return policy_of(role, Access(frozenset((one[0], one[1]) for one in scopes), frozenset((one[0], one[1]) for one in rights)))


async def _set(tx: AsyncConnection, table: Table, row: dict[str, Any], value: dict[str, Any], *, as_usual: bool) -> None:
    if as_usual:
        await tx.execute(delete(table).where(*(table.c[name] == key for name, key in row.items())))
        return
    put = insert_into(tx, table).values(**row, **value)
    await tx.execute(put.on_conflict_do_update(index_elements=[table.c[name] for name in row], set_=value))
