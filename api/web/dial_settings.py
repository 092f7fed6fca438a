"""Exchange › calls by a click: the dialler's login, what may be dialled, and what was tried."""

from dataclasses import replace
from datetime import time
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import PathId
from api.web.dial_words import field_words
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.calls.exchange_queries import exchange
from crm_core.dialling import queries, settings
from crm_core.dialling.rules import DialRules
from crm_core.errors import Invalid
from crm_core.exchanges.registry import DEFAULT

router = APIRouter()

Text = Annotated[str, Form(max_length=400)]
Typed = dict[str, str]


@router.get("/exchange/{exchange_id}/dialling")
async def page(visit: VisitNow, exchange_id: PathId) -> Response:
    return await dialling_page(visit, exchange_id)


async def dialling_page(
    visit: Visit, exchange_id: int, *, refused: str | None = None, typed: Typed | None = None, status: int = 200
) -> Response:
    visit.require(Right.SETTINGS)
    line = await exchange(visit.connection, visit.actor, exchange_id)
    rules = await queries.rules_on(visit.connection, exchange_id)
    tried = await queries.recent(visit.connection, exchange_id)
    by_environment = line.name == DEFAULT and visit.context.settings.ami_url is not None
    facts = {"exchange": line, "typed": typed or _written(rules), "tried": tried, "by_environment": by_environment}
    return await visit.page("dialling/settings.html", "exchange", status, refused=refused, **facts)


@router.post("/exchange/{exchange_id}/dialling")
async def set_rules(
    visit: VisitNow, exchange_id: PathId, countries: Text = "", short_numbers: Text = "", per_hour: Text = "", per_day: Text = "",
    at_night: Text = "", night_from: Text = "", night_until: Text = "", phone: Text = "", context: Text = "", prefix: Text = "",
    ring_seconds: Text = "",
) -> Response:  # fmt: skip
    visit.require(Right.SETTINGS)
    typed = {
        "countries": countries, "short_numbers": short_numbers, "per_hour": per_hour, "per_day": per_day, "at_night": at_night,
        "night_from": night_from, "night_until": night_until, "phone": phone, "context": context, "prefix": prefix,
        "ring_seconds": ring_seconds,
    }  # fmt: skip
    try:
        rules = rules_typed(await queries.rules_on(visit.connection, exchange_id), typed)
        async with visit.context.database.write() as tx:
            await settings.set_rules(tx, exchange_id, rules, now=visit.now, by=visit.actor.user_id)
    except Invalid as error:
        refused = field_words(visit.look.wording.texts, str(error.facts.get("field")))
        return await dialling_page(visit, exchange_id, refused=refused, typed=typed, status=422)
    return back_to(f"/exchange/{exchange_id}/dialling")


@router.post("/exchange/{exchange_id}/dialler")
async def set_dialler(visit: VisitNow, exchange_id: PathId, user: Text = "", secret: Text = "") -> Response:
    """An empty user takes click-to-call away."""
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            box, by = visit.context.box, visit.actor.user_id
            await settings.set_dialler(tx, exchange_id, user, secret, box, now=visit.now, by=by)
    except Invalid as error:
        refused = field_words(visit.look.wording.texts, str(error.facts.get("field")))
        return await dialling_page(visit, exchange_id, refused=refused, status=422)
    return back_to(f"/exchange/{exchange_id}/dialling")


def rules_typed(known: DialRules, typed: Typed) -> DialRules:
    """The form as rules, not looked at yet beyond what can be read; raises Invalid naming the field."""
    return replace(
        known, countries=_listed(typed["countries"].upper()), short_numbers=_listed(typed["short_numbers"]),
        per_hour=_whole(typed, "per_hour"), per_day=_whole(typed, "per_day"), at_night=_whole(typed, "at_night"),
        night_from=_clock(typed, "night_from"), night_until=_clock(typed, "night_until"),
        phone=typed["phone"].strip(), context=typed["context"].strip(), prefix=typed["prefix"].strip(),
        ring_seconds=_whole(typed, "ring_seconds"),
    )  # fmt: skip


def _written(rules: DialRules) -> Typed:
    """The rules as the form's fields hold them."""
    return {
        "countries": ", ".join(rules.countries), "short_numbers": ", ".join(rules.short_numbers),
        "per_hour": str(rules.per_hour), "per_day": str(rules.per_day), "at_night": str(rules.at_night),
        "night_from": rules.night_from.isoformat("minutes"), "night_until": rules.night_until.isoformat("minutes"),
        "phone": rules.phone, "context": rules.context, "prefix": rules.prefix, "ring_seconds": str(rules.ring_seconds),
    }  # fmt: skip


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def _whole(typed: Typed, field: str) -> int:
    digits = typed[field].strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 8):
        raise Invalid("A whole number is wanted", field=field)
    return int(digits)


def _clock(typed: Typed, field: str) -> time:
    try:
        return time.fromisoformat(typed[field].strip()).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError as error:
        raise Invalid("A time of day is wanted", field=field) from error
