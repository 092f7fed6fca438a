"""One stage: what a manager is told on it, what it asks for before a deal goes on, what it sets when a deal comes."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import PathId
from api.web import stage_form
from api.web.option_choices import option_choices
from api.web.pipeline_words import named_by_links, pipeline_wrong
from api.web.pipelines import SEE
from api.web.stage_form import StageTyped
from api.web.typed import id_typed
from api.web.visit import Visit, VisitNow, back_to, status_after
from crm_core.access import Right
from crm_core.deals import stage_edits
from crm_core.deals.entry_tasks import OPTIONS as TASK_OPTIONS
from crm_core.deals.judging import all_gates
from crm_core.deals.named_by import named_by_stage
from crm_core.deals.stage_queries import StageWhole, whole_pipeline, whole_stage
from crm_core.errors import Conflict, Invalid

router = APIRouter()


@router.get("/stages/{stage_id}")
async def page(visit: VisitNow, stage_id: PathId) -> Response:
    return await stage_page(visit, stage_id)


@router.post("/stages/{stage_id}")
async def change(visit: VisitNow, stage_id: PathId) -> Response:
    """Keeps what was typed, or draws the form again with a gate or task more or less: nothing is kept by that."""
    visit.require(Right.SETTINGS)
    form = await visit.request.form(max_files=0, max_fields=2000)
    typed = stage_form.typed_in(form)
    if not stage_form.asks_to_keep(form):
        return await stage_page(visit, stage_id, typed)
    try:
        async with visit.context.database.write() as tx:
            given = stage_form.wanted(typed)
            await stage_edits.change_stage(tx, stage_id, given, by=visit.actor.user_id, now=visit.now, seen=typed.seen or None)
    except (Invalid, Conflict) as error:
        return await stage_page(visit, stage_id, typed, pipeline_wrong(visit, error), status_after(error))
    stage = await whole_stage(visit.connection, stage_id)
    return back_to(f"/pipelines/{stage.pipeline_id}#stage-{stage_id}")


@router.post("/stages/{stage_id}/remove")
async def remove(visit: VisitNow, stage_id: PathId, deals_to: Annotated[str, Form(max_length=12)] = "") -> Response:
    visit.require(Right.SETTINGS)
    stage = await whole_stage(visit.connection, stage_id)
    try:
        async with visit.context.database.write() as tx:
            await stage_edits.remove_stage(tx, stage_id, deals_to=id_typed(deals_to), by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        return await stage_page(visit, stage_id, None, pipeline_wrong(visit, error), 409)
    return back_to(f"/pipelines/{stage.pipeline_id}")


@router.post("/stages/{stage_id}/restore")
async def restore(visit: VisitNow, stage_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await stage_edits.put_back(tx, stage_id, by=visit.actor.user_id, now=visit.now)
        stage = await whole_stage(tx, stage_id)
    return back_to(f"/pipelines/{stage.pipeline_id}#stage-{stage_id}")


async def stage_page(
    visit: Visit, stage_id: int, typed: StageTyped | None = None, refused: str | None = None, status: int = 200
) -> Response:
    visit.require(SEE)
    await visit.connection.rollback()  # another's change, of which a refusal tells, is younger than this request
    stage = await whole_stage(visit.connection, stage_id)
    form = stage_form.shown(stage) if typed is None else typed
    facts = {"stage": stage, "refused": refused, "form": form, **await _around(visit, stage, form)}
    return await visit.page("pipelines/stage.html", "pipelines", status, **facts)


async def _around(visit: Visit, stage: StageWhole, form: StageTyped) -> dict[str, Any]:
    options = [*TASK_OPTIONS, *(option for one in form.gates if one.gate for option in one.gate.options)]
    naming = await named_by_stage(visit.connection, stage.id)
    return {
        "pipeline": await whole_pipeline(visit.connection, stage.pipeline_id), "pick": await option_choices(visit, options),
        "all_gates": all_gates(), "named_by": named_by_links(visit, naming),
    }  # fmt: skip
