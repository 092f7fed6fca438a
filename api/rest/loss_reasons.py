"""`loss-reasons`: why deals are lost; a reasoned refusal is one that can be explained."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.deps import Context, CurrentActor, ReadDb
from api.paths import PathId
from api.rest.models import Answer, Page
from crm_core.access import Right, require
from crm_core.deals import loss_reasons

router = APIRouter(tags=["pipelines"])


class LossReasonOut(Answer):
    id: int
    name: str
    reasoned: bool
    archived: bool


class LossReasonIn(BaseModel):
    name: str = Field(min_length=1, max_length=loss_reasons.LONGEST)
    reasoned: bool


class LossReasonChange(BaseModel):
    """What is left out stays. An archived reason is offered no more."""

    name: str | None = Field(None, min_length=1, max_length=loss_reasons.LONGEST)
    reasoned: bool | None = None
    archived: bool | None = None


@router.get("/loss-reasons", response_model=Page[LossReasonOut])
async def list_of_loss_reasons(
    _actor: CurrentActor, connection: ReadDb, archived: Annotated[bool, Query()] = False
) -> Page[LossReasonOut]:
    """In their order; `archived`: also those that are offered no more."""
    found = await loss_reasons.list_loss_reasons(connection, archived=archived)
    return Page(items=[LossReasonOut.model_validate(one) for one in found], next_cursor=None)


@router.post("/loss-reasons", response_model=LossReasonOut, status_code=201)
async def add(new: LossReasonIn, actor: CurrentActor, context: Context) -> LossReasonOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        added = await loss_reasons.add_loss_reason(tx, new.name, new.reasoned, by=actor.user_id, now=context.now())
        return LossReasonOut.model_validate(await loss_reasons.loss_reason(tx, added))


@router.patch("/loss-reasons/{reason_id}", response_model=LossReasonOut)
async def change(reason_id: PathId, change: LossReasonChange, actor: CurrentActor, context: Context) -> LossReasonOut:
    require(actor, Right.SETTINGS)
    by, now = actor.user_id, context.now()
    async with context.database.write() as tx:
        if change.archived is not None:
            deed = loss_reasons.archive_loss_reason if change.archived else loss_reasons.restore_loss_reason
            await deed(tx, reason_id, by=by, now=now)
        await loss_reasons.change_loss_reason(tx, reason_id, name=change.name, reasoned=change.reasoned, by=by, now=now)
        return LossReasonOut.model_validate(await loss_reasons.loss_reason(tx, reason_id))
