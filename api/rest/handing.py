"""`users/{id}/holdings`, `…/hand-over`, `…/hand-back`: what somebody keeps goes to colleagues, and comes back."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import handing
from api.deps import Context, CurrentActor, ReadDb
from api.paths import BodyId, PathId
from crm_core.users import leaving
from crm_core.users.leaving import MOST_SHARES

router = APIRouter(tags=["users"])


class Holdings(BaseModel):
    """How many records he keeps now; `closed_deals` stay his unless they are asked for."""

    deals: int
    closed_deals: int
    contacts: int
    companies: int
    tasks: int
    meetings: int


class ShareIn(BaseModel):
    """`share`: with 2 and 1, of three customers two go to the first."""

    user_id: BodyId
    share: int = Field(1, ge=1, le=MOST_SHARES)


class HandOverIn(BaseModel):
    """`closed`: closed deals go, too. `deactivate`: he leaves in the same moment."""

    to: list[ShareIn] = Field(min_length=1, max_length=100)
    closed: bool = False
    deactivate: bool = False


class Handed(BaseModel):
    records: int


@router.get("/users/{user_id}/holdings", response_model=Holdings)
async def holdings(user_id: PathId, actor: CurrentActor, connection: ReadDb) -> Holdings:
    await handing.person_handled(connection, actor, user_id)
    return Holdings(**await leaving.holdings(connection, user_id))


@router.post("/users/{user_id}/hand-over", response_model=Handed)
async def hand_over(user_id: PathId, asked: HandOverIn, actor: CurrentActor, context: Context) -> Handed:
    """Customer by customer, in turn. Asked again, only what he has got since goes."""
    shares = {one.user_id: one.share for one in asked.to}
    went = await handing.hand_over(context, actor, user_id, shares, closed=asked.closed, deactivate=asked.deactivate)
    return Handed(records=went)


@router.post("/users/{user_id}/hand-back", response_model=Handed)
async def hand_back(user_id: PathId, actor: CurrentActor, context: Context) -> Handed:
    """The last hand-over is undone; what was given on or finished since stays where it is."""
    return Handed(records=await handing.hand_back(context, actor, user_id))
