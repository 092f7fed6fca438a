"""Trust: how far our calls agree with what the exchange keeps itself, what differs, and mending it."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.audit import job
from api.paths import BodyId, PathId
from api.web.trust_words import TrustWords
from api.web.typed import day_typed
from api.web.visit import Visit, VisitNow, back_to
from crm_core import days
from crm_core.access import Right
from crm_core.calls.exchange_queries import list_exchanges
from crm_core.errors import Invalid, NotFound
from crm_core.trust import queries

router = APIRouter()

PERIOD = timedelta(days=29)  # and today
FURTHEST = timedelta(days=366)

Day = Annotated[str, Form(max_length=10)]


@router.get("/trust")
async def page(visit: VisitNow) -> Response:
    return await trust_page(visit)


@router.get("/trust/days")
async def part(visit: VisitNow) -> Response:
    return visit.part("trust/_days.html", **await _days(visit))


@router.get("/trust/{day_id}")
async def day_page(visit: VisitNow, day_id: PathId) -> Response:
    return await visit.page("trust/day.html", "trust", **await _day(visit, day_id))


@router.get("/trust/{day_id}/differences")
async def day_part(visit: VisitNow, day_id: PathId) -> Response:
    return visit.part("trust/_day.html", **await _day(visit, day_id))


@router.post("/trust")
async def compare(visit: VisitNow, exchange_id: Annotated[BodyId, Form()], day: Day) -> Response:
    """A job compares; the page shows what it found as soon as it is kept."""
    visit.require(Right.SEE_EXCHANGES)
    wanted = _wanted(visit, day)
    if wanted is None:
        refused = visit.say("Choose a day that has begun, and not longer ago than a year.")
        return await trust_page(visit, refused=refused, status=422)
    if exchange_id not in {one.id for one in await list_exchanges(visit.connection, visit.actor)}:
        raise NotFound(noun="exchanges", id=exchange_id)
    async with visit.context.database.write() as tx:
        await job.ask(tx, exchange_id, wanted, repair=False, by=visit.actor.user_id, now=visit.now)
    return back_to("/trust")


@router.post("/trust/{day_id}/repair")
async def repair(visit: VisitNow, day_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    audited = await queries.audited_day(visit.connection, visit.actor, day_id)
    async with visit.context.database.write() as tx:
        await job.ask(tx, audited.exchange_id, audited.day, repair=True, by=visit.actor.user_id, now=visit.now)
    return back_to(f"/trust/{day_id}")


async def trust_page(visit: Visit, *, refused: str | None = None, status: int = 200) -> Response:
    today = days.day_of(visit.now, visit.context.settings.zone)
    facts = {"refused": refused, "today": today, "yesterday": today - timedelta(days=1), "earliest": today - FURTHEST}
    return await visit.page("trust/page.html", "trust", status, **facts, **await _days(visit))


async def period_trust(visit: Visit, since: datetime, until: datetime) -> dict[str, Any]:
    """What every page with figures shows beside them: how far those of this period agree; nothing if nobody ever looked."""
    trust = await queries.trust_of(visit.connection, since, until, visit.context.settings.zone)
    return {"trust": trust, "words": words_of(visit)}


def words_of(visit: Visit) -> TrustWords:
    return TrustWords(visit.look.wording)


async def _days(visit: Visit) -> dict[str, Any]:
    lines = await queries.audited(visit.connection, visit.actor)
    zone = visit.context.settings.zone
    last = await queries.trust_of(visit.connection, visit.now - PERIOD, visit.now, zone)
    return {
        "lines": lines, "last": last, "words": words_of(visit), "exchanges": await list_exchanges(visit.connection, visit.actor),
        "under_way": await job.under_way(visit.connection, visit.now),
    }  # fmt: skip


async def _day(visit: Visit, day_id: int) -> dict[str, Any]:
    audited = await queries.audited_day(visit.connection, visit.actor, day_id)
    found = await queries.differences_of(visit.connection, visit.actor, day_id)
    under_way = any(one == (audited.exchange_id, audited.day) for one in await job.under_way(visit.connection, visit.now))
    return {"audited": audited, "differences": found, "words": words_of(visit), "under_way": under_way}


def _wanted(visit: Visit, told: str) -> date | None:
    today = days.day_of(visit.now, visit.context.settings.zone)
    try:
        day = day_typed(told)
    except Invalid:
        return None
    return day if day and today - FURTHEST <= day <= today else None
