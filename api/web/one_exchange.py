"""One exchange: how it stands, what it is set to, and whether what is typed would let us in."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.paths import PathId
from api.web.exchange import exchange_page, makes
from api.web.exchange_form import Typed, shown, typed_in, wanted, without_secrets
from api.web.exchange_words import field_wrong, stays_because
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.calls.exchange_queries import exchange
from crm_core.errors import Conflict, Invalid, SettingsError
from crm_core.exchanges import config, learned, registry, removing
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.new_exchange import NewExchange
from pbx.ami.connection import AmiLogin
from pbx.ami.trial import tried

router = APIRouter()


@router.post("/exchange/check")
async def check_new(visit: VisitNow) -> Response:
    """Logs in with what is typed, and keeps nothing of it."""
    visit.require(Right.SETTINGS)
    typed = await typed_in(visit.request, visit.context.settings.region)
    checked = await _checked(visit, typed, None)
    if visit.wants_part:
        return visit.part("exchange/_checked.html", checked=checked)
    return await exchange_page(visit, typed=typed, checked=checked)


@router.get("/exchange/{exchange_id}")
async def page(visit: VisitNow, exchange_id: PathId) -> Response:
    return await one_page(visit, exchange_id)


@router.post("/exchange/{exchange_id}")
async def change(visit: VisitNow, exchange_id: PathId) -> Response:
    """The listener takes the change up by itself; a secret that is not typed again stays."""
    visit.require(Right.SETTINGS)
    typed = await typed_in(visit.request, visit.context.settings.region)
    try:
        async with visit.context.database.write() as tx:
            new = wanted(typed, await registry.described(tx, exchange_id))
            await registry.change(tx, exchange_id, new, visit.context.box, now=visit.now, by=visit.actor.user_id)
    except Invalid as error:
        return await one_page(visit, exchange_id, refused=field_wrong(visit.look.wording.texts, error), typed=typed, status=422)
    return back_to(f"/exchange/{exchange_id}")


@router.post("/exchange/{exchange_id}/check")
async def check(visit: VisitNow, exchange_id: PathId) -> Response:
    """As `check_new`; with the kept secret, where none is typed and it would go to where it went before."""
    visit.require(Right.SETTINGS)
    typed = await typed_in(visit.request, visit.context.settings.region)
    checked = await _checked(visit, typed, exchange_id)
    if visit.wants_part:
        return visit.part("exchange/_checked.html", checked=checked)
    return await one_page(visit, exchange_id, typed=typed, checked=checked)


@router.post("/exchange/{exchange_id}/remove")
async def remove(visit: VisitNow, exchange_id: PathId) -> Response:
    """One that is switched off and of which no call was told."""
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await removing.remove(tx, exchange_id, now=visit.now, by=visit.actor.user_id)
    except Conflict as error:
        refused = stays_because(visit.look.wording.texts, error.facts["hold"])
        return await one_page(visit, exchange_id, refused=refused, status=409)
    return back_to("/exchange")


async def one_page(
    visit: Visit, exchange_id: int, *, refused: str | None = None, typed: Typed | None = None, checked: Any = None,
    status: int = 200,
) -> Response:  # fmt: skip
    visit.require(Right.SETTINGS)
    line = await exchange(visit.connection, visit.actor, exchange_id)
    typed = without_secrets(typed) if typed else shown(await registry.described(visit.connection, exchange_id))
    facts = {
        "exchange": line, "typed": typed, "checked": checked, "refused": refused, "makes": makes(),
        "lines": await learned.of(visit.connection, exchange_id),
        "hold": await removing.held_by(visit.connection, exchange_id),
        "by_environment": line.name == registry.DEFAULT and visit.context.settings.ami_url is not None,
    }  # fmt: skip
    return await visit.page("exchange/one.html", "exchange", status, **facts)


async def _checked(visit: Visit, typed: Typed, exchange_id: int | None) -> dict[str, Any]:
    """The trial, or in words why there can be none."""
    before = await registry.described(visit.connection, exchange_id) if exchange_id is not None else None
    try:
        address = await _with_secret(visit, wanted({**typed, "name": typed["name"] or "-"}, before), exchange_id)
    except Invalid as error:
        return {"refused": field_wrong(visit.look.wording.texts, error), "trial": None}
    except SettingsError as error:  # sealed under another key
        return {"refused": visit.say(error.say), "trial": None}
    return {"refused": None, "trial": await tried(AmiLogin.at(address))}


async def _with_secret(visit: Visit, new: NewExchange, exchange_id: int | None) -> AmiAddress:
    """Raises Invalid if a secret must be typed."""
    if new.ami.secret or exchange_id is None:
        if not new.ami.secret:
            raise Invalid("The secret is needed", field="secret")
        return new.ami
    kept = (await config.of_id(visit.connection, exchange_id, visit.context.box)).reader
    if (kept.place, kept.user) != (new.ami.place, new.ami.user):
        raise Invalid("The secret is needed again", field="secret")
    return replace(new.ami, secret=kept.secret, secret_file=kept.secret_file)
