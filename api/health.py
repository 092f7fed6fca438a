"""`/healthz`: the process lives; `/readyz`: it can do its work; `/metrics`. Details only for this machine or with a token."""

import asyncio
import shutil
from typing import Any

import structlog
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from api.auth import actor_asking, bearer_token, is_loopback
from api.context import WELL, AppContext
from api.deps import Context
from crm_core.calls.listening_queries import not_heard
from crm_core.calls.tables import exchanges
from crm_core.errors import NotFound
from crm_core.jobs import JobState, jobs

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

LEAST_FREE = 200 * 1024 * 1024  # bytes: below it recordings cannot be kept for long
LONG_WAIT = 300.0  # seconds: a job that is due for so long has nobody who carries it
LOOK_TIME = 5.0  # seconds a database may take to answer
SILENT = "silent"
"""Of an exchange that is said to be up and tells nothing: nobody listens to it any more, or it hangs."""

SEE_LISTENER = "see that `firstring serve --only listen` runs"
SEE_EXCHANGE = "the page Exchange tells why; `firstring doctor` says what to change"

HEARD = Gauge(
    "firstring_exchange_heard", "1 while somebody listens to the exchange and hears it, told by any process", ["exchange"]
)


@router.get("/healthz")
async def healthz() -> JSONResponse:
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request, context: Context) -> JSONResponse:
    """200 while the database answers and the disk has room. An exchange that is down is told, and does not stop the rest.

    `ill`: each part that is not well, why, and what to do.
    """
    facts = await _facts(context)
    ready = facts["database"] == "ok" and facts["disk"]["ok"]
    body: dict[str, Any] = {"status": "ready" if ready else "not ready"}
    if await _may_know(request, context):
        body |= {**facts, "ill": _ill(facts)}
    return JSONResponse(body, 200 if ready else 503)


@router.get("/metrics")
async def metrics(request: Request, context: Context) -> Response:
    if not await _may_know(request, context):
        raise NotFound
    await _tell_who_is_heard(context)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _tell_who_is_heard(context: AppContext) -> None:
    """By the database: the listener may be another process, which tells no figures of its own, or may be gone."""
    try:
        async with asyncio.timeout(LOOK_TIME), context.database.read() as connection:
            states = await _exchanges(connection, context)
    except Exception:
        log.warning("exchanges_not_looked_at", exc_info=True)
        states = {}
    HEARD.clear()
    for name, state in states.items():
        HEARD.labels(name).set(state == "up")


async def _may_know(request: Request, context: AppContext) -> bool:
    """A client on this machine itself, not one whom a proxy on it lets through; or a program with a token."""
    peer = request.client.host if request.client else ""
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    # By the name it asks under, too: a stranger's page may have its own name resolve to this machine.
    if is_loopback(peer) and not forwarded and _names_this_machine(request.url.hostname or ""):
        return True
    return bearer_token(request) is not None and await actor_asking(request, context) is not None


def _names_this_machine(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


async def _facts(context: AppContext) -> dict[str, Any]:
    disk = await asyncio.to_thread(_disk, context)
    facts: dict[str, Any] = {"database": "ok", "disk": disk, "parts": dict(context.parts.states)}
    try:
        async with asyncio.timeout(LOOK_TIME), context.database.read() as connection:
            facts |= {"exchanges": await _exchanges(connection, context), "queue": await _queue(connection, context)}
    except Exception as error:  # whatever the driver raises, it is the answer to the question
        facts["database"] = type(error).__name__
    return facts


def _ill(facts: dict[str, Any]) -> list[dict[str, str]]:
    found = []
    if facts["database"] != "ok":
        found.append(("database", facts["database"], "see that it runs, and that FIRSTRING_DATABASE_URL is right"))
    if not facts["disk"]["ok"]:
        why = facts["disk"].get("why") or f"{facts['disk']['free_bytes'] // 2**20} MB are free"
        found.append(("disk", why, f"make room in FIRSTRING_DATA_DIR: {LEAST_FREE // 2**20} MB at least"))
    for part, state in facts["parts"].items():
        if state not in WELL:
            found.append((part, state, "it is tried again by itself; the log tells more"))
    for name, state in facts.get("exchanges", {}).items():
        if state != "up":
            found.append((f"exchange {name}", state, SEE_LISTENER if state == SILENT else SEE_EXCHANGE))
    queue = facts.get("queue", {})
    if queue.get("oldest_seconds", 0) > LONG_WAIT:
        found.append(("queue", f"a job waits for {queue['oldest_seconds']:.0f} s", "see that `firstring serve --only work` runs"))
    return [{"part": part, "why": why, "do": do} for part, why, do in found]


def _disk(context: AppContext) -> dict[str, Any]:
    try:
        free = shutil.disk_usage(context.data_dir).free
    except OSError as error:
        return {"ok": False, "why": str(error.strerror)}
    return {"ok": free >= LEAST_FREE, "free_bytes": free}


async def _exchanges(connection: AsyncConnection, context: AppContext) -> dict[str, str]:
    query = select(exchanges.c.id, exchanges.c.name, exchanges.c.state).where(exchanges.c.active)
    rows = (await connection.execute(query)).all()
    unheard = await not_heard(connection, context.now())
    return {row.name: SILENT if row.state == "up" and row.id in unheard else row.state for row in rows}


async def _queue(connection: AsyncConnection, context: AppContext) -> dict[str, Any]:
    """How many jobs wait, and for how many seconds the oldest that is due."""
    waiting = (jobs.c.state == JobState.QUEUED) & (jobs.c.run_after <= context.now())
    count, oldest = (await connection.execute(select(func.count(), func.min(jobs.c.run_after)).where(waiting))).one()
    parked = await connection.scalar(select(func.count()).select_from(jobs).where(jobs.c.state == JobState.PARKED))
    age = 0.0 if oldest is None else (context.now() - oldest).total_seconds()
    return {"due": count, "parked": parked, "oldest_seconds": round(max(age, 0.0), 1)}
