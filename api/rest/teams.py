"""`teams`: who works with whom and under which heads. Whoever sees people reads them, administrators set them."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.context import AppContext
from api.deps import Context, CurrentActor, ReadDb
from api.paths import PathId
from api.rest.models import Answer, Page, PersonOut
from crm_core.access import Actor, Right, require
from crm_core.teams import deeds, queries

router = APIRouter(tags=["teams"])


class TeamIn(BaseModel):
    name: str = Field(max_length=deeds.LONGEST_NAME)
    own_figures: bool = Field(False, description="its people see nobody's figures but their own")


class TeamChange(BaseModel):
    """What is left out stays."""

    name: str | None = Field(None, max_length=deeds.LONGEST_NAME)
    own_figures: bool | None = None


class PlaceIn(BaseModel):
    leads: bool = Field(False, description="as a head; else as one of its people, who then leaves the team he was in")


class TeamOut(Answer):
    """`people` are in this team alone; `heads` may lead others too."""

    id: int
    name: str
    own_figures: bool
    people: list[PersonOut]
    heads: list[PersonOut]


@router.get("/teams", response_model=Page[TeamOut])
async def list_of_teams(actor: CurrentActor, connection: ReadDb) -> Page[TeamOut]:
    """All of them, by name."""
    found = await queries.list_teams(connection, actor)
    return Page(items=[TeamOut.model_validate(one) for one in found], next_cursor=None)


@router.get("/teams/{team_id}", response_model=TeamOut)
async def one_team(team_id: PathId, actor: CurrentActor, connection: ReadDb) -> TeamOut:
    return TeamOut.model_validate(await queries.team(connection, actor, team_id))


@router.post("/teams", response_model=TeamOut, status_code=201)
async def add_team(new: TeamIn, actor: CurrentActor, context: Context) -> TeamOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        team_id = await deeds.make_team(tx, new.name, now=context.now(), by=actor.user_id)
        if new.own_figures:
            await deeds.edit_team(tx, team_id, own_figures=True, now=context.now(), by=actor.user_id)
    return await _now(context, actor, team_id)


@router.patch("/teams/{team_id}", response_model=TeamOut)
async def change_team(team_id: PathId, change: TeamChange, actor: CurrentActor, context: Context) -> TeamOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await deeds.edit_team(tx, team_id, name=change.name, own_figures=change.own_figures, now=context.now(), by=actor.user_id)
    return await _now(context, actor, team_id)


@router.delete("/teams/{team_id}", status_code=204, response_class=Response)
async def archive_team(team_id: PathId, actor: CurrentActor, context: Context) -> None:
    """Its people are in no team then; what was planned and counted for it stays."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await deeds.archive_team(tx, team_id, now=context.now(), by=actor.user_id)


@router.put("/teams/{team_id}/people/{user_id}", response_model=TeamOut)
async def put_into_team(
    team_id: PathId, user_id: PathId, place: PlaceIn, actor: CurrentActor, context: Context
) -> TeamOut:  # fmt: skip
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await deeds.put_into_team(tx, team_id, user_id, leads=place.leads, now=context.now(), by=actor.user_id)
    return await _now(context, actor, team_id)


@router.delete("/teams/{team_id}/people/{user_id}", status_code=204, response_class=Response)
async def take_out_of_team(team_id: PathId, user_id: PathId, actor: CurrentActor, context: Context) -> None:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await deeds.take_out_of_team(tx, team_id, user_id, now=context.now(), by=actor.user_id)


async def _now(context: AppContext, actor: Actor, team_id: int) -> TeamOut:
    async with context.database.read() as connection:
        return TeamOut.model_validate(await queries.team(connection, actor, team_id))
