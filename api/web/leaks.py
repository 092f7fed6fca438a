"""Where deals leak away (F3): stage by stage, by manager and source, with the deals and calls behind each figure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement, true
from starlette.responses import Response

from api.web.plan_words import PlanWords
from api.web.trust import period_trust
from api.web.typed import day_typed, id_typed
from api.web.visit import Visit, VisitNow, at_address
from crm_core.access import Noun
from crm_core.calls.lines import line_query, lines
from crm_core.calls.tables import calls
from crm_core.days import day_of
from crm_core.deals.filters import known_sources
from crm_core.deals.queries import Pipeline, deals_among, list_pipelines
from crm_core.errors import Invalid, NotFound
from crm_core.reports.leaks import behind, behind_all, leaks
from crm_core.reports.periods import parts_of, span
from crm_core.reports.visits import Fate, LeaksAsked
from crm_core.users.queries import on_duty

router = APIRouter()

SHOWN = 100
ANY, NONE = "", "-"
"""All sources or managers; deals without one."""
ENDS = ("won", "lost")


@dataclass(frozen=True, slots=True)
class Asked:
    """As it stands in the address; empty: the first pipeline, this month, everybody, all sources."""

    pipeline_id: Annotated[str, Query(max_length=15)] = ""
    owner_id: Annotated[str, Query(max_length=15)] = ""
    source: Annotated[str, Query(max_length=300)] = ANY
    since: Annotated[str, Query(max_length=10, alias="from")] = field(default="")
    until: Annotated[str, Query(max_length=10, alias="to")] = field(default="")

    def query(self, **more: str) -> str:
        named = {"pipeline_id": self.pipeline_id, "owner_id": self.owner_id, "source": self.source, "from": self.since,
                 "to": self.until, **more}  # fmt: skip
        return urlencode({name: value for name, value in named.items() if value})


AskedNow = Annotated[Asked, Depends()]


@router.get("/leaks")
async def page(visit: VisitNow, asked: AskedNow) -> Response:
    return await visit.page("leaks/page.html", "leaks", **await _choices(visit), **await _told(visit, asked))


@router.get("/leaks/figures")
async def part(visit: VisitNow, asked: AskedNow) -> Response:
    return at_address(visit.part("leaks/_figures.html", **await _told(visit, asked)), "/leaks", asked.query())


@router.get("/leaks/behind")
async def behind_page(
    visit: VisitNow, asked: AskedNow, stage_id: Annotated[str, Query(max_length=15)] = "",
    fate: Annotated[str, Query(max_length=10)] = "", closed: Annotated[str, Query(max_length=10)] = "",
) -> Response:  # fmt: skip
    """The deals of one figure, and the calls on that stage; without a stage all deals of the time, or those `closed` so."""
    pipeline = await _pipeline(visit, asked)
    if not stage_id:
        return await _behind_all(visit, asked, pipeline, closed)
    stage = next((one for one in pipeline.stages if one.id == id_typed(stage_id)), None)
    if stage is None:
        raise NotFound(noun="stages", id=stage_id)
    if fate and fate not in set(Fate):
        raise Invalid("A filter has a value it cannot have")
    chosen = Fate(fate) if fate else None
    ids = await behind(visit.connection, visit.actor, _filters(visit, asked, pipeline), stage.id, chosen, visit.now)
    return await _behind(visit, asked, ids, calls.c.stage_id == stage.id, stage=stage, fate=chosen, closed="")


async def _behind_all(visit: Visit, asked: Asked, pipeline: Pipeline, closed: str) -> Response:
    if closed and closed not in ENDS:
        raise Invalid("A filter has a value it cannot have")
    ids = await behind_all(visit.connection, visit.actor, _filters(visit, asked, pipeline), closed or None)
    return await _behind(visit, asked, ids, true(), stage=None, fate=None, closed=closed)


async def _behind(
    visit: Visit, asked: Asked, ids: Sequence[int], which: ColumnElement[bool], **named: Any
) -> Response:  # fmt: skip
    found = await deals_among(visit.connection, visit.actor, ids[:SHOWN])
    talks = line_query(visit.actor).where(calls.c.deal_id.in_(ids[:SHOWN]), which)
    newest = talks.order_by(calls.c.started_at.desc(), calls.c.id.desc()).limit(SHOWN)
    told = await lines(visit.connection, visit.actor, newest)
    return await visit.page("leaks/behind.html", "leaks", asked=asked, count=len(ids), found=found, talks=told, **named)


async def _choices(visit: Visit) -> dict[str, Any]:
    return {
        "pipelines": await list_pipelines(visit.connection), "sources": await known_sources(visit.connection, visit.actor),
        "owners": await on_duty(visit.connection, visit.actor.people(Noun.FIGURES)),
    }  # fmt: skip


async def _told(visit: Visit, asked: Asked) -> dict[str, Any]:
    pipeline = await _pipeline(visit, asked)
    filters = _filters(visit, asked, pipeline)
    first, last = _days(visit, asked)
    parts = parts_of(first, last, visit.context.settings.zone)
    told = await leaks(visit.connection, visit.actor, filters, visit.now, parts)
    words = PlanWords(visit.look.wording)
    return {
        "told": told, "asked": asked, "pipeline": pipeline, "plan_words": words, "days": (first.isoformat(), last.isoformat()),
        "worst": _worst(told.stages), "parts": {part.first.isoformat(): part for part in parts},
        **await period_trust(visit, filters.since, filters.until),
    }  # fmt: skip


def _worst(stages: Any) -> int | None:
    """The stage that loses most of those who come: where to look first."""
    losing = [one for one in stages if one.lost]
    return max(losing, key=lambda one: (one.lost / one.entered, one.lost)).stage.id if losing else None


async def _pipeline(visit: Visit, asked: Asked) -> Pipeline:
    known = await list_pipelines(visit.connection)
    wanted = id_typed(asked.pipeline_id)
    found = next((one for one in known if wanted is None or one.id == wanted), None)
    if found is None:
        raise NotFound(noun="pipelines", id=wanted)
    return found


def _days(visit: Visit, asked: Asked) -> tuple[date, date]:
    today = day_of(visit.now, visit.context.settings.zone)
    first = day_typed(asked.since) or today.replace(day=1)
    return first, day_typed(asked.until) or max(today, first)


def _filters(visit: Visit, asked: Asked, pipeline: Pipeline) -> LeaksAsked:
    since, until = span(*_days(visit, asked), visit.context.settings.zone)
    source = None if asked.source == ANY else "" if asked.source == NONE else asked.source
    nobodys = asked.owner_id == NONE
    return LeaksAsked(pipeline.id, since, until, None if nobodys else id_typed(asked.owner_id), source, nobodys)
