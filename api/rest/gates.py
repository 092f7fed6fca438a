"""What the stages on a deal's way ask for, and the moves for which something of it was set aside."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import select

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId
from api.paths import PathId
from api.rest.models import Answer, Moment, Page, PersonOut, StageOut
from api.web.gate_words import missing_told, set_aside_told, worded
from api.web.visit import look_for
from crm_core.access import Right, hearable, require, require_visible
from crm_core.calls.tables import calls
from crm_core.deals.gate import Judged, LackKind
from crm_core.deals.judging import judge_leaving, next_stage
from crm_core.deals.overrides import Override, list_overrides
from crm_core.deals.tables import deals

router = APIRouter(tags=["deals"])


class LackOut(Answer):
    kind: LackKind
    what: str
    say: str


class ProofOut(Answer):
    """`second`: where `quote` begins in the recording; null, as the recording, for who may not hear the call."""

    what: str
    say: str
    at: Moment | None
    call_id: int | None
    recording_id: int | None
    second: float | None
    quote: str | None


class GateOut(Answer):
    """`waits`: all that is missing is on its way (a transcript): ask again in a moment."""

    holds: bool
    waits: bool
    missing: list[LackOut]
    proofs: list[ProofOut]


class OverrideOut(Answer):
    """`from_stage` null: the deal was opened beyond its first stage. `missing`: what was set aside, in the reader's language."""

    id: int
    at: Moment
    deal_id: int
    from_stage: StageOut | None
    stage: StageOut
    user: PersonOut | None
    reason: str | None
    missing: list[str]


@router.get("/deals/{deal_id}/gate", response_model=GateOut)
async def gate(deal_id: PathId, request: Request, actor: CurrentActor, connection: ReadDb, to: RowId | None = None) -> GateOut:
    """What is missing and what is proved for the deal to go to the stage `to` of its pipeline, else to the next one."""
    await require_visible(connection, actor, deals, deal_id)
    target = to or await next_stage(connection, deal_id)
    judged = Judged() if target is None else await judge_leaving(connection, deal_id, target)
    wording = look_for(request, actor).wording
    ids = {proof.call_id for proof in judged.proofs if proof.call_id is not None}
    heard = set(await connection.scalars(select(calls.c.id).where(calls.c.id.in_(ids), hearable(actor)))) if ids else set()
    proofs = [
        ProofOut(
            what=proof.what, say=worded(wording, proof), at=proof.at, call_id=proof.call_id if may_hear else None,
            recording_id=proof.recording_id if may_hear else None, second=proof.second if may_hear else None,
            quote=proof.quote if may_hear else None,
        )
        for proof in judged.proofs
        for may_hear in (proof.call_id in heard,)
    ]  # fmt: skip
    missing = [LackOut.model_validate(lack) for lack in missing_told(wording, judged.lacks)]
    return GateOut(holds=judged.holds, waits=judged.waits, missing=missing, proofs=proofs)


@router.get("/overrides", response_model=Page[OverrideOut])
async def overrides(
    request: Request, actor: CurrentActor, connection: ReadDb, context: Context,
    days: Annotated[int, Query(ge=1, le=3660)] = 30, user_id: RowId | None = None, cursor: Cursor = None, limit: Limit = 50,
) -> Page[OverrideOut]:  # fmt: skip
    """Moves that were made though something was missing, newest first."""
    require(actor, Right.SEE_FIGURES)
    since: datetime = context.now() - timedelta(days=days)
    page = await list_overrides(connection, actor, since=since, user_id=user_id, cursor=cursor, limit=limit)
    wording = look_for(request, actor).wording
    return Page(items=[_told(one, set_aside_told(wording, one.missing)) for one in page.items], next_cursor=page.next_cursor)


def _told(one: Override, missing: list[str]) -> OverrideOut:
    before = None if one.from_stage is None else StageOut(id=one.from_stage.id, name=one.from_stage.name)
    return OverrideOut(
        id=one.id, at=one.at, deal_id=one.deal_id, from_stage=before, stage=StageOut(id=one.stage.id, name=one.stage.name),
        user=PersonOut.model_validate(one.user) if one.user else None, reason=one.reason, missing=missing,
    )  # fmt: skip
