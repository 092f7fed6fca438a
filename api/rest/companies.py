"""`companies`."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import CurrentActor, Cursor, Limit, ReadDb, Search
from api.paths import PathId
from api.rest.models import CompanyOut, Page
from crm_core.contacts import queries

router = APIRouter(tags=["companies"])


@router.get("/companies", response_model=Page[CompanyOut])
async def list_of_companies(
    actor: CurrentActor,
    connection: ReadDb,
    search: Search = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.COMPANY_SORTS)})] = "name",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CompanyOut]:
    page = await queries.list_companies(connection, actor, search=search, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[CompanyOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/companies/{company_id}", response_model=CompanyOut)
async def one_company(company_id: PathId, actor: CurrentActor, connection: ReadDb) -> CompanyOut:
    return CompanyOut.of(await queries.company(connection, actor, company_id))
