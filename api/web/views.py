"""Saved views of deals: filters kept under a name, chosen again from a menu, removed."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import PathId
from api.web.deal_filters import asked_again
from api.web.visit import VisitNow, back_to
from crm_core.errors import Conflict, Invalid
from crm_core.views.saved import LONGEST_QUERY, Section, list_views, remove_view, save_view

router = APIRouter()

PATHS = {Section.DEALS: "/deals", Section.BOARD: "/board"}


@router.get("/views")
async def menu(visit: VisitNow, section: Section = Section.DEALS) -> Response:
    """The menu of views, as it is shown when it is opened."""
    found = await list_views(visit.connection, visit.actor, section)
    return visit.part("deals/_views_list.html", views=found, path=PATHS[section], section=section)


@router.post("/views")
async def save(
    visit: VisitNow, section: Annotated[Section, Form()], name: Annotated[str, Form(max_length=200)],
    query: Annotated[str, Form(max_length=LONGEST_QUERY)] = "", shared: Annotated[str, Form(max_length=3)] = "",
) -> Response:  # fmt: skip
    """Back to the list, by the filters that were kept."""
    kept = asked_again(query).query()
    try:
        async with visit.context.database.write() as tx:
            await save_view(tx, visit.actor, section, name, kept, shared=bool(shared), now=visit.now)
    except Conflict:
        raise Invalid(visit.say("There are fifty views already. Remove one first.")) from None
    return back_to(f"{PATHS[section]}?{kept}" if kept else PATHS[section])


@router.post("/views/{view_id}/remove")
async def remove(visit: VisitNow, view_id: PathId, section: Annotated[Section, Form()] = Section.DEALS) -> Response:
    async with visit.context.database.write() as tx:
        await remove_view(tx, visit.actor, view_id, now=visit.now)
    return back_to(PATHS[section])
