"""Requests that have just come and that nobody has taken up: what pops up for the managers they concern."""

from datetime import datetime, timedelta

from sqlalchemy import exists, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right
from crm_core.deals.tables import deals
from crm_core.requests.queries import RequestLine, line_of, request_query
from crm_core.requests.tables import requests
from crm_core.requests.words import RequestState
from crm_core.tasks.tables import TaskKind, tasks

FRESH = timedelta(minutes=10)
MOST = 3
WAITING = (TaskKind.CLASSIFY, TaskKind.CALL_BACK, TaskKind.REQUEST)


async def fresh_requests(connection: AsyncConnection, actor: Actor, now: datetime) -> tuple[RequestLine, ...]:
    """The newest of the last ten minutes on deals that are the actor's or nobody's, while their task is open."""
    if not actor.may(Right.WORK):
        return ()
    waits = exists().where(tasks.c.deal_id == requests.c.deal_id, tasks.c.kind.in_(WAITING), tasks.c.done_at.is_(None))
    query = (
        request_query(actor)
        .where(requests.c.state == RequestState.TAKEN, requests.c.at > now - FRESH, waits.correlate(requests))
        .where(or_(deals.c.owner_id == actor.user_id, deals.c.owner_id.is_(None)))
        .order_by(requests.c.at.desc(), requests.c.id.desc())
        .limit(MOST)
    )
    return tuple(line_of(row) for row in await connection.execute(query))
