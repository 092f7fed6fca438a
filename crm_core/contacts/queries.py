"""Reads of contacts and companies. What belongs to one contact is told by `card`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, opens, visible
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.references import CompanyRef, Person
from crm_core.searching import digits_of, words_of
from crm_core.users.tables import users

CONTACT_SORTS = paging.sorts(contacts.c.id, {"created_at": contacts.c.created_at, "name": func.coalesce(contacts.c.name, "")})
COMPANY_SORTS = paging.sorts(companies.c.id, {"created_at": companies.c.created_at, "name": companies.c.name})


@dataclass(frozen=True, slots=True)
class ContactNumber:
    """`number` as we compare it, `raw` as it came; `not_customer`: calls from it create nothing."""

    id: int
    number: str
    raw: str
    not_customer: bool


@dataclass(frozen=True, slots=True)
class ContactLine:
    """`name` is None until somebody learns it."""

    id: int
    name: str | None
    position: str | None
    email: str | None
    note: str | None
    company: CompanyRef | None
    owner: Person | None
    numbers: tuple[ContactNumber, ...]
    created_at: datetime
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompanyLine:
    """`custom`: values of added fields by their ids."""

    id: int
    name: str
    created_at: datetime
    inn: str | None = None
    phone: str | None = None
    email: str | None = None
    site: str | None = None
    address: str | None = None
    note: str | None = None
    owner: Person | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)


async def list_contacts(
    connection: AsyncConnection, actor: Actor, *, search: str | None = None, company_id: int | None = None,
    owner_id: int | None = None, sort: str = "-created_at", cursor: str | None = None, limit: int = 50,
) -> Page[ContactLine]:  # fmt: skip
    """A page of the contacts the actor may see; `search`: part of a name, e-mail or number. Raises Invalid."""
    order = paging.sort_named(CONTACT_SORTS, sort)
    query = _query(actor)
    if company_id is not None:
        query = query.where(contacts.c.company_id == company_id)
    if owner_id is not None:
        query = query.where(contacts.c.owner_id == owner_id)
    if words := words_of(search):
        query = query.where(_matches(words))
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, await _lines(connection, rows[:limit]), order, limit)


async def contact(connection: AsyncConnection, actor: Actor, contact_id: int) -> ContactLine:
    """Raises NotFound."""
    rows = (await connection.execute(_query(actor).where(contacts.c.id == contact_id))).all()
    if not rows:
        raise NotFound(noun="contacts", id=contact_id)
    return (await _lines(connection, rows))[0]


async def numbers_of(connection: AsyncConnection, contact_id: int) -> tuple[ContactNumber, ...]:
    return tuple((await numbers_of_many(connection, [contact_id])).get(contact_id, ()))


async def list_companies(
    connection: AsyncConnection, actor: Actor, *, search: str | None = None,
    sort: str = "name", cursor: str | None = None, limit: int = 50,
) -> Page[CompanyLine]:  # fmt: skip
    """A page of the companies the actor may see; raises Invalid."""
    order = paging.sort_named(COMPANY_SORTS, sort)
    query = _company_query(actor)
    if words := words_of(search):
        name = func.lower(companies.c.name).contains(words, autoescape=True)
        query = query.where(or_(name, companies.c.inn.startswith(words, autoescape=True)))
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [_company(row) for row in rows[:limit]], order, limit)


async def company(connection: AsyncConnection, actor: Actor, company_id: int) -> CompanyLine:
    """Raises NotFound."""
    row = (await connection.execute(_company_query(actor).where(companies.c.id == company_id))).one_or_none()
    if row is None:
        raise NotFound(noun="companies", id=company_id)
    return _company(row)


def _company_query(actor: Actor) -> Select[Any]:
    return (
        select(companies, users.c.name.label("owner_name"))
        .select_from(companies.outerjoin(users, users.c.id == companies.c.owner_id))
        .where(visible(actor, companies), companies.c.merged_into.is_(None))
    )


def _company(row: Any) -> CompanyLine:
    return CompanyLine(
        row.id, row.name, row.created_at, row.inn, row.phone, row.email, row.site, row.address, row.note,
        references.person(row, "owner"), row.custom,
    )  # fmt: skip


def _query(actor: Actor) -> Select[Any]:
    return (
        select(contacts, companies.c.name.label("company_name"), users.c.name.label("owner_name"),
               opens(actor, companies, contacts.c.company_id).label("company_opens"))
        .select_from(
            contacts.outerjoin(companies, companies.c.id == contacts.c.company_id)
            .outerjoin(users, users.c.id == contacts.c.owner_id)
        )
        .where(visible(actor, contacts), contacts.c.merged_into.is_(None))
    )  # fmt: skip


def _matches(words: str) -> Any:
    names = (contacts.c.name, contacts.c.email, companies.c.name)
    return or_(*(func.lower(name).contains(words, autoescape=True) for name in names), contacts.c.id.in_(contacts_with(words)))


def contacts_with(words: str) -> Select[Any]:
    """Ids of the contacts of whose numbers this is a part."""
    number = contact_numbers.c.number.contains(digits_of(words) or words, autoescape=True)
    return select(contact_numbers.c.contact_id).where(number)


async def _lines(connection: AsyncConnection, rows: Sequence[Any]) -> list[ContactLine]:
    numbers = await numbers_of_many(connection, [row.id for row in rows])
    return [
        ContactLine(row.id, row.name, row.position, row.email, row.note, references.company(row),
                    references.person(row, "owner"), tuple(numbers.get(row.id, ())), row.created_at, row.custom)
        for row in rows
    ]  # fmt: skip


NUMBERS = (
    select(contact_numbers)
    .where(contact_numbers.c.contact_id.in_(bindparam("contacts", expanding=True)))
    .order_by(contact_numbers.c.created_at, contact_numbers.c.id)
)


async def numbers_of_many(connection: AsyncConnection, contact_ids: Sequence[int]) -> dict[int, list[ContactNumber]]:
    """By contact, each in the order they became known."""
    found: dict[int, list[ContactNumber]] = {}
    if not contact_ids:
        return found
    for row in await connection.execute(NUMBERS, {"contacts": contact_ids}):
        number = ContactNumber(row.id, row.number, row.raw, row.not_customer_at is not None)
        found.setdefault(row.contact_id, []).append(number)
    return found
