"""What routes ask for: the context, a reading connection, and who asks.

Writes are opened by the route itself, `async with context.database.write() as tx`, after everything slow is done.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import NotLoggedIn, actor_asking
from api.context import AppContext
from crm_core.access import Actor
from crm_core.paging import LARGEST_ID, MOST_ROWS


def context_of(request: Request) -> AppContext:
    context: AppContext = request.app.state.context
    return context


Context = Annotated[AppContext, Depends(context_of)]


async def read_db(context: Context) -> AsyncIterator[AsyncConnection]:
    """A connection that sees one moment; given back before the answer is sent, so a slow reader holds none."""
    async with context.database.read() as connection:
        yield connection


ReadDb = Annotated[AsyncConnection, Depends(read_db, scope="function")]


async def current_actor(request: Request, context: Context) -> Actor:
    """Who asks, by session cookie or bearer token; raises NotLoggedIn."""
    actor = await actor_asking(request, context)
    if actor is None:
        raise NotLoggedIn
    request.state.actor = actor  # so that a refusal is worded in his language
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]

RowId = Annotated[int, Query(ge=1, le=LARGEST_ID)]
"""An id as a filter: small enough for every database."""

Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Search = Annotated[str | None, Query(max_length=200)]
