"""`GET stream`: what happened, for pages and programs that stay up to date."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse

import api.stream
from api.auth import actor_asking, bearer_token, session_hash, session_token
from api.context import AppContext
from api.deps import Context, CurrentActor
from api.stream import Listener, Streams, Told, last_event_id
from crm_core.access import Actor

router = APIRouter(tags=["stream"])

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
OPENING = b"retry: 1000\n: connected\n\n"


@router.get("/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def stream(
    request: Request,
    context: Context,
    actor: CurrentActor,
    last_event: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    last_id: Annotated[str | None, Query(description="like Last-Event-ID, where a header cannot be set")] = None,
) -> StreamingResponse:
    """Server-sent events: data is `{id, event, noun ids}`; `mine` is set where it is about you, and not only yours to see.

    Resumes after `Last-Event-ID`; `reload` means: too much was missed.
    """
    streams: Streams = request.app.state.streams
    token = None if bearer_token(request) is not None else session_token(request)
    listener = Listener(actor, session_hash(token) if token else None)
    streams.require_room(actor)
    lines = _lines(request, context, streams, listener, last_event_id(last_event or last_id))
    return StreamingResponse(lines, media_type="text/event-stream", headers=HEADERS)


async def _lines(
    request: Request, context: AppContext, streams: Streams, listener: Listener, last_id: int | None
) -> AsyncIterator[bytes]:
    yield OPENING
    looked: float | None = None
    async for told in streams.listen(listener, last_id):
        if looked is None:
            if await actor_asking(request, context) != listener.actor:
                return  # his access was changed between his asking and his listening
            looked = monotonic()
            if not told:
                continue
        if told:
            newest = max(one.id for one in told)
            yield b"".join(_message(one, listener.actor, newest) for one in told)
        # Also where something comes all the time, and so nothing ever times out; what was told need not wait for the look.
        if not told or monotonic() - looked >= api.stream.PING:
            if context.stopping.is_set() or await actor_asking(request, context) != listener.actor:
                return  # logged out, deactivated or of another role by now
            looked = monotonic()
        if not told:
            yield b": still here\n\n"


def _message(told: Told, actor: Actor, newest: int) -> bytes:
    return f"id: {told.id}\ndata: {told.text(actor, newest)}\n\n".encode()
