"""What can be chosen where an option names a row or a word of ours: stages, people, tags, fields …"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.web.field_words import field_choices
from api.web.names import Choices
from api.web.render import Look
from api.web.visit import Visit
from crm_core.deals.tables import loss_reasons, pipelines, stages
from crm_core.options import Option, OptionKind
from crm_core.products.tables import work_types
from crm_core.tasks.tables import TaskKind
from crm_core.teams.tables import teams
from crm_core.users.queries import on_duty


async def option_choices(visit: Visit, options: Iterable[Option]) -> Mapping[str, Choices]:
    """By kind, for the kinds that occur in `options`; what `_options.html` calls `pick`."""
    kinds = {option.kind for option in options} & READS.keys()
    return {kind.value: await READS[kind](visit.connection, visit.look) for kind in sorted(kinds)}


async def _stages(connection: AsyncConnection, _look: Look) -> Choices:
    """With the pipeline's name where there are several."""
    query = (
        select(stages.c.id, stages.c.name, stages.c.pipeline_id, pipelines.c.name.label("pipeline"))
        .join(pipelines)
        .where(stages.c.archived_at.is_(None), pipelines.c.archived_at.is_(None))
        .order_by(pipelines.c.position, pipelines.c.id, stages.c.position)
    )
    rows = (await connection.execute(query)).all()
    several = len({row.pipeline_id for row in rows}) > 1
    return [(row.id, f"{row.pipeline}: {row.name}" if several else row.name) for row in rows]


async def _pipelines(connection: AsyncConnection, _look: Look) -> Choices:
    return await _standing(connection, pipelines)


async def _work_types(connection: AsyncConnection, _look: Look) -> Choices:
    return await _standing(connection, work_types)


async def _loss_reasons(connection: AsyncConnection, _look: Look) -> Choices:
    return await _standing(connection, loss_reasons)


async def _standing(connection: AsyncConnection, table: Table) -> Choices:
    query = select(table.c.id, table.c.name).where(table.c.archived_at.is_(None)).order_by(table.c.position, table.c.id)
    return [(row.id, row.name) for row in await connection.execute(query)]


async def _teams(connection: AsyncConnection, _look: Look) -> Choices:
    query = select(teams.c.id, teams.c.name).where(teams.c.archived_at.is_(None)).order_by(teams.c.name)
    return [(row.id, row.name) for row in await connection.execute(query)]


async def _users(connection: AsyncConnection, _look: Look) -> Choices:
    return await on_duty(connection)


async def _tags(_connection: AsyncConnection, look: Look) -> Choices:
    return look.names.tag_choices()


async def _task_kinds(_connection: AsyncConnection, look: Look) -> Choices:
    """A call-back is a number's, and intake's to set."""
    return [(kind.value, look.names.task_kind_name(kind)) for kind in TaskKind if kind is not TaskKind.CALL_BACK]


async def _fields(connection: AsyncConnection, look: Look) -> Choices:
    return await field_choices(connection, look.wording.texts)


READS: dict[OptionKind, Callable[[AsyncConnection, Look], Awaitable[Any]]] = {
    OptionKind.STAGE: _stages,
    OptionKind.PIPELINE: _pipelines,
    OptionKind.USER: _users,
    OptionKind.TEAM: _teams,
    OptionKind.TAG: _tags,
    OptionKind.WORK_TYPE: _work_types,
    OptionKind.LOSS_REASON: _loss_reasons,
    OptionKind.TASK_KIND: _task_kinds,
    OptionKind.FIELD: _fields,
    OptionKind.FIELDS: _fields,
}
