"""Deals: the list, and one deal with its stages and all that happened on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.paths import BodyId, PathId
from api.web.typed import amount_typed, moment_typed
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Noun, Right, may_give_to, require_may_give, require_visible
from crm_core.deals import edits, moves, notes
from crm_core.deals.card_queries import deal_card
from crm_core.deals.filters import DealFilters
from crm_core.deals.loss_reasons import LossReason, list_loss_reasons
from crm_core.deals.queries import DealLine, list_deals, list_pipelines
from crm_core.deals.tables import deals
from crm_core.errors import Conflict, Invalid
from crm_core.paging import LARGEST_ID, Page
from crm_core.tasks.deeds import NewTask, set_task
from crm_core.users.queries import on_duty

router = APIRouter()

Text = Annotated[str, Form(max_length=12_000)]
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


@router.get("/deals/{deal_id}")
async def card_page(visit: VisitNow, deal_id: PathId) -> Response:
    return await _page(visit, await _card(visit, deal_id))


@router.get("/deals/{deal_id}/card")
async def card(visit: VisitNow, deal_id: PathId) -> Response:
    return visit.part("deals/_card.html", **await _card(visit, deal_id))


@router.post("/deals/{deal_id}/move")
async def move(visit: VisitNow, deal_id: PathId, stage: FormId, expected: FormId) -> Response:
    """To another stage; refused where a colleague was faster."""
    try:
        async with _of_mine(visit, deal_id) as tx:
            await moves.move(tx, deal_id, stage, by=visit.actor.user_id, now=visit.now, expected_stage=expected)
    except Conflict as error:
        return await _after(visit, deal_id, _moved_to(visit, error), 409)
    return await _after(visit, deal_id)


@router.post("/deals/{deal_id}/lose")
async def lose(visit: VisitNow, deal_id: PathId, reason_id: FormId, words: Text = "") -> Response:
    """Nothing will come of it; the reason is kept with the stage it was lost on."""
    try:
        async with _of_mine(visit, deal_id) as tx:
            await edits.lose_deal(tx, deal_id, reason_id, words, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await _after(visit, deal_id, visit.say("This reason is not on the list any more. Choose another one."), 422)
    return await _after(visit, deal_id)


@router.post("/deals/{deal_id}/reopen")
async def reopen(visit: VisitNow, deal_id: PathId) -> Response:
    async with _of_mine(visit, deal_id) as tx:
        await edits.reopen_deal(tx, deal_id, by=visit.actor.user_id, now=visit.now)
    return await _after(visit, deal_id)


@router.post("/deals/{deal_id}/edit")
async def edit(visit: VisitNow, deal_id: PathId, title: Text = "", amount: Text = "") -> Response:
    try:
        changes = edits.DealChanges(title=title.strip() or None, amount=amount_typed(amount))
        async with _of_mine(visit, deal_id) as tx:
            await edits.edit_deal(tx, deal_id, changes, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await _after(visit, deal_id, visit.say("The amount is a number such as 240 000."), 422)
    return await _after(visit, deal_id)


@router.post("/deals/{deal_id}/owner")
async def give(visit: VisitNow, deal_id: PathId, owner_id: FormId) -> Response:
    """To those to whom he may; a manager takes what is nobody's."""
    require_may_give(visit.actor, owner_id)
    async with _of_mine(visit, deal_id) as tx:
        await edits.assign_deal(tx, deal_id, owner_id, by=visit.actor.user_id, now=visit.now)
    return await _after(visit, deal_id)


@router.post("/deals/{deal_id}/notes")
async def note(visit: VisitNow, deal_id: PathId, text: Text) -> Response:
    async with _of_mine(visit, deal_id) as tx:
        await notes.note_deal(tx, deal_id, text, by=visit.actor.user_id, now=visit.now)
    return await _after(visit, deal_id)


@router.post("/deals/{deal_id}/tasks")
async def add_task(visit: VisitNow, deal_id: PathId, title: Text, due: Text) -> Response:
    """One's own, on this deal."""
    new = NewTask(title, moment_typed(due, visit.context.settings.zone), deal_id=deal_id, owner_id=visit.actor.user_id)
    async with _of_mine(visit, deal_id) as tx:
        await set_task(tx, new, by=visit.actor.user_id, now=visit.now)
    return await _after(visit, deal_id)


@asynccontextmanager
async def _of_mine(visit: Visit, deal_id: int) -> AsyncIterator[AsyncConnection]:
    """A transaction in which the deal is known to be one the visitor may work on."""
    visit.require(Right.WORK)
    async with visit.context.database.write() as tx:
        await require_visible(tx, visit.actor, deals, deal_id)
        yield tx


async def _after(visit: Visit, deal_id: int, refused: str | None = None, status: int = 200) -> Response:
    """The card in place, so that a recording that plays goes on; without scripts the whole page."""
    if not visit.wants_part and refused is None:
        return back_to(f"/deals/{deal_id}")
    facts = await _card(visit, deal_id, refused)
    return visit.part("deals/_card.html", status, **facts) if visit.wants_part else await _page(visit, facts, status)


async def _page(visit: Visit, facts: dict[str, Any], status: int = 200) -> Response:
    return await visit.page("deals/page.html", "deals", status, **facts)


async def _card(visit: Visit, deal_id: int, refused: str | None = None) -> dict[str, Any]:
    owners = await on_duty(visit.connection, may_give_to(visit.actor))
    card = await deal_card(visit.connection, visit.actor, deal_id)
    return {"deal": card, "owners": owners, "refused": refused, "loss_reasons": await _loss_reasons(visit, card.line)}


async def _loss_reasons(visit: Visit, line: DealLine) -> tuple[LossReason, ...]:
    """What it can be lost for."""
    return await list_loss_reasons(visit.connection) if line.is_open and visit.may(Right.WORK) else ()


async def _listed(visit: Visit, asked: Asked) -> dict[str, Any]:
    found: Page[DealLine] = await list_deals(visit.connection, visit.actor, asked.filters())
    return {"asked": asked, "asked_query": asked.query(), "filtered": asked.narrows, "deals": found, "continued": False}


def _moved_to(visit: Visit, error: Conflict) -> str:
    moved_to = error.facts.get("moved_to")
    name = moved_to["name"] if isinstance(moved_to, dict) else ""
    return visit.say("Somebody was faster: the deal stands on “%(stage)s” already.") % {"stage": name}
