"""One contact's card: the person, his deals, calls, requests and open tasks."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.calls.lines import CallLine
from crm_core.calls.queries import CallFilters, list_calls
from crm_core.contacts.queries import ContactLine, contact
from crm_core.deals.filters import DealFilters
from crm_core.deals.queries import DealLine, list_deals
from crm_core.requests.queries import RequestFilters, RequestLine, list_requests
from crm_core.tasks.queries import TaskFilters, TaskLine, list_tasks


@dataclass(frozen=True, slots=True)
class ContactCard:
    """`deals`, `calls` and `requests` newest first, `tasks` the open ones by urgency; the reader's own scope holds in each."""

    line: ContactLine
    deals: tuple[DealLine, ...]
    calls: tuple[CallLine, ...]
    requests: tuple[RequestLine, ...]
    tasks: tuple[TaskLine, ...]


async def contact_card(connection: AsyncConnection, actor: Actor, contact_id: int) -> ContactCard:
    """Raises NotFound where there is none or it is not the actor's to see."""
    line = await contact(connection, actor, contact_id)
    own_deals = await list_deals(connection, actor, DealFilters(contact_id=contact_id), sort="-created_at")
    own_calls = await list_calls(connection, actor, CallFilters(contact_id=contact_id))
    own_requests = await list_requests(connection, actor, RequestFilters(contact_id=contact_id))
    own_tasks = await list_tasks(connection, actor, TaskFilters(contact_id=contact_id))
    return ContactCard(line, own_deals.items, own_calls.items, own_requests.items, own_tasks.items)
