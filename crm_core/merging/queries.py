"""Reads of duplicates and merges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, visible
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.tables import deals
from crm_core.errors import NotFound
from crm_core.fields.history import Noun
from crm_core.merging.kept import HOMES
from crm_core.merging.tables import duplicates, merges
from crm_core.paging import Page
from crm_core.references import Person
from crm_core.users.tables import users

DUPLICATE_SORTS = paging.sorts(duplicates.c.id, {"id": duplicates.c.id})
MERGE_SORTS = paging.sorts(merges.c.id, {"at": merges.c.at})
OTHERS = 5  # as many likely twins a card names


@dataclass(frozen=True, slots=True)
class Side:
    """One of two that may be one. `deals`: how many it has; of a company `contacts` too."""

    id: int
    name: str | None
    email: str | None
    company: str | None
    inn: str | None
    owner: str | None
    numbers: tuple[str, ...]
    deals: int
    contacts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`why`: see `likeness.Why`. The older one first: it is the one usually kept."""

    id: int
    noun: Noun
    why: tuple[str, ...]
    one: Side
    other: Side


@dataclass(frozen=True, slots=True)
class MergeLine:
    """`kept_name` and `gone_name` as they are now; `fields` of the kept one that the merge filled."""

    id: int
    noun: Noun
    kept_id: int
    gone_id: int
    kept_name: str | None
    gone_name: str | None
    at: datetime
    by: Person | None
    rows: Mapping[str, int]
    fields: tuple[str, ...]
    undone_at: datetime | None


async def list_duplicates(
    connection: AsyncConnection, actor: Actor, noun: Noun, *, cursor: str | None = None, limit: int = 20
) -> Page[Duplicate]:
    """Pairs of which the actor may see both; not those that were merged or set aside. Raises Invalid."""
    order = paging.sort_named(DUPLICATE_SORTS, "id")
    query = _pairs(actor, noun).where(duplicates.c.set_aside_at.is_(None))
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, await _duplicates(connection, noun, rows[:limit]), order, limit)


async def duplicate(connection: AsyncConnection, actor: Actor, duplicate_id: int) -> Duplicate:
    """Raises NotFound."""
    noun = await connection.scalar(select(duplicates.c.noun).where(duplicates.c.id == duplicate_id))
    if noun is not None:
        rows = (await connection.execute(_pairs(actor, Noun(noun)).where(duplicates.c.id == duplicate_id))).all()
        if rows:
            return (await _duplicates(connection, Noun(noun), rows))[0]
    raise NotFound(noun="duplicates", id=duplicate_id)


async def likely_twins(connection: AsyncConnection, actor: Actor, noun: Noun, noun_id: int) -> list[Side]:
    """The records that may be the same as this one; what its card offers to merge."""
    mine = or_(duplicates.c.one_id == noun_id, duplicates.c.other_id == noun_id)
    query = _pairs(actor, noun).where(duplicates.c.set_aside_at.is_(None), mine).order_by(duplicates.c.id).limit(OTHERS)
    rows = (await connection.execute(query)).all()
    ids = [row.other_id if row.one_id == noun_id else row.one_id for row in rows]
    sides = await _sides(connection, noun, ids)
    return [sides[one] for one in ids if one in sides]


async def sides_of(connection: AsyncConnection, actor: Actor, noun: Noun, ids: Sequence[int]) -> list[Side]:
    """Records by id, as they are compared before a merge; raises NotFound for one that is not there, not his, or merged."""
    home = HOMES[noun]
    seen = set(
        await connection.scalars(select(home.c.id).where(home.c.id.in_(ids), home.c.merged_into.is_(None), visible(actor, home)))
    )
    for wanted in ids:
        if wanted not in seen:
            raise NotFound(noun=home.name, id=wanted)
    sides = await _sides(connection, noun, ids)
    return [sides[one] for one in ids]


async def set_aside(tx: AsyncConnection, duplicate_id: int, *, by: int, now: datetime) -> None:
    """They are two: never offered again."""
    await tx.execute(update(duplicates).where(duplicates.c.id == duplicate_id).values(set_aside_at=now, set_aside_by=by))


async def list_merges(
    connection: AsyncConnection, actor: Actor, *, noun: Noun | None = None, noun_id: int | None = None,
    cursor: str | None = None, limit: int = 20,
) -> Page[MergeLine]:  # fmt: skip
    """What was merged, newest first, of records the actor may see. Raises Invalid."""
    order = paging.sort_named(MERGE_SORTS, "-at")
    seen = or_(*(and_(merges.c.noun == one, merges.c.kept_id.in_(_seen(actor, home))) for one, home in HOMES.items()))
    query = select(merges, users.c.name.label("by_name")).outerjoin(users, users.c.id == merges.c.user_id).where(seen)
    if noun is not None:
        query = query.where(merges.c.noun == noun)
    if noun_id is not None:
        query = query.where(or_(merges.c.kept_id == noun_id, merges.c.gone_id == noun_id))
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, await _merge_lines(connection, rows[:limit]), order, limit)


async def merge_line(connection: AsyncConnection, actor: Actor, merge_id: int) -> MergeLine:
    """Raises NotFound."""
    seen = or_(*(and_(merges.c.noun == one, merges.c.kept_id.in_(_seen(actor, home))) for one, home in HOMES.items()))
    query = select(merges, users.c.name.label("by_name")).outerjoin(users, users.c.id == merges.c.user_id)
    rows = (await connection.execute(query.where(merges.c.id == merge_id, seen))).all()
    if not rows:
        raise NotFound(noun="merges", id=merge_id)
    return (await _merge_lines(connection, rows))[0]


def _seen(actor: Actor, home: Table) -> Any:
    return select(home.c.id).where(visible(actor, home)).correlate(None)


def _pairs(actor: Actor, noun: Noun) -> Any:
    home = HOMES[noun]
    whole = select(home.c.id).where(home.c.merged_into.is_(None), visible(actor, home)).correlate(None)
    return select(duplicates).where(duplicates.c.noun == noun, duplicates.c.one_id.in_(whole), duplicates.c.other_id.in_(whole))


async def _duplicates(connection: AsyncConnection, noun: Noun, rows: Sequence[Row[Any]]) -> list[Duplicate]:
    sides = await _sides(connection, noun, [one for row in rows for one in (row.one_id, row.other_id)])
    return [Duplicate(row.id, noun, tuple(row.why), sides[row.one_id], sides[row.other_id]) for row in rows]


async def _sides(connection: AsyncConnection, noun: Noun, ids: Sequence[int]) -> dict[int, Side]:
    if not ids:
        return {}
    return await (_people(connection, ids) if noun is Noun.CONTACT else _firms(connection, ids))


async def _people(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, Side]:
    numbers: dict[int, list[str]] = {}
    for row in await connection.execute(
        select(contact_numbers).where(contact_numbers.c.contact_id.in_(ids)).order_by(contact_numbers.c.id)
    ):
        numbers.setdefault(row.contact_id, []).append(row.number)
    counted = await _counted(connection, deals.c.contact_id, ids)
    query = (
        select(contacts, companies.c.name.label("company_name"), users.c.name.label("owner_name"))
        .select_from(
            contacts.outerjoin(companies, companies.c.id == contacts.c.company_id)
            .outerjoin(users, users.c.id == contacts.c.owner_id)
        )
        .where(contacts.c.id.in_(ids))
    )  # fmt: skip
    return {
        row.id: Side(row.id, row.name, row.email, row.company_name, None, row.owner_name, tuple(numbers.get(row.id, ())),
                     counted.get(row.id, 0), 0, row.created_at)
        for row in await connection.execute(query)
    }  # fmt: skip


async def _firms(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, Side]:
    counted = await _counted(connection, deals.c.company_id, ids)
    people = await _counted(connection, contacts.c.company_id, ids)
    owned = companies.outerjoin(users, users.c.id == companies.c.owner_id)
    query = select(companies, users.c.name.label("owner_name")).select_from(owned).where(companies.c.id.in_(ids))
    return {
        row.id: Side(row.id, row.name, row.email, None, row.inn, row.owner_name, (row.phone,) if row.phone else (),
                     counted.get(row.id, 0), people.get(row.id, 0), row.created_at)
        for row in await connection.execute(query)
    }  # fmt: skip


async def _counted(connection: AsyncConnection, column: Any, ids: Sequence[int]) -> dict[int, int]:
    query = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return {row[0]: int(row[1]) for row in await connection.execute(query)}


async def _merge_lines(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[MergeLine]:
    names = {noun: await _names(connection, noun, rows) for noun in HOMES}
    return [
        MergeLine(
            row.id, Noun(row.noun), row.kept_id, row.gone_id, names[Noun(row.noun)].get(row.kept_id),
            names[Noun(row.noun)].get(row.gone_id), row.at, references.Person(row.user_id, row.by_name),
            {pointer.partition(".")[0]: len(ids) for pointer, ids in row.moved.get("rows", {}).items()},
            tuple(row.filled), row.undone_at,
        )
        for row in rows
    ]  # fmt: skip


async def _names(connection: AsyncConnection, noun: Noun, rows: Sequence[Row[Any]]) -> dict[int, str | None]:
    home = HOMES[noun]
    ids = [one for row in rows if row.noun == noun for one in (row.kept_id, row.gone_id)]
    if not ids:
        return {}
    return {row.id: row.name for row in await connection.execute(select(home.c.id, home.c.name).where(home.c.id.in_(ids)))}
