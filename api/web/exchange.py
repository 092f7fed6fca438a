"""Exchange: how the line to each exchange stands, what to put on it, and how to connect another."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.web.snippets import snippets
from api.web.visit import Visit, VisitNow
from crm_core.calls.exchange_queries import list_exchanges

router = APIRouter()

NOTHING_TYPED = {"name": "", "address": "", "user": "firstring-reader", "recordings": "", "own": "", "tls": ""}


@router.get("/exchange")
async def page(visit: VisitNow) -> Response:
    return await exchange_page(visit)


@router.get("/exchange/list")
async def part(visit: VisitNow) -> Response:
    return visit.part("exchange/_list.html", exchanges=await list_exchanges(visit.connection, visit.actor))


async def exchange_page(
    visit: Visit, *, refused: str | None = None, typed: dict[str, Any] | None = None, status: int = 200
) -> Response:
    exchanges = await list_exchanges(visit.connection, visit.actor)
    facts = {"exchanges": exchanges, "snippets": snippets(visit.look.wording.texts), "refused": refused}
    return await visit.page("exchange/page.html", "exchange", status, typed=typed or NOTHING_TYPED, **facts)
