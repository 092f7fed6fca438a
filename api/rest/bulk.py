"""`deals/bulk`: one deed on many deals."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.bulk import carry_out
from api.deps import Context, CurrentActor
from api.paths import BodyId, UtcMoment
from api.web.gate_words import missing_told
from api.web.visit import look_for
from crm_core.deals.bulk import MOST, BulkChange, BulkDeed, Refusal
from crm_core.deals.gate import Refused

router = APIRouter(tags=["deals"])


class BulkIn(BaseModel):
    """What the deed needs beside it: `owner` owner_id (null: nobody's), `stage` stage_id, `source` source, `work_type`
    work_type_id, `lose` reason_id and words, `task` title and due_at."""

    deal_ids: list[BodyId] = Field(max_length=MOST)
    deed: BulkDeed
    owner_id: BodyId | None = None
    stage_id: BodyId | None = None
    source: str | None = Field(None, max_length=300)
    work_type_id: BodyId | None = None
    reason_id: BodyId | None = None
    words: str | None = Field(None, max_length=1000)
    title: str | None = Field(None, max_length=300)
    due_at: UtcMoment | None = None


class RefusalOut(BaseModel):
    """`missing`: what the stage asks for, as a move of one deal tells it."""

    deal_id: int
    say: str
    missing: list[dict[str, str]]


class BulkOut(BaseModel):
    done: list[int]
    refused: list[RefusalOut]


@router.post("/deals/bulk", response_model=BulkOut)
async def change_deals(bulk: BulkIn, request: Request, actor: CurrentActor, context: Context) -> BulkOut:
    """One that refuses does not undo the others; asked again, those that are done stay as they are."""
    given: dict[str, Any] = bulk.model_dump(exclude={"deal_ids"})
    result = await carry_out(context, actor, bulk.deal_ids, BulkChange(**given))
    wording = look_for(request, actor).wording
    refused = [
        RefusalOut(deal_id=one.deal_id, say=one.error.say, missing=missing_told(wording, _missing(one))) for one in result.refused
    ]
    return BulkOut(done=list(result.done), refused=refused)


def _missing(one: Refusal) -> tuple[Any, ...]:
    return one.error.missing if isinstance(one.error, Refused) else ()
