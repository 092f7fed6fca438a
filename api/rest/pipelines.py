"""`pipelines` with their stages, in order; whoever may set things adds, changes and archives them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from api.deps import Context, CurrentActor, ReadDb
from api.paths import BodyId, PathId
from api.rest.models import Answer, Page
from api.rest.stages import StageIn, StageWholeOut
from crm_core.access import Right, require
from crm_core.deals import pipeline_edits, planting, stage_edits
from crm_core.deals.judging import all_gates
from crm_core.deals.stage_queries import whole_pipeline, whole_pipelines
from crm_core.deals.template import all_templates, template_named
from crm_core.errors import Invalid
from crm_core.options import Option

router = APIRouter(tags=["pipelines"])


class PipelineOut(Answer):
    """`stages` in their order. `hands_over_to`: the pipeline in which a deal that is won begins anew."""

    id: int
    name: str
    hands_over_to: int | None
    archived: bool
    stages: list[StageWholeOut]


class PipelineIn(BaseModel):
    """From a `template`, or with `stages` of one's own: one of the two."""

    name: str | None = Field(None, max_length=80)
    template: str | None = Field(None, max_length=40, description="eleven, short or repeat; its texts in `language`")
    language: str = Field("ru", pattern="^(ru|en)$")
    stages: list[StageIn] | None = Field(None, max_length=stage_edits.MOST_STAGES)


class PipelineChange(BaseModel):
    """What is left out stays. `stages`: ids of all its stages in the order they shall have."""

    name: str | None = Field(None, min_length=1, max_length=80)
    hands_over_to: BodyId | None = None
    archived: bool | None = None
    stages: list[BodyId] | None = None


class TakeOver(BaseModel):
    """Each stage gets what it has none of: gates, tasks on entry, words, limit, chance."""

    template: str = Field(max_length=40)
    language: str = Field("ru", pattern="^(ru|en)$")


class OptionOut(Answer):
    name: str
    kind: str
    default: Any
    required: bool
    least: float | None
    most: float | None
    choices: list[str]


class GateOut(BaseModel):
    """A kind of gate and what can be set about it."""

    name: str
    label: str
    options: list[OptionOut]


@router.get("/pipelines", response_model=Page[PipelineOut])
async def list_of_pipelines(
    _actor: CurrentActor, connection: ReadDb, archived: Annotated[bool, Query()] = False
) -> Page[PipelineOut]:
    """In their order; new deals begin in the first. `archived`: also those that take no new deals, after the others."""
    found = await whole_pipelines(connection, archived=archived)
    return Page(items=[PipelineOut.model_validate(one) for one in found], next_cursor=None)


@router.get("/pipelines/{pipeline_id}", response_model=PipelineOut)
async def one_pipeline(pipeline_id: PathId, _actor: CurrentActor, connection: ReadDb) -> PipelineOut:
    return await _out(connection, pipeline_id)


@router.get("/gates", response_model=Page[GateOut])
async def kinds_of_gates(_actor: CurrentActor) -> Page[GateOut]:
    """What a stage can ask for: the names and settings that `gates` of a stage may have."""
    items = [
        GateOut(name=gate.name, label=gate.label, options=[_option(one) for one in gate.options]) for gate in all_gates().values()
    ]
    return Page(items=items, next_cursor=None)


@router.post("/pipelines", response_model=PipelineOut, status_code=201)
async def add(new: PipelineIn, actor: CurrentActor, context: Context) -> PipelineOut:
    """422 names the stage and what of it cannot be, such as a field or gate there is not; nothing is left of it then."""
    require(actor, Right.SETTINGS)
    if (new.template is None) == (new.stages is None):
        raise Invalid("Say either a template or stages", field="template")
    async with context.database.write() as tx:
        return await _out(tx, await _planted(tx, new, by=actor.user_id, context=context))


async def _planted(tx: AsyncConnection, new: PipelineIn, *, by: int, context: Any) -> int:
    now = context.now()
    if new.stages is None:
        template = all_templates().get(new.template or "")
        if template is None:
            raise Invalid("There is no such template", field="template")
        return await planting.plant(tx, template, new.language, name=new.name, by=by, now=now)
    given = [stage.changes() for stage in new.stages]
    return await planting.plant_stages(tx, new.name or "", given, by=by, now=now)


@router.patch("/pipelines/{pipeline_id}", response_model=PipelineOut)
async def change(pipeline_id: PathId, change: PipelineChange, actor: CurrentActor, context: Context) -> PipelineOut:
    """409 if the stages are others by now, or if something still names the pipeline that shall be archived (`named_by`)."""
    require(actor, Right.SETTINGS)
    by, now = actor.user_id, context.now()
    async with context.database.write() as tx:
        if change.name is not None:
            await pipeline_edits.rename_pipeline(tx, pipeline_id, change.name, by=by, now=now)
        if "hands_over_to" in change.model_fields_set:
            await pipeline_edits.hand_over_to(tx, pipeline_id, change.hands_over_to, by=by, now=now)
        if change.stages is not None:
            await stage_edits.order_stages(tx, pipeline_id, change.stages, by=by, now=now)
        if change.archived is not None:
            deed = pipeline_edits.archive_pipeline if change.archived else pipeline_edits.restore_pipeline
            await deed(tx, pipeline_id, by=by, now=now)
        return await _out(tx, pipeline_id)


@router.post("/pipelines/{pipeline_id}/stages", response_model=StageWholeOut, status_code=201)
async def add_stage(pipeline_id: PathId, new: StageIn, actor: CurrentActor, context: Context) -> StageWholeOut:
    """After the last open stage."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        added = await stage_edits.add_stage(tx, pipeline_id, new.changes(), by=actor.user_id, now=context.now())
        return await StageWholeOut.read(tx, added)


@router.post("/pipelines/{pipeline_id}/take-over", response_model=PipelineOut)
async def take_over(pipeline_id: PathId, asked: TakeOver, actor: CurrentActor, context: Context) -> PipelineOut:
    require(actor, Right.SETTINGS)
    if asked.template not in all_templates():
        raise Invalid("There is no such template", field="template")
    async with context.database.write() as tx:
        template = template_named(asked.template)
        await planting.take_over(tx, pipeline_id, template, asked.language, by=actor.user_id, now=context.now())
        return await _out(tx, pipeline_id)


async def _out(connection: AsyncConnection, pipeline_id: int) -> PipelineOut:
    return PipelineOut.model_validate(await whole_pipeline(connection, pipeline_id))


def _option(option: Option) -> OptionOut:
    return OptionOut(
        name=option.name, kind=option.kind.value, default=option.default, required=option.required, least=option.least,
        most=option.most, choices=[value for value, _ in option.choices],
    )  # fmt: skip
