"""Exchange: how the line to each exchange stands, what to put on it, and how to connect another."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import PathId
from api.web.snippets import snippets
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.calls import gaps
from crm_core.calls.exchange_queries import list_exchanges
from crm_core.errors import Conflict, Invalid, SettingsError
from crm_core.exchanges import registry
from crm_core.exchanges.addresses import AmiAddress, host_and_port
from crm_core.exchanges.new_exchange import NewExchange

router = APIRouter()

Text = Annotated[str, Form(max_length=1000)]

NOTHING_TYPED = {"name": "", "address": "", "user": "firstring-reader", "recordings": "", "cel": "", "own": "", "tls": ""}


@router.get("/exchange")
async def page(visit: VisitNow) -> Response:
    return await exchange_page(visit)


@router.get("/exchange/list")
async def part(visit: VisitNow) -> Response:
    return visit.part("exchange/_list.html", **await _shown(visit))


async def _shown(visit: Visit) -> dict[str, Any]:
    """How each exchange stands, and when it was not listened to."""
    exchanges = await list_exchanges(visit.connection, visit.actor)
    return {"exchanges": exchanges, "gaps": await gaps.recent(visit.connection, visit.actor)}


async def exchange_page(
    visit: Visit, *, refused: str | None = None, typed: dict[str, Any] | None = None, status: int = 200
) -> Response:
    facts = {**await _shown(visit), "snippets": snippets(visit.look.wording.texts), "refused": refused}
    return await visit.page("exchange/page.html", "exchange", status, typed=typed or NOTHING_TYPED, **facts)


@router.post("/exchange")
async def connect(
    visit: VisitNow,
    name: Text,
    address: Text,
    user: Text,
    secret: Text,
    tls: Text = "",
    recordings: Text = "",
    cel: Text = "",
    own: Text = "",
) -> Response:
    """Stored with its secret sealed; the listener takes it up by itself."""
    visit.require(Right.SETTINGS)
    typed = {"name": name, "address": address, "user": user, "recordings": recordings, "cel": cel, "own": own, "tls": tls}
    try:
        host, port = host_and_port(address)
        new = NewExchange(
            name, AmiAddress(host, port, bool(tls), user.strip(), secret), region=visit.context.settings.region,
            recordings_root=_path(recordings), cel_file=_path(cel), own_numbers=own.split(","),
        )  # fmt: skip
        async with visit.context.database.write() as tx:
            await registry.add(tx, new, visit.context.box, now=visit.now, by=visit.actor.user_id)
    except Conflict:
        return await exchange_page(
            visit, refused=visit.say("There is an exchange of this name already."), typed=typed, status=409
        )
    except (Invalid, SettingsError):
        refused = visit.say("Look at the address again: it is written like 192.168.1.10:5038.")
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
