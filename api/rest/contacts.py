"""`contacts`."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import CurrentActor, Cursor, Limit, ReadDb, RowId, Search
from api.paths import PathId
from api.rest.models import ContactOut, Page
from crm_core.contacts import queries

router = APIRouter(tags=["contacts"])


@router.get("/contacts", response_model=Page[ContactOut])
async def list_of_contacts(
    actor: CurrentActor,
    connection: ReadDb,
    search: Search = None,
    company_id: RowId | None = None,
    owner_id: RowId | None = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.CONTACT_SORTS)})] = "-created_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ContactOut]:
    """The contacts you may see. `search`: part of a name, e-mail, company or number."""
    page = await queries.list_contacts(
        connection, actor, search=search, company_id=company_id, owner_id=owner_id, sort=sort, cursor=cursor, limit=limit
    )
    return Page(items=[ContactOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/contacts/{contact_id}", response_model=ContactOut)
async def one_contact(contact_id: PathId, actor: CurrentActor, connection: ReadDb) -> ContactOut:
    return ContactOut.of(await queries.contact(connection, actor, contact_id))
