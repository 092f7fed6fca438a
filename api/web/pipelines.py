"""Pipelines: which there are, their stages in order, where won deals go on, and what a template would give them."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from api.paths import PathId
from api.web.ordering import Ids, Step, stepped
from api.web.pipeline_words import pipeline_wrong
from api.web.typed import chosen_id, id_typed
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.deals import pipeline_edits, planting, stage_edits
from crm_core.deals.judging import all_gates
from crm_core.deals.stage_queries import PipelineWhole, taken_away, whole_pipeline, whole_pipelines
from crm_core.deals.template import all_templates, template_named
from crm_core.errors import Conflict, Invalid

router = APIRouter()

SEE = Right.SEE_FIGURES
"""Who leads a department looks at how deals are led; who sets things changes it."""

Name = Annotated[str, Form(max_length=1000)]
EMPTY, COPY = "", "copy:"


@router.get("/pipelines")
async def page(visit: VisitNow) -> Response:
    return await _all(visit)


@router.post("/pipelines")
async def add(visit: VisitNow, name: Name = "", template: Annotated[str, Form(max_length=40)] = EMPTY) -> Response:
    """From a template, as a copy of another pipeline, or with one stage to begin with."""
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            added = await _planted(visit, tx, name, template)
    except (Invalid, Conflict) as error:
        return await _all(visit, pipeline_wrong(visit, error), {"name": name, "template": template}, 422)
    return back_to(f"/pipelines/{added}")


async def _planted(visit: Visit, tx: Any, name: str, template: str) -> int:
    by, now = visit.actor.user_id, visit.now
    if template.startswith(COPY):
        source = await whole_pipeline(tx, chosen_id(template.removeprefix(COPY)))
        return await planting.plant_stages(tx, name, planting.copied(source), by=by, now=now)
    if template in all_templates():
        language = visit.look.language
        return await planting.plant(tx, template_named(template), language, name=name or None, by=by, now=now)
    first = visit.say("New request")
    return await planting.plant_stages(tx, name, [{"name": first}], by=by, now=now)


@router.post("/pipelines/order")
async def order(visit: VisitNow, ids: Ids, step: Step = "") -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await pipeline_edits.order_pipelines(tx, stepped(ids, step), by=visit.actor.user_id, now=visit.now)
    except Conflict as error:
        return await _all(visit, pipeline_wrong(visit, error), status=409)
    return back_to("/pipelines")


@router.get("/pipelines/{pipeline_id}")
async def one(visit: VisitNow, pipeline_id: PathId) -> Response:
    return await pipeline_page(visit, pipeline_id)


@router.post("/pipelines/{pipeline_id}")
async def change(
    visit: VisitNow, pipeline_id: PathId, name: Name = "", hands_over_to: Annotated[str, Form(max_length=12)] = ""
) -> Response:
    visit.require(Right.SETTINGS)
    by, now = visit.actor.user_id, visit.now
    try:
        async with visit.context.database.write() as tx:
            await pipeline_edits.rename_pipeline(tx, pipeline_id, name, by=by, now=now)
            await pipeline_edits.hand_over_to(tx, pipeline_id, id_typed(hands_over_to), by=by, now=now)
    except Invalid as error:
        return await pipeline_page(visit, pipeline_id, pipeline_wrong(visit, error), 422)
    return back_to(f"/pipelines/{pipeline_id}")


@router.post("/pipelines/{pipeline_id}/archive")
async def archive(visit: VisitNow, pipeline_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await pipeline_edits.archive_pipeline(tx, pipeline_id, by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        return await pipeline_page(visit, pipeline_id, pipeline_wrong(visit, error), 409)
    return back_to("/pipelines")


@router.post("/pipelines/{pipeline_id}/restore")
async def restore(visit: VisitNow, pipeline_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await pipeline_edits.restore_pipeline(tx, pipeline_id, by=visit.actor.user_id, now=visit.now)
    except Invalid as error:
        return await pipeline_page(visit, pipeline_id, pipeline_wrong(visit, error), 422)
    return back_to(f"/pipelines/{pipeline_id}")


@router.post("/pipelines/{pipeline_id}/order")
async def order_stages(visit: VisitNow, pipeline_id: PathId, ids: Ids, step: Step = "") -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await stage_edits.order_stages(tx, pipeline_id, stepped(ids, step), by=visit.actor.user_id, now=visit.now)
    except Conflict as error:
        return await pipeline_page(visit, pipeline_id, pipeline_wrong(visit, error), 409)
    return back_to(f"/pipelines/{pipeline_id}")


@router.post("/pipelines/{pipeline_id}/stages")
async def add_stage(visit: VisitNow, pipeline_id: PathId, name: Name = "") -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            added = await stage_edits.add_stage(tx, pipeline_id, {"name": name}, by=visit.actor.user_id, now=visit.now)
    except Invalid as error:
        return await pipeline_page(visit, pipeline_id, pipeline_wrong(visit, error), 422)
    return back_to(f"/stages/{added}")


@router.get("/pipelines/{pipeline_id}/template")
async def offered(visit: VisitNow, pipeline_id: PathId, name: Annotated[str, Query(max_length=40)] = "eleven") -> Response:
    """What each stage would get of a template; nothing is changed by looking."""
    visit.require(Right.SETTINGS)
    pipeline, template = await whole_pipeline(visit.connection, pipeline_id), template_named(name)
    facts: dict[str, Any] = {
        "pipeline": pipeline,
        "source": template,
        "taken": planting.to_take_over(pipeline, template, visit.look.language),
    }
    return await visit.page("pipelines/template.html", "pipelines", gates=all_gates(), templates=_templates(visit), **facts)


@router.post("/pipelines/{pipeline_id}/template")
async def take_over(visit: VisitNow, pipeline_id: PathId, name: Annotated[str, Form(max_length=40)]) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        template = template_named(name)
        await planting.take_over(tx, pipeline_id, template, visit.look.language, by=visit.actor.user_id, now=visit.now)
    return back_to(f"/pipelines/{pipeline_id}")


async def pipeline_page(visit: Visit, pipeline_id: int, refused: str | None = None, status: int = 200) -> Response:
    visit.require(SEE)
    await visit.connection.rollback()  # a deed that was refused saw the moment before
    pipeline = await whole_pipeline(visit.connection, pipeline_id)
    facts = {
        "pipeline": pipeline, "refused": refused, "others": await _others(visit, pipeline_id), "gates": all_gates(),
        "gone": await taken_away(visit.connection, pipeline_id) if visit.may(Right.SETTINGS) else (),
        "bare": not any(stage.gates for stage in pipeline.stages),
    }  # fmt: skip
    return await visit.page("pipelines/one.html", "pipelines", status, **facts)


async def _others(visit: Visit, pipeline_id: int) -> list[PipelineWhole]:
    return [one for one in await whole_pipelines(visit.connection) if one.id != pipeline_id]


async def _all(visit: Visit, refused: str | None = None, typed: dict[str, str] | None = None, status: int = 200) -> Response:
    visit.require(SEE)
    await visit.connection.rollback()
    found = await whole_pipelines(visit.connection, archived=True)
    facts = {"typed": typed or {"name": "", "template": "eleven"}, "refused": refused, "templates": _templates(visit)}
    return await visit.page("pipelines/page.html", "pipelines", status, pipelines=found, **facts)


def _templates(visit: Visit) -> list[tuple[str, Any]]:
    return [(one.name, one.said(visit.look.language)) for one in all_templates().values()]
