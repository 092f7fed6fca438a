"""Exchange: how the line to each exchange stands, what to put on it, and how to connect another."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import PathId
from api.web.exchange_form import Typed, blank, typed_in, wanted, without_secrets
from api.web.exchange_words import field_wrong
from api.web.snippets import snippets
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.calls import gaps
from crm_core.calls.exchange_queries import list_exchanges
from crm_core.errors import Conflict, Invalid
from crm_core.exchanges import registry
from pbx.dialects.registry import dialects

router = APIRouter()

Text = Annotated[str, Form(max_length=1000)]


@router.get("/exchange")
async def page(visit: VisitNow) -> Response:
    return await exchange_page(visit)


@router.get("/exchange/list")
async def part(visit: VisitNow) -> Response:
    return visit.part("exchange/_list.html", **await _shown(visit))


async def _shown(visit: Visit) -> dict[str, Any]:
    """How each exchange stands, and when it was not listened to."""
    exchanges = await list_exchanges(visit.connection, visit.actor)
    return {"exchanges": exchanges, "gaps": await gaps.recent(visit.connection, visit.actor), "makes": makes()}


def makes() -> dict[str, str]:
    """The dialects, as people call them; plain Asterisk first."""
    return {name: one.habits.title for name, one in sorted(dialects().items())}


async def exchange_page(
    visit: Visit, *, refused: str | None = None, typed: Typed | None = None, checked: Any = None, status: int = 200
) -> Response:
    facts = {**await _shown(visit), "snippets": snippets(visit.look.wording.texts), "refused": refused, "checked": checked}
    typed = without_secrets(typed) if typed else blank(visit.context.settings.region)
    return await visit.page("exchange/page.html", "exchange", status, typed=typed, exchange=None, **facts)


@router.post("/exchange")
async def connect(visit: VisitNow) -> Response:
    """Stored with its secret sealed; the listener takes it up by itself."""
    visit.require(Right.SETTINGS)
    typed = await typed_in(visit.request, visit.context.settings.region)
    try:
        new = wanted(typed)
        async with visit.context.database.write() as tx:
            await registry.add(tx, new, visit.context.box, now=visit.now, by=visit.actor.user_id)
    except Conflict:
        refused = visit.say("There is an exchange of this name already.")
        return await exchange_page(visit, refused=refused, typed=typed, status=409)
    except Invalid as error:
        refused = field_wrong(visit.look.wording.texts, error)
        return await exchange_page(visit, refused=refused, typed=typed, status=422)
    return back_to("/exchange")


@router.post("/exchange/{exchange_id}/active")
async def switch(visit: VisitNow, exchange_id: PathId, active: Text = "") -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await registry.set_active(tx, exchange_id, bool(active), now=visit.now, by=visit.actor.user_id)
    return back_to("/exchange")


@router.post("/exchange/{exchange_id}/records")
async def records(visit: VisitNow, exchange_id: PathId, cel: Text = "") -> Response:
    """Where the exchange's own log of events is; the listener then fills what it could not fill before."""
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await registry.set_cel_file(tx, exchange_id, _path(cel), now=visit.now, by=visit.actor.user_id)
    return back_to("/exchange")


def _path(typed: str) -> Path | None:
    return Path(typed.strip()) if typed.strip() else None
