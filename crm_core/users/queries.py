"""Reads of people: who works here, at which phones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging
from crm_core.access import Actor, visible
from crm_core.calls.tables import exchanges
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.users.tables import Role, user_extensions, users

USER_SORTS = paging.sorts(users.c.id, {"name": users.c.name, "email": users.c.email, "created_at": users.c.created_at})


@dataclass(frozen=True, slots=True)
class ExtensionLine:
    """A phone of a user, from `since` until `until` (None: still his)."""

    id: int
    exchange_id: int
    exchange: str
    extension: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class UserLine:
    id: int
    email: str
    name: str
    role: Role
    active: bool
    language: str | None
    may_listen: bool
    may_dial_unknown: bool
    may_dial_for_others: bool
    created_at: datetime
    extensions: tuple[ExtensionLine, ...]  # the past ones too, oldest first

    @property
    def phones(self) -> tuple[str, ...]:
        """The extensions that are his now."""
        return tuple(line.extension for line in self.extensions if line.until is None)


async def list_users(
    connection: AsyncConnection, actor: Actor, *, role: Role | None = None, active: bool | None = None,
    sort: str = "name", cursor: str | None = None, limit: int = 200,
) -> Page[UserLine]:  # fmt: skip
    """A page of the people the actor may see: a manager sees himself; raises Invalid."""
    order = paging.sort_named(USER_SORTS, sort)
    query = _query(actor)
    if role is not None:
        query = query.where(users.c.role == role)
    if active is not None:
        query = query.where(users.c.active == active)
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, await _lines(connection, rows[:limit]), order, limit)


async def user(connection: AsyncConnection, actor: Actor, user_id: int) -> UserLine:
    """Raises NotFound."""
    rows = (await connection.execute(_query(actor).where(users.c.id == user_id))).all()
    if not rows:
        raise NotFound(noun="users", id=user_id)
    return (await _lines(connection, rows))[0]


async def on_duty(connection: AsyncConnection, among: frozenset[int] | None = None) -> tuple[tuple[int, str], ...]:
    """Ids and names of those who may own customers: active managers and heads, by name.

    `among` people as `Actor.people` tells them (None: everybody); one alone has nobody to choose from.
    """
    if among is not None and len(among) == 1:
        return ()
    query = select(users.c.id, users.c.name).where(users.c.active, users.c.role.in_((Role.MANAGER, Role.HEAD)))
    if among is not None:
        query = query.where(users.c.id.in_(sorted(among)))
    return tuple((row.id, row.name) for row in await connection.execute(query.order_by(func.lower(users.c.name))))


def _query(actor: Actor) -> Select[Any]:
    return select(users).where(visible(actor, users))


async def _lines(connection: AsyncConnection, rows: Sequence[Any]) -> list[UserLine]:
    phones = await _extensions(connection, [row.id for row in rows])
    return [
        UserLine(row.id, row.email, row.name, Role(row.role), row.active, row.language, row.may_listen,
                 row.may_dial_unknown, row.may_dial_for_others, row.created_at, tuple(phones.get(row.id, ())))
        for row in rows
    ]  # fmt: skip


async def _extensions(connection: AsyncConnection, user_ids: Sequence[int]) -> dict[int, list[ExtensionLine]]:
    found: dict[int, list[ExtensionLine]] = {}
    if not user_ids:
        return found
    query = (
        select(user_extensions, exchanges.c.name.label("exchange"))
        .join(exchanges, exchanges.c.id == user_extensions.c.exchange_id)
        .where(user_extensions.c.user_id.in_(user_ids))
        .order_by(user_extensions.c.since, user_extensions.c.id)
    )
    for row in await connection.execute(query):
        line = ExtensionLine(row.id, row.exchange_id, row.exchange, row.extension, row.since, row.until)
        found.setdefault(row.user_id, []).append(line)
    return found
