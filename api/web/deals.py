"""Deals: the list, and their moves. One deal's card is in `deal_card`, what is done on it in `deal_deeds`."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from starlette.responses import Response

from api.paths import BodyId, PathId
from api.web.deal_card import after_deed, of_mine
from api.web.visit import Visit, VisitNow
from crm_core.access import Noun
from crm_core.deals import moves
from crm_core.deals.filters import DealFilters
from crm_core.deals.queries import DealLine, list_deals, list_pipelines
from crm_core.errors import Conflict, Invalid
from crm_core.paging import LARGEST_ID, Page
from crm_core.users.queries import on_duty

router = APIRouter()

FormId = Annotated[BodyId, Form()]


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they stand in the form."""

    state: Literal["open", "closed"] = "open"
    search: Annotated[str, Query(max_length=200)] = ""
    stage_id: Annotated[str, Query(max_length=15)] = ""
    owner_id: Annotated[str, Query(max_length=15)] = ""

    def query(self) -> str:
        return urlencode({name: value for name, value in asdict(self).items() if value})

    @property
    def narrows(self) -> bool:
        return bool(self.search or self.stage_id or self.owner_id)

    def filters(self) -> DealFilters:
        """Raises Invalid for what no form of ours sends."""
        return DealFilters(
            open=self.state == "open", search=self.search or None, stage_id=_id(self.stage_id), owner_id=_id(self.owner_id)
        )


AskedNow = Annotated[Asked, Depends()]


def _id(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > LARGEST_ID:
        raise Invalid("A filter has a value it cannot have")
    return int(text)


@router.get("/deals")
async def page(visit: VisitNow, asked: AskedNow) -> Response:
    owners = await on_duty(visit.connection, visit.actor.people(Noun.DEALS))
    pipelines = await list_pipelines(visit.connection)
    return await visit.page("deals/list.html", "deals", owners=owners, pipelines=pipelines, **await _listed(visit, asked))


@router.get("/deals/list")
async def part(visit: VisitNow, asked: AskedNow) -> Response:
    answer = visit.part("deals/_list.html", **await _listed(visit, asked))
    answer.headers["HX-Push-Url"] = f"/deals?{asked.query()}"
    return answer


@router.get("/deals/more")
async def more(visit: VisitNow, asked: AskedNow, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    found = await list_deals(visit.connection, visit.actor, asked.filters(), cursor=cursor)
    return visit.part("deals/_rows.html", deals=found, asked_query=asked.query(), continued=True)


@router.post("/deals/{deal_id}/move")
async def move(visit: VisitNow, deal_id: PathId, stage: FormId, expected: FormId) -> Response:
    """To another stage; refused where a colleague was faster."""
    try:
        async with of_mine(visit, deal_id) as tx:
            await moves.move(tx, deal_id, stage, by=visit.actor.user_id, now=visit.now, expected_stage=expected)
    except Conflict as error:
        return await after_deed(visit, deal_id, _moved_to(visit, error), 409)
    return await after_deed(visit, deal_id)


async def _listed(visit: Visit, asked: Asked) -> dict[str, Any]:
    found: Page[DealLine] = await list_deals(visit.connection, visit.actor, asked.filters())
    return {"asked": asked, "asked_query": asked.query(), "filtered": asked.narrows, "deals": found, "continued": False}


def _moved_to(visit: Visit, error: Conflict) -> str:
    moved_to = error.facts.get("moved_to")
    name = moved_to["name"] if isinstance(moved_to, dict) else ""
    return visit.say("Somebody was faster: the deal stands on “%(stage)s” already.") % {"stage": name}
