"""Why deals are lost: a list the company keeps. A reasoned refusal is one that can be explained and learnt from (F3, G38)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.tables import loss_reasons
from crm_core.errors import Invalid
from crm_core.events import Event, EventKind
from crm_core.rows import locked_row
from crm_core.text import one_line
from crm_core.users.audit import record

LONGEST = 120
MOST_REASONS = 100

# Name, and whether it is a reasoned refusal.
STARTER: dict[str, tuple[tuple[str, bool], ...]] = {
    "ru": (
        ("Дорого, нет бюджета", True), ("Выбрали другого исполнителя", True), ("Не подошли сроки", True),
        ("Не наш вид работ", True), ("Потребность отпала", True), ("Перестали отвечать", False), ("Без объяснений", False),
    ),
    "en": (
        ("Too dear, no budget", True), ("Somebody else was chosen", True), ("The time does not fit", True),
        ("Not the kind of work we do", True), ("No longer needed", True), ("Stopped answering", False),
        ("No reason given", False),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LossReason:
    """`reasoned` False: a refusal that nobody can explain. An archived one stands on old deals only."""

    id: int
    name: str
    reasoned: bool
    archived: bool = False


async def list_loss_reasons(connection: AsyncConnection, *, archived: bool = False) -> tuple[LossReason, ...]:
    """In their order; `archived`: also those no longer offered, after the others."""
    query = select(loss_reasons).order_by(loss_reasons.c.archived_at.is_not(None), loss_reasons.c.position, loss_reasons.c.id)
    if not archived:
        query = query.where(loss_reasons.c.archived_at.is_(None))
    return tuple(_reason(row) for row in await connection.execute(query))


async def loss_reason(connection: AsyncConnection, reason_id: int) -> LossReason:
    """Also an archived one. Raises NotFound."""
    return _reason(await locked_row(connection, loss_reasons, reason_id))


async def seed_loss_reasons(tx: AsyncConnection, language: str = "ru") -> None:
    """The starter list, where there is none yet."""
    if await tx.scalar(select(loss_reasons.c.id).limit(1)) is not None:
        return
    starter = STARTER["ru" if language == "ru" else "en"]
    rows = [{"name": name, "reasoned": reasoned, "position": place} for place, (name, reasoned) in enumerate(starter)]
    await tx.execute(insert(loss_reasons), rows)


async def add_loss_reason(tx: AsyncConnection, name: str, reasoned: bool, *, by: int | None, now: datetime) -> int:
    """At the end of the list; tells its id. Raises Invalid for an empty name, or one that is on the list."""
    name = await _fit(tx, name, None)
    last = (await tx.execute(select(func.count(), func.max(loss_reasons.c.position)))).one()
    if last[0] >= MOST_REASONS:
        raise Invalid(f"More than {MOST_REASONS} reasons are no list that anybody reads")
    place = (-1 if last[1] is None else last[1]) + 1
    row = {"name": name, "reasoned": reasoned, "position": place}
    added: int = (await tx.execute(insert(loss_reasons).values(row).returning(loss_reasons.c.id))).scalar_one()
    await _told(tx, "loss_reason_added", added, by, now, row)
    return added


async def change_loss_reason(
    tx: AsyncConnection, reason_id: int, *, name: str | None = None, reasoned: bool | None = None, by: int | None, now: datetime
) -> None:
    """What is given; old deals are counted anew by it. Raises NotFound, Invalid."""
    before = await locked_row(tx, loss_reasons, reason_id)
    wanted = {"name": await _fit(tx, name, reason_id) if name is not None else before.name,
              "reasoned": before.reasoned if reasoned is None else reasoned}  # fmt: skip
    changed = {field: value for field, value in wanted.items() if getattr(before, field) != value}
    if changed:
        await tx.execute(update(loss_reasons).where(loss_reasons.c.id == reason_id).values(changed))
        facts = {field: [getattr(before, field), value] for field, value in changed.items()}
        await _told(tx, "loss_reason_changed", reason_id, by, now, facts)


async def archive_loss_reason(tx: AsyncConnection, reason_id: int, *, by: int | None, now: datetime) -> None:
    """No longer offered. Raises NotFound, or Invalid for the last one: a deal is lost with a reason."""
    if (await locked_row(tx, loss_reasons, reason_id)).archived_at is not None:
        return
    if len(await list_loss_reasons(tx)) == 1:
        raise Invalid("The last reason stays: a deal is lost with a reason")
    await tx.execute(update(loss_reasons).where(loss_reasons.c.id == reason_id).values(archived_at=now))
    await _told(tx, "loss_reason_archived", reason_id, by, now)


async def restore_loss_reason(tx: AsyncConnection, reason_id: int, *, by: int | None, now: datetime) -> None:
    """Offered again. Raises NotFound, or Invalid if another one took its name."""
    before = await locked_row(tx, loss_reasons, reason_id)
    if before.archived_at is not None:
        await _fit(tx, before.name, reason_id)
        await tx.execute(update(loss_reasons).where(loss_reasons.c.id == reason_id).values(archived_at=None))
        await _told(tx, "loss_reason_restored", reason_id, by, now)


async def offered(tx: AsyncConnection, reason_id: int) -> LossReason:
    """A reason a deal may be lost with now. Raises Invalid for one that is not on the list."""
    for reason in await list_loss_reasons(tx):
        if reason.id == reason_id:
            return reason
    raise Invalid("This reason is not on the list", reason_id=reason_id)


def _reason(row: Row[Any]) -> LossReason:
    return LossReason(row.id, row.name, row.reasoned, row.archived_at is not None)


async def _fit(tx: AsyncConnection, name: str, reason_id: int | None) -> str:
    fit = one_line(name, 10 * LONGEST)
    if not fit or len(fit) > LONGEST:
        raise Invalid(f"A reason is a few words, at most {LONGEST} characters")
    same = [one for one in await list_loss_reasons(tx) if one.name.casefold() == fit.casefold() and one.id != reason_id]
    if same:
        raise Invalid("This reason is on the list already")
    return fit


async def _told(
    tx: AsyncConnection, deed: str, reason_id: int, by: int | None, now: datetime, facts: dict[str, Any] | None = None
) -> None:
    await record(tx, by, deed, "loss_reason", reason_id, now=now, facts=facts)
    told = Event(EventKind.PIPELINE_CHANGED, now, None, user_id=by, facts={"loss_reason_id": reason_id})
    await event_log.append(tx, [told])
