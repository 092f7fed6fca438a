"""What a deal is made of: lines of products, quantity times price; their sum, and what remains of it for us."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypedDict

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.deed import locked, told
from crm_core.deals.edits import edit_deal
from crm_core.errors import Invalid, NotFound
from crm_core.events import EventKind
from crm_core.products.price_list import product
from crm_core.products.tables import deal_products
from crm_core.text import clean, one_line
from crm_core.users.audit import record

DEAREST = 10**15  # kopecks
MOST_LINES = 200
MOST = 10**6


@dataclass(frozen=True, slots=True)
class DealProduct:
    """Prices in the smallest unit, for one `unit`, as they were on its day. `product_id` None: none of the price list."""

    id: int
    product_id: int | None
    name: str
    unit: str | None
    quantity: float
    price: int
    cost: int | None

    @property
    def total(self) -> int:
        return _times(self.quantity, self.price)

    @property
    def margin(self) -> int | None:
        """What remains of it; None where nobody knows what it costs us."""
        return None if self.cost is None else self.total - _times(self.quantity, self.cost)


@dataclass(frozen=True, slots=True)
class DealProducts:
    lines: tuple[DealProduct, ...]

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def margin(self) -> int | None:
        """None if it is not known of one of the lines."""
        known = [line.margin for line in self.lines if line.margin is not None]
        return sum(known) if self.lines and len(known) == len(self.lines) else None


@dataclass(frozen=True, slots=True)
class NewLine:
    """Of a product of the price list, or of something `name` says. Without a price it has the list's."""

    product_id: int | None = None
    name: str | None = None
    quantity: float = 1.0
    price: int | None = None
    unit: str | None = None


class LineChanges(TypedDict, total=False):
    name: str
    quantity: float
    price: int


OF_DEAL = (
    select(deal_products)
    .where(deal_products.c.deal_id == bindparam("deal"))
    .order_by(deal_products.c.position, deal_products.c.id)
)


async def products_of(connection: AsyncConnection, deal_id: int) -> DealProducts:
    """The deal itself must have been found visible before."""
    return DealProducts(tuple(_line(row) for row in await connection.execute(OF_DEAL, {"deal": deal_id})))


async def add_line(tx: AsyncConnection, deal_id: int, new: NewLine, *, by: int | None, now: datetime) -> int:
    """Raises NotFound for a deal or product there is not, Invalid for a line without a name or price."""
    deal = await locked(tx, deal_id)
    listed = None if new.product_id is None else await product(tx, new.product_id)
    price = new.price if new.price is not None or listed is None else listed.price
    values = {
        **_fit({"name": new.name or (listed.name if listed else ""), "quantity": new.quantity, "price": price}),
        "unit": (listed.unit if listed else clean(new.unit or "", 20).strip()) or None, "cost": listed.cost if listed else None,
    }  # fmt: skip
    places = select(func.count().label("count"), func.max(deal_products.c.position).label("last"))
    there = (await tx.execute(places.where(deal_products.c.deal_id == deal_id))).one()
    if there.count >= MOST_LINES:
        raise Invalid(f"A deal has at most {MOST_LINES} lines", field="product_id")
    row = {**values, "deal_id": deal_id, "product_id": new.product_id, "position": 0 if there.last is None else there.last + 1}
    line_id: int = (await tx.execute(insert(deal_products).values(row).returning(deal_products.c.id))).scalar_one()
    await _note(tx, deal, "deal_product_added", {"line": line_id, **values}, by=by, now=now)
    return line_id


async def edit_line(
    tx: AsyncConnection, deal_id: int, line_id: int, changes: LineChanges, *, by: int | None, now: datetime
) -> None:
    """Raises NotFound or Invalid."""
    deal = await locked(tx, deal_id)
    row = await _row(tx, deal_id, line_id)
    changed = {name: value for name, value in _fit(dict(changes)).items() if getattr(row, name) != value}
    if changed:
        await tx.execute(update(deal_products).where(deal_products.c.id == line_id).values(changed))
        facts = {name: [getattr(row, name), value] for name, value in changed.items()}
        await _note(tx, deal, "deal_product_edited", {"line": line_id, **facts}, by=by, now=now)


async def remove_line(tx: AsyncConnection, deal_id: int, line_id: int, *, by: int | None, now: datetime) -> None:
    """Raises NotFound. What it was stands in the audit trail."""
    deal = await locked(tx, deal_id)
    row = await _row(tx, deal_id, line_id)
    await tx.execute(delete(deal_products).where(deal_products.c.id == line_id))
    facts = {"line": line_id, "name": row.name, "quantity": row.quantity, "price": row.price}
    await _note(tx, deal, "deal_product_removed", facts, by=by, now=now)


async def take_sum(tx: AsyncConnection, deal_id: int, *, by: int | None, now: datetime) -> None:
    """The deal's amount becomes the sum of its lines; raises Invalid if there are none."""
    found = await products_of(tx, deal_id)
    if not found.lines:
        raise Invalid("This deal has no products yet", field="amount")
    await edit_deal(tx, deal_id, {"amount": found.total}, by=by, now=now)


def _times(quantity: float, price: int) -> int:
    """In decimals: half a kopeck goes up, as on paper."""
    return int((Decimal(str(quantity)) * price).to_integral_value(ROUND_HALF_UP))


def _fit(given: dict[str, Any]) -> dict[str, Any]:
    values = dict(given)
    if "name" in values:
        values["name"] = one_line(values["name"], 300)
        if not values["name"]:
            raise Invalid("A line says what is sold", field="name")
    quantity, price = values.get("quantity", 1), values.get("price", 0)
    if isinstance(quantity, bool) or not 0 < quantity <= MOST:
        raise Invalid("A quantity is more than nothing", field="quantity")
    if price is None or not 0 <= price <= DEAREST or quantity * price > DEAREST:
        raise Invalid("A line has a price", field="price")
    return values


async def _row(tx: AsyncConnection, deal_id: int, line_id: int) -> Row[Any]:
    query = select(deal_products).where(deal_products.c.id == line_id, deal_products.c.deal_id == deal_id)
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        raise NotFound(noun="deal_products", id=line_id)
    return row


async def _note(tx: AsyncConnection, deal: Any, deed: str, facts: dict[str, Any], *, by: int | None, now: datetime) -> None:
    await record(tx, by, deed, "deal", deal.id, now=now, facts=facts)
    await event_log.append(tx, [told(EventKind.DEAL_CHANGED, deal, now, by, {"changed": ["products"]})])


def _line(row: Row[Any]) -> DealProduct:
    return DealProduct(row.id, row.product_id, row.name, row.unit, row.quantity, row.price, row.cost)
