"""`deals` and their moves along the pipeline."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.deps import CurrentActor, Cursor, Limit, ReadDb, RowId, Search
from api.paths import PathId
from api.rest.models import DealOut, Page
from crm_core.deals import queries
from crm_core.deals.queries import DealFilters

router = APIRouter(tags=["deals"])


def deal_filters(
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    pipeline_id: RowId | None = None,
    stage_id: RowId | None = None,
    owner_id: RowId | None = None,
    contact_id: RowId | None = None,
    company_id: RowId | None = None,
    search: Search = None,
) -> DealFilters:
    return DealFilters(is_open, pipeline_id, stage_id, owner_id, contact_id, company_id, search)


@router.get("/deals", response_model=Page[DealOut])
async def list_of_deals(
    actor: CurrentActor,
    connection: ReadDb,
    filters: Annotated[DealFilters, Depends(deal_filters)],
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.DEAL_SORTS)})] = "-stage_since",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DealOut]:
    """The deals you may see: your own and nobody's, or everybody's, by your role."""
    page = await queries.list_deals(connection, actor, filters, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[DealOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/deals/{deal_id}", response_model=DealOut)
async def one_deal(deal_id: PathId, actor: CurrentActor, connection: ReadDb) -> DealOut:
    return DealOut.of(await queries.deal(connection, actor, deal_id))
