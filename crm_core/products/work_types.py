"""Work types: what kinds of work are sold, and what one of each usually costs (F14)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.tables import StageKind, deals
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.products.tables import work_types
from crm_core.rows import locked_row
from crm_core.text import one_line
from crm_core.users.audit import record

DEAREST = 10**15  # kopecks


@dataclass(frozen=True, slots=True)
class WorkType:
    """Amounts in the smallest unit: the usual range, and the usual amount while no deal of it was won.

    `won`: how many deals of it were won at an amount somebody typed; `mean`: theirs.
    """

    id: int
    name: str
    least_amount: int | None
    most_amount: int | None
    usual_amount: int | None
    position: int
    archived: bool
    won: int = 0
    mean: int | None = None

    @property
    def expected(self) -> int | None:
        """What a deal of it is taken to bring: the mean of the won ones, else the usual amount, else the middle of the range."""
        if self.mean is not None:
            return self.mean
        if self.usual_amount is not None:
            return self.usual_amount
        bounds = [amount for amount in (self.least_amount, self.most_amount) if amount is not None]
        return sum(bounds) // len(bounds) if bounds else None


class WorkTypeChanges(TypedDict, total=False):
    name: str
    least_amount: int | None
    most_amount: int | None
    usual_amount: int | None
    archived: bool


async def list_work_types(connection: AsyncConnection, *, archived: bool = False) -> tuple[WorkType, ...]:
    """In their order, with what their won deals brought."""
    query = _query() if archived else _query().where(work_types.c.archived_at.is_(None))
    return tuple(_work_type(row) for row in await connection.execute(query.order_by(work_types.c.position, work_types.c.id)))


async def work_type(connection: AsyncConnection, work_type_id: int) -> WorkType:
    """Raises NotFound."""
    row = (await connection.execute(_query().where(work_types.c.id == work_type_id))).one_or_none()
    if row is None:
        raise NotFound(noun="work_types", id=work_type_id)
    return _work_type(row)


async def add_work_type(tx: AsyncConnection, new: WorkTypeChanges, *, by: int | None, now: datetime) -> int:
    """Raises Invalid, or Conflict for a name that is there."""
    values = _fit({"name": "", **new}, {})
    await _require_new(tx, values["name"], None)
    last = await tx.scalar(select(func.max(work_types.c.position)))
    row = {**values, "position": 0 if last is None else last + 1}
    added: int = (await tx.execute(insert(work_types).values(row).returning(work_types.c.id))).scalar_one()
    await record(tx, by, "work_type_added", "work_type", added, now=now, facts={"name": values["name"]})
    return added


async def edit_work_type(
    tx: AsyncConnection, work_type_id: int, changes: WorkTypeChanges, *, by: int | None, now: datetime
) -> None:
    """Raises NotFound, Invalid or Conflict."""
    row = await locked_row(tx, work_types, work_type_id)
    values = _fit(changes, row._mapping)
    if "archived" in changes and changes["archived"] != (row.archived_at is not None):
        values["archived_at"] = now if changes["archived"] else None
    if "name" in values or values.get("archived_at", now) is None:
        await _require_new(tx, values.get("name", row.name), work_type_id)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        await tx.execute(update(work_types).where(work_types.c.id == work_type_id).values(changed))
        facts = {name: [_told(getattr(row, name)), _told(value)] for name, value in changed.items()}
        await record(tx, by, "work_type_edited", "work_type", work_type_id, now=now, facts=facts)


def _query() -> Any:
    """An estimate that nobody confirmed is no experience: it does not count in the mean."""
    won = select(deals.c.work_type_id, func.count().label("won"), func.avg(deals.c.amount).label("mean")).where(
        deals.c.closed_as == StageKind.WON, deals.c.amount.is_not(None), deals.c.amount_is_usual.is_(False)
    )
    of_each = won.group_by(deals.c.work_type_id).subquery()
    return select(work_types, of_each.c.won, of_each.c.mean).outerjoin(of_each, of_each.c.work_type_id == work_types.c.id)


def _fit(given: Any, before: Any) -> dict[str, Any]:
    values = {name: given[name] for name in ("least_amount", "most_amount", "usual_amount") if name in given}
    for name, amount in values.items():
        if amount is not None and not 0 <= amount <= DEAREST:
            raise Invalid("An amount is not negative and not beyond all measure", field=name)
    least, most = ({**before, **values}.get(name) for name in ("least_amount", "most_amount"))
    if least is not None and most is not None and least > most:
        raise Invalid("A range goes from the smaller amount to the larger", field="most_amount")
    if "name" in given:
        values["name"] = one_line(given["name"], 200)
        if not values["name"]:
            raise Invalid("A work type has a name", field="name")
    return values


async def _require_new(tx: AsyncConnection, name: str, work_type_id: int | None) -> None:
    for known in await list_work_types(tx):
        if known.id != work_type_id and known.name.casefold() == name.casefold():
            raise Conflict("There is a work type of this name already", field="name")


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _work_type(row: Row[Any]) -> WorkType:
    return WorkType(
        row.id, row.name, row.least_amount, row.most_amount, row.usual_amount, row.position, row.archived_at is not None,
        row.won or 0, None if row.mean is None else round(row.mean),
    )  # fmt: skip
