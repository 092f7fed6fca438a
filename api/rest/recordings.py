"""`recordings`: the audio in ranges, and the peaks a player draws. No file name ever leaves."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.context import AppContext
from api.deps import Context, CurrentActor, ReadDb
from api.paths import PathId
from crm_core.access import Actor
from crm_core.errors import NotFound
from crm_core.recordings.queries import recording_row
from recordings.playback import note_listening, playable
from recordings.ranges import UnsatisfiableRange, parse_range

router = APIRouter(tags=["recordings"])

SOUND: dict[int | str, dict[str, Any]] = {
    200: {"content": {"audio/*": {}}},
    206: {"description": "The range that was asked for", "content": {"audio/*": {}}},
}


@router.get("/recordings/{recording_id}/audio", response_class=StreamingResponse, responses=SOUND)
@router.head("/recordings/{recording_id}/audio", include_in_schema=False)
async def audio(
    request: Request,
    recording_id: PathId,
    context: Context,
    actor: CurrentActor,
    wanted: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header(alias="If-Range")] = None,
) -> Response:
    """The conversation as browsers play it; answers ranges. Who listened is logged."""
    async with context.database.read() as connection:  # not held while the store is asked, which may take long to answer
        row = await recording_row(connection, actor, recording_id)
    file = await playable(context.blobs, row)
    headers = {"Accept-Ranges": "bytes", "ETag": file.etag, "Content-Disposition": "inline", "Cache-Control": "private, no-cache"}
    try:
        span = parse_range(wanted if if_range in (None, file.etag) else None, file.size)
    except UnsatisfiableRange as error:
        return Response(status_code=416, headers=headers | {"Content-Range": error.content_range})
    if span is not None:
        headers["Content-Range"] = span.content_range
    start, end = (span.start, span.end) if span else (0, file.size)
    headers["Content-Length"] = str(end - start)
    status = HTTPStatus.PARTIAL_CONTENT if span else HTTPStatus.OK
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.media_type)
    await _note(context, actor, recording_id)
    return StreamingResponse(file.chunks(start, end), status, headers, file.media_type)


@router.get("/recordings/{recording_id}/peaks")
async def peaks(recording_id: PathId, actor: CurrentActor, connection: ReadDb) -> JSONResponse:
    """`{"per_second", "seconds", "sides": [[0..255, …], …]}`: left is the customer, right the manager, or one mixed side."""
    row = await recording_row(connection, actor, recording_id)
    if row.peaks is None:
        raise NotFound(noun="recordings", id=recording_id)
    drawn: dict[str, Any] = {**row.peaks, "seconds": row.seconds}
    return JSONResponse(drawn)


async def _note(context: AppContext, actor: Actor, recording_id: int) -> None:
    async with context.database.write() as tx:
        await note_listening(tx, recording_id, actor.user_id, context.now())
