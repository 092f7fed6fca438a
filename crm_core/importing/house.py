"""What cells of a table may name: people, stages, work types, added fields."""

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, may_give_to
from crm_core.deals.beginnings import beginnings
from crm_core.deals.tables import pipelines, stages
from crm_core.fields.definitions import Field, definitions
from crm_core.fields.history import Noun
from crm_core.importing.fitting import House, folded_name
from crm_core.products.tables import work_types
from crm_core.users.tables import users

K = TypeVar("K")


async def read_house(connection: AsyncConnection, actor: Actor, region: str) -> House:
    people = (await connection.execute(select(users.c.id, users.c.name, users.c.email).where(users.c.active))).all()
    by_mail: dict[str, int | None] = {folded_name(row.email): row.id for row in people}
    return House(
        region,
        _sure((folded_name(row.name), row.id) for row in people) | by_mail,
        await _stages(connection),
        await _works(connection),
        may_give_to(actor),
    )


async def fields_for(connection: AsyncConnection, actor: Actor, noun: Noun) -> tuple[Field, ...]:
    """The added fields that a column may become: personal ones for whoever may see them."""
    known = await definitions(connection, noun)
    return known if actor.may(Right.SEE_PERSONAL) else tuple(field for field in known if not field.personal)


async def _stages(connection: AsyncConnection) -> dict[tuple[str | None, str], int | None]:
    found = await connection.execute(beginnings(stages.c.id, stages.c.name, pipelines.c.name.label("pipeline")))
    rows: list[Any] = list(found)
    alone = _sure(((None, folded_name(row.name)), row.id) for row in rows)
    return alone | _sure(((folded_name(row.pipeline), folded_name(row.name)), row.id) for row in rows)


async def _works(connection: AsyncConnection) -> dict[str, int]:
    query = select(work_types.c.id, work_types.c.name).where(work_types.c.archived_at.is_(None))
    return {folded_name(row.name): row.id for row in await connection.execute(query)}


def _sure(named: Iterable[tuple[K, int]]) -> dict[K, int | None]:
    """A name that two have says nothing: None."""
    known: dict[K, int | None] = {}
    for name, row_id in named:
        known[name] = None if name in known else row_id
    return known
