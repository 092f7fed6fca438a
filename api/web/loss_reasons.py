"""Why deals are lost: the list to choose from, reasoned and unreasoned."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import PathId
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.deals import loss_reasons
from crm_core.errors import Invalid

router = APIRouter()

Name = Annotated[str, Form(max_length=1000)]
Yes = Annotated[str, Form(max_length=5)]


@router.get("/loss-reasons")
async def page(visit: VisitNow) -> Response:
    return await _page(visit)


@router.post("/loss-reasons")
async def add(visit: VisitNow, name: Name = "", reasoned: Yes = "") -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await loss_reasons.add_loss_reason(tx, name, bool(reasoned), by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await _page(visit, _name_wrong(visit), name, 422)
    return back_to("/loss-reasons")


@router.post("/loss-reasons/{reason_id}")
async def change(visit: VisitNow, reason_id: PathId, name: Name = "", reasoned: Yes = "") -> Response:
    visit.require(Right.SETTINGS)
    by, now = visit.actor.user_id, visit.now
    try:
        async with visit.context.database.write() as tx:
            await loss_reasons.change_loss_reason(tx, reason_id, name=name, reasoned=bool(reasoned), by=by, now=now)
    except Invalid:
        return await _page(visit, _name_wrong(visit), status=422)
    return back_to("/loss-reasons")


@router.post("/loss-reasons/{reason_id}/archive")
async def archive(visit: VisitNow, reason_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await loss_reasons.archive_loss_reason(tx, reason_id, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await _page(visit, visit.say("The last reason stays: a deal is lost with a reason."), status=409)
    return back_to("/loss-reasons")


@router.post("/loss-reasons/{reason_id}/restore")
async def restore(visit: VisitNow, reason_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await loss_reasons.restore_loss_reason(tx, reason_id, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await _page(visit, _name_wrong(visit), status=422)
    return back_to("/loss-reasons")


def _name_wrong(visit: Visit) -> str:
    return visit.say("A reason is a few words, and each stands on the list once.")


async def _page(visit: Visit, refused: str | None = None, typed: str = "", status: int = 200) -> Response:
    visit.require(Right.SEE_FIGURES)
    await visit.connection.rollback()
    found = await loss_reasons.list_loss_reasons(visit.connection, archived=True)
    return await visit.page("pipelines/loss_reasons.html", "loss_reasons", status, reasons=found, refused=refused, typed=typed)
