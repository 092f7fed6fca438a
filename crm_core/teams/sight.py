"""What a person would see, for the administrator who sets it: counts and first rows under that person's scopes, read-only.

He does not become that person: nothing is heard, nothing personal is shown, and that he looked is kept.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Noun, Right, Scope, require, visible
from crm_core.calls.lines import CallLine
from crm_core.calls.queries import list_calls
from crm_core.calls.tables import calls
from crm_core.contacts.queries import CompanyLine, ContactLine, list_companies, list_contacts
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.queries import DealLine, list_deals
from crm_core.deals.tables import deals
from crm_core.errors import NotFound
from crm_core.references import Person
from crm_core.tasks.queries import TaskLine, list_tasks
from crm_core.tasks.tables import tasks
from crm_core.teams.queries import TeamLine, teams_of
from crm_core.users.actors import actor_by_id
from crm_core.users.audit import record
from crm_core.users.tables import users

FIRST = 5
LOOKED = "access_looked_at"

Line = CallLine | ContactLine | CompanyLine | DealLine | TaskLine


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Of one kind of record. `count`: all that he sees; `every`: all there are; `lines`: the first of his list."""

    noun: Noun
    scope: Scope
    count: int
    every: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """`person` as whom he asks; `figures` whose figures he sees, by name (None: everybody's); `active`: whether he can log in."""

    person: Actor
    active: bool
    teams: tuple[TeamLine, ...]
    glimpses: tuple[Glimpse, ...]
    figures: tuple[Person, ...] | None


async def sight_of(connection: AsyncConnection, actor: Actor, user_id: int) -> Sight:
    """For administrators. Raises Forbidden; NotFound for somebody who never was here."""
    require(actor, Right.SETTINGS)
    person = await actor_by_id(connection, user_id)
    if person is None:
        raise NotFound(noun="users", id=user_id)
    glimpses = [await _glimpse(connection, person, *kind) for kind in _kinds(connection, person)]
    active = bool(await connection.scalar(select(users.c.active).where(users.c.id == user_id)))
    return Sight(person, active, await teams_of(connection, user_id), tuple(glimpses), await _figures(connection, person))


async def note_look(tx: AsyncConnection, actor: Actor, user_id: int, *, now: datetime) -> None:
    """Who looked with whose eyes, in the audit trail."""
    await record(tx, actor.user_id, LOOKED, "user", user_id, now=now)


Listing = Callable[[], Awaitable[tuple[Line, ...]]]


def _kinds(connection: AsyncConnection, person: Actor) -> tuple[tuple[Noun, Table, Listing], ...]:
    """The very lists that his pages show."""

    async def of_calls() -> tuple[Line, ...]:
        return (await list_calls(connection, person, limit=FIRST)).items

    async def of_contacts() -> tuple[Line, ...]:
        return (await list_contacts(connection, person, limit=FIRST)).items

    async def of_companies() -> tuple[Line, ...]:
        return (await list_companies(connection, person, limit=FIRST)).items

    async def of_deals() -> tuple[Line, ...]:
        return (await list_deals(connection, person, limit=FIRST)).items

    async def of_tasks() -> tuple[Line, ...]:
        return (await list_tasks(connection, person, limit=FIRST)).items

    return (
        (Noun.CALLS, calls, of_calls), (Noun.CONTACTS, contacts, of_contacts), (Noun.COMPANIES, companies, of_companies),
        (Noun.DEALS, deals, of_deals), (Noun.TASKS, tasks, of_tasks),
    )  # fmt: skip


async def _glimpse(connection: AsyncConnection, person: Actor, noun: Noun, table: Table, listing: Listing) -> Glimpse:
    """Duplicates that were merged into another are in no list; of tasks the open ones count, as on their page."""
    every: Any = select(func.count()).select_from(table)
    if "merged_into" in table.c:
        every = every.where(table.c.merged_into.is_(None))
    if table is tasks:
        every = every.where(tasks.c.done_at.is_(None))
    count = await connection.scalar(every.where(visible(person, table)))
    return Glimpse(noun, person.scope(noun), int(count or 0), int(await connection.scalar(every) or 0), await listing())


async def _figures(connection: AsyncConnection, person: Actor) -> tuple[Person, ...] | None:
    people = person.people(Noun.FIGURES)
    if people is None:
        return None
    query = select(users.c.id, users.c.name).where(users.c.id.in_(sorted(people)), users.c.active)
    return tuple(Person(row.id, row.name) for row in await connection.execute(query.order_by(func.lower(users.c.name))))
