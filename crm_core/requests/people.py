"""Whose request it is: somebody known by his number or mail, else somebody new."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.fields.history import Noun, note_changes
from crm_core.requests.words import Asked
from crm_core.upserts import insert_into
from crm_core.users.tables import users


@dataclass(frozen=True, slots=True)
class Person:
    """`keeper`: his manager, unless that one left. `known`: before the request."""

    id: int
    company_id: int | None
    owner_id: int | None
    keeper: int | None
    known: bool


async def not_a_customer(tx: AsyncConnection, number: str | None) -> bool:
    marked = select(contact_numbers.c.id).where(
        contact_numbers.c.number == number, contact_numbers.c.not_customer_at.is_not(None)
    )
    return number is not None and await tx.scalar(marked) is not None


async def person_asking(tx: AsyncConnection, asked: Asked, *, trusted: bool, now: datetime) -> Person:
    """Found or made, with what he told of himself where nothing was known. `trusted`: a program with a token sent it."""
    found = await _by_number(tx, asked.number) or await _by_mail(tx, asked.address)
    if found is None:
        return await _met(tx, asked, now)
    await _learn(tx, found, asked, now)
    if asked.number is not None:
        await _learn_number(tx, found.id, asked, trusted=trusted, now=now)
    return Person(found.id, found.company_id, found.owner_id, found.owner_id if found.active else None, known=True)


CONTACT = select(contacts, users.c.active).outerjoin(users, users.c.id == contacts.c.owner_id)


async def _by_number(tx: AsyncConnection, number: str | None) -> Row[Any] | None:
    if number is None:
        return None
    query = CONTACT.join(contact_numbers, contact_numbers.c.contact_id == contacts.c.id).where(contact_numbers.c.number == number)
    return (await tx.execute(query)).one_or_none()


async def _by_mail(tx: AsyncConnection, address: str | None) -> Row[Any] | None:
    """However it is capitalised: first as it is usually kept, by the index; else by looking at all of its length."""
    if address is None:
        return None
    query = CONTACT.where(contacts.c.merged_into.is_(None)).order_by(contacts.c.id).limit(1)
    found = (await tx.execute(query.where(contacts.c.email == address))).one_or_none()
    if found is not None:
        return found
    alike = (func.length(contacts.c.email) == len(address), func.lower(contacts.c.email) == address)
    return (await tx.execute(query.where(*alike))).one_or_none()


async def _met(tx: AsyncConnection, asked: Asked, now: datetime) -> Person:
    row = {"name": asked.name, "email": asked.address, "consent_at": now if asked.consent else None, "created_at": now}
    contact_id: int = (await tx.execute(insert(contacts).values(row).returning(contacts.c.id))).scalar_one()
    if asked.number is not None:
        await _give_number(tx, contact_id, asked, now)
    return Person(contact_id, None, None, None, known=False)


async def _learn(tx: AsyncConnection, contact: Row[Any], asked: Asked, now: datetime) -> None:
    told = {"name": asked.name, "email": asked.address, "consent_at": now if asked.consent else None}
    new = {name: value for name, value in told.items() if value is not None and getattr(contact, name) is None}
    if new:
        await tx.execute(update(contacts).where(contacts.c.id == contact.id).values(new))
        await note_changes(tx, Noun.CONTACT, contact.id, {name: (None, value) for name, value in new.items()}, by=None, now=now)


async def _learn_number(tx: AsyncConnection, contact_id: int, asked: Asked, *, trusted: bool, now: datetime) -> None:
    """Whoever knows a customer's mail must not put his own number beside the customer's: then it stays with the request."""
    has_one = await tx.scalar(select(exists().where(contact_numbers.c.contact_id == contact_id)))
    if trusted or not has_one:
        await _give_number(tx, contact_id, asked, now)


async def _give_number(tx: AsyncConnection, contact_id: int, asked: Asked, now: datetime) -> None:
    """A number that another contact has stays his."""
    row = {"number": asked.number, "raw": asked.phone, "contact_id": contact_id, "created_at": now}
    added = insert_into(tx, contact_numbers)
    belongs = {"contact_id": func.coalesce(contact_numbers.c.contact_id, added.excluded.contact_id)}
    await tx.execute(added.values(row).on_conflict_do_update(index_elements=[contact_numbers.c.number], set_=belongs))
