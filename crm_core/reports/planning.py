"""Plans are set: for a person, a team or the house, one indicator and period. What is set for a month counts in its quarter."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.access import Actor, Noun, Right, require
from crm_core.errors import Forbidden, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.paging import LARGEST_ID
from crm_core.reports.indicator import indicator
from crm_core.reports.periods import Period
from crm_core.reports.tables import plans
from crm_core.teams.tables import teams
from crm_core.text import whole_number
from crm_core.upserts import insert_into
from crm_core.users.audit import record
from crm_core.users.tables import users

HOUSE = "house"
MOST = 10**15


async def set_plans(
    tx: AsyncConnection, actor: Actor, name: str, period: Period, wanted: Mapping[str, int | None], *, now: datetime
) -> None:
    """`wanted`: by whose (`user:<id>`, `team:<id>`, `house`); None takes a plan away. Raises Forbidden, Invalid, NotFound."""
    require(actor, Right.PLAN)
    indicator(name)
    kept = {row.whose: row.value for row in await tx.execute(select(plans.c.whose, plans.c.value).where(*_of(name, period)))}
    changed = {whose: value for whose, value in wanted.items() if kept.get(whose) != value}
    for whose, value in changed.items():
        await _set(tx, actor, (name, period), whose, value, now)
    if changed:
        facts: dict[str, Any] = {"indicator": name, "period": period.kind.value, "begins": period.begins.isoformat()}
        told = {**facts, "plans": {whose: [kept.get(whose), value] for whose, value in changed.items()}}
        await record(tx, actor.user_id, "plans_set", "plans", None, now=now, facts=told)
        await event_log.append(tx, [Event(EventKind.PLAN_CHANGED, now, None, user_id=actor.user_id, facts=facts)])


def _of(name: str, period: Period) -> tuple[Any, ...]:
    return plans.c.indicator == name, plans.c.period == period.kind, plans.c.begins == period.begins


async def _set(
    tx: AsyncConnection, actor: Actor, of: tuple[str, Period], whose: str, value: int | None, now: datetime
) -> None:  # fmt: skip
    user_id, team_id = await _named(tx, actor, whose)
    if value is None:
        await tx.execute(delete(plans).where(*_of(*of), plans.c.whose == whose))
        return
    if not 0 <= value <= MOST:
        raise Invalid("A plan is not negative and not beyond all measure")
    name, period = of
    row = {"indicator": name, "period": period.kind, "begins": period.begins, "whose": whose, "user_id": user_id,
           "team_id": team_id, "value": value, "set_at": now, "set_by": actor.user_id}  # fmt: skip
    new = {"value": value, "set_at": now, "set_by": actor.user_id}
    unique = (plans.c.indicator, plans.c.period, plans.c.begins, plans.c.whose)
    await tx.execute(insert_into(tx, plans).values(row).on_conflict_do_update(index_elements=list(unique), set_=new))


async def _named(tx: AsyncConnection, actor: Actor, whose: str) -> tuple[int | None, int | None]:
    """User and team of `whose`; only of those whose figures the actor sees, the house's only for who sees everybody's."""
    people = actor.people(Noun.FIGURES)
    if whose == HOUSE:
        if people is not None:
            raise Forbidden
        return None, None
    kind, _, number = whose.partition(":")
    row_id = whole_number(number)
    if kind not in ("user", "team") or row_id is None or row_id > LARGEST_ID:
        raise Invalid("A plan is of user:<id>, team:<id> or house", field="whose")
    table = users if kind == "user" else teams
    seen = people is None or (kind == "user" and row_id in people)
    if not seen or await tx.scalar(select(table.c.id).where(table.c.id == row_id)) is None:
        raise NotFound(noun=table.name, id=row_id)
    return (row_id, None) if kind == "user" else (None, row_id)
