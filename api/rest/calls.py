"""`calls`: the list, one call, its transcript."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.context import AppContext
from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId, Search
from api.paths import PathId, UtcMoment
from api.rest.call_told import call_told, json_answer
from api.rest.models import CallOut, Page, RemarkOut, SegmentOut, TagOut, TranscriptOut
from crm_core.access import Actor, Right, require, require_visible
from crm_core.calls import review
from crm_core.calls.events import Direction, Outcome
from crm_core.calls.queries import CALL_SORTS, CallFilters, call_line, remarks_of
from crm_core.calls.tables import calls
from crm_core.calls.whole_queries import whole_call, whole_calls
from crm_core.recordings.queries import RecordedTalk, recorded_talks
from crm_core.transcripts.queries import transcript_state

router = APIRouter(tags=["calls"])


def call_filters(
    since: Annotated[UtcMoment | None, Query(description="began at or after")] = None,
    until: Annotated[UtcMoment | None, Query(description="began before")] = None,
    direction: Direction | None = None,
    outcome: Outcome | None = None,
    user_id: RowId | None = None,
    contact_id: RowId | None = None,
    deal_id: RowId | None = None,
    search: Search = None,
    tag: Annotated[str | None, Query(max_length=40)] = None,
    recorded: bool | None = None,
    reviewed: bool | None = None,
) -> CallFilters:
    return CallFilters(
        since=since, until=until, direction=direction, outcome=outcome, user_id=user_id,
        contact_id=contact_id, deal_id=deal_id, search=search, tag=tag, recorded=recorded, reviewed=reviewed,
    )  # fmt: skip


@router.get("/calls", response_model=Page[CallOut])
async def list_of_calls(
    actor: CurrentActor,
    connection: ReadDb,
    filters: Annotated[CallFilters, Depends(call_filters)],
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(CALL_SORTS)})] = "-started_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The calls you may see, newest first. `search`: part of a number or name."""
    page = await whole_calls(connection, actor, filters, sort=sort, cursor=cursor, limit=limit)
    return json_answer({"items": [call_told(call) for call in page.items], "next_cursor": page.next_cursor})


@router.get("/calls/{call_id}", response_model=CallOut)
async def one_call(call_id: PathId, actor: CurrentActor, connection: ReadDb) -> Response:
    return json_answer(call_told(await whole_call(connection, actor, call_id)))


@router.get("/calls/{call_id}/transcript", response_model=TranscriptOut)
async def transcript(call_id: PathId, actor: CurrentActor, connection: ReadDb) -> TranscriptOut:
    """What was said, in order; `status` says what a missing transcript waits for."""
    line = await call_line(connection, actor, call_id)
    if not line.may_listen:
        require(actor, Right.LISTEN)
        return _nothing("not_allowed")
    state = await transcript_state(connection, actor, call_id)
    talks = (await recorded_talks(connection, actor, [call_id])).get(call_id, ())
    return TranscriptOut.model_construct(
        status=state.status, progress=state.progress, why=state.why, language=_language(talks),
        segments=[
            SegmentOut.of(segment, talk.recording.id)
            for talk in talks if talk.transcript for segment in talk.transcript.segments
        ],
        tags=_tags(talks),
    )  # fmt: skip


class Review(BaseModel):
    reviewed: bool = True


class RemarkIn(BaseModel):
    """`second` of the recording it is about; without one it is about the whole call."""

    text: str = Field(max_length=4000)
    second: float | None = Field(None, ge=0, le=86_400)


@router.post("/calls/{call_id}/review", response_model=CallOut)
async def mark_reviewed(call_id: PathId, mark: Review, actor: CurrentActor, context: Context) -> Response:
    """Quality control heard this call, or did not after all."""
    require(actor, Right.REVIEW)
    async with context.database.write() as tx:
        await require_visible(tx, actor, calls, call_id)
        deed = review.mark_reviewed if mark.reviewed else review.unmark_reviewed
        await deed(tx, call_id, by=actor.user_id, now=context.now())
    return await _seen(context, actor, call_id)


@router.post("/calls/{call_id}/remarks", status_code=201)
async def remark(call_id: PathId, new: RemarkIn, actor: CurrentActor, context: Context) -> dict[str, int]:
    """Answers the remark's id."""
    require(actor, Right.REVIEW)
    async with context.database.write() as tx:
        await require_visible(tx, actor, calls, call_id)
        made = await review.remark(tx, call_id, new.text, new.second, by=actor.user_id, now=context.now())
    return {"id": made}


@router.get("/calls/{call_id}/remarks")
async def remarks(call_id: PathId, actor: CurrentActor, connection: ReadDb) -> Page[RemarkOut]:
    """All of them, in the order of the seconds they are about."""
    require(actor, Right.REVIEW)
    await require_visible(connection, actor, calls, call_id)
    said = await remarks_of(connection, call_id)
    return Page(items=[RemarkOut.model_validate(one) for one in said], next_cursor=None)


@router.delete("/calls/{call_id}/remarks/{remark_id}", status_code=204, response_class=Response)
async def take_back_remark(call_id: PathId, remark_id: PathId, actor: CurrentActor, context: Context) -> None:
    """Only whoever made it may."""
    require(actor, Right.REVIEW)
    async with context.database.write() as tx:
        await require_visible(tx, actor, calls, call_id)
        await review.take_back_remark(tx, call_id, remark_id, by=actor.user_id, now=context.now())


async def _seen(context: AppContext, actor: Actor, call_id: int) -> Response:
    async with context.database.read() as connection:
        return json_answer(call_told(await whole_call(connection, actor, call_id)))


def _nothing(status: str) -> TranscriptOut:
    return TranscriptOut(status=status, progress=0.0, why=None, language=None, segments=[], tags=[])


def _language(talks: tuple[RecordedTalk, ...]) -> str | None:
    return next((talk.transcript.language for talk in talks if talk.transcript), None)


def _tags(talks: tuple[RecordedTalk, ...]) -> list[TagOut]:
    return [
        TagOut.model_construct(tag=tag.tag, quote=tag.quote, start=tag.start, end=tag.end, recording_id=talk.recording.id)
        for talk in talks
        if talk.transcript
        for tag in talk.transcript.tags
    ]
