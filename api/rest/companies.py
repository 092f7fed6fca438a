"""`companies`."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, Search
from api.paths import PathId
from api.rest.models import CompanyOut, Page
from crm_core.access import Right, require, require_visible
from crm_core.contacts import edits, queries
from crm_core.contacts.tables import companies
from crm_core.fields.history import Noun
from crm_core.merging.kept import kept_of

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
async def one_company(company_id: PathId, actor: CurrentActor, connection: ReadDb) -> CompanyOut | Response:
    """One that was merged leads to the one that was kept: 307."""
    if (kept := await kept_of(connection, Noun.COMPANY, company_id)) != company_id:
        await require_visible(connection, actor, companies, kept)
        return RedirectResponse(f"/api/v1/companies/{kept}", 307)
    return CompanyOut.of(await queries.company(connection, actor, company_id))


class CompanyIn(BaseModel):
    name: str = Field(min_length=1, max_length=300)


@router.post("/companies", response_model=CompanyOut, status_code=201)
async def add_company(new: CompanyIn, actor: CurrentActor, context: Context) -> CompanyOut:
    """The company of this name; made, unless it is known already."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        company_id = await edits.company_named(tx, new.name, now=context.now())
        return CompanyOut.of(await queries.company(tx, actor, company_id))
