"""`deals/{id}/lose`, and opening a lost deal again."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.deps import Context, CurrentActor
from api.paths import BodyId, PathId
from api.rest.models import DealOut
from crm_core.access import Right, require, require_visible
from crm_core.deals import edits, queries
from crm_core.deals.tables import deals

router = APIRouter(tags=["deals"])


class Loss(BaseModel):
    """`reason_id`: one of `loss-reasons`; `words`: one's own."""

    reason_id: BodyId
    words: str | None = Field(None, max_length=1000)


@router.post("/deals/{deal_id}/lose", response_model=DealOut)
async def lose_deal(deal_id: PathId, loss: Loss, actor: CurrentActor, context: Context) -> DealOut:
    """The deal is closed on the stage it stands on; a closed one stays as it is. 422 for a reason that is not offered."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await edits.lose_deal(tx, deal_id, loss.reason_id, loss.words, by=actor.user_id, now=context.now())
        return DealOut.of(await queries.deal(tx, actor, deal_id))


@router.post("/deals/{deal_id}/reopen", response_model=DealOut)
async def reopen_deal(deal_id: PathId, actor: CurrentActor, context: Context) -> DealOut:
    """A lost deal goes on where it was left; 422 for one that was won: move it to an open stage instead."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await require_visible(tx, actor, deals, deal_id)
        await edits.reopen_deal(tx, deal_id, by=actor.user_id, now=context.now())
        return DealOut.of(await queries.deal(tx, actor, deal_id))
