"""What every field of a card was before: read for its page, as far as the reader may read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging
from crm_core.access import Actor, require_visible
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals
from crm_core.errors import NotFound
from crm_core.fields.definitions import Field, definitions
from crm_core.fields.history import Noun
from crm_core.fields.naming import NAMING, names_of
from crm_core.fields.reading import may_read
from crm_core.fields.tables import field_changes
from crm_core.paging import Page
from crm_core.references import Person
from crm_core.users.tables import users

TABLES: Mapping[Noun, Table] = {Noun.DEAL: deals, Noun.CONTACT: contacts, Noun.COMPANY: companies}
CHANGE_SORTS = paging.sorts(field_changes.c.id, {"at": field_changes.c.at})


@dataclass(frozen=True, slots=True)
class Change:
    """`old` and `new` as they stood in the row; `old_name`, `new_name`: of what an id names. `own`: the added field.

    `by` None: the product itself did it. `restores_id`: the change that this one took back.
    """

    id: int
    noun: Noun
    noun_id: int
    field: str
    own: Field | None
    old: Any
    new: Any
    old_name: str | None
    new_name: str | None
    at: datetime
    by: Person | None
    restores_id: int | None

    @property
    def personal(self) -> bool:
        return self.own is not None and self.own.personal


async def list_changes(
    connection: AsyncConnection, actor: Actor, noun: Noun, noun_id: int, *, cursor: str | None = None, limit: int = 50
) -> Page[Change]:
    """The newest first; personal fields only for whom may read them. Raises NotFound for a card that is not his, Invalid."""
    await require_visible(connection, actor, TABLES[noun], noun_id)
    query = _query().where(field_changes.c.noun == noun, field_changes.c.noun_id == noun_id)
    own = await _own(connection, noun)
    if not await may_read(connection, actor, noun, noun_id):
        hidden = [key for key, field in own.items() if field.personal]
        query = query.where(field_changes.c.field.not_in(hidden))
    order = paging.sort_named(CHANGE_SORTS, "-at")
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, await _changes(connection, rows[:limit], own), order, limit)


async def change(connection: AsyncConnection, actor: Actor, change_id: int) -> Change:
    """Raises NotFound, alike for what is not there, not his to see, and personal."""
    rows = (await connection.execute(_query().where(field_changes.c.id == change_id))).all()
    if not rows:
        raise NotFound(noun="field_changes", id=change_id)
    noun = Noun(rows[0].noun)
    await require_visible(connection, actor, TABLES[noun], rows[0].noun_id)
    found = (await _changes(connection, rows, await _own(connection, noun)))[0]
    if found.personal and not await may_read(connection, actor, noun, found.noun_id):
        raise NotFound(noun="field_changes", id=change_id)
    return found


def _query() -> Select[Any]:
    who = field_changes.outerjoin(users, users.c.id == field_changes.c.user_id)
    return select(field_changes, users.c.name.label("user_name")).select_from(who)


async def _own(connection: AsyncConnection, noun: Noun) -> dict[str, Field]:
    """Also those that are put away: their history stays."""
    return {field.key: field for field in await definitions(connection, noun, archived=True)}


async def _changes(connection: AsyncConnection, rows: Sequence[Row[Any]], own: Mapping[str, Field]) -> list[Change]:
    told = {field: [value for row in rows if row.field == field for value in (row.old, row.new)] for field in NAMING}
    names = {field: await names_of(connection, field, values) for field, values in told.items()}
    return [
        Change(
            row.id, Noun(row.noun), row.noun_id, row.field, own.get(row.field), row.old, row.new,
            _name(names, row.field, row.old), _name(names, row.field, row.new),
            row.at, None if row.user_id is None else Person(row.user_id, row.user_name), row.restores_id,
        )
        for row in rows
    ]  # fmt: skip


def _name(names: Mapping[str, Mapping[Any, str]], field: str, value: Any) -> str | None:
    return names.get(field, {}).get(value) if isinstance(value, int) else None
