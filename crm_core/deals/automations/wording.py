"""Titles and notes that name the deal: `Позвонить: {contact}`. Only these fields, and nothing is looked up inside a value."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.contacts.tables import companies, contacts
from crm_core.deals.automations.words import DealNow
from crm_core.deals.tables import deals, stages
from crm_core.text import clean
from crm_core.users.tables import users

FIELDS = ("contact", "company", "deal", "stage", "owner", "amount")
_NAMED = re.compile(r"\{\s*([^{}\s]{1,60})\s*\}")


def unknown_fields(text: str) -> tuple[str, ...]:
    """What the text names that no deal has."""
    return tuple(name for name in dict.fromkeys(_NAMED.findall(text)) if name not in FIELDS)


async def filled(connection: AsyncConnection, text: str, deal: DealNow) -> str:
    """The text with the deal's own words; a field that is empty is a dash."""
    if not _NAMED.search(text):
        return text
    facts = await _facts(connection, deal)
    return clean(_NAMED.sub(lambda found: facts.get(found[1], found[0]), text), 4000)


async def _facts(connection: AsyncConnection, deal: DealNow) -> Mapping[str, str]:
    query = (
        select(
            contacts.c.name.label("contact"), companies.c.name.label("company"), deals.c.title.label("deal"),
            users.c.name.label("owner"),
            select(stages.c.name).where(stages.c.id == deal.stage_id).scalar_subquery().label("stage"),
        )
        .select_from(
            deals.outerjoin(contacts, contacts.c.id == deals.c.contact_id)
            .outerjoin(companies, companies.c.id == deals.c.company_id)
            .outerjoin(users, users.c.id == deals.c.owner_id)
        )
        .where(deals.c.id == deal.id)
    )  # fmt: skip
    row: Any = (await connection.execute(query)).one()
    told = {name: getattr(row, name) or "—" for name in FIELDS if name != "amount"}
    whole = None if deal.amount is None else f"{deal.amount / 100:,.0f}".replace(",", "\u00a0")
    return {**told, "deal": row.deal or row.contact or f"№ {deal.id}", "amount": whole or "—"}
