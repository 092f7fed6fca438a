"""Pipelines and stages whole, as whoever sets them sees them; and what a manager is told of the stage a deal stands on (T3)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, visible
from crm_core.deals.tables import deals, pipelines, stages
from crm_core.errors import NotFound

EDITED = ("name", "short_name", "goal", "criteria", "tools", "algorithm", "kind", "gates", "entry_tasks", "limit_hours", "chance")
"""What can be set about a stage."""


@dataclass(frozen=True, slots=True)
class StageWhole:
    """`version` changes with anything that is set. `deals` counts the open ones that stand here, `all_deals` the closed too."""

    id: int
    pipeline_id: int
    position: int
    name: str
    short_name: str | None
    goal: str | None
    criteria: str | None
    tools: str | None
    algorithm: str | None
    kind: str
    gates: tuple[Mapping[str, Any], ...]
    entry_tasks: tuple[Mapping[str, Any], ...]
    limit_hours: float | None
    chance: int | None
    archived: bool
    version: str
    deals: int
    all_deals: int


@dataclass(frozen=True, slots=True)
class PipelineWhole:
    """`stages` in their order, those that were taken away left out. `hands_over_to`: where a deal that is won begins anew."""

    id: int
    name: str
    position: int
    hands_over_to: int | None
    archived: bool
    stages: tuple[StageWhole, ...]

    @property
    def deals(self) -> int:
        return sum(stage.deals for stage in self.stages)


@dataclass(frozen=True, slots=True)
class DealBeside:
    """The deal that this one goes on from, or that goes on from this one."""

    id: int
    title: str | None
    may_open: bool


@dataclass(frozen=True, slots=True)
class StageHelp:
    """What the manager is told of the stage: its aim, how one knows that it is reached, with what, and step by step (T3)."""

    stage_id: int
    goal: str | None
    criteria: str | None
    tools: str | None
    algorithm: str | None
    before: DealBeside | None = None
    after: DealBeside | None = None

    @property
    def says(self) -> bool:
        return any((self.criteria, self.tools, self.algorithm))


async def whole_pipelines(connection: AsyncConnection, *, archived: bool = False) -> tuple[PipelineWhole, ...]:
    """In their order; `archived`: also those put away, after the others."""
    query = select(pipelines).order_by(pipelines.c.archived_at.is_not(None), pipelines.c.position, pipelines.c.id)
    rows = (await connection.execute(query if archived else query.where(pipelines.c.archived_at.is_(None)))).all()
    of_all = await _stages(connection)
    return tuple(_pipeline(row, [stage for stage in of_all if stage.pipeline_id == row.id]) for row in rows)


async def whole_pipeline(connection: AsyncConnection, pipeline_id: int) -> PipelineWhole:
    """Also one that was put away. Raises NotFound."""
    row = (await connection.execute(select(pipelines).where(pipelines.c.id == pipeline_id))).one_or_none()
    if row is None:
        raise NotFound(noun="pipelines", id=pipeline_id)
    return _pipeline(row, await _stages(connection, stages.c.pipeline_id == pipeline_id))


async def whole_stage(connection: AsyncConnection, stage_id: int) -> StageWhole:
    """Also one that was taken away. Raises NotFound."""
    for stage in await _stages(connection, stages.c.id == stage_id, archived=True):
        return stage
    raise NotFound(noun="stages", id=stage_id)


async def taken_away(connection: AsyncConnection, pipeline_id: int) -> tuple[StageWhole, ...]:
    """The stages of a pipeline that were taken away and can be put back."""
    found = await _stages(connection, stages.c.pipeline_id == pipeline_id, archived=True)
    return tuple(stage for stage in found if stage.archived)


async def stage_help(connection: AsyncConnection, actor: Actor, deal_id: int) -> StageHelp:
    """Of the stage a deal stands on. Raises NotFound."""
    rows = (await connection.execute(_help(actor), {"deal": deal_id})).all()
    if not rows:
        raise NotFound(noun="deals", id=deal_id)
    links = {
        row.beside_from == deal_id: DealBeside(row.beside_id, row.beside_title, bool(row.beside_opens))
        for row in rows if row.beside_id is not None
    }  # fmt: skip
    stage = rows[0]
    return StageHelp(stage.id, stage.goal, stage.criteria, stage.tools, stage.algorithm, links.get(False), links.get(True))


@lru_cache(1000)
def _help(actor: Actor) -> Select[Any]:
    """The stage of the deal `deal`, once for each deal beside it."""
    this = deals.alias("this")
    beside = (deals.c.handed_over_from == this.c.id) | (deals.c.id == this.c.handed_over_from)
    return (
        select(
            stages.c.id, stages.c.goal, stages.c.criteria, stages.c.tools, stages.c.algorithm, deals.c.id.label("beside_id"),
            deals.c.title.label("beside_title"), deals.c.handed_over_from.label("beside_from"),
            visible(actor, deals).label("beside_opens"),
        )
        .select_from(this.join(stages, stages.c.id == this.c.stage_id).outerjoin(deals, beside))
        .where(this.c.id == bindparam("deal"))
    )  # fmt: skip


def version_of(stage: Row[Any]) -> str:
    """Of what is set about a stage: whoever changes it says which one he has seen."""
    told = json.dumps([getattr(stage, name) for name in EDITED], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


async def _stages(connection: AsyncConnection, *which: Any, archived: bool = False) -> list[StageWhole]:
    query = select(stages).where(*which).order_by(stages.c.position, stages.c.id)
    if not archived:
        query = query.where(stages.c.archived_at.is_(None))
    rows = (await connection.execute(query)).all()
    counted = await _counted(connection, [row.id for row in rows])
    return [_stage(row, *counted.get(row.id, (0, 0))) for row in rows]


async def _counted(connection: AsyncConnection, ids: list[int]) -> dict[int, tuple[int, int]]:
    """Open deals, and all, by stage."""
    open_ones = func.count().filter(deals.c.closed_at.is_(None))
    query = select(deals.c.stage_id, open_ones, func.count()).where(deals.c.stage_id.in_(ids)).group_by(deals.c.stage_id)
    return {stage: (open_now, all_ever) for stage, open_now, all_ever in await connection.execute(query)}


def _stage(row: Row[Any], open_deals: int, all_deals: int) -> StageWhole:
    return StageWhole(
        id=row.id, pipeline_id=row.pipeline_id, position=row.position, name=row.name, short_name=row.short_name, goal=row.goal,
        criteria=row.criteria, tools=row.tools, algorithm=row.algorithm, kind=row.kind, gates=tuple(row.gates),
        entry_tasks=tuple(row.entry_tasks), limit_hours=row.limit_hours, chance=row.chance,
        archived=row.archived_at is not None, version=version_of(row), deals=open_deals, all_deals=all_deals,
    )  # fmt: skip


def _pipeline(row: Row[Any], its_stages: list[StageWhole]) -> PipelineWhole:
    return PipelineWhole(row.id, row.name, row.position, row.hands_over_to, row.archived_at is not None, tuple(its_stages))
