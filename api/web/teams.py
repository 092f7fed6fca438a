"""Teams: who works with whom, and who leads them."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import BodyId, PathId
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.errors import Conflict, Invalid
from crm_core.teams import deeds, queries
from crm_core.users.queries import list_users

router = APIRouter()

Text = Annotated[str, Form(max_length=300)]
FormId = Annotated[BodyId, Form()]

MOST_PEOPLE = 200


@router.get("/teams")
async def page(visit: VisitNow) -> Response:
    return await teams_page(visit)


async def teams_page(visit: Visit, *, refused: str | None = None, typed: str = "", status: int = 200) -> Response:
    found = await queries.list_teams(visit.connection, visit.actor)
    loose = await queries.without_team(visit.connection, visit.actor)
    people = (await list_users(visit.connection, visit.actor, active=True, limit=MOST_PEOPLE)).items
    facts = {"teams": found, "loose": loose, "people": people, "refused": refused, "typed": typed}
    return await visit.page("teams/page.html", "access", status, tab="teams", **facts)


@router.post("/teams")
async def make(visit: VisitNow, name: Text) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await deeds.make_team(tx, name, now=visit.now, by=visit.actor.user_id)
    except (Conflict, Invalid) as error:
        return await _refused(visit, error, name)
    return back_to("/teams")


@router.post("/teams/{team_id}")
async def edit(visit: VisitNow, team_id: PathId, name: Text, own_figures: Text = "") -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await deeds.edit_team(tx, team_id, name=name, own_figures=bool(own_figures), now=visit.now, by=visit.actor.user_id)
    except (Conflict, Invalid) as error:
        return await _refused(visit, error)
    return back_to(f"/teams#team-{team_id}")


@router.post("/teams/{team_id}/archive")
async def archive(visit: VisitNow, team_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await deeds.archive_team(tx, team_id, now=visit.now, by=visit.actor.user_id)
    return back_to("/teams")


@router.post("/teams/{team_id}/people")
async def put(visit: VisitNow, team_id: PathId, user_id: FormId, leads: Text = "") -> Response:
    """As one of its people, who leaves the team he was in, or as a head."""
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await deeds.put_into_team(tx, team_id, user_id, leads=bool(leads), now=visit.now, by=visit.actor.user_id)
    except Conflict as error:
        return await _refused(visit, error)
    return back_to(f"/teams#team-{team_id}")


@router.post("/teams/{team_id}/people/{user_id}/out")
async def take_out(visit: VisitNow, team_id: PathId, user_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await deeds.take_out_of_team(tx, team_id, user_id, now=visit.now, by=visit.actor.user_id)
    return back_to(f"/teams#team-{team_id}")


async def _refused(visit: Visit, error: Conflict | Invalid, typed: str = "") -> Response:
    if isinstance(error, Invalid):
        return await teams_page(visit, refused=visit.say("Give the team a name."), typed=typed, status=422)
    refused = visit.say("There is a team of this name already, or somebody was faster. Look again.")
    return await teams_page(visit, refused=refused, typed=typed, status=409)
