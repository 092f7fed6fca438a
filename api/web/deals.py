"""Deals: the list, and one deal with its stages and all that happened on it."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.web.visit import Visit, VisitNow
from crm_core.deals.queries import DealFilters, DealLine, list_deals, list_pipelines
from crm_core.deals.timeline_queries import deal_card
from crm_core.errors import Invalid
from crm_core.paging import LARGEST_ID, Page
from crm_core.users.queries import on_duty

router = APIRouter()


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
    owners = await on_duty(visit.connection) if visit.actor.sees_everybody else ()
    pipelines = await list_pipelines(visit.connection)
    return await visit.page("deals/list.html", "deals", owners=owners, pipelines=pipelines, **await _listed(visit, asked))


@router.get("/deals/list")
async def part(visit: VisitNow, asked: AskedNow) -> Response:
    answer = visit.part("deals/_list.html", **await _listed(visit, asked))
    answer.headers["HX-Push-Url"] = f"/deals?{asked.query()}"
    return answer


@router.get("/deals/more")
async def more(visit: VisitNow, asked: AskedNow, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    deals = await list_deals(visit.connection, visit.actor, asked.filters(), cursor=cursor)
    return visit.part("deals/_rows.html", deals=deals, asked_query=asked.query(), continued=True)


@router.get("/deals/{deal_id}")
async def card_page(visit: VisitNow, deal_id: int) -> Response:
    return await deal_page(visit, deal_id)


@router.get("/deals/{deal_id}/card")
async def card(visit: VisitNow, deal_id: int) -> Response:
    return visit.part("deals/_card.html", deal=await deal_card(visit.connection, visit.actor, deal_id))


async def deal_page(visit: Visit, deal_id: int, refused: str | None = None, status: int = 200) -> Response:
    """The card, with what was refused above it where a deed was."""
    deal = await deal_card(visit.connection, visit.actor, deal_id)
    return await visit.page("deals/page.html", "deals", status, deal=deal, refused=refused)


async def _listed(visit: Visit, asked: Asked) -> dict[str, Any]:
    deals: Page[DealLine] = await list_deals(visit.connection, visit.actor, asked.filters())
    return {"asked": asked, "asked_query": asked.query(), "filtered": asked.narrows, "deals": deals, "continued": False}
