"""`companies`."""

from typing import Annotated, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, Search
from api.paths import BodyId, PathId
from api.rest.models import CompanyOut, Page
from crm_core.access import Right, require, require_may_give, require_visible
from crm_core.contacts import company_edits, edits, queries
from crm_core.contacts.company_edits import CompanyChanges
from crm_core.contacts.tables import companies
from crm_core.fields.history import Noun
from crm_core.merging.kept import led_to
from crm_core.owning import require_may_own

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
    if (kept := await led_to(connection, actor, Noun.COMPANY, company_id)) is not None:
        return RedirectResponse(f"/api/v1/companies/{kept}", 307)
    return CompanyOut.of(await queries.company(connection, actor, company_id))


class CompanyChange(BaseModel):
    """What is left out stays. `inn` is checked by its check digits."""

    name: str | None = Field(None, min_length=1, max_length=300)
    inn: str | None = Field(None, max_length=20)
    phone: str | None = Field(None, max_length=80)
    email: str | None = Field(None, max_length=254)
    site: str | None = Field(None, max_length=300)
    address: str | None = Field(None, max_length=500)
    note: str | None = Field(None, max_length=10_000)
    owner_id: BodyId | None = None


class CompanyIn(CompanyChange):
    name: str = Field(min_length=1, max_length=300)


class CompanySeen(CompanyChange):
    """What you saw before you changed it."""

    seen: CompanyChange | None = Field(None, description="what you saw: 409 with `changed` where somebody else changed it since")


@router.post("/companies", response_model=CompanyOut, status_code=201)
async def add_company(new: CompanyIn, actor: CurrentActor, context: Context) -> CompanyOut:
    """By its name alone: the company of this name, made unless it is known already. With more: a new one. Yours, if it is new."""
    require(actor, Right.WORK)
    given = new.model_dump(exclude_unset=True)
    async with context.database.write() as tx:
        if given.keys() == {"name"}:
            company_id = await edits.company_named(tx, new.name, now=context.now())
        else:
            require_may_give(actor, given.setdefault("owner_id", actor.user_id))
            made = cast("CompanyChanges", given)
            region = context.settings.region
            company_id = await company_edits.add_company(tx, made, region, by=actor.user_id, now=context.now())
        return CompanyOut.of(await queries.company(tx, actor, company_id))


@router.patch("/companies/{company_id}", response_model=CompanyOut)
async def change_company(company_id: PathId, change: CompanySeen, actor: CurrentActor, context: Context) -> CompanyOut:
    require(actor, Right.WORK)
    given = change.model_dump(exclude_unset=True, exclude={"seen"})
    seen = change.seen.model_dump(exclude_unset=True) if change.seen else None
    async with context.database.write() as tx:
        await require_visible(tx, actor, companies, company_id)
        if "owner_id" in given:
            await require_may_own(tx, actor, companies, company_id, given["owner_id"])
        await company_edits.edit_company(
            tx, company_id, cast("CompanyChanges", given), context.settings.region,
            by=actor.user_id, now=context.now(), seen=seen,
        )  # fmt: skip
        return CompanyOut.of(await queries.company(tx, actor, company_id))
