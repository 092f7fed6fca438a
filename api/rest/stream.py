"""`GET stream`: what happened, for pages and programs that stay up to date."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse

from api.auth import credential_of
from api.deps import CurrentActor
from api.stream import Listener, Streams, last_event_id

router = APIRouter(tags=["stream"])

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def stream(
    request: Request,
    actor: CurrentActor,
    last_event: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    last_id: Annotated[str | None, Query(description="like Last-Event-ID, where a header cannot be set")] = None,
) -> StreamingResponse:
    """Server-sent events: data is `{id, event, noun ids}`; `mine` is set where it is about you, and not only yours to see.

    Resumes after `Last-Event-ID`; `reload` means: too much was missed.
    """
    streams: Streams = request.app.state.streams
    streams.require_room(actor)
    told = streams.listen(Listener(actor, credential_of(request)), last_event_id(last_event or last_id))
    return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)
