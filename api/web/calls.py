"""Calls: the list with its filters, and one call with its recording, its words and its remarks."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.paths import PathId
from api.web.typed import day_typed, id_typed
from api.web.visit import Visit, VisitNow, at_address, back_to
from crm_core import days
from crm_core.access import Noun, Right, require_visible
from crm_core.calls.events import Direction, Outcome
from crm_core.calls.queries import CallFilters, call_card, list_calls
from crm_core.calls.review import mark_reviewed, remark, take_back_remark, unmark_reviewed
from crm_core.calls.tables import calls
from crm_core.errors import Invalid
from crm_core.paging import Page
from crm_core.users.queries import UserLine, list_users

router = APIRouter()

Text = Annotated[str, Form(max_length=12_000)]


class Review(Protocol):
    """Marks a call reviewed, or takes the mark off."""

    async def __call__(self, tx: AsyncConnection, call_id: int, *, by: int, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they stand in the form: text, to be shown again as it was typed."""

    search: Annotated[str, Query(max_length=200)] = ""
    direction: Annotated[str, Query(max_length=20)] = ""
    outcome: Annotated[str, Query(max_length=20)] = ""
    user_id: Annotated[str, Query(max_length=15)] = ""
    tag: Annotated[str, Query(max_length=40)] = ""
    since: Annotated[str, Query(max_length=10, alias="from")] = field(default="")
    until: Annotated[str, Query(max_length=10, alias="to")] = field(default="")

    def query(self) -> str:
        named = {{"since": "from", "until": "to"}.get(name, name): value for name, value in asdict(self).items() if value}
        return urlencode(named)

    def filters(self, zone: ZoneInfo) -> CallFilters:
        """Raises Invalid for what no form of ours sends."""
        try:
            since, until = day_typed(self.since), day_typed(self.until)
            return CallFilters(
                since=days.bounds(since, zone)[0] if since else None, until=days.bounds(until, zone)[1] if until else None,
                direction=Direction(self.direction) if self.direction else None,
                outcome=Outcome(self.outcome) if self.outcome else None,
                user_id=id_typed(self.user_id),
                search=self.search or None, tag=self.tag or None,
            )  # fmt: skip
        except (ValueError, OverflowError) as error:
            raise Invalid("A filter has a value it cannot have") from error


AskedNow = Annotated[Asked, Depends()]


@router.get("/calls")
async def page(visit: VisitNow, asked: AskedNow) -> Response:
    return await visit.page("calls/list.html", "calls", people=await _people(visit), **await _listed(visit, asked))


@router.get("/calls/list")
async def part(visit: VisitNow, asked: AskedNow) -> Response:
    return at_address(visit.part("calls/_list.html", **await _listed(visit, asked)), "/calls", asked.query())


@router.get("/calls/more")
async def more(
    visit: VisitNow,
    asked: AskedNow,
    cursor: Annotated[str, Query(max_length=500)],
    after_day: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """The rows after the cursor; `after_day` is the day whose heading stands above already."""
    found = await list_calls(visit.connection, visit.actor, asked.filters(visit.context.settings.zone), cursor=cursor)
    return visit.part("calls/_rows.html", calls=found, asked_query=asked.query(), after_day=after_day)


@router.get("/calls/{call_id}")
async def card_page(visit: VisitNow, call_id: PathId) -> Response:
    return await visit.page("calls/page.html", "calls", **await _card(visit, call_id))


@router.get("/calls/{call_id}/card")
async def card(visit: VisitNow, call_id: PathId) -> Response:
    return visit.part("calls/_card.html", **await _card(visit, call_id))


@router.get("/calls/{call_id}/talk")
async def talk(visit: VisitNow, call_id: PathId) -> Response:
    """Recording and words alone: also stands inside a deal's timeline."""
    return visit.part("calls/_talk.html", **await _card(visit, call_id))


async def _listed(visit: Visit, asked: Asked) -> dict[str, Any]:
    facts = {"asked": asked, "asked_query": asked.query(), "after_day": None}
    try:
        found = await list_calls(visit.connection, visit.actor, asked.filters(visit.context.settings.zone))
    except Invalid:
        return {**facts, "calls": Page((), None), "wrong": visit.say("Choose them anew.")}
    return {**facts, "calls": found, "wrong": None}


async def _people(visit: Visit) -> tuple[UserLine, ...]:
    if not visit.may(Right.SEE_FIGURES):
        return ()
    people = visit.actor.people(Noun.CALLS)
    everybody = (await list_users(visit.connection, visit.actor)).items
    return tuple(user for user in everybody if people is None or user.id in people)


async def _card(visit: Visit, call_id: int) -> dict[str, Any]:
    found = await call_card(visit.connection, visit.actor, call_id)
    return {"call": found, "line": found.line, "talks_recorded": found.talks_recorded, "transcript": found.transcript}


@router.post("/calls/{call_id}/review")
async def review(visit: VisitNow, call_id: PathId) -> Response:
    return await _reviewed(visit, call_id, mark_reviewed)


@router.post("/calls/{call_id}/unreview")
async def unreview(visit: VisitNow, call_id: PathId) -> Response:
    return await _reviewed(visit, call_id, unmark_reviewed)


@router.post("/calls/{call_id}/remarks")
async def add_remark(
    visit: VisitNow, call_id: PathId, text: Text, second: Annotated[float | None, Form()] = None, whole: Text = ""
) -> Response:
    """About the second where the player stands, or about the whole call."""
    visit.require(Right.REVIEW)
    async with visit.context.database.write() as tx:
        await require_visible(tx, visit.actor, calls, call_id)
        await remark(tx, call_id, text, None if whole else second, by=visit.actor.user_id, now=visit.now)
    return await _after(visit, call_id)


@router.post("/calls/{call_id}/remarks/{remark_id}/remove")
async def remove_remark(visit: VisitNow, call_id: PathId, remark_id: PathId) -> Response:
    visit.require(Right.REVIEW)
    async with visit.context.database.write() as tx:
        await require_visible(tx, visit.actor, calls, call_id)
        await take_back_remark(tx, call_id, remark_id, by=visit.actor.user_id, now=visit.now)
    return await _after(visit, call_id)


async def _reviewed(visit: Visit, call_id: int, deed: Review) -> Response:
    visit.require(Right.REVIEW)
    async with visit.context.database.write() as tx:
        await require_visible(tx, visit.actor, calls, call_id)
        await deed(tx, call_id, by=visit.actor.user_id, now=visit.now)
    return await _after(visit, call_id)


async def _after(visit: Visit, call_id: int) -> Response:
    """The card in place, so that the recording plays on; without scripts the whole page."""
    if visit.wants_part:
        return visit.part("calls/_card.html", **await _card(visit, call_id))
    return back_to(f"/calls/{call_id}")
