"""Who takes part in a deal, in which role, and how much he decides here (G26): it may differ from deal to deal."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log, references
from crm_core.access import Actor, visible
from crm_core.contacts.queries import ContactNumber, numbers_of_many
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.deed import locked, told
from crm_core.deals.tables import deal_contacts, deals
from crm_core.errors import Invalid, NotFound
from crm_core.events import EventKind
from crm_core.fields.history import Noun, note_changes
from crm_core.references import ContactRef
from crm_core.text import clean
from crm_core.users.audit import record

MOST_PEOPLE = 50


class Influence(StrEnum):
    DECIDES = "decides"
    INFLUENCES = "influences"
    USES = "uses"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class DealPerson:
    """`main`: the deal's own contact, whom its calls are with. `position` is his in his company, `role` his in this deal."""

    contact: ContactRef
    position: str | None
    email: str | None
    numbers: tuple[ContactNumber, ...]
    role: str | None
    influence: Influence | None
    main: bool


async def people_of(connection: AsyncConnection, actor: Actor, deal_id: int) -> tuple[DealPerson, ...]:
    """The main one first, then in the order they came in; the deal itself must have been found visible before.

    Of a contact the actor may not open he is told the name alone, as on the card of a call.
    """
    rows = (await connection.execute(_people(actor), {"deal": deal_id})).all()
    numbers = await numbers_of_many(connection, [row.contact_id for row in rows if row.contact_opens or row.main])
    return tuple(_person(row, numbers.get(row.contact_id, ())) for row in rows)


async def place_person(
    tx: AsyncConnection, deal_id: int, contact_id: int, *, role: str | None, influence: Influence | None,
    by: int | None, now: datetime,
) -> None:  # fmt: skip
    """Add a contact to the deal, or say anew what he is in it; raises NotFound for one there is not."""
    deal = await locked(tx, deal_id)
    if await tx.scalar(select(contacts.c.id).where(contacts.c.id == contact_id)) is None:
        raise NotFound(noun="contacts", id=contact_id)
    known = (await tx.execute(_of(deal_id, contact_id))).one_or_none()
    values = {"role": clean(role or "", 200).strip() or None, "influence": influence}
    before = {} if known is None else {name: getattr(known, name) for name in values}
    if before == values:
        return
    if known is None:
        await _require_room(tx, deal_id)
        row = {**values, "deal_id": deal_id, "contact_id": contact_id, "added_at": now}
        await tx.execute(insert(deal_contacts).values(row))
    else:
        await tx.execute(update(deal_contacts).where(deal_contacts.c.id == known.id).values(values))
    facts = {"contact": contact_id, "before": before or None, **values}
    await record(tx, by, "deal_person_placed", "deal", deal_id, now=now, facts=facts)
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"changed": ["people"]})])


async def remove_person(tx: AsyncConnection, deal_id: int, contact_id: int, *, by: int | None, now: datetime) -> None:
    """He takes no part any more. Raises NotFound; Invalid for the main one, who is replaced instead."""
    deal = await locked(tx, deal_id)
    known = (await tx.execute(_of(deal_id, contact_id))).one_or_none()
    if deal.contact_id == contact_id:
        raise Invalid("The deal's main contact is replaced, not removed", field="contact_id")
    if known is None:
        raise NotFound(noun="deal_contacts", id=contact_id)
    await tx.execute(delete(deal_contacts).where(deal_contacts.c.id == known.id))
    facts = {"contact": contact_id, "role": known.role, "influence": known.influence}
    await record(tx, by, "deal_person_removed", "deal", deal_id, now=now, facts=facts)
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"changed": ["people"]})])


async def make_main(tx: AsyncConnection, deal_id: int, contact_id: int, *, by: int | None, now: datetime) -> None:
    """The deal is with this contact from now on; who was the main one takes part further. Raises NotFound."""
    deal = await locked(tx, deal_id)
    company = (await tx.execute(select(contacts.c.company_id).where(contacts.c.id == contact_id))).one_or_none()
    if company is None:
        raise NotFound(noun="contacts", id=contact_id)
    if deal.contact_id == contact_id:
        return
    if deal.contact_id is not None and (await tx.execute(_of(deal_id, deal.contact_id))).one_or_none() is None:
        await tx.execute(insert(deal_contacts).values(deal_id=deal_id, contact_id=deal.contact_id, added_at=now))
    values = {"contact_id": contact_id, "company_id": deal.company_id or company.company_id}
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(values))
    changes = {name: (getattr(deal, name), value) for name, value in values.items()}
    await note_changes(tx, Noun.DEAL, deal_id, changes, by=by, now=now)
    await record(tx, by, "deal_contact_changed", "deal", deal_id, now=now, facts={"contact": [deal.contact_id, contact_id]})
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"changed": ["contact_id"]})])


async def set_company(tx: AsyncConnection, deal_id: int, company_id: int | None, *, by: int | None, now: datetime) -> None:
    """The company the deal is with; raises NotFound for one there is not."""
    deal = await locked(tx, deal_id)
    if company_id is not None and await tx.scalar(select(companies.c.id).where(companies.c.id == company_id)) is None:
        raise NotFound(noun="companies", id=company_id)
    if deal.company_id == company_id:
        return
    await tx.execute(update(deals).where(deals.c.id == deal_id).values(company_id=company_id))
    await note_changes(tx, Noun.DEAL, deal_id, {"company_id": (deal.company_id, company_id)}, by=by, now=now)
    await record(tx, by, "deal_company_changed", "deal", deal_id, now=now, facts={"company": [deal.company_id, company_id]})
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"changed": ["company_id"]})])


@lru_cache(1000)
def _people(actor: Actor) -> Select[Any]:
    """Of the deal `deal`. Kept: putting it together costs more than what it finds."""
    return (
        select(
            contacts.c.id.label("contact_id"), contacts.c.name.label("contact_name"), contacts.c.position, contacts.c.email,
            visible(actor, contacts).label("contact_opens"), companies.c.id.label("company_id"),
            companies.c.name.label("company_name"), deal_contacts.c.role, deal_contacts.c.influence,
            (deals.c.contact_id == contacts.c.id).label("main"),
        )
        .select_from(
            deals.join(
                contacts,
                or_(
                    contacts.c.id == deals.c.contact_id,
                    contacts.c.id.in_(select(deal_contacts.c.contact_id).where(deal_contacts.c.deal_id == bindparam("deal"))),
                ),
            )
            .outerjoin(deal_contacts, (deal_contacts.c.deal_id == deals.c.id) & (deal_contacts.c.contact_id == contacts.c.id))
            .outerjoin(companies, companies.c.id == contacts.c.company_id)
        )
        .where(deals.c.id == bindparam("deal"))
        .order_by((deals.c.contact_id == contacts.c.id).desc(), deal_contacts.c.id)
    )  # fmt: skip


def _of(deal_id: int, contact_id: int) -> Any:
    return select(deal_contacts).where(deal_contacts.c.deal_id == deal_id, deal_contacts.c.contact_id == contact_id)


async def _require_room(tx: AsyncConnection, deal_id: int) -> None:
    there = await tx.scalar(select(func.count()).select_from(deal_contacts).where(deal_contacts.c.deal_id == deal_id))
    if (there or 0) >= MOST_PEOPLE:
        raise Invalid(f"At most {MOST_PEOPLE} people take part in a deal", field="contact_id")


def _person(row: Any, numbers: Any) -> DealPerson:
    contact = references.contact(row)
    if contact is None:
        raise NotFound(noun="contacts", id=row.contact_id)
    influence = None if row.influence is None else Influence(row.influence)
    opens = bool(row.contact_opens)
    return DealPerson(
        contact,
        row.position if opens else None,
        row.email if opens else None,
        tuple(numbers),
        row.role,
        influence,
        bool(row.main),
    )
