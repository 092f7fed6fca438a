"""The price list: products in groups, each with its price, and what it costs us."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.paging import Page
from crm_core.products.tables import product_groups, products
from crm_core.searching import words_of
from crm_core.text import one_line
from crm_core.users.audit import record

DEAREST = 10**15  # kopecks
PRODUCT_SORTS = paging.sorts(products.c.id, {"name": products.c.name, "price": func.coalesce(products.c.price, 0)})


@dataclass(frozen=True, slots=True)
class ProductGroup:
    id: int
    name: str
    position: int
    archived: bool


@dataclass(frozen=True, slots=True)
class Product:
    """`price` and `cost` in the smallest unit, for one `unit`; `sku`: its code in the price list."""

    id: int
    name: str
    group: ProductGroup | None
    sku: str | None
    unit: str | None
    price: int | None
    cost: int | None
    archived: bool


class ProductChanges(TypedDict, total=False):
    name: str
    group_id: int | None
    sku: str | None
    unit: str | None
    price: int | None
    cost: int | None
    archived: bool


async def list_groups(connection: AsyncConnection, *, archived: bool = False) -> tuple[ProductGroup, ...]:
    query = select(product_groups).order_by(product_groups.c.position, product_groups.c.id)
    query = query if archived else query.where(product_groups.c.archived_at.is_(None))
    return tuple(_group(row) for row in await connection.execute(query))


async def list_products(
    connection: AsyncConnection, *, search: str | None = None, group_id: int | None = None, archived: bool | None = False,
    sort: str = "name", cursor: str | None = None, limit: int = 50,
) -> Page[Product]:  # fmt: skip
    """A page of the price list; `archived` None: put away or not. Raises Invalid."""
    order = paging.sort_named(PRODUCT_SORTS, sort)
    query = _query()
    if archived is not None:
        query = query.where(products.c.archived_at.is_not(None) if archived else products.c.archived_at.is_(None))
    if group_id is not None:
        query = query.where(products.c.group_id == group_id)
    if words := words_of(search):
        query = query.where(
            func.lower(products.c.name).contains(words, autoescape=True)
            | func.lower(func.coalesce(products.c.sku, "")).contains(words, autoescape=True)
        )
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [_product(row) for row in rows[:limit]], order, limit)


async def product(connection: AsyncConnection, product_id: int) -> Product:
    """Raises NotFound."""
    row = (await connection.execute(_query().where(products.c.id == product_id))).one_or_none()
    if row is None:
        raise NotFound(noun="products", id=product_id)
    return _product(row)


async def add_group(tx: AsyncConnection, name: str, *, by: int | None, now: datetime) -> int:
    """Raises Invalid, or Conflict for a name that is there."""
    wanted = await _new_group_name(tx, name, None)
    last = await tx.scalar(select(func.max(product_groups.c.position)))
    row = {"name": wanted, "position": 0 if last is None else last + 1}
    group_id: int = (await tx.execute(insert(product_groups).values(row).returning(product_groups.c.id))).scalar_one()
    await record(tx, by, "product_group_added", "product_group", group_id, now=now, facts={"name": wanted})
    return group_id


async def edit_group(
    tx: AsyncConnection, group_id: int, *, name: str | None = None, archived: bool | None = None, by: int | None, now: datetime
) -> None:
    """Raises NotFound, Invalid or Conflict. Products of a group that is put away stay."""
    known = {group.id: group for group in await list_groups(tx, archived=True)}
    if group_id not in known:
        raise NotFound(noun="product_groups", id=group_id)
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = await _new_group_name(tx, name, group_id)
    if archived is not None and archived != known[group_id].archived:
        values["archived_at"] = now if archived else None
    if values:
        await tx.execute(update(product_groups).where(product_groups.c.id == group_id).values(values))
        await record(
            tx, by, "product_group_edited", "product_group", group_id, now=now, facts={"name": name, "archived": archived}
        )


async def add_product(tx: AsyncConnection, new: ProductChanges, *, by: int | None, now: datetime) -> int:
    """Raises Invalid, or NotFound for a group there is not."""
    values = await _fit(tx, {"name": "", **new})
    product_id: int = (await tx.execute(insert(products).values(values).returning(products.c.id))).scalar_one()
    await record(tx, by, "product_added", "product", product_id, now=now, facts={"name": values["name"]})
    return product_id


async def edit_product(tx: AsyncConnection, product_id: int, changes: ProductChanges, *, by: int | None, now: datetime) -> None:
    """Raises NotFound or Invalid. Deals keep the words and prices of their day."""
    before = await product(tx, product_id)
    values = await _fit(tx, dict(changes))
    if "archived" in changes and changes["archived"] != before.archived:
        values["archived_at"] = now if changes["archived"] else None
    if values:
        await tx.execute(update(products).where(products.c.id == product_id).values(values))
        await record(tx, by, "product_edited", "product", product_id, now=now, facts={"changed": sorted(values)})


async def _fit(tx: AsyncConnection, given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, longest in {"name": 300, "sku": 80, "unit": 20}.items():
        if name in given:
            values[name] = one_line(given[name], longest) or None
    if "name" in given and not values["name"]:
        raise Invalid("A product has a name", field="name")
    for name in ("price", "cost"):
        if name in given:
            values[name] = given[name]
            if given[name] is not None and not 0 <= given[name] <= DEAREST:
                raise Invalid("An amount is not negative and not beyond all measure", field=name)
    if "group_id" in given:
        values["group_id"] = given["group_id"]
        if given["group_id"] is not None and given["group_id"] not in {group.id for group in await list_groups(tx)}:
            raise NotFound(noun="product_groups", id=given["group_id"])
    return values


async def _new_group_name(tx: AsyncConnection, name: str, group_id: int | None) -> str:
    wanted = one_line(name, 200)
    if not wanted:
        raise Invalid("A group has a name", field="name")
    if any(known.id != group_id and known.name.casefold() == wanted.casefold() for known in await list_groups(tx)):
        raise Conflict("There is a group of this name already", field="name")
    return wanted


def _query() -> Any:
    group = product_groups
    return select(
        products, group.c.name.label("group_name"), group.c.position.label("group_position"),
        group.c.archived_at.label("group_archived_at"),
    ).outerjoin(group, group.c.id == products.c.group_id)  # fmt: skip


def _group(row: Row[Any]) -> ProductGroup:
    return ProductGroup(row.id, row.name, row.position, row.archived_at is not None)


def _product(row: Row[Any]) -> Product:
    group = None
    if row.group_id is not None:
        group = ProductGroup(row.group_id, row.group_name, row.group_position, row.group_archived_at is not None)
    return Product(row.id, row.name, group, row.sku, row.unit, row.price, row.cost, row.archived_at is not None)
