"""The web application: REST, pages, health. Everything it needs comes in by its context."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from api import health
from api.auth import COOKIE
from api.context import AppContext
from api.errors import REFUSALS, answer_errors
from api.guard import Guard
from api.rest import (
    access,
    automations,
    bulk,
    calls,
    companies,
    contacts,
    deal_parts,
    deals,
    dialling,
    docs,
    exchanges,
    fields,
    gates,
    handing,
    history,
    lead_rules,
    losing,
    loss_reasons,
    me,
    meetings,
    merges,
    offer,
    pipelines,
    recordings,
    reports,
    request_door,
    requests,
    stages,
    stream,
    tasks,
    teams,
    trust,
    users,
    views,
    webhooks,
)
from api.sign_in import router as sign_in
from api.stream import Streams
from api.web import frame, pages

STATIC = Path(__file__).parent / "web" / "static"
PREFIX = "/api/v1"
NOUNS = (
    dialling, calls, recordings, contacts, companies, bulk, deals, deal_parts, meetings, fields, offer,
    gates, views, losing, tasks, pipelines, stages,
    loss_reasons, users, teams, access, exchanges, trust, reports, me, stream, webhooks, merges, history, automations, handing,
    lead_rules, request_door, requests,
)  # fmt: skip

# For the description alone: `api.deps.CurrentActor` is what reads either of them.
WAYS_IN = [
    Security(HTTPBearer(auto_error=False, description="`firstring token create EMAIL`")),
    Security(APIKeyCookie(name=COOKIE, auto_error=False, description="the session of a browser")),
]


def create_app(context: AppContext) -> FastAPI:
    """An application of its own for each context; two of them share nothing but the table of routes."""
    app = FastAPI(
        title="Firstring", version="1", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None,
        redirect_slashes=False,  # it would lead wherever the request's Host header says
        description="Calls, contacts and deals of a sales team. Errors are RFC 9457 problem details.", routes=_routes(),
    )  # fmt: skip
    app.state.context = context
    app.state.streams = Streams(context)
    answer_errors(app)
    app.state.error_page = pages.error_page
    app.add_middleware(Guard)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """In the order they are tried. FastAPI reads all signatures when it is first asked: a third of a second in which no call
    would be heard, so it is asked here, once in a process."""
    table = APIRouter()
    table.include_router(frame.router, include_in_schema=False)  # first: nothing is asked as often, nor by as many who wait
    for noun in NOUNS:
        table.include_router(noun.router, prefix=PREFIX, responses=REFUSALS, dependencies=WAYS_IN)
    table.include_router(docs.router)
    table.include_router(health.router)
    for page in pages.NOUNS:  # not in a router of their own: its routes would be gone through once more for each request
        table.include_router(page.router, include_in_schema=False)
    table.include_router(sign_in)
    table.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
    for route in table.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []})
    return table.routes
