"""One company's card: the firm, its people and its deals."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.contacts.queries import CompanyLine, ContactLine, company, list_contacts
from crm_core.deals.filters import DealFilters
from crm_core.deals.queries import DealLine, list_deals


@dataclass(frozen=True, slots=True)
class CompanyCard:
    """`deals` and `contacts` newest first, each within the reader's own scope; `more_…`: there are others."""

    line: CompanyLine
    contacts: tuple[ContactLine, ...]
    deals: tuple[DealLine, ...]
    more_contacts: bool
    more_deals: bool


async def company_card(connection: AsyncConnection, actor: Actor, company_id: int) -> CompanyCard:
    """Raises NotFound where there is none or it is not the actor's to see."""
    line = await company(connection, actor, company_id)
    people = await list_contacts(connection, actor, company_id=company_id)
    deals = await list_deals(connection, actor, DealFilters(company_id=company_id), sort="-created_at")
    return CompanyCard(line, people.items, deals.items, people.next_cursor is not None, deals.next_cursor is not None)
