"""What is sold: `work-types`, `product-groups` and `products`. Amounts in the smallest unit (kopecks)."""

from typing import Annotated, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId, Search
from api.paths import BodyId, PathId
from api.rest.models import Answer, Page
from crm_core.access import Actor, Right, require
from crm_core.products import price_list, work_types
from crm_core.products.price_list import Product, ProductChanges
from crm_core.products.work_types import WorkTypeChanges

router = APIRouter(tags=["products"])


class WorkTypeOut(Answer):
    """`expected`: what a deal of it is taken to bring: the mean of its `won` deals, else the usual amount, else mid-range."""

    id: int
    name: str
    least_amount: int | None
    most_amount: int | None
    usual_amount: int | None
    won: int
    mean: int | None
    expected: int | None
    archived: bool


class WorkTypeChange(BaseModel):
    """What is left out stays."""

    name: str | None = Field(None, min_length=1, max_length=200)
    least_amount: int | None = Field(None, ge=0)
    most_amount: int | None = Field(None, ge=0)
    usual_amount: int | None = Field(None, ge=0)
    archived: bool = False


class WorkTypeIn(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    least_amount: int | None = Field(None, ge=0)
    most_amount: int | None = Field(None, ge=0)
    usual_amount: int | None = Field(None, ge=0)


class GroupOut(Answer):
    id: int
    name: str
    archived: bool


class GroupIn(BaseModel):
    name: str = Field(min_length=1, max_length=200)


class GroupChange(BaseModel):
    name: str | None = Field(None, min_length=1, max_length=200)
    archived: bool | None = None


class ProductOut(Answer):
    """`cost` is null also for those who may not see it."""

    id: int
    name: str
    group: GroupOut | None
    sku: str | None
    unit: str | None
    price: int | None
    cost: int | None
    archived: bool

    @classmethod
    def of(cls, product: Product, actor: Actor) -> "ProductOut":
        told = cls.model_validate(product)
        return told if actor.may(Right.SEE_FIGURES) else told.model_copy(update={"cost": None})


class ProductChange(BaseModel):
    """What is left out stays."""

    name: str | None = Field(None, min_length=1, max_length=300)
    group_id: BodyId | None = None
    sku: str | None = Field(None, max_length=80)
    unit: str | None = Field(None, max_length=20)
    price: int | None = Field(None, ge=0)
    cost: int | None = Field(None, ge=0)
    archived: bool = False


class ProductIn(ProductChange):
    name: str = Field(min_length=1, max_length=300)


@router.get("/work-types", response_model=Page[WorkTypeOut])
async def list_of_work_types(
    _actor: CurrentActor, connection: ReadDb, archived: Annotated[bool, Query()] = False
) -> Page[WorkTypeOut]:
    found = await work_types.list_work_types(connection, archived=archived)
    return Page(items=[WorkTypeOut.model_validate(one) for one in found], next_cursor=None)


@router.post("/work-types", response_model=WorkTypeOut, status_code=201)
async def add_work_type(new: WorkTypeIn, actor: CurrentActor, context: Context) -> WorkTypeOut:
    require(actor, Right.SETTINGS)
    made = cast("WorkTypeChanges", new.model_dump(exclude_unset=True))
    async with context.database.write() as tx:
        added = await work_types.add_work_type(tx, made, by=actor.user_id, now=context.now())
        return WorkTypeOut.model_validate(await work_types.work_type(tx, added))


@router.patch("/work-types/{work_type_id}", response_model=WorkTypeOut)
async def change_work_type(work_type_id: PathId, change: WorkTypeChange, actor: CurrentActor, context: Context) -> WorkTypeOut:
    require(actor, Right.SETTINGS)
    changes = cast("WorkTypeChanges", change.model_dump(exclude_unset=True))
    async with context.database.write() as tx:
        await work_types.edit_work_type(tx, work_type_id, changes, by=actor.user_id, now=context.now())
        return WorkTypeOut.model_validate(await work_types.work_type(tx, work_type_id))


@router.get("/product-groups", response_model=Page[GroupOut])
async def list_of_groups(_actor: CurrentActor, connection: ReadDb, archived: Annotated[bool, Query()] = False) -> Page[GroupOut]:
    found = await price_list.list_groups(connection, archived=archived)
    return Page(items=[GroupOut.model_validate(one) for one in found], next_cursor=None)


@router.post("/product-groups", response_model=GroupOut, status_code=201)
async def add_group(new: GroupIn, actor: CurrentActor, context: Context) -> GroupOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        added = await price_list.add_group(tx, new.name, by=actor.user_id, now=context.now())
        return GroupOut.model_validate(next(one for one in await price_list.list_groups(tx) if one.id == added))


@router.patch("/product-groups/{group_id}", response_model=GroupOut)
async def change_group(group_id: PathId, change: GroupChange, actor: CurrentActor, context: Context) -> GroupOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await price_list.edit_group(tx, group_id, name=change.name, archived=change.archived, by=actor.user_id, now=context.now())
        return GroupOut.model_validate(next(one for one in await price_list.list_groups(tx, archived=True) if one.id == group_id))


@router.get("/products", response_model=Page[ProductOut])
async def list_of_products(
    actor: CurrentActor,
    connection: ReadDb,
    search: Search = None,
    group_id: RowId | None = None,
    archived: bool = False,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(price_list.PRODUCT_SORTS)})] = "name",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ProductOut]:
    page = await price_list.list_products(
        connection, search=search, group_id=group_id, archived=archived, sort=sort, cursor=cursor, limit=limit
    )
    return Page(items=[ProductOut.of(one, actor) for one in page.items], next_cursor=page.next_cursor)


@router.get("/products/{product_id}", response_model=ProductOut)
async def one_product(product_id: PathId, actor: CurrentActor, connection: ReadDb) -> ProductOut:
    return ProductOut.of(await price_list.product(connection, product_id), actor)


@router.post("/products", response_model=ProductOut, status_code=201)
async def add_product(new: ProductIn, actor: CurrentActor, context: Context) -> ProductOut:
    require(actor, Right.SETTINGS)
    made = cast("ProductChanges", new.model_dump(exclude_unset=True, exclude={"archived"}))
    async with context.database.write() as tx:
        added = await price_list.add_product(tx, made, by=actor.user_id, now=context.now())
        return ProductOut.of(await price_list.product(tx, added), actor)


@router.patch("/products/{product_id}", response_model=ProductOut)
async def change_product(product_id: PathId, change: ProductChange, actor: CurrentActor, context: Context) -> ProductOut:
    """Deals keep the name and the price of the day a product was added to them."""
    require(actor, Right.SETTINGS)
    changes = cast("ProductChanges", change.model_dump(exclude_unset=True))
    async with context.database.write() as tx:
        await price_list.edit_product(tx, product_id, changes, by=actor.user_id, now=context.now())
        return ProductOut.of(await price_list.product(tx, product_id), actor)
