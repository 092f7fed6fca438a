"""Settings: work types with the amounts that such work usually brings."""

from typing import cast

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from api.paths import PathId
from api.web.seen import Reader, given_in
from api.web.typed import amount_typed
from api.web.visit import Visit, VisitNow, back_to, status_after
from crm_core.access import Right
from crm_core.errors import Conflict, Invalid
from crm_core.products import work_types
from crm_core.products.work_types import WorkTypeChanges

router = APIRouter()

READERS: dict[str, Reader] = {
    "name": str, "least_amount": amount_typed, "most_amount": amount_typed, "usual_amount": amount_typed,
    "archived": lambda text: text == "yes",
}  # fmt: skip


@router.get("/work-types")
async def page(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    return await _page(visit)


@router.post("/work-types")
async def add(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    form = await visit.request.form()
    try:
        async with visit.context.database.write() as tx:
            await work_types.add_work_type(tx, _typed(form), by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        return await _page(visit, error)
    return back_to("/work-types")


@router.post("/work-types/{work_type_id}")
async def edit(visit: VisitNow, work_type_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    form = await visit.request.form()
    try:
        async with visit.context.database.write() as tx:
            await work_types.edit_work_type(tx, work_type_id, _typed(form), by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        return await _page(visit, error)
    return back_to("/work-types")


async def _page(visit: Visit, error: Invalid | Conflict | None = None) -> Response:
    found = await work_types.list_work_types(visit.connection, archived=True)
    live, gone = [one for one in found if not one.archived], [one for one in found if one.archived]
    facts = {"work_types": live, "archived": gone, "refused": error and _refusal(visit, error)}
    return await visit.page("products/work_types.html", "work_types", status_after(error), **facts)


def _typed(form: FormData) -> WorkTypeChanges:
    return cast("WorkTypeChanges", given_in(form, READERS))


def _refusal(visit: Visit, error: Invalid | Conflict) -> str:
    if isinstance(error, Conflict):
        return visit.say("There is a work type of this name already.")
    says = {
        "name": visit.say("A work type has a name."),
        "most_amount": visit.say("A range goes from the smaller amount to the larger."),
    }
    return says.get(str(error.facts.get("field")), visit.say("The amount is a number such as 240 000."))
