"""The deal has its people: a contact person who is known by name, a way to reach him, a company (F16)."""

from typing import Any

from sqlalchemy import Row, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.gate import DealAsked, Gate, Judged, Lack, LackKind, Proof, Settings
from crm_core.options import Option, OptionKind
from crm_core.text import msgid

CONTACT = Option("contact", OptionKind.YES_NO, msgid("A contact person, known by name"), default=True)
REACHABLE = Option("reachable", OptionKind.YES_NO, msgid("with a number or an e-mail address"), default=True)
COMPANY = Option("company", OptionKind.YES_NO, msgid("A company"), default=True)


async def _judge(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Judged:
    person = await _person(tx, asked)
    lacks, proofs = [], []
    if settings["contact"] and person is None:
        lacks.append(Lack(LackKind.ENTITY, "contact", msgid("There is no contact person with a name"), asks=("contact.name",)))
    elif settings["contact"] and person is not None:
        proofs.append(Proof("contact", msgid("Contact person: %(name)s"), {"name": person.name}))
        if settings["reachable"] and not person.reachable:
            text = msgid("%(name)s has neither a number nor an e-mail address")
            lacks.append(Lack(LackKind.ENTITY, "contact.reachable", text, {"name": person.name}, asks=("contact.email",)))
    company = await _company(tx, asked) if settings["company"] else None
    if company is not None:
        proofs.append(Proof("company", msgid("Company: %(name)s"), {"name": company}))
    elif settings["company"]:
        lacks.append(Lack(LackKind.ENTITY, "company", msgid("There is no company"), asks=("company.name",)))
    return Judged(tuple(lacks), tuple(proofs))


async def _person(tx: AsyncConnection, asked: DealAsked) -> Row[Any] | None:
    """The first of the deal's people whose name is known, its own contact before all others."""
    reachable = or_(contacts.c.email.is_not(None), exists().where(contact_numbers.c.contact_id == contacts.c.id))
    query = select(contacts.c.id, contacts.c.name, reachable.label("reachable"))
    rows = (await tx.execute(query.where(contacts.c.id.in_(asked.contact_ids)))).all()
    named = [row for row in rows if (row.name or "").strip()]
    return min(named, key=lambda row: asked.contact_ids.index(row.id), default=None)


async def _company(tx: AsyncConnection, asked: DealAsked) -> str | None:
    """The deal's own, else that of its contact."""
    of_contact = select(contacts.c.company_id).where(contacts.c.id == asked.deal.contact_id).scalar_subquery()
    which = of_contact if asked.deal.company_id is None else asked.deal.company_id
    name: str | None = await tx.scalar(select(companies.c.name).where(companies.c.id == which))
    return (name or "").strip() or None


GATE = Gate("entities", msgid("Contact and company"), (CONTACT, REACHABLE, COMPANY), _judge)
